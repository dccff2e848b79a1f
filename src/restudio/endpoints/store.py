"""Queries of web services and endpoints; every function works inside the caller's transaction."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from restudio.core.decoding import decode_json
from restudio.core.schema import from_json, to_json
from restudio.endpoints.description import TablePort
from restudio.endpoints.tables import deployments, endpoint_revisions, endpoints, web_service_versions, web_services
from restudio.endpoints.types import (
    Endpoint,
    EndpointSettings,
    EndpointState,
    GateResult,
    Holding,
    ResourceSlot,
    Revision,
    ServiceVersion,
    WebService,
)
from restudio.graph.model import Graph
from restudio.identity.keys import KeptKey

SNAPSHOT_VERSION = 1
KEPT_ANNOUNCEMENTS = 1000
"""Followers look several times a second; one that was away for longer starts anew."""


class _Port(msgspec.Struct):
    name: str
    columns: list[Any]
    sample: list[list[str | int | float | bool | None]]
    ignored: list[str] = []


class _Snapshot(msgspec.Struct):
    version: int
    graph: Graph
    inputs: list[_Port]
    outputs: list[_Port]
    models: list[str]
    resources: list[ResourceSlot]
    transforms: dict[str, Holding]
    datasets: dict[str, Holding]


# -- services


def insert_service(conn: sa.Connection, service: WebService) -> None:
    conn.execute(
        web_services.insert().values(
            id=service.id,
            workspace_id=service.workspace_id,
            name=service.name,
            description=service.description,
            created=service.created,
        )
    )


def find_service(conn: sa.Connection, workspace_id: str, service_id: str) -> WebService | None:
    row = conn.execute(
        sa.select(web_services).where(web_services.c.id == service_id, web_services.c.workspace_id == workspace_id)
    ).one_or_none()
    return None if row is None else WebService(**row._mapping)


def list_services(conn: sa.Connection, workspace_id: str) -> list[WebService]:
    """In order of creation."""
    rows = conn.execute(
        sa.select(web_services)
        .where(web_services.c.workspace_id == workspace_id)
        .order_by(web_services.c.created, web_services.c.id)
    )
    return [WebService(**row._mapping) for row in rows]


def rename_service(conn: sa.Connection, service_id: str, name: str, description: str) -> None:
    conn.execute(
        web_services.update().where(web_services.c.id == service_id).values(name=name, description=description)
    )


def delete_service(conn: sa.Connection, service_id: str) -> None:
    """With everything below it."""
    conn.execute(web_services.delete().where(web_services.c.id == service_id))


# -- versions


def insert_version(conn: sa.Connection, version: ServiceVersion) -> None:
    snapshot = _Snapshot(
        SNAPSHOT_VERSION,
        version.graph,
        [_write_port(p) for p in version.inputs],
        [_write_port(p) for p in version.outputs],
        list(version.models),
        list(version.resources),
        dict(version.transforms),
        dict(version.datasets),
    )
    conn.execute(
        web_service_versions.insert().values(
            service_id=version.service_id,
            number=version.number,
            stage=version.stage,
            kind=version.kind,
            snapshot=msgspec.json.encode(snapshot).decode(),
            experiment_id=version.experiment_id,
            created=version.created,
            created_by=version.created_by,
            ready_by=version.ready_by,
            approved_by=version.approved_by,
        )
    )


def get_version(conn: sa.Connection, service_id: str, number: int) -> ServiceVersion:
    """``KeyError`` when there is none."""
    table = web_service_versions
    row = conn.execute(sa.select(table).where(table.c.service_id == service_id, table.c.number == number)).one_or_none()
    if row is None:
        raise KeyError((service_id, number))
    return _version(row)


def newest_version(conn: sa.Connection, service_id: str) -> ServiceVersion:
    table = web_service_versions
    row = conn.execute(
        sa.select(table).where(table.c.service_id == service_id).order_by(table.c.number.desc()).limit(1)
    )
    return _version(row.one())


def list_versions(conn: sa.Connection, service_id: str) -> list[ServiceVersion]:
    """Newest first."""
    table = web_service_versions
    rows = conn.execute(sa.select(table).where(table.c.service_id == service_id).order_by(table.c.number.desc()))
    return [_version(row) for row in rows]


def set_stage(conn: sa.Connection, version: ServiceVersion) -> None:
    """Write the version's stage and who moved it; the version in production before is retired."""
    table = web_service_versions
    mine = table.c.service_id == version.service_id
    if version.stage == "production":
        others = sa.and_(mine, table.c.stage == "production", table.c.number != version.number)
        conn.execute(table.update().where(others).values(stage="retired"))
    conn.execute(
        table.update()
        .where(mine, table.c.number == version.number)
        .values(stage=version.stage, ready_by=version.ready_by, approved_by=version.approved_by)
    )


# -- endpoints


def insert_endpoint(conn: sa.Connection, endpoint: Endpoint, primary: KeptKey, secondary: KeptKey) -> None:
    conn.execute(
        endpoints.insert().values(
            id=endpoint.id,
            service_id=endpoint.service_id,
            workspace_id=endpoint.workspace_id,
            name=endpoint.name,
            role=endpoint.role,
            created=endpoint.created,
            live_seq=endpoint.live_seq,
            settings=msgspec.json.encode(endpoint.settings).decode(),
            primary_sealed=primary.sealed,
            primary_fingerprint=primary.fingerprint,
            secondary_sealed=secondary.sealed,
            secondary_fingerprint=secondary.fingerprint,
        )
    )


def find_endpoint(conn: sa.Connection, service_id: str, name_or_id: str) -> Endpoint | None:
    """By name, else by id, in one service."""
    either = sa.or_(endpoints.c.name == name_or_id, endpoints.c.id == name_or_id)
    rows = conn.execute(sa.select(endpoints).where(endpoints.c.service_id == service_id, either)).all()
    found = [_endpoint(row) for row in rows]
    return next((e for e in found if e.name == name_or_id), next(iter(found), None))


def find_endpoint_by_id(conn: sa.Connection, endpoint_id: str) -> Endpoint | None:
    row = conn.execute(sa.select(endpoints).where(endpoints.c.id == endpoint_id)).one_or_none()
    return None if row is None else _endpoint(row)


def list_endpoints(conn: sa.Connection, service_id: str) -> list[Endpoint]:
    """The default one first, then in order of creation; without the test endpoint."""
    rows = conn.execute(
        sa.select(endpoints)
        .where(endpoints.c.service_id == service_id, endpoints.c.role != "test")
        .order_by(endpoints.c.role.desc(), endpoints.c.created, endpoints.c.name)
    )
    return [_endpoint(row) for row in rows]


def count_endpoints(conn: sa.Connection, service_id: str) -> int:
    query = sa.select(sa.func.count()).where(endpoints.c.service_id == service_id, endpoints.c.role != "test")
    return int(conn.execute(query).scalar_one())


def endpoint_ids(conn: sa.Connection, service_id: str | None = None) -> list[str]:
    """Ids of all endpoints, test ones included, oldest first."""
    query = sa.select(endpoints.c.id).order_by(endpoints.c.created)
    if service_id is not None:
        query = query.where(endpoints.c.service_id == service_id)
    return list(conn.execute(query).scalars())


def update_settings(conn: sa.Connection, endpoint_id: str, settings: EndpointSettings) -> None:
    text = msgspec.json.encode(settings).decode()
    conn.execute(endpoints.update().where(endpoints.c.id == endpoint_id).values(settings=text))


def delete_endpoint(conn: sa.Connection, endpoint_id: str) -> None:
    conn.execute(endpoints.delete().where(endpoints.c.id == endpoint_id))


def get_keys(conn: sa.Connection, endpoint_id: str) -> tuple[KeptKey, KeptKey]:
    c = endpoints.c
    row = conn.execute(
        sa.select(c.primary_sealed, c.primary_fingerprint, c.secondary_sealed, c.secondary_fingerprint).where(
            c.id == endpoint_id
        )
    ).one()
    return KeptKey(row[0], row[1]), KeptKey(row[2], row[3])


def set_key(conn: sa.Connection, endpoint_id: str, which: str, key: KeptKey) -> None:
    """``which`` is ``primary`` or ``secondary``."""
    values = {f"{which}_sealed": key.sealed, f"{which}_fingerprint": key.fingerprint}
    conn.execute(endpoints.update().where(endpoints.c.id == endpoint_id).values(**values))


def holds_key(conn: sa.Connection, endpoint_id: str, fingerprint: str) -> bool:
    """Whether a key of that fingerprint is one of the endpoint's two; both comparisons take constant time."""
    primary, secondary = get_keys(conn, endpoint_id)
    first = hmac.compare_digest(primary.fingerprint, fingerprint)
    second = hmac.compare_digest(secondary.fingerprint, fingerprint)
    return first or second


# -- ledger


def append_revision(conn: sa.Connection, revision: Revision) -> None:
    """Append a line, make it the live one, and tell every process."""
    conn.execute(
        endpoint_revisions.insert().values(
            id=revision.id,
            endpoint_id=revision.endpoint_id,
            seq=revision.seq,
            cause=revision.cause,
            state=msgspec.json.encode(revision.state).decode(),
            state_digest=revision.state.digest,
            at=revision.at,
            who=revision.who,
            why=revision.why,
            gates=msgspec.json.encode(revision.gates).decode(),
        )
    )
    conn.execute(endpoints.update().where(endpoints.c.id == revision.endpoint_id).values(live_seq=revision.seq))
    announce(conn, revision.endpoint_id)


def live_revision(conn: sa.Connection, endpoint: Endpoint) -> Revision:
    table = endpoint_revisions
    row = conn.execute(
        sa.select(table).where(table.c.endpoint_id == endpoint.id, table.c.seq == endpoint.live_seq)
    ).one()
    return _revision(row)


def find_revision(conn: sa.Connection, revision_id: str) -> Revision | None:
    row = conn.execute(sa.select(endpoint_revisions).where(endpoint_revisions.c.id == revision_id)).one_or_none()
    return None if row is None else _revision(row)


def list_revisions(conn: sa.Connection, endpoint_id: str) -> list[Revision]:
    """Newest first."""
    table = endpoint_revisions
    rows = conn.execute(sa.select(table).where(table.c.endpoint_id == endpoint_id).order_by(table.c.seq.desc()))
    return [_revision(row) for row in rows]


def next_seq(conn: sa.Connection, endpoint_id: str) -> int:
    table = endpoint_revisions
    highest = conn.execute(sa.select(sa.func.max(table.c.seq)).where(table.c.endpoint_id == endpoint_id)).scalar_one()
    return (highest or 0) + 1


# -- the deployment sequence


def announce(conn: sa.Connection, endpoint_id: str) -> None:
    """Tell every process that the endpoint is to be looked at again."""
    conn.execute(deployments.insert().values(endpoint_id=endpoint_id))


def deployment_seq(conn: sa.Connection) -> int:
    return conn.execute(sa.select(sa.func.max(deployments.c.seq))).scalar_one() or 0


def announced_since(conn: sa.Connection, seq: int) -> tuple[int, list[str]]:
    """The newest number and the endpoints announced after ``seq``, each once."""
    query = sa.select(deployments).where(deployments.c.seq > seq).order_by(deployments.c.seq)
    rows: Sequence[sa.Row[Any]] = conn.execute(query).all()
    return (rows[-1].seq if rows else seq), list(dict.fromkeys(row.endpoint_id for row in rows))


def has_gap(conn: sa.Connection, seq: int) -> bool:
    """Whether announcements after ``seq`` may have been pruned before they were seen."""
    oldest = conn.execute(sa.select(sa.func.min(deployments.c.seq))).scalar_one()
    return oldest is not None and oldest > seq + 1


def prune_announcements(conn: sa.Connection, keep: int = KEPT_ANNOUNCEMENTS) -> int:
    """Forget all but the newest announcements; gives how many were forgotten."""
    return conn.execute(deployments.delete().where(deployments.c.seq <= deployment_seq(conn) - keep)).rowcount


# -- rows to values


def _write_port(port: TablePort) -> _Port:
    return _Port(port.name, to_json(port.schema), [list(row) for row in port.sample], sorted(port.ignored))


def _read_port(port: _Port) -> TablePort:
    sample = tuple(tuple(row) for row in port.sample)
    return TablePort(port.name, from_json(port.columns), sample, frozenset(port.ignored))


def _version(row: sa.Row[Any]) -> ServiceVersion:
    fields: Mapping[str, Any] = row._asdict()
    snapshot = decode_json(fields["snapshot"], _Snapshot)
    return ServiceVersion(
        service_id=fields["service_id"],
        number=fields["number"],
        stage=fields["stage"],
        kind=fields["kind"],
        graph=snapshot.graph,
        inputs=tuple(_read_port(p) for p in snapshot.inputs),
        outputs=tuple(_read_port(p) for p in snapshot.outputs),
        models=tuple(snapshot.models),
        resources=tuple(snapshot.resources),
        transforms=snapshot.transforms,
        datasets=snapshot.datasets,
        experiment_id=fields["experiment_id"],
        created=fields["created"],
        created_by=fields["created_by"],
        ready_by=fields["ready_by"],
        approved_by=fields["approved_by"],
    )


def _endpoint(row: sa.Row[Any]) -> Endpoint:
    settings = decode_json(row.settings, EndpointSettings)
    return Endpoint(row.id, row.service_id, row.workspace_id, row.name, row.role, row.created, row.live_seq, settings)


def _revision(row: sa.Row[Any]) -> Revision:
    return Revision(
        id=row.id,
        endpoint_id=row.endpoint_id,
        seq=row.seq,
        cause=row.cause,
        state=decode_json(row.state, EndpointState),
        at=row.at,
        who=row.who,
        why=row.why,
        gates=decode_json(row.gates, tuple[GateResult, ...]),
    )

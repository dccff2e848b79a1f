"""Queries of drafts, published pipelines, pipeline endpoints and their runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from restudio.core.decoding import from_builtins
from restudio.designer.schedules.types import Schedule
from restudio.designer.tables import (
    designer_runs,
    pipeline_drafts,
    pipeline_endpoint_versions,
    pipeline_endpoints,
    pipeline_schedules,
    published_pipelines,
)
from restudio.designer.types import (
    DraftSettings,
    EndpointVersion,
    PipelineEndpoint,
    PublishedPipeline,
    RunRecord,
)
from restudio.graph.stored import dump_graph, load_graph


def put_settings(conn: sa.Connection, document_id: str, settings: DraftSettings) -> None:
    """Keep the settings of a draft in the place of what was there."""
    row = {
        "experiment_name": settings.experiment_name,
        "tags": json.dumps(dict(settings.tags)),
        "continue_on_failure": settings.continue_on_failure,
        "role": settings.role,
    }
    same = pipeline_drafts.c.document_id == document_id
    if conn.execute(pipeline_drafts.update().where(same).values(**row)).rowcount == 0:
        conn.execute(pipeline_drafts.insert().values(document_id=document_id, **row))


def list_settings(conn: sa.Connection, document_ids: Sequence[str]) -> Mapping[str, DraftSettings]:
    """Settings by document."""
    rows = conn.execute(sa.select(pipeline_drafts).where(pipeline_drafts.c.document_id.in_(document_ids)))
    return {
        row.document_id: DraftSettings(
            row.experiment_name, json.loads(row.tags), bool(row.continue_on_failure), row.role
        )
        for row in rows
    }


def insert_pipeline(conn: sa.Connection, pipeline: PublishedPipeline) -> None:
    values = {name: getattr(pipeline, name) for name in _names(published_pipelines) if name != "graph"}
    conn.execute(published_pipelines.insert().values(**values, graph=dump_graph(pipeline.graph)))


def find_pipeline(conn: sa.Connection, workspace_id: str, pipeline_id: str) -> PublishedPipeline | None:
    table = published_pipelines.c
    query = sa.select(published_pipelines).where(table.id == pipeline_id, table.workspace_id == workspace_id)
    row = conn.execute(query).one_or_none()
    return None if row is None else _pipeline(row)


def list_pipelines(conn: sa.Connection, workspace_id: str, *, active_only: bool = False) -> list[PublishedPipeline]:
    """Newest first."""
    table = published_pipelines.c
    query = sa.select(published_pipelines).where(table.workspace_id == workspace_id)
    if active_only:
        query = query.where(table.active.is_(True))
    return [_pipeline(row) for row in conn.execute(query.order_by(table.created.desc(), table.id))]


def set_pipeline_active(conn: sa.Connection, pipeline_id: str, active: bool) -> None:
    conn.execute(published_pipelines.update().where(published_pipelines.c.id == pipeline_id).values(active=active))


def _pipeline(row: sa.Row[tuple[object, ...]]) -> PublishedPipeline:
    values = dict(row._mapping)
    return PublishedPipeline(**{**values, "graph": load_graph(values["graph"])})


def insert_endpoint(conn: sa.Connection, endpoint: PipelineEndpoint) -> None:
    """An ``IntegrityError`` when the name is taken."""
    values = {name: getattr(endpoint, name) for name in _names(pipeline_endpoints)}
    conn.execute(pipeline_endpoints.insert().values(**values))
    for version in endpoint.versions:
        insert_endpoint_version(conn, endpoint.id, version)


def insert_endpoint_version(conn: sa.Connection, endpoint_id: str, version: EndpointVersion) -> None:
    conn.execute(
        pipeline_endpoint_versions.insert().values(
            endpoint_id=endpoint_id, number=version.number, pipeline_id=version.pipeline_id
        )
    )


def update_endpoint(conn: sa.Connection, endpoint: PipelineEndpoint) -> None:
    """Keep what may change: name (an ``IntegrityError`` when it is taken), description, state, default."""
    changing = ("name", "description", "active", "default_version")
    values = {name: getattr(endpoint, name) for name in changing}
    conn.execute(pipeline_endpoints.update().where(pipeline_endpoints.c.id == endpoint.id).values(**values))


def find_endpoint(
    conn: sa.Connection, workspace_id: str, *, endpoint_id: str | None = None, name: str | None = None
) -> PipelineEndpoint | None:
    table = pipeline_endpoints.c
    matches = table.name == name if endpoint_id is None else table.id == endpoint_id
    query = sa.select(pipeline_endpoints).where(table.workspace_id == workspace_id, matches)
    found = _endpoints(conn, query)
    return found[0] if found else None


def list_endpoints(conn: sa.Connection, workspace_id: str, *, active_only: bool = False) -> list[PipelineEndpoint]:
    """By name."""
    table = pipeline_endpoints.c
    query = sa.select(pipeline_endpoints).where(table.workspace_id == workspace_id)
    if active_only:
        query = query.where(table.active.is_(True))
    return _endpoints(conn, query.order_by(table.name))


def _endpoints(conn: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[PipelineEndpoint]:
    rows = conn.execute(query).all()
    table = pipeline_endpoint_versions.c
    versions: dict[str, list[EndpointVersion]] = {row.id: [] for row in rows}
    known = sa.select(pipeline_endpoint_versions).where(table.endpoint_id.in_(list(versions))).order_by(table.number)
    for row in conn.execute(known):
        versions[row.endpoint_id].append(EndpointVersion(row.number, row.pipeline_id))
    return [PipelineEndpoint(**dict(row._mapping), versions=tuple(versions[row.id])) for row in rows]


def insert_record(conn: sa.Connection, record: RunRecord) -> None:
    """An ``IntegrityError`` when the request id was used before."""
    row = asdict(record)
    conn.execute(
        designer_runs.insert().values(
            **{**row, "tags": json.dumps(row["tags"]), "parameters": json.dumps(row["parameters"])}
        )
    )


def find_record(
    conn: sa.Connection, workspace_id: str, *, run_id: str | None = None, request_id: str | None = None
) -> RunRecord | None:
    table = designer_runs.c
    matches = table.request_id == request_id if run_id is None else table.run_id == run_id
    row = conn.execute(sa.select(designer_runs).where(table.workspace_id == workspace_id, matches)).one_or_none()
    return None if row is None else _record(row)


def list_records(
    conn: sa.Connection,
    workspace_id: str,
    *,
    limit: int,
    offset: int = 0,
    **equal: str | int | None,
) -> list[RunRecord]:
    """Newest first; ``equal`` are columns and the values that they must have (None: any)."""
    table = designer_runs.c
    query = sa.select(designer_runs).where(table.workspace_id == workspace_id)
    for name, value in equal.items():
        if value is not None:
            query = query.where(table[name] == value)
    rows = conn.execute(query.order_by(table.created.desc(), table.run_id).limit(limit).offset(offset))
    return [_record(row) for row in rows]


def list_experiment_names(conn: sa.Connection, workspace_id: str) -> list[tuple[str, int, float]]:
    """Name, number of runs and time of the newest run of every experiment, the newest first."""
    table = designer_runs.c
    newest = sa.func.max(table.created)
    query = (
        sa.select(table.experiment_name, sa.func.count(), newest)
        .where(table.workspace_id == workspace_id)
        .group_by(table.experiment_name)
        .order_by(newest.desc())
    )
    return [(str(name), int(count), float(at)) for name, count, at in conn.execute(query)]


def _record(row: sa.Row[tuple[object, ...]]) -> RunRecord:
    values = dict(row._mapping)
    return RunRecord(**{**values, "tags": json.loads(values["tags"]), "parameters": json.loads(values["parameters"])})


def insert_schedule(conn: sa.Connection, schedule: Schedule) -> None:
    conn.execute(pipeline_schedules.insert().values(id=schedule.id, **_schedule_row(schedule)))


def update_schedule(conn: sa.Connection, schedule: Schedule) -> None:
    same = pipeline_schedules.c.id == schedule.id
    conn.execute(pipeline_schedules.update().where(same).values(**_schedule_row(schedule)))


def delete_schedule(conn: sa.Connection, schedule_id: str) -> None:
    conn.execute(pipeline_schedules.delete().where(pipeline_schedules.c.id == schedule_id))


def find_schedule(conn: sa.Connection, schedule_id: str) -> Schedule | None:
    query = sa.select(pipeline_schedules.c.body).where(pipeline_schedules.c.id == schedule_id)
    body = conn.execute(query).scalar_one_or_none()
    return None if body is None else from_builtins(json.loads(body), Schedule)


def list_schedules(conn: sa.Connection, workspace_id: str) -> list[Schedule]:
    """Newest first."""
    table = pipeline_schedules.c
    query = sa.select(table.body).where(table.workspace_id == workspace_id).order_by(table.created.desc(), table.id)
    return [from_builtins(json.loads(body), Schedule) for body in conn.execute(query).scalars()]


def find_active_schedule(conn: sa.Connection, pipeline_id: str) -> str | None:
    """Name of a schedule that runs a published pipeline and is active."""
    table = pipeline_schedules.c
    query = sa.select(table.name).where(table.pipeline_id == pipeline_id, table.active.is_(True)).limit(1)
    return conn.execute(query).scalar_one_or_none()


def _schedule_row(schedule: Schedule) -> dict[str, object]:
    return {
        "workspace_id": schedule.workspace_id,
        "name": schedule.name,
        "pipeline_id": schedule.pipeline_id,
        "active": schedule.active,
        "created": schedule.created,
        "body": json.dumps(asdict(schedule)),
    }


def _names(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns]

"""Writing endpoints and their ledgers, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.ids import digest_json, new_id
from restudio.endpoints import store
from restudio.endpoints.types import (
    Cause,
    Endpoint,
    EndpointRole,
    EndpointSettings,
    EndpointState,
    GateResult,
    Revision,
    WebService,
)
from restudio.identity.audit import record
from restudio.identity.keys import keep, new_key
from restudio.identity.types import Principal
from restudio.seams.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, when (epoch seconds) and why; ``key`` names the change, where it may be sent again."""

    principal: Principal
    at: float
    why: str = ""
    key: str = ""


def get_service(conn: sa.Connection, workspace_id: str, service_id: str) -> WebService:
    service = store.find_service(conn, workspace_id, service_id)
    if service is None:
        raise RestudioError(
            Kind.NOT_FOUND,
            "WebServiceIdNotFoundInWorkspace",
            f"Web service '{service_id[:80]}' was not found in workspace '{workspace_id}'. The id is the one after "
            "/webservices/, not that of an endpoint.",
            target=service_id,
        )
    return service


def get_endpoint(conn: sa.Connection, service: WebService, name_or_id: str) -> Endpoint:
    endpoint = store.find_endpoint(conn, service.id, name_or_id)
    if endpoint is None:
        names = [e.name for e in store.list_endpoints(conn, service.id)]
        raise RestudioError(
            Kind.NOT_FOUND,
            "WebServiceNotFound",
            f"Web service '{service.name}' has no endpoint '{name_or_id[:80]}'.{nearest(name_or_id, names)}",
            target=name_or_id,
        )
    return endpoint


def create_endpoint(
    conn: sa.Connection,
    secrets: Secrets,
    service: WebService,
    name: str,
    role: EndpointRole,
    settings: EndpointSettings,
    state: EndpointState,
    cause: Cause,
    author: Author,
) -> Endpoint:
    """A new endpoint with fresh keys and the first line of its ledger."""
    endpoint = Endpoint(new_id(), service.id, service.workspace_id, name, role, author.at, 1, settings)
    store.insert_endpoint(conn, endpoint, keep(secrets, new_key()), keep(secrets, new_key()))
    append(conn, endpoint, state, cause, author)
    return endpoint


def append(
    conn: sa.Connection,
    endpoint: Endpoint,
    state: EndpointState,
    cause: Cause,
    author: Author,
    gates: Sequence[GateResult] = (),
) -> Revision:
    """Append a line that becomes the live one, with its line in the audit."""
    revision = draft(endpoint, store.next_seq(conn, endpoint.id), state, cause, author, gates)
    store.append_revision(conn, revision)
    detail = {
        "revision": revision.id,
        "seq": revision.seq,
        "version": state.version,
        "resources": {name: held.asset for name, held in state.resources.items()},
        "why": author.why,
    }
    audit(conn, author, f"endpoint.{cause}", endpoint, detail)
    return revision


def draft(
    endpoint: Endpoint,
    seq: int,
    state: EndpointState,
    cause: Cause,
    author: Author,
    gates: Sequence[GateResult] = (),
) -> Revision:
    """A line that is not written yet."""
    return Revision(
        revision_id(endpoint, author.key) if author.key else new_id(),
        endpoint.id,
        seq,
        cause,
        state,
        author.at,
        author.principal.name,
        author.why,
        tuple(gates),
    )


def revision_id(endpoint: Endpoint, key: str) -> str:
    """Of the line that a change with a key writes: there can be no second one."""
    return digest_json([endpoint.id, key])[:32]


def audit(conn: sa.Connection, author: Author, action: str, endpoint: Endpoint, detail: dict[str, object]) -> None:
    where = {"service": endpoint.service_id, "endpoint": endpoint.name}
    record(
        conn,
        author.at,
        author.principal,
        action,
        f"endpoint:{endpoint.id}",
        where | detail,
        workspace_id=endpoint.workspace_id,
    )

"""The audit: one line for each change, written in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from restudio.identity.store import audit_lines
from restudio.identity.types import Principal


@dataclass(frozen=True, slots=True)
class AuditLine:
    """``at`` is in epoch seconds; ``principal`` is ``kind:id``."""

    id: int
    at: float
    workspace_id: str | None
    principal: str
    name: str
    action: str
    resource: str
    detail: Mapping[str, object]


def record(
    connection: sa.Connection,
    at: float,
    principal: Principal,
    action: str,
    resource: str,
    detail: Mapping[str, object] | None = None,
    *,
    workspace_id: str | None = None,
) -> None:
    """Write a line. ``resource`` is like ``endpoint:<id>``; ``detail`` is JSON-able and holds no secrets.

    The workspace is the principal's unless told.
    """
    connection.execute(
        audit_lines.insert().values(
            at=at,
            workspace_id=workspace_id or principal.workspace_id,
            principal=f"{principal.kind}:{principal.id}",
            name=principal.name,
            action=action,
            resource=resource,
            detail=json.dumps(dict(detail or {}), sort_keys=True),
        )
    )


def list_lines(
    connection: sa.Connection, workspace_id: str, *, limit: int = 100, before: int | None = None
) -> list[AuditLine]:
    """The newest lines of a workspace first; pass the last id as ``before`` for the next page."""
    query = sa.select(audit_lines).where(audit_lines.c.workspace_id == workspace_id)
    if before is not None:
        query = query.where(audit_lines.c.id < before)
    rows = connection.execute(query.order_by(audit_lines.c.id.desc()).limit(limit))
    return [AuditLine(**(dict(row) | {"detail": json.loads(row["detail"])})) for row in rows.mappings()]

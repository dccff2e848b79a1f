"""Queries of pipeline runs and their events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from restudio.factory.runs.events import Event, RunStatus, from_text, to_text
from restudio.factory.runs.state import RunState
from restudio.factory.tables import pipeline_run_events as events
from restudio.factory.tables import pipeline_runs as runs
from restudio.factory.types import InvokedBy, PipelineRun, Recovery

_MOST_IDS = 500
"""Ids in one query."""
_ACTIVE: tuple[RunStatus, ...] = ("InProgress", "Canceling")


def insert_run(conn: sa.Connection, run: PipelineRun) -> None:
    conn.execute(
        runs.insert().values(
            id=run.id,
            factory_id=run.factory_id,
            workspace_id=run.workspace_id,
            pipeline=run.pipeline,
            pipeline_key=run.pipeline.casefold(),
            revision=run.revision,
            group_id=run.group_id,
            is_latest=run.is_latest,
            status=run.status,
            message=run.message,
            parameters=json.dumps(dict(run.parameters)),
            sealed=run.sealed,
            invoked_by=json.dumps(asdict(run.invoked_by)),
            parent_run_id=run.invoked_by.run_id,
            recovery=None if run.recovery is None else json.dumps(asdict(run.recovery)),
            dimensions=json.dumps(dict(run.dimensions)),
            cancel_requested=False,
            created=run.created,
            updated=run.created,
        )
    )


def find_run(conn: sa.Connection, run_id: str) -> PipelineRun | None:
    row = conn.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def find_runs(conn: sa.Connection, run_ids: Sequence[str]) -> dict[str, PipelineRun]:
    """Those of these runs that there are, by their ids."""
    found: dict[str, PipelineRun] = {}
    for start in range(0, len(run_ids), _MOST_IDS):
        query = sa.select(runs).where(runs.c.id.in_(run_ids[start : start + _MOST_IDS]))
        found.update((row.id, _run(row)) for row in conn.execute(query))
    return found


def set_not_latest(conn: sa.Connection, group_id: str) -> None:
    """The runs of a group, before a newer one joins it."""
    conn.execute(runs.update().where(runs.c.group_id == group_id).values(is_latest=False))


def count_active(conn: sa.Connection, factory_id: str, pipeline: str) -> int:
    """How many runs of a pipeline hold one of the places that its ``concurrency`` gives."""
    holds = (runs.c.factory_id == factory_id, runs.c.pipeline_key == pipeline.casefold(), runs.c.status.in_(_ACTIVE))
    return conn.execute(sa.select(sa.func.count()).select_from(runs).where(*holds)).scalar_one()


def next_queued(conn: sa.Connection, factory_id: str, pipeline: str) -> PipelineRun | None:
    """The run of a pipeline that has waited longest."""
    query = sa.select(runs).where(
        runs.c.factory_id == factory_id, runs.c.pipeline_key == pipeline.casefold(), runs.c.status == "Queued"
    )
    row = conn.execute(query.order_by(runs.c.created, runs.c.id).limit(1)).one_or_none()
    return None if row is None else _run(row)


def list_queued(conn: sa.Connection) -> list[tuple[str, str]]:
    """Factory and pipeline of runs that wait for a place."""
    query = sa.select(runs.c.factory_id, runs.c.pipeline).where(runs.c.status == "Queued").distinct()
    return [(row.factory_id, row.pipeline) for row in conn.execute(query)]


def list_unfinished(conn: sa.Connection) -> list[str]:
    """Ids of runs that hold a place, oldest first."""
    query = sa.select(runs.c.id).where(runs.c.status.in_(_ACTIVE)).order_by(runs.c.created)
    return list(conn.execute(query).scalars())


def set_status(conn: sa.Connection, run_id: str, status: RunStatus, now: float, message: str | None = None) -> None:
    values: dict[str, object] = {"status": status, "updated": now}
    if message is not None:
        values |= {"message": message, "ended": now}
    conn.execute(runs.update().where(runs.c.id == run_id).values(**values))


def request_cancel(conn: sa.Connection, run_id: str, now: float) -> None:
    conn.execute(runs.update().where(runs.c.id == run_id).values(cancel_requested=True, updated=now))


def list_children(conn: sa.Connection, run_id: str) -> list[str]:
    return list(conn.execute(sa.select(runs.c.id).where(runs.c.parent_run_id == run_id)).scalars())


def list_signals(conn: sa.Connection, run_ids: Sequence[str]) -> list[tuple[str, RunStatus, bool]]:
    """Status and cancel request of these runs."""
    query = sa.select(runs.c.id, runs.c.status, runs.c.cancel_requested).where(runs.c.id.in_(run_ids))
    return [(row.id, row.status, bool(row.cancel_requested)) for row in conn.execute(query)]


def list_runs(
    conn: sa.Connection,
    factory_id: str,
    where: Sequence[sa.ColumnElement[bool]],
    order: Sequence[Any],
    limit: int,
    offset: int,
) -> list[PipelineRun]:
    """Runs of a factory that meet all conditions."""
    query = sa.select(runs).where(runs.c.factory_id == factory_id, *where)
    ordered = query.order_by(*order).limit(limit).offset(offset)
    return [_run(row) for row in conn.execute(ordered)]


def list_events(conn: sa.Connection, run_id: str, after: int = -1) -> list[tuple[int, Event]]:
    """Events of a run in order, with their numbers."""
    query = sa.select(events.c.number, events.c.body).where(events.c.run_id == run_id, events.c.number > after)
    return [(row.number, from_text(row.body)) for row in conn.execute(query.order_by(events.c.number))]


def append_events(conn: sa.Connection, run_id: str, first: int, told: Sequence[Event]) -> None:
    """Add events under consecutive numbers. A number that is taken is an ``IntegrityError``: somebody else drives this
    run."""
    rows = [{"run_id": run_id, "number": first + i, "body": to_text(event)} for i, event in enumerate(told)]
    conn.execute(events.insert(), rows)


def keep_state(conn: sa.Connection, run_id: str, state: RunState, now: float) -> None:
    """Keep what lists show of a run beside it."""
    values = {
        "status": state.status,
        "message": state.message,
        "started": state.started,
        "ended": state.ended,
        "returned": None if state.returned is None else json.dumps(state.returned),
        "updated": now,
    }
    conn.execute(runs.update().where(runs.c.id == run_id).values(**values))


def delete_old(conn: sa.Connection, before: float, limit: int = 500) -> int:
    """Forget runs that ended before a moment, at most ``limit``; returns how many."""
    ended = ("Succeeded", "Failed", "Cancelled")
    query = sa.select(runs.c.id).where(runs.c.status.in_(ended), runs.c.updated < before).limit(limit)
    found = list(conn.execute(query).scalars())
    if found:
        conn.execute(events.delete().where(events.c.run_id.in_(found)))
        conn.execute(runs.delete().where(runs.c.id.in_(found)))
    return len(found)


def _run(row: sa.Row[tuple[object, ...]]) -> PipelineRun:
    return PipelineRun(
        id=row.id,
        factory_id=row.factory_id,
        workspace_id=row.workspace_id,
        pipeline=row.pipeline,
        revision=row.revision,
        group_id=row.group_id,
        status=row.status,
        created=row.created,
        parameters=json.loads(row.parameters),
        sealed=row.sealed,
        invoked_by=InvokedBy(**json.loads(row.invoked_by)),
        recovery=None if row.recovery is None else Recovery(**json.loads(row.recovery)),
        dimensions=json.loads(row.dimensions),
        is_latest=row.is_latest,
        message=row.message,
        started=row.started,
        ended=row.ended,
        updated=row.updated,
        cancel_requested=row.cancel_requested,
        returned=None if row.returned is None else json.loads(row.returned),
    )

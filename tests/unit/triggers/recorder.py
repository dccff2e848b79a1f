"""A target that keeps its runs in a table, as the real ones do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory.trigger import collect_triggers, parse_rule
from restudio.seams.database import Database
from restudio.triggers.rule import Rule
from restudio.triggers.types import Change, Completion, Firing, RunState, Trigger

own = sa.MetaData()
runs = sa.Table(
    "recorded_runs",
    own,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("trigger", sa.String(80)),
    sa.Column("scheduled", sa.Float),
    sa.Column("noted", sa.Float),
    sa.Column("state", sa.String(16)),
    sa.Column("starts", sa.Integer),
)
CATALOG = collect_triggers()


class Recorder:
    """Documents are ``typeProperties``; a trigger named ``refused`` cannot be started."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.files: list[Change] = []
        self.completed: list[Completion] = []
        with db.begin() as conn:
            own.create_all(conn)

    def read(self, type: str, document: Mapping[str, Any]) -> Rule:
        return parse_rule(type, {"typeProperties": document, "parent": document.get("parent")}, CATALOG)

    def start(self, trigger: Trigger, firing: Firing) -> Mapping[str, str]:
        if trigger.ref.name == "refused":
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidTemplate", "the expression has no such member")
        run_id = f"{firing.id}-{firing.attempt}"
        with self._db.begin() as conn:
            again = conn.execute(runs.update().where(runs.c.id == run_id).values(starts=runs.c.starts + 1))
            if not again.rowcount:
                conn.execute(
                    runs.insert().values(
                        id=run_id,
                        trigger=trigger.ref.name,
                        scheduled=firing.scheduled.timestamp(),
                        noted=firing.created.timestamp(),
                        state="Running",
                        starts=1,
                    )
                )
        return {"pipeline": run_id}

    def states(self, run_ids: Sequence[str]) -> Mapping[str, RunState]:
        with self._db.read() as conn:
            found = conn.execute(sa.select(runs.c.id, runs.c.state).where(runs.c.id.in_(run_ids)))
            return {row.id: cast(RunState, row.state) for row in found}

    def cancel(self, run_ids: Sequence[str]) -> None:
        self.end("Cancelled", *run_ids)

    def list_changes(self, trigger: Trigger, folder: str, since: datetime) -> Sequence[Change]:
        return self.files

    def list_completions(
        self, trigger: Trigger, pipelines: Sequence[str], dimension: str, since: datetime
    ) -> Sequence[Completion]:
        return [each for each in self.completed if each.pipeline in pipelines]

    # -- for tests

    def end(self, state: RunState, *run_ids: str) -> None:
        """End runs; all that run when none is named."""
        with self._db.begin() as conn:
            chosen = runs.c.id.in_(run_ids) if run_ids else runs.c.state == "Running"
            conn.execute(runs.update().where(chosen).values(state=state))

    def started(self, trigger: str) -> list[datetime]:
        """The instants that runs of a trigger were scheduled for, in order."""
        with self._db.read() as conn:
            rows = conn.scalars(sa.select(runs.c.scheduled).where(runs.c.trigger == trigger).order_by(runs.c.scheduled))
            return [datetime.fromtimestamp(each, UTC) for each in rows]

    def running(self) -> int:
        with self._db.read() as conn:
            return conn.scalar(sa.select(sa.func.count()).where(runs.c.state == "Running")) or 0


if TYPE_CHECKING:
    from restudio.triggers.target import Target

    def _fits(db: Database) -> Target:
        return Recorder(db)

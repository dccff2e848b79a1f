"""Use cases of schedules: make, change, enable, disable, list; their firing is the trigger loop's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa

from restudio.core.errors import RestudioError
from restudio.core.ids import new_id
from restudio.designer import store
from restudio.designer.pipeline_endpoints import get_endpoint
from restudio.designer.published import get_pipeline
from restudio.designer.rules import assign, ensure_active, ensure_endpoint_active, ensure_name
from restudio.designer.schedules.rules import check_schedule
from restudio.designer.schedules.target import KIND, paths_of, submission_of
from restudio.designer.schedules.types import Schedule
from restudio.designer.stores.service import DataStores
from restudio.graph.data_path import DataPath
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers.service import TriggerService
from restudio.triggers.types import Firing, Ref


class ScheduleService:
    """Thread-safe. A schedule is a trigger of the one trigger loop while it is active."""

    def __init__(self, db: Database, triggers: TriggerService, stores: DataStores, clock: Clock) -> None:
        self._db = db
        self._triggers = triggers
        self._stores = stores
        self._clock = clock

    def create(self, principal: Principal, schedule: Schedule) -> Schedule:
        """Make a schedule and let it fire from now on, unless it is not active. Id and author are set here.

        Errors: ``InvalidSchedule``, ``DataStoreNotFound``; those of the pipeline or endpoint and of the parameters that
        it would run with.
        """
        ensure_allowed(principal, Action.DEPLOY, Resource(schedule.workspace_id))
        now = self._clock.now().timestamp()
        name = ensure_name("a schedule", schedule.name)
        made = replace(schedule, id=new_id(), name=name, created=now, created_by=principal.name)
        with self._db.begin() as conn:
            self._ensure_sound(conn, made)
            self._ensure_stores(made)
            store.insert_schedule(conn, made)
            self._audit(conn, principal, "create schedule", made)
        self._apply(made)
        return made

    def get(self, workspace_id: str, schedule_id: str) -> Schedule:
        """NotFound ``ScheduleNotFound``."""
        with self._db.read() as conn:
            found = store.find_schedule(conn, schedule_id)
        if found is None or found.workspace_id != workspace_id:
            raise RestudioError.not_found("ScheduleNotFound", "Schedule", schedule_id)
        return found

    def list(
        self,
        workspace_id: str,
        *,
        active_only: bool = False,
        pipeline_id: str | None = None,
        endpoint_id: str | None = None,
    ) -> Sequence[Schedule]:
        """Newest first."""
        with self._db.read() as conn:
            found = store.list_schedules(conn, workspace_id)
        return [
            s
            for s in found
            if (s.active or not active_only)
            and pipeline_id in (None, s.pipeline_id)
            and endpoint_id in (None, s.endpoint_id)
        ]

    def update(self, principal: Principal, schedule: Schedule) -> Schedule:
        """Keep a schedule in the place of the one of its id; its target stays."""
        ensure_allowed(principal, Action.DEPLOY, Resource(schedule.workspace_id))
        before = self.get(schedule.workspace_id, schedule.id)
        changed = replace(
            schedule,
            name=ensure_name("a schedule", schedule.name),
            pipeline_id=before.pipeline_id,
            endpoint_id=before.endpoint_id,
            created=before.created,
            created_by=before.created_by,
        )
        with self._db.begin() as conn:
            self._ensure_sound(conn, changed)
            self._ensure_stores(changed)
            store.update_schedule(conn, changed)
            self._audit(conn, principal, "change schedule", changed)
        self._triggers.stop(_ref(changed))
        self._apply(changed)
        return changed

    def delete(self, principal: Principal, workspace_id: str, schedule_id: str) -> None:
        """Remove a schedule; its runs stay."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        known = self.get(workspace_id, schedule_id)
        self._triggers.forget(_ref(known))
        with self._db.begin() as conn:
            store.delete_schedule(conn, known.id)
            self._audit(conn, principal, "delete schedule", known)

    def fire(self, principal: Principal, workspace_id: str, schedule_id: str) -> Firing:
        """Let a schedule fire now, active or not."""
        ensure_allowed(principal, Action.SCORE, Resource(workspace_id))
        known = self.get(workspace_id, schedule_id)
        return self._triggers.fire(_ref(known), _type(known), asdict(known))

    def find_next(self, schedule: Schedule) -> datetime | None:
        """When it fires, or looks, next."""
        return self._triggers.find_next(_ref(schedule)) if schedule.active else None

    def _apply(self, schedule: Schedule) -> None:
        if schedule.active:
            self._triggers.start(_ref(schedule), _type(schedule), asdict(schedule))
        else:
            self._triggers.stop(_ref(schedule))

    def _ensure_stores(self, schedule: Schedule) -> None:
        """What is at their paths may still come; the stores themselves must be there."""
        named = [path.store for path in paths_of(schedule).values()]
        for store_name in named if schedule.watch is None else [schedule.watch.store, *named]:
            self._stores.get(schedule.workspace_id, store_name)

    def _ensure_sound(self, conn: sa.Connection, schedule: Schedule) -> None:
        check_schedule(schedule)
        pipeline_id = schedule.pipeline_id
        if schedule.endpoint_id is not None:
            endpoint = get_endpoint(conn, schedule.workspace_id, schedule.endpoint_id)
            ensure_endpoint_active(endpoint)
            pipeline_id = endpoint.default_pipeline
        pipeline = get_pipeline(conn, schedule.workspace_id, pipeline_id or "")
        ensure_active(pipeline)
        watched = None
        if schedule.watch is not None and schedule.watch.parameter:
            watched = DataPath(schedule.watch.store, schedule.watch.path)
        assign(pipeline.graph.parameters, submission_of(schedule, changed=watched))

    def _audit(self, conn: sa.Connection, principal: Principal, what: str, schedule: Schedule) -> None:
        now, where = self._clock.now().timestamp(), f"schedule:{schedule.id}"
        detail = {"name": schedule.name, "active": schedule.active}
        audit.record(conn, now, principal, what, where, detail, workspace_id=schedule.workspace_id)


def _ref(schedule: Schedule) -> Ref:
    return Ref(KIND, schedule.workspace_id, schedule.id)


def _type(schedule: Schedule) -> str:
    return "recurrence" if schedule.watch is None else "change"

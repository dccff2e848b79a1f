"""Pipeline runs: created, followed, listed, cancelled, run again."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import Kind, RestudioError
from restudio.factory.properties import Json
from restudio.factory.runs import store
from restudio.factory.runs.loop import PipelineLoop
from restudio.factory.runs.plan import Plans
from restudio.factory.runs.queries import PAGE, Page, RunFilter, filter_activity_runs, run_conditions, run_order
from restudio.factory.runs.starting import Starter, ensure_found
from restudio.factory.runs.view import activity_runs
from restudio.factory.types import ActivityRun, Factory, InvokedBy, PipelineRun, Recovery
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database


class PipelineRuns:
    """Thread-safe."""

    def __init__(self, db: Database, clock: Clock, plans: Plans, starter: Starter, loop: PipelineLoop) -> None:
        self._db = db
        self._clock = clock
        self._plans = plans
        self._starter = starter
        self._loop = loop

    def create(
        self,
        principal: Principal,
        factory: Factory,
        pipeline: str,
        parameters: Mapping[str, Json] | None = None,
        *,
        reference_run_id: str | None = None,
        is_recovery: bool = False,
        start_activity: str | None = None,
        from_failure: bool = False,
        invoked_by: InvokedBy | None = None,
        run_id: str | None = None,
    ) -> PipelineRun:
        """Start a run; with ``reference_run_id`` again, with that run's parameters unless others are given.

        A recovery joins the group of the run it refers to, and goes on from its failures or from a named activity. With
        ``run_id`` the same call twice is one run.
        """
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        recovery, group, given = None, None, parameters
        if reference_run_id is not None:
            before = self.get(factory, reference_run_id)
            if before.pipeline.casefold() != pipeline.casefold():
                message = f"Run '{before.id}' is of pipeline '{before.pipeline}', not of '{pipeline}'."
                raise _wrong(message, "referencePipelineRunId")
            if not before.is_over:
                raise _wrong(f"Run '{before.id}' has not ended; it can be run again then.", "referencePipelineRunId")
            given = parameters or self._starter.parameters_of(before)
            if is_recovery:
                group, recovery = before.group_id, Recovery(before.id, start_activity, from_failure)
        elif is_recovery or start_activity or from_failure:
            raise _wrong("A recovery run needs referencePipelineRunId.", "referencePipelineRunId")
        return self._starter.start(
            factory,
            pipeline,
            given or {},
            invoked_by=invoked_by or InvokedBy(id=principal.id, name="Manual", type="Manual"),
            run_id=run_id,
            recovery=recovery,
            group_id=group,
        )

    def get(self, factory: Factory, run_id: str) -> PipelineRun:
        """NotFound ``PipelineRunNotFound``."""
        found = self._starter.find(run_id)
        return ensure_found(found if found is not None and found.factory_id == factory.id else None, run_id)

    def find(self, run_id: str) -> PipelineRun | None:
        return self._starter.find(run_id)

    def list_runs(self, factory: Factory, asked: RunFilter, size: int = PAGE) -> Page[PipelineRun]:
        with self._db.read() as conn:
            found = store.list_runs(conn, factory.id, run_conditions(asked), run_order(asked), size + 1, asked.offset)
        return Page(found[:size], asked.offset + size if len(found) > size else None)

    def list_activity_runs(self, run: PipelineRun, asked: RunFilter) -> Page[ActivityRun]:
        return filter_activity_runs(self.activity_runs(run), asked)

    def activity_runs(self, run: PipelineRun) -> list[ActivityRun]:
        """Every attempt, in order."""
        with self._db.read() as conn:
            told = [event for _, event in store.list_events(conn, run.id)]
        return activity_runs(run, self._plans.activity_types(run), told)

    def cancel(self, principal: Principal, factory: Factory, run_id: str, *, recursive: bool = False) -> None:
        """Ask for the end of a run; one that has ended stays as it is. ``recursive``: of the runs it started, too."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        run = self.get(factory, run_id)
        self._cancel(run, recursive)
        with self._db.begin() as conn:
            resource = f"pipelinerun:{run.id}"
            audit.record(conn, self._now(), principal, "cancel run", resource, {}, workspace_id=factory.workspace_id)

    def recover(self) -> None:
        """Give runs that a crash left without work their work again."""
        self._starter.recover()

    def purge(self, before: float) -> int:
        """Forget runs that ended before a moment."""
        with self._db.begin() as conn:
            return store.delete_old(conn, before)

    def _cancel(self, run: PipelineRun, recursive: bool) -> None:
        with self._db.begin() as conn:
            known = store.find_run(conn, run.id)
            if known is None:
                return
            if known.status == "Queued":
                store.set_status(conn, run.id, "Cancelled", self._now(), "The run was cancelled before it began.")
            elif not known.is_over:
                store.request_cancel(conn, run.id, self._now())
            children = store.list_children(conn, run.id) if recursive else []
        self._loop.nudge(run.id)
        for child_id in children:
            child = self._starter.find(child_id)
            if child is not None:
                self._cancel(child, recursive)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _wrong(message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidRunRequest", message, target=target)

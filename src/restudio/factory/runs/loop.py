"""The pipeline loop: drivers of all runs that this process carries out, and what reaches them from elsewhere."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from pathlib import Path

from restudio.core.errors import Kind, RestudioError
from restudio.factory.activity import Activities
from restudio.factory.platform import Platform
from restudio.factory.properties import Json
from restudio.factory.runs import store
from restudio.factory.runs.driver import ChildEnded, Driver, Inbox, Parts, Wake
from restudio.factory.runs.events import Called, RunEnded
from restudio.factory.runs.log import RunLog
from restudio.factory.runs.plan import Plan, Plans
from restudio.factory.runs.starting import KIND, Starter
from restudio.factory.types import InvokedBy, PipelineRun, Recovery
from restudio.factory.vault import SecretVault
from restudio.seams.database import Database
from restudio.seams.engine import Cancelled
from restudio.seams.secrets import Secrets
from restudio.seams.work import HandOver, Work

WATCH_S = 0.25
"""How often the loop looks whether other processes ended or cancelled something that it waits for."""
MAX_DEPTH = 50
"""Runs that may stand above a run: a pipeline that executes itself without end is stopped there."""
_CHUNK = 500
_log = logging.getLogger(__name__)


class PipelineLoop:
    """Thread-safe. Registers the handler of its work; whoever composes starts the work."""

    def __init__(
        self,
        db: Database,
        secrets: Secrets,
        work: Work,
        platform: Platform,
        catalog: Activities,
        plans: Plans,
        starter: Starter,
        scratch: Path,
        vault: SecretVault,
    ) -> None:
        self._db = db
        self._clock = platform.clock
        self._plans = plans
        self._starter = starter
        self._parts = Parts(
            catalog, platform, secrets, scratch, vault, start_child=self._start_child, await_child=self._await_child
        )
        self._lock = threading.Lock()
        self._drivers: dict[str, Inbox] = {}
        self._awaited: dict[str, list[Inbox]] = {}
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        work.register(KIND, self.handle)

    def handle(self, run_id: str) -> None:
        """Carry a run out, or go on where a dead process left it."""
        run = self._starter.find(run_id)
        if run is None or run.is_over:
            return
        inbox: Inbox = queue.SimpleQueue()
        with self._lock:
            if self._stopping.is_set():
                raise HandOver
            self._drivers[run_id] = inbox
            self._ensure_watcher()
        try:
            self._drive(run, RunLog(self._db, self._clock, run_id), inbox)
        finally:
            with self._lock:
                del self._drivers[run_id]
        self._ended(run)

    def nudge(self, run_id: str) -> None:
        """Let a run of this process see at once that it is to be cancelled."""
        with self._lock:
            inbox = self._drivers.get(run_id)
        if inbox is not None:
            inbox.put(Wake(Cancelled))

    def stop(self) -> None:
        """Hand over all runs of this process."""
        with self._lock:
            self._stopping.set()
            for inbox in self._drivers.values():
                inbox.put(Wake(HandOver))

    def _drive(self, run: PipelineRun, log: RunLog, inbox: Inbox) -> None:
        try:
            if run.cancel_requested:
                inbox.put(Wake(Cancelled))
            Driver(self._plans.load(run), log, self._parts, inbox).drive()
        except HandOver:
            raise
        except RestudioError as error:
            if error.kind is Kind.UNAVAILABLE:
                raise HandOver from error
            self._give_up(log, error.message)
        except Exception:
            _log.exception("pipeline run %s failed inside Restudio", run.id)
            self._give_up(log, "Restudio failed while carrying out this run; the server's log says why.")

    def _give_up(self, log: RunLog, message: str) -> None:
        log.tell(RunEnded(at=self._clock.now().timestamp(), status="Failed", message=message))
        log.flush(self._stopping.is_set)

    def _ended(self, run: PipelineRun) -> None:
        with self._lock:
            awaited = run.id in self._awaited
        now = self._starter.find(run.id) if awaited else None
        if now is not None:
            self._tell_ended(now)
        self._starter.admit(run.factory_id, run.pipeline)

    # Runs that runs start

    def _start_child(self, plan: Plan, called: Called, parameters: Mapping[str, Json]) -> None:
        parent = plan.run
        if parent.invoked_by.depth >= MAX_DEPTH:
            raise RestudioError(
                Kind.INVALID_OPERATION,
                "NestedTooDeep",
                f"Pipeline '{called.pipeline}' is not started: {MAX_DEPTH} runs that started one another stand above. "
                "Let pipelines that execute themselves end by a condition.",
                target=called.pipeline,
            )
        before = self._child_to_recover(parent, called.path)
        self._starter.start(
            plan.definitions.factory,
            called.pipeline,
            parameters,
            run_id=called.run_id,
            revision=parent.revision,
            invoked_by=InvokedBy(
                id=parent.id,
                name=called.path.rpartition("/")[2],
                type="PipelineActivity",
                pipeline=parent.pipeline,
                run_id=parent.id,
                depth=parent.invoked_by.depth + 1,
            ),
            recovery=None if before is None else Recovery(before.id, from_failure=True),
            group_id=None if before is None else before.group_id,
        )

    def _child_to_recover(self, parent: PipelineRun, path: str) -> PipelineRun | None:
        """The run that the same activity started in the run which the parent recovers, if that one did not succeed."""
        if parent.recovery is None:
            return None
        with self._db.read() as conn:
            told = [event for _, event in store.list_events(conn, parent.recovery.run_id)]
            calls = [event.run_id for event in told if isinstance(event, Called) and event.path == path]
            child = store.find_run(conn, calls[-1]) if calls else None
        return child if child is not None and child.status in ("Failed", "Cancelled") else None

    def _await_child(self, run_id: str, inbox: Inbox) -> None:
        with self._lock:
            self._awaited.setdefault(run_id, []).append(inbox)
        run = self._starter.find(run_id)
        if run is not None and run.is_over:
            self._tell_ended(run)

    def _tell_ended(self, run: PipelineRun) -> None:
        with self._lock:
            inboxes = self._awaited.pop(run.id, [])
        for inbox in inboxes:
            inbox.put(ChildEnded(run))

    # Other processes

    def _ensure_watcher(self) -> None:
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="pipeline-watch", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_S):
            with self._lock:
                watched = [*self._drivers, *self._awaited]
            try:
                for start in range(0, len(watched), _CHUNK):
                    self._look(watched[start : start + _CHUNK])
            except Exception:  # the database may be away for a while
                _log.exception("looking for changes of pipeline runs failed; it is tried again")

    def _look(self, run_ids: list[str]) -> None:
        with self._db.read() as conn:
            signals = store.list_signals(conn, run_ids)
        for run_id, status, cancel in signals:
            if cancel and status == "InProgress":
                self.nudge(run_id)
            if status in ("Succeeded", "Failed", "Cancelled") and run_id in self._awaited:
                run = self._starter.find(run_id)
                if run is not None:
                    self._tell_ended(run)

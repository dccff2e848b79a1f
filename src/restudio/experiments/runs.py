"""Runs: started from a snapshot, handled as durable work, told by events, cancelled by killing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from restudio.core.errors import RestudioError
from restudio.core.ids import new_id
from restudio.core.registry import Registry
from restudio.experiments import store
from restudio.experiments.copying import Copying
from restudio.experiments.eventlog import EventLog
from restudio.experiments.runner import Runner, failure_of
from restudio.experiments.snapshots import has_sources, pin_sources
from restudio.experiments.sources import Sources
from restudio.experiments.types import Experiment, Run, Snapshot
from restudio.graph.events import Event, Failure, RunView, fold
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.engine import Cancelled, Limits
from restudio.seams.work import HandOver, Work

KIND = "run"
_ENDED = frozenset({"Finished", "Failed", "Canceled"})
_log = logging.getLogger(__name__)


class Runs:
    """Thread-safe. Registers the handler of its work; whoever composes starts the work."""

    def __init__(
        self,
        db: Database,
        registry: Registry,
        work: Work,
        runner: Runner,
        clock: Clock,
        limits: Limits | None = None,
        sources: Sources | None = None,
    ) -> None:
        self._db = db
        self._registry = registry
        self._work = work
        self._runner = runner
        self._clock = clock
        self._limits = limits
        self._sources = sources
        self._stopping = threading.Event()
        work.register(KIND, self.handle)

    def start(
        self,
        experiment: Experiment,
        snapshot: Snapshot,
        *,
        author: str = "",
        beside: Callable[[sa.Connection, Run], None] | None = None,
    ) -> Run:
        """Begin a run of a snapshot; it is carried out even if this process dies now.

        ``beside`` writes what belongs to the run in the same transaction, and may refuse it.
        """
        run = Run(
            id=new_id(),
            workspace_id=experiment.workspace_id,
            experiment_id=experiment.id,
            version=experiment.version,
            title=experiment.title,
            state="NotStarted",
            created=self._clock.now().timestamp(),
        )
        with self._db.begin() as conn:
            store.insert_run(conn, run, snapshot, author)
            if beside is not None:
                beside(conn, run)
        self._work.submit(KIND, run.id)
        return run

    def get(self, run_id: str) -> Run:
        with self._db.read() as conn:
            run = store.find_run(conn, run_id)
        if run is None:
            raise RestudioError.not_found("RunNotFound", "Run", run_id)
        return run

    def list_runs(self, experiment_id: str) -> Sequence[Run]:
        """Newest first."""
        with self._db.read() as conn:
            return store.list_runs(conn, experiment_id)

    def snapshot(self, run_id: str) -> Snapshot:
        with self._db.read() as conn:
            return store.get_snapshot(conn, run_id)

    def events(self, run_id: str, after: int = -1) -> Sequence[tuple[int, Event]]:
        """Numbered events after a number, in order: what a canvas polls."""
        self.get(run_id)
        with self._db.read() as conn:
            return store.list_events(conn, run_id, after)

    def view(self, run_id: str) -> RunView:
        """The state of a run and its nodes."""
        return fold(event for _, event in self.events(run_id))

    def cancel(self, run_id: str) -> None:
        """Ask for the end of a run: waiting ones end now, running ones are killed within a moment. Idempotent."""
        if self.get(run_id).state in _ENDED:
            return
        with self._db.begin() as conn:
            store.request_cancel(conn, run_id)
            begun = bool(store.list_events(conn, run_id))
        if not begun:
            self._work.cancel(run_id)
            self._end_unbegun(run_id)

    def stop(self) -> None:
        """Interrupt what is being copied in this process; call it when the work takes no more."""
        self._stopping.set()

    def recover(self) -> None:
        """Submit again what has not ended: a crash may have come between the decision to run and the submission."""
        with self._db.read() as conn:
            unfinished = store.list_unfinished(conn)
        for run_id in unfinished:
            self._work.submit(KIND, run_id)

    def handle(self, run_id: str) -> None:
        """Carry a run out, or go on where a dead process left it. What finished is not repeated."""
        log = EventLog(self._db, run_id)
        if log.view.state in _ENDED:
            return
        try:
            self._carry_out(run_id, log)
        except Cancelled:  # the engine was closed, because this process stops
            log.flush()
            raise HandOver from None
        except HandOver:
            log.flush()
            raise
        except RestudioError as error:
            log.emit(Event("failed", self._now(), failure=failure_of(error)))
        except Exception:
            _log.exception("run %s failed inside Restudio", run_id)
            failure = Failure("InternalError", "Restudio failed while running this; the server's log says why.")
            log.emit(Event("failed", self._now(), failure=failure))

    def _carry_out(self, run_id: str, log: EventLog) -> None:
        is_cancelled = self._cancel_probe(run_id, log)
        try:
            snapshot = self._pinned(run_id, log, is_cancelled)
        except Cancelled:
            log.emit(Event("canceled", self._now()))
            return
        finished = {name: node.outputs for name, node in log.view.nodes.items() if node.state == "Finished"}
        self._runner.execute(
            snapshot.plan(self._registry),
            log.emit,
            is_cancelled,
            run=run_id,
            scope=self.get(run_id).workspace_id,
            bindings=snapshot.bindings(finished=finished, limits=self._limits),
            stop_on_failure=snapshot.stop_on_failure,
        )

    def _pinned(self, run_id: str, log: EventLog, is_cancelled: Callable[[], bool]) -> Snapshot:
        """The snapshot with its data fixed: once, so that a run that goes on after a crash goes on with the same.

        ``Cancelled`` when the run is cancelled meanwhile, ``HandOver`` when this process stops.
        """
        snapshot = self.snapshot(run_id)
        if not has_sources(snapshot):
            return snapshot
        log.emit(Event("started", self._now()))  # who cancels from here on leaves the end of the run to us
        copying = Copying(log.emit, is_cancelled, self._stopping.is_set, self._clock)
        workspace_id = self.get(run_id).workspace_id
        pinned = pin_sources(snapshot, workspace_id, self._registry, self._sources, copying.of)
        with self._db.begin() as conn:
            store.set_snapshot(conn, run_id, pinned)
        return pinned

    def _cancel_probe(self, run_id: str, log: EventLog) -> Callable[[], bool]:
        def is_cancelled() -> bool:
            log.tick(self._now())
            with self._db.read() as conn:
                return store.is_cancel_requested(conn, run_id)

        return is_cancelled

    def _end_unbegun(self, run_id: str) -> None:
        """End a run that no handler has touched; when one touches it now, that one sees the request."""
        event = Event("canceled", self._now())
        with self._db.begin() as conn:
            if not store.list_events(conn, run_id):
                store.append_events(conn, run_id, 0, [event])
                store.update_run(conn, run_id, fold([event]))

    def _now(self) -> float:
        return self._clock.now().timestamp()

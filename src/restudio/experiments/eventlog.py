"""The events of one run on their way to the database: in order, a few per transaction."""

from __future__ import annotations

import threading

from restudio.experiments import store
from restudio.graph.events import Event, RunView, fold
from restudio.seams.database import Database

_BATCH_S = 0.25
"""Progress and log lines wait at most this long for company."""


class EventLog:
    """Thread-safe. Written by the one handler of a run.

    What must not be lost is written at once: the begin and end of the run, and the end of a module that really ran (its
    effect must not be repeated after a crash). The rest is written with the next of these, or after a moment.
    """

    def __init__(self, db: Database, run_id: str) -> None:
        self._db = db
        self._run_id = run_id
        self._lock = threading.Lock()
        with db.read() as conn:
            known = store.list_events(conn, run_id)
        self._next = known[-1][0] + 1 if known else 0
        self._waiting: list[Event] = []
        self.view: RunView = fold(event for _, event in known)

    def emit(self, event: Event) -> None:
        with self._lock:
            self._waiting.append(event)
            ended = event.kind in ("finished", "failed", "canceled") and not event.cached
            if event.node is None or ended or event.at - self._waiting[0].at >= _BATCH_S:
                self._write()

    def tick(self, now: float) -> None:
        """Write what has waited long enough; called now and then while nothing happens."""
        with self._lock:
            if self._waiting and now - self._waiting[0].at >= _BATCH_S:
                self._write()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        if not self._waiting:
            return
        view = fold(self._waiting, self.view)
        with self._db.begin() as conn:
            store.append_events(conn, self._run_id, self._next, self._waiting)
            store.update_run(conn, self._run_id, view)
        self._next += len(self._waiting)
        self._waiting = []
        self.view = view

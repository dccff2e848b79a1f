"""The events of one run on their way to the database: applied at once, written several per transaction."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory.runs import store
from restudio.factory.runs.events import Event
from restudio.factory.runs.state import RunState, fold
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.work import HandOver

BATCH_S = 0.2
"""What nobody waits for is written after this time, so that those who watch see it."""
BATCH_EVENTS = 500
_UPDATED_S = 1.0
"""How exactly lists know when something happened last in a run that goes on."""
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_log = logging.getLogger(__name__)


class RunLog:
    """Used by the thread that drives the run. Whoever acts outside must :meth:`flush` before."""

    def __init__(self, db: Database, clock: Clock, run_id: str) -> None:
        self._db = db
        self._clock = clock
        self._run_id = run_id
        with db.read() as conn:
            known = store.list_events(conn, run_id)
        self._next = known[-1][0] + 1 if known else 0
        self._waiting: list[Event] = []
        self._since = 0.0
        self._kept: tuple[float, tuple[object, ...]] = (0.0, ())
        self.state: RunState = fold(event for _, event in known)

    def tell(self, event: Event) -> None:
        if not self._waiting:
            self._since = self._clock.monotonic()
        self._waiting.append(event)
        self.state.apply(event)

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def is_due(self) -> bool:
        """Whether what waits has waited long enough."""
        old = self._clock.monotonic() - self._since >= BATCH_S
        return bool(self._waiting) and (old or len(self._waiting) >= BATCH_EVENTS)

    def flush(self, is_stopping: Callable[[], bool]) -> None:
        """Write what waits. While the database is away this waits for it; ``HandOver`` when the process stops first,
        or when another process drives this run."""
        attempt = 0
        while self._waiting:
            try:
                now = self._clock.now().timestamp()
                # Not alone: the numbers of the events are what keeps two processes apart.
                with self._db.begin(alone=False) as conn:
                    store.append_events(conn, self._run_id, self._next, self._waiting)
                    if self._is_stale(now):
                        store.keep_state(conn, self._run_id, self.state, now)
            except sa.exc.IntegrityError as error:
                _log.error("pipeline run %s is driven elsewhere; left to it", self._run_id)
                raise HandOver from error
            except RestudioError as error:
                if error.kind is not Kind.UNAVAILABLE or is_stopping():
                    raise HandOver from error
                threading.Event().wait(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
                attempt += 1
            else:
                self._next += len(self._waiting)
                self._waiting = []
                if self._is_stale(now):
                    self._kept = (now, self._shown)

    @property
    def _shown(self) -> tuple[object, ...]:
        """What lists show of the run."""
        state = self.state
        return state.status, state.message, state.started, state.ended, state.returned

    def _is_stale(self, now: float) -> bool:
        """Whether what lists show has changed, or the time of the last change is too old."""
        kept, shown = self._kept
        return shown != self._shown or now - kept >= _UPDATED_S

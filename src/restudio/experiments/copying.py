"""Copying the data of a run before its first step: told by events, ended soon after the run is cancelled or the process
stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from restudio.core.errors import RestudioError
from restudio.experiments.runner import failure_of
from restudio.experiments.sources import Watch
from restudio.graph.events import Event
from restudio.seams.clock import Clock
from restudio.seams.engine import Cancelled
from restudio.seams.work import HandOver

_LOOK_S = 0.1
"""How often a copy is told of, and how often it looks whether it is still wanted."""


class Copying:
    """One run's copies, one after the other."""

    def __init__(
        self,
        emit: Callable[[Event], None],
        is_cancelled: Callable[[], bool],
        is_stopping: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._emit = emit
        self._is_cancelled = is_cancelled
        self._is_stopping = is_stopping
        self._clock = clock

    @contextmanager
    def of(self, node: str) -> Iterator[Watch]:
        """A watch for the data of a node, which runs meanwhile. ``Cancelled`` leaves through the body, and ``HandOver``
        when the process stops: the copy begins anew in the next one."""
        self._emit(Event("started", self._now(), node))
        looked = -_LOOK_S

        def watch(fraction: float, text: str = "") -> None:
            nonlocal looked
            if self._is_stopping():
                raise HandOver
            now = self._clock.monotonic()
            if not text and now - looked < _LOOK_S:
                return
            looked = now
            self._emit(Event("progress", self._now(), node, fraction=fraction, text=text or None))
            if self._is_cancelled():
                raise Cancelled

        try:
            yield watch
        except Cancelled:
            self._emit(Event("canceled", self._now(), node))
            raise
        except RestudioError as error:
            self._emit(Event("failed", self._now(), node, failure=failure_of(error)))
            raise

    def _now(self) -> float:
        return self._clock.now().timestamp()

"""Clocks: the machine's, one that leaps ahead of it when told, and one that tests move by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ShiftedClock:
    """The machine's clock, a while behind or ahead; the shift grows when told. Durations are the machine's: ``now``
    steps, ``monotonic`` does not.

    >>> clock = ShiftedClock(timedelta(days=-7))
    >>> clock.advance(timedelta(days=6))
    >>> clock.shift
    datetime.timedelta(days=-1)
    """

    def __init__(self, shift: timedelta = timedelta(0)) -> None:
        self._lock = threading.Lock()
        self._shift = shift

    @property
    def shift(self) -> timedelta:
        with self._lock:
            return self._shift

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift

    def monotonic(self) -> float:
        return time.monotonic()

    def advance(self, step: timedelta) -> None:
        """Leap forwards."""
        if step < timedelta(0):
            raise ValueError(f"time passes forwards, got {step}")
        with self._lock:
            self._shift += step


class ManualClock:
    """Stands still until moved.

    >>> clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.advance(90)
    >>> clock.now().isoformat()
    '2026-01-01T00:01:30+00:00'
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        with self._lock:
            return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass; both readings move."""
        if seconds < 0:
            raise ValueError(f"time passes forwards, got {seconds} seconds")
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic += seconds


if TYPE_CHECKING:
    from restudio.seams.clock import Clock

    _system: Clock = SystemClock()
    _shifted: Clock = ShiftedClock()
    _manual: Clock = ManualClock()

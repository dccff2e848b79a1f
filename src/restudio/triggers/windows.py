"""Tumbling windows (Data Factory reference, section 8.3): contiguous intervals from a start on, each worked on once."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from restudio.core.errors import RestudioError

Frequency = Literal["Minute", "Hour", "Month"]
_BEGIN = datetime.min.replace(tzinfo=UTC)
_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""In whole seconds: as a float of seconds, the microsecond after which there is none would be rounded up."""
WAITING_LIMIT = timedelta(days=7)
"""How long a window waits for those that it depends on, before it fails."""


@dataclass(frozen=True, slots=True)
class Window:
    """[``start``, ``end``) in UTC; the ``number``-th of its trigger, from 0 on."""

    number: int
    start: datetime
    end: datetime


class Terms(NamedTuple):
    """How long after its end a window is due, and how often it is run again when it fails."""

    delay: timedelta
    retries: int


@dataclass(frozen=True, slots=True)
class Dependency:
    """Windows that must have succeeded: those of ``trigger`` (None: earlier ones of the same) that lie in the window
    moved by ``offset`` and made ``size`` long."""

    trigger: str | None
    offset: timedelta = timedelta(0)
    size: timedelta | None = None
    tell_interval: Callable[[Window], tuple[datetime, datetime]] | None = None
    """Tells instead where they lie, for dependencies that are not the same for all windows."""

    def interval(self, window: Window) -> tuple[datetime, datetime]:
        """[begin, end) in which the windows lie; empty where it cannot be told."""
        if self.tell_interval is None:
            size = self.size or window.end - window.start
            return _moved(window.start, self.offset), _moved(window.start, self.offset + size)
        try:
            return self.tell_interval(window)
        except RestudioError:
            return window.start, window.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Rules of one tumbling-window trigger. No window starts at ``end`` or later. Windows of months are counted from
    ``start``, its day clamped to the length of the month."""

    frequency: Frequency
    interval: int
    start: datetime
    shift: timedelta = timedelta(0)
    """Added to every edge, after it has been counted from ``start``."""
    end: datetime | None = None
    delay: timedelta = timedelta(0)
    max_concurrency: int = 50
    retries: int = 0
    tell_terms: Callable[[Window], Terms] | None = None
    """Where ``delay`` and ``retries`` depend on the window: ``RestudioError`` where they cannot be told."""
    retry_interval: timedelta = timedelta(seconds=30)
    depends_on: tuple[Dependency, ...] = ()
    at_start: bool = False
    """Whether a window is due at its start instead of its end."""
    newest_first: bool = False
    round_attempts: int = 0
    """With rounds of attempts: how many make a round, after which ``round_interval`` is waited."""
    round_interval: timedelta = timedelta(0)
    first: int = 0
    """Number of the first window: where ``start`` only anchors the numbers, so that they stay when the period moves."""
    held: bool = False
    """Whether a stopped trigger also keeps back what is to be started once more."""
    patience: timedelta | None = WAITING_LIMIT
    """How long a window waits for others before it fails; None: for ever."""
    reruns: str | None = None
    """The trigger whose windows these are once more: each waits until that one has ended, and ends in its place."""

    def window(self, number: int) -> Window | None:
        """A window by its number, or None past the end."""
        begin = self._edge(number)
        if number < self.first or begin is None or (self.end is not None and begin >= self.end):
            return None
        end = self._edge(number + 1)
        return None if end is None else Window(number, begin, end)

    def same_grid(self, other: Windows) -> bool:
        """Whether both cut time at the same instants: an hour does as sixty minutes do."""
        if self._pace != other._pace or self.start + self.shift != other.start + other.shift:
            return False
        return self.frequency != "Month" or self.shift == other.shift

    def terms(self, window: Window) -> Terms:
        """``RestudioError`` where they cannot be told."""
        return Terms(self.delay, self.retries) if self.tell_terms is None else self.tell_terms(window)

    def due(self, window: Window) -> datetime:
        """When a window may be worked on; one whose delay cannot be told is not delayed, and fails then."""
        try:
            delay = self.terms(window).delay
        except RestudioError:
            delay = timedelta(0)
        return _moved(window.start if self.at_start else window.end, delay)

    def pause_after(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts have failed."""
        ended_round = self.round_attempts and attempts % self.round_attempts == 0
        return self.round_interval if ended_round else self.retry_interval

    def covering(self, begin: datetime, end: datetime) -> Iterator[Window]:
        """The windows that have a part in [``begin``, ``end``), oldest first."""
        return (window for number in self.numbers(begin, end) if (window := self.window(number)) is not None)

    def numbers(self, begin: datetime, end: datetime) -> range:
        """Numbers of the windows that have a part in [``begin``, ``end``). Costs nothing, however many these are."""
        end = end if self.end is None else min(end, self.end)
        low = max(self.number_at(begin), self.first)
        high = self.number_at(end)
        while high >= low and ((window := self.window(high)) is None or window.start >= end):
            high -= 1
        return range(low, high + 1)

    def at(self, instant: datetime) -> Window | None:
        """The window that an instant lies in."""
        found = self.window(self.number_at(instant))
        return found if found is not None and found.start <= instant else None

    @property
    def last(self) -> int:
        """Number of the last window before ``end``; one below ``first`` where there is none."""
        number = self.first if self.end is None else self.number_at(self.end)
        while number >= self.first and self.window(number) is None:
            number -= 1
        return max(number, self.first - 1)

    def needed(self, window: Window, dependency: Dependency, upstream: Windows) -> Iterator[Window]:
        """The upstream windows that this window waits for, oldest first."""
        numbers = self.needed_numbers(window, dependency, upstream)
        return (found for number in numbers if (found := upstream.window(number)) is not None)

    def needed_numbers(self, window: Window, dependency: Dependency, upstream: Windows) -> range:
        """Numbers of the upstream windows that this window waits for, which is never itself or a later one of its
        own."""
        found = upstream.numbers(*dependency.interval(window))
        return found if dependency.trigger else range(found.start, min(found.stop, window.number))

    def number_at(self, instant: datetime) -> int:
        """The number of the window that an instant lies in, whether or not there is one; 0 before ``start``."""
        passed = instant - self.start - self.shift
        if passed <= timedelta(0):
            return 0
        if self.frequency != "Month":
            return passed // self._step()
        moved = self.start + min(passed, _END - self.start)
        months = 12 * (moved.year - self.start.year) + moved.month - self.start.month
        number = months // self.interval
        begin = self._edge(number)
        return number - 1 if begin is not None and begin > instant else number

    def _edge(self, number: int) -> datetime | None:
        try:
            if self.frequency != "Month":
                return self.start + self.shift + number * self._step()
            return _add_months(self.start, number * self.interval) + self.shift
        except (OverflowError, ValueError):  # the end of time
            return None

    @property
    def _pace(self) -> timedelta | int:
        """The length of windows, or their number of months."""
        return self.interval if self.frequency == "Month" else self._step()

    def _step(self) -> timedelta:
        return timedelta(minutes=self.interval) if self.frequency == "Minute" else timedelta(hours=self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reruns:
    """Windows of another trigger, run once more: those that have a part in [``begin``, ``end``)."""

    parent: str
    begin: datetime
    end: datetime
    max_concurrency: int

    def of(self, parent: Windows) -> Windows:
        """The windows, by the numbers that they have in the parent."""
        return replace(
            parent,
            first=max(parent.number_at(self.begin), parent.first),
            end=self.end if parent.end is None else min(self.end, parent.end),
            max_concurrency=self.max_concurrency,
            reruns=self.parent,
        )


def _moved(instant: datetime, by: timedelta) -> datetime:
    """As far as time goes."""
    try:
        return instant + by
    except OverflowError:
        return _END if by > timedelta(0) else _BEGIN


def _add_months(instant: datetime, months: int) -> datetime:
    year, month = divmod(12 * instant.year + instant.month - 1 + months, 12)
    return instant.replace(year=year, month=month + 1, day=min(instant.day, calendar.monthrange(year, month + 1)[1]))

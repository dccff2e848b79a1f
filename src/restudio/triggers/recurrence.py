"""Recurrences of schedules (Data Factory reference, section 8.2): which instants fire.

Frequencies of a day or more keep the local wall time over changes of daylight saving: a time that the change skips
fires at the shifted instant, one that comes twice fires the first time. Minutes and hours keep elapsed time. Every
answer depends on the asked instant alone, so that restarts neither lose nor repeat a firing.
"""

from __future__ import annotations

import calendar
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Literal

Frequency = Literal["Minute", "Hour", "Day", "Week", "Month", "Year"]
_SECONDS: dict[Frequency, int] = {"Minute": 60, "Hour": 3600}
_DAY, _BACK, _TICK = timedelta(days=1), timedelta(days=2), timedelta(microseconds=1)
_MIDNIGHT = time()
_LAST = date(9999, 12, 30)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The n-th such weekday (Monday 0) of a month; counted from its end when negative; every one when ``nth`` is 0."""

    weekday: int
    nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """``start`` is the local time in ``zone`` (naive; ``fold`` tells which, where it comes twice); it is the first
    possible firing and the anchor of the grid.

    Weeks begin on Monday. Empty tuples mean: as ``start`` says. ``end`` (an aware instant) may still fire.
    """

    frequency: Frequency
    start: datetime
    zone: tzinfo = UTC
    interval: int = 1
    end: datetime | None = None
    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    first: datetime = field(init=False, compare=False, repr=False)
    """``start`` as an instant in UTC."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", _to_utc(self.start, self.zone))

    def next_after(self, instant: datetime) -> datetime | None:
        """The first firing later than an instant, in UTC; None when there is none."""
        return next(self.iter_after(instant), None)

    def iter_after(self, instant: datetime) -> Iterator[datetime]:
        """All firings later than an instant, in order, in UTC."""
        after = max(instant.astimezone(UTC), self.first - _TICK)
        end = self.end
        for each in self._iter_elapsed(after) if self.frequency in _SECONDS else self._iter_dated(after):
            if end is not None and each > end:
                return
            if each > after:
                yield each

    # -- minutes and hours

    def _iter_elapsed(self, after: datetime) -> Iterator[datetime]:
        step = timedelta(seconds=_SECONDS[self.frequency] * self.interval)
        listed = self.frequency == "Hour" and self.minutes
        period = self.first
        if listed:
            period -= timedelta(
                minutes=self.start.minute, seconds=self.start.second, microseconds=self.start.microsecond
            )
        period += step * max((after - period) // step, 0)
        try:
            while True:
                yield from self._minutes_of_hour(period) if listed else (period,)
                period += step
        except OverflowError:  # the end of time
            return

    def _minutes_of_hour(self, begin: datetime) -> list[datetime]:
        local = begin.astimezone(self.zone)
        found = [begin + timedelta(minutes=(minute - local.minute) % 60) for minute in set(self.minutes)]
        # A change by half an hour inside this hour makes some of them other minutes of the clock.
        return sorted(each for each in found if each.astimezone(self.zone).minute in self.minutes)

    # -- days, weeks, months, years

    def _iter_dated(self, after: datetime) -> Iterator[datetime]:
        times = _times(self.hours, self.minutes, self.start.time().replace(fold=0), every_hour=self.frequency == "Day")
        present = after.astimezone(self.zone)
        local = present.replace(tzinfo=None)
        # A change in the last two days may have moved a skipped time to the future; else nothing before now counts.
        horizon = local if (present - _BACK).utcoffset() == present.utcoffset() else local - _BACK
        waiting: set[datetime] = set()
        for day in self._iter_dates(max(horizon.date(), self.start.date())):
            if day >= _LAST:
                break
            if waiting:
                ready = sorted(each for each in waiting if each < _to_utc(datetime.combine(day, _MIDNIGHT), self.zone))
                yield from ready
                waiting.difference_update(ready)
            passed = bisect_left(times, horizon.time()) if day == horizon.date() else 0
            offset = _find_offset(self.zone, day)
            # Where the clock is not changed, its order is the order of time.
            if offset is not None and not waiting:
                yield from (datetime.combine(day, each, UTC) - offset for each in islice(times, passed, None))
            else:
                waiting.update(self._place(datetime.combine(day, each)) for each in times[passed:])
        yield from sorted(waiting)

    def _place(self, local: datetime) -> datetime:
        """Of a time that comes twice the first one that is not before the start."""
        found = _to_utc(local, self.zone)
        return found if found >= self.first else _to_utc(local.replace(fold=1), self.zone)

    def _iter_dates(self, since: date) -> Iterator[date]:
        try:
            if self.frequency == "Day":
                yield from self._iter_days(since)
            elif self.frequency == "Week":
                yield from self._iter_weeks(since)
            else:
                yield from self._iter_months(since)
        except OverflowError:  # the end of time
            return

    def _iter_days(self, since: date) -> Iterator[date]:
        first = self.start.date()
        periods = -((first - since).days // self.interval)
        day = first + _DAY * (periods * self.interval)
        while True:
            yield day
            day += _DAY * self.interval

    def _iter_weeks(self, since: date) -> Iterator[date]:
        monday = self.start.date() - _DAY * self.start.weekday()
        step = 7 * self.interval
        monday += _DAY * ((since - monday).days // step * step)
        weekdays = sorted(set(self.weekdays or (self.start.weekday(),)))
        while True:
            for weekday in weekdays:
                day = monday + _DAY * weekday
                if day >= since:
                    yield day
            monday += _DAY * step

    def _iter_months(self, since: date) -> Iterator[date]:
        step = self.interval * (12 if self.frequency == "Year" else 1)
        first = _month_number(self.start)
        for number in range(first + (_month_number(since) - first) // step * step, 12 * 9999 + 1, step):
            year, month = divmod(number - 1, 12)
            for day in self._days_of_month(year, month + 1):
                if day >= since:
                    yield day

    def _days_of_month(self, year: int, month: int) -> list[date]:
        weekday, last = calendar.monthrange(year, month)
        if not self.month_days and not self.occurrences:
            return [date(year, month, min(self.start.day, last))]
        days = {day if day > 0 else last + 1 + day for day in self.month_days}
        for each in self.occurrences:
            such = range(1 + (each.weekday - weekday) % 7, last + 1, 7)
            chosen = such if each.nth == 0 else such[each.nth - 1 :][:1] if each.nth > 0 else _from_end(such, each.nth)
            days.update(chosen)
        return [date(year, month, day) for day in sorted(days) if 1 <= day <= last]


@lru_cache(maxsize=4096)
def _times(hours: tuple[int, ...], minutes: tuple[int, ...], start: time, *, every_hour: bool) -> tuple[time, ...]:
    """The times of a day that fire, in order."""
    if minutes:
        chosen = hours or (range(24) if every_hour else (start.hour,))
        return tuple(sorted({time(hour, minute) for hour in chosen for minute in minutes}))
    return tuple(sorted({start.replace(hour=hour) for hour in hours})) or (start,)


@lru_cache(maxsize=4096)
def _find_offset(zone: tzinfo, day: date) -> timedelta | None:
    """What a zone is ahead of UTC all day long; None on a day when its clock is changed."""
    midnight = datetime.combine(day, _MIDNIGHT, zone)
    offset = midnight.utcoffset()
    return offset if (midnight + _DAY).utcoffset() == offset else None


def _from_end(days: range, nth: int) -> range:
    return days[nth:][:1] if -nth <= len(days) else range(0)


def _month_number(day: date) -> int:
    return 12 * day.year + day.month


def _to_utc(local: datetime, zone: tzinfo) -> datetime:
    # A time that is skipped moves on by what the clock was moved.
    return local.replace(tzinfo=zone).astimezone(UTC)

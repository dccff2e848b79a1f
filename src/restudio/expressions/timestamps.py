"""Texts to instants: ISO 8601 and the usual forms of the United States (Data Factory reference, 7.11.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from restudio.expressions.instant import DAY, HOUR, MINUTE, SECOND, Instant, ZoneKind

_LONGEST = 100
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS: Final = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905  a list of twelve texts would take twelve lines
)
_FULL_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join((*_FULL_MONTHS, *_MONTHS))
_TIMES = r"""
    (?P<hour>\d{1,2}) : (?P<minute>\d\d) (?: : (?P<second>\d\d) (?: \. (?P<fraction>\d+) )? )?
    (?: \ * (?P<half>[AP]M) )?
    (?: \ * (?: (?P<utc>Z|GMT|UTC) | (?P<sign>[+-]) (?P<zone_hours>\d\d) :? (?P<zone_minutes>\d\d) ) )?
"""
_DATES = rf"""
    (?P<year>\d{{4}}) - (?P<month>\d{{1,2}}) (?: - (?P<day>\d{{1,2}}) )?
  | (?P<year2>\d{{4}}) / (?P<month2>\d{{1,2}}) / (?P<day2>\d{{1,2}})
  | (?P<month3>\d{{1,2}}) / (?P<day3>\d{{1,2}}) / (?P<year3>\d{{4}})
  | (?: (?P<weekday>{"|".join(_FULL_DAYS)}|mon|tue|wed|thu|fri|sat|sun) ,? \ + )?
    (?: (?P<name4>{_MONTH}) \.? \ + (?P<day4>\d{{1,2}}) ,? \ + (?P<year4>\d{{4}})
      | (?P<day5>\d{{1,2}}) [ -] (?P<name5>{_MONTH}) \.? ,? [ -] (?P<year5>\d{{4}}) )
"""
_FLAGS = re.VERBOSE | re.IGNORECASE | re.ASCII
_DATE = re.compile(rf"(?: {_DATES} ) (?: (?: T | ,?\ + ) (?: {_TIMES} ) )? \Z", _FLAGS)
_TIME = re.compile(rf"{_TIMES} \Z", _FLAGS)


def parse_timestamp(text: str, today: Callable[[], date] | None) -> Instant | None:
    """The instant that a text tells, or None. A time alone is a time of today, where that is known.

    >>> parse_timestamp("2024-03-10T05:06:07.5+02:00", date.today)
    Instant(ticks=638456367675000000, zone=<ZoneKind.OFFSET: '+00:00'>)
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    try:
        if (found := _DATE.match(text)) is not None:
            day = _date(found)
            weekday = found["weekday"]
            right = weekday is None or _FULL_DAYS[day.weekday()].startswith(weekday.lower())
            return _instant(day, found) if right else None
        found = _TIME.match(text)
        return None if found is None or today is None else _instant(today(), found)
    except (ValueError, OverflowError):
        return None


def _date(parts: re.Match[str]) -> date:
    for form in ("", "2", "3"):
        if (year := parts[f"year{form}"]) is not None:
            return date(int(year), int(parts[f"month{form}"] or 0), int(parts[f"day{form}"] or 1))
    form = "4" if parts["name4"] is not None else "5"
    month = _MONTHS.index((parts[f"name{form}"] or "")[:3].lower()) + 1
    return date(int(parts[f"year{form}"] or 0), month, int(parts[f"day{form}"] or 0))


def _instant(day: date, parts: re.Match[str]) -> Instant:
    ticks = (day.toordinal() - 1) * DAY
    if parts["hour"] is None:
        return Instant(ticks)
    ticks += _time(parts)
    if parts["utc"] is not None:
        return Instant(ticks, ZoneKind.UTC)
    if parts["sign"] is not None:
        hours, minutes = int(parts["zone_hours"] or 0), int(parts["zone_minutes"] or 0)
        if hours * 60 + minutes > 14 * 60 or minutes > 59:
            raise ValueError("no such offset")
        offset = hours * HOUR + minutes * MINUTE
        return Instant(ticks + (offset if parts["sign"] == "-" else -offset), ZoneKind.OFFSET)
    return Instant(ticks)


def _time(parts: re.Match[str]) -> int:
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if hour > (23 if parts["half"] is None else 12) or minute > 59 or second > 59:
        raise ValueError("no such time")
    if parts["half"] is not None:
        hour = hour % 12 + (12 if parts["half"].upper() == "PM" else 0)
    fraction = parts["fraction"] or "0"
    return hour * HOUR + minute * MINUTE + second * SECOND + round_fraction(fraction)


def round_fraction(digits: str) -> int:
    """Ticks of the digits behind the point of seconds, rounded to the nearest."""
    ticks = int(digits[:8].ljust(8, "0"))
    return (ticks + 5) // 10

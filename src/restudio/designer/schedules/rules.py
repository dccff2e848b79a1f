"""Decisions of schedules that need nothing but values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

from restudio.core.errors import Kind, ManyErrors, RestudioError, nearest
from restudio.designer.schedules.types import Clockwork, Frequency, Schedule, Watch
from restudio.expressions.zones import find_zone
from restudio.graph.data_path import make_data_path
from restudio.triggers.events import Polling
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.rule import Rule

WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_MINUTES = 7 * 24 * 60


def check_schedule(schedule: Schedule) -> None:
    """Refuse (``InvalidSchedule``) what says no or several things; all findings at once."""
    problems: list[RestudioError] = []
    if (schedule.pipeline_id is None) == (schedule.endpoint_id is None):
        problems.append(
            _bad("A schedule runs a published pipeline or a pipeline endpoint: name one of them.", "target")
        )
    if (schedule.clock is None) == (schedule.watch is None):
        problems.append(_bad("A schedule has a recurrence or a data store to watch: give one of them.", "recurrence"))
    if schedule.clock is not None:
        problems += _clock_problems(schedule.clock)
    if schedule.watch is not None and not 1 <= schedule.watch.minutes <= _MOST_MINUTES:
        text = f"The polling interval has 1 to {_MOST_MINUTES} minutes, got {schedule.watch.minutes}."
        problems.append(_bad(text, "polling_interval"))
    if problems:
        raise problems[0] if len(problems) == 1 else ManyErrors("InvalidSchedule", problems)


def rule_of(schedule: Schedule) -> Rule:
    """When a checked schedule fires."""
    if schedule.watch is not None:
        return _polling(schedule.watch)
    clock = schedule.clock
    assert clock is not None
    zone = find_zone(clock.zone) or UTC
    start = _start_of(clock) or datetime.fromtimestamp(schedule.created, UTC)
    minutes = clock.minutes or ((0,) if clock.hours and not clock.start else ())  # without a start: on the hour
    if start.tzinfo is not None:
        start = start.astimezone(zone).replace(tzinfo=None)
    return Recurrence(
        frequency=clock.frequency,
        start=start,
        zone=zone,
        interval=clock.interval,
        minutes=minutes,
        hours=clock.hours,
        weekdays=tuple(sorted(WEEK_DAYS.index(day.capitalize()) for day in clock.week_days)),
    )


def _polling(watch: Watch) -> Polling:
    return Polling(every=timedelta(minutes=watch.minutes), folder=make_data_path(watch.store, watch.path).uri)


def _clock_problems(clock: Clockwork) -> list[RestudioError]:
    found: list[RestudioError] = []
    if clock.frequency not in get_args(Frequency):
        found.append(_bad(f"The frequency is one of {', '.join(get_args(Frequency))}.", "frequency"))
    if not 1 <= clock.interval <= 1000:
        found.append(_bad(f"The interval is a whole number from 1 to 1000, got {clock.interval}.", "interval"))
    if find_zone(clock.zone) is None:
        found.append(_bad(f"'{clock.zone[:80]}' is not a time zone such as 'UTC' or 'Europe/Berlin'.", "time_zone"))
    try:
        _start_of(clock)
    except ValueError:
        text = f"The start time is written as 2031-07-28T06:00:00, got '{clock.start[:40]}'."
        found.append(_bad(text, "start_time"))
    if clock.frequency in ("Minute", "Hour") and (clock.hours or (clock.minutes and clock.frequency == "Minute")):
        found.append(_bad("Hours and minutes have a meaning with the frequencies Day, Week and Month.", "hours"))
    if clock.week_days and clock.frequency != "Week":
        found.append(_bad("Week days have a meaning with the frequency Week.", "week_days"))
    if not all(0 <= hour < 24 for hour in clock.hours) or not all(0 <= minute < 60 for minute in clock.minutes):
        found.append(_bad("Hours are 0 to 23, minutes 0 to 59.", "hours"))
    unknown = [day for day in clock.week_days if day.capitalize() not in WEEK_DAYS]
    if unknown:
        found.append(_bad(f"'{unknown[0][:40]}' is not a week day.{nearest(unknown[0], WEEK_DAYS)}", "week_days"))
    return found


def _start_of(clock: Clockwork) -> datetime | None:
    return datetime.fromisoformat(clock.start.replace("Z", "+00:00")) if clock.start else None


def _bad(text: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidSchedule", text, target=target)

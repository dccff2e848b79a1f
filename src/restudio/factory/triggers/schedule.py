"""ScheduleTrigger: by the clock (Data Factory reference, section 8.2)."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import cast

from restudio.expressions.zones import find_zone
from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.triggers.recurrence import Frequency, Occurrence, Recurrence

FREQUENCIES = ("Minute", "Hour", "Day", "Week", "Month", "Year")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_DAYS = tuple(day for day in range(-31, 32) if day)
_ALLOWED = {
    "minutes": ("Hour", "Day", "Week", "Month", "Year"),
    "hours": ("Day", "Week", "Month", "Year"),
    "weekDays": ("Week",),
    "monthDays": ("Month", "Year"),
    "monthlyOccurrences": ("Month", "Year"),
}


@trigger(
    type="ScheduleTrigger",
    properties=(
        Property(
            "recurrence",
            "object",
            required=True,
            help="frequency, interval, startTime, endTime, timeZone and schedule (minutes, hours, weekDays, monthDays, "
            "monthlyOccurrences).",
        ),
    ),
)
def schedule(fields: Fields) -> Recurrence:
    """Starts pipelines at the instants of a recurrence. Firings that were due while no server ran are left out."""
    recurrence = fields.object("recurrence", required=True)
    frequency = recurrence.choice("frequency", FREQUENCIES, required=True, default="Day")
    zone = _read_zone(recurrence)
    plan = recurrence.object("schedule")
    for name, frequencies in _ALLOWED.items():
        if plan.raw.get(name) and frequency not in frequencies:
            allowed = ", ".join(frequencies)
            plan.problem(name, f"has a meaning with the frequencies {allowed} only; the frequency is {frequency}.")
    return Recurrence(
        frequency=cast(Frequency, frequency),
        interval=recurrence.integer("interval", 1, 1000, default=1),
        start=_read_start(recurrence, zone),
        end=recurrence.utc("endTime", zone=zone),
        zone=zone,
        minutes=plan.integers("minutes", range(60), "minutes from 0 to 59"),
        hours=plan.integers("hours", range(24), "hours from 0 to 23"),
        weekdays=tuple(sorted({_read_weekday(plan, "weekDays", each) for each in plan.texts("weekDays")})),
        month_days=plan.integers("monthDays", _MONTH_DAYS, "days from 1 to 31, or -1 to -31 from the end"),
        occurrences=tuple(_read_occurrence(each) for each in plan.objects("monthlyOccurrences")),
    )


def _read_zone(fields: Fields) -> tzinfo:
    name = fields.text("timeZone", default="UTC")
    zone = find_zone(name)
    if zone is None:
        fields.problem(
            "timeZone", f"'{name[:80]}' is not a time zone; expected one such as 'W. Europe Standard Time' or 'UTC'."
        )
    return zone or UTC


def _read_start(fields: Fields, zone: tzinfo) -> datetime:
    start = fields.instant("startTime", required=True) or datetime(2000, 1, 1, tzinfo=zone)
    if not 1900 <= start.year < 9999:
        fields.problem("startTime", f"expected an instant from the year 1900 on; got {start.isoformat()}.")
        start = start.replace(year=2000, day=1)
    return start if start.tzinfo is None else start.astimezone(zone).replace(tzinfo=None)


def _read_weekday(fields: Fields, name: str, written: str) -> int:
    return WEEKDAYS.index(fields.pick(name, written, WEEKDAYS) or "Monday")


def _read_occurrence(fields: Fields) -> Occurrence:
    weekday = _read_weekday(fields, "day", fields.text("day", required=True, default="Monday"))
    if fields.raw.get("occurrence") == 0:
        fields.problem("occurrence", "expected 1 to 5, or -1 to -5 from the end; got 0.")
    return Occurrence(weekday, fields.integer("occurrence", -5, 5, default=0))

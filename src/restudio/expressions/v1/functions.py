"""The functions of version 1. Instants stay instants until they are printed."""

from __future__ import annotations

import calendar
from typing import Final

from restudio.expressions.composite_format import format_composite
from restudio.expressions.date_format import BadFormat
from restudio.expressions.declaration import ANY, INTEGER, STRING, Accepts, function, parameter, repeated
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.instant import DAY, HOUR, MINUTE, SECOND, Instant
from restudio.expressions.timestamps import parse_timestamp
from restudio.expressions.values import Json

DATE_TIME: Final = Accepts("a date time", frozenset({Instant}))
_TIME = parameter("time", DATE_TIME)


class DayOfWeek(int):
    """A number for arithmetic that prints as the name of the day; Sunday is 0."""

    def __str__(self) -> str:
        return calendar.day_name[(self - 1) % 7]


@function("Text.Format", parameter("format", STRING), repeated("argument", ANY, optional=True))
def text_format(format: str, *arguments: Json) -> str:
    """A text with arguments in it: `{0:yyyy-MM-dd}`, `{1,8}`; `{{` and `}}` are braces."""
    try:
        return format_composite(format, arguments, "Text.Format")
    except BadFormat as error:
        raise ExpressionError(
            f"The function 'Text.Format' was given the format '{shorten(format)}', which is not valid: {error}."
        ) from error


@function("Time.AddHours", _TIME, parameter("hours", INTEGER))
def add_hours(time: Instant, hours: int) -> Instant:
    """So many hours later."""
    return time.plus(hours * HOUR)


@function("Time.AddMinutes", _TIME, parameter("minutes", INTEGER))
def add_minutes(time: Instant, minutes: int) -> Instant:
    """So many minutes later."""
    return time.plus(minutes * MINUTE)


@function("Time.StartOfHour", _TIME)
def start_of_hour(time: Instant) -> Instant:
    """The start of the hour."""
    return time.floor(HOUR)


@function("Date.AddDays", _TIME, parameter("days", INTEGER))
def add_days(time: Instant, days: int) -> Instant:
    """So many days later."""
    return time.plus(days * DAY)


@function("Date.AddWeeks", _TIME, parameter("weeks", INTEGER))
def add_weeks(time: Instant, weeks: int) -> Instant:
    """So many weeks of 7 days later."""
    return time.plus(weeks * 7 * DAY)


@function("Date.AddMonths", _TIME, parameter("months", INTEGER))
def add_months(time: Instant, months: int) -> Instant:
    """So many months later; the last day of a month that is too short."""
    return time.plus_months(months)


@function("Date.AddQuarters", _TIME, parameter("quarters", INTEGER))
def add_quarters(time: Instant, quarters: int) -> Instant:
    """So many quarters of 3 months later."""
    return time.plus_months(quarters * 3)


@function("Date.AddYears", _TIME, parameter("years", INTEGER))
def add_years(time: Instant, years: int) -> Instant:
    """So many years later."""
    return time.plus_months(years * 12)


@function("Date.Day", _TIME)
def day(time: Instant) -> int:
    """The day of the month."""
    return time.date.day


@function("Date.DayOfWeek", _TIME)
def day_of_week(time: Instant) -> DayOfWeek:
    """The day of the week: a number from Sunday, 0; printed as its name."""
    return DayOfWeek(time.weekday)


@function("Date.DayOfYear", _TIME)
def day_of_year(time: Instant) -> int:
    """The day of the year."""
    return time.date.timetuple().tm_yday


@function("Date.DaysInMonth", _TIME)
def days_in_month(time: Instant) -> int:
    """How many days the month has."""
    return calendar.monthrange(time.date.year, time.date.month)[1]


@function("Date.StartOfDay", _TIME)
def start_of_day(time: Instant) -> Instant:
    """Midnight before."""
    return time.floor(DAY)


@function("Date.EndOfDay", _TIME)
def end_of_day(time: Instant) -> Instant:
    """23:59:59 of the day."""
    return time.floor(DAY).plus(DAY - SECOND)


@function("Date.EndOfMonth", _TIME)
def end_of_month(time: Instant) -> Instant:
    """23:59:59 of the last day of the month."""
    left = calendar.monthrange(time.date.year, time.date.month)[1] - time.date.day
    return time.floor(DAY).plus((left + 1) * DAY - SECOND)


@function("DateTime.From", parameter("text", STRING))
def from_text(text: str) -> Instant:
    """The instant that a text tells, date and time both."""
    found = parse_timestamp(text, None)
    if found is None:
        raise ExpressionError(
            f"In function 'DateTime.From', the value provided for date time string '{shorten(text)}' was not valid. The"
            " datetime string must match ISO 8601 format."
        )
    return found


@function("DateTime.Ticks", _TIME)
def ticks(time: Instant) -> int:
    """Units of 100 nanoseconds since the start of the year 1."""
    return time.ticks

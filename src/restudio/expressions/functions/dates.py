"""Date functions (Data Factory reference, 7.11). What gives an instant takes a format last; without one it is ``o``."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from restudio.expressions.culture import ENGLISH, Culture, find_culture
from restudio.expressions.date_format import BadFormat, format_instant
from restudio.expressions.declaration import INTEGER, STRING, function, parameter
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.exact_date import parse_exact, parse_local
from restudio.expressions.instant import DAY, HOUR, MINUTE, SECOND, Instant, ZoneKind
from restudio.expressions.scope import Scope
from restudio.expressions.timestamps import parse_timestamp
from restudio.expressions.zones import find_zone, from_utc, is_utc, to_utc

_TIMESTAMP = parameter("timestamp", STRING)
_FORMAT = parameter("format", STRING, optional=True)
_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_MONTHS = {"month": 1, "year": 12}


def _read(scope: Scope, text: str, name: str) -> Instant:
    instant = parse_timestamp(text, lambda: scope.now().date())
    if instant is None:
        raise _not_read(text, name)
    return instant


def _not_read(text: str, name: str) -> ExpressionError:
    return ExpressionError(
        f"In function '{name}', the value provided for date time string '{shorten(text)}' was not valid. The datetime"
        " string must match ISO 8601 format."
    )


def _write(instant: Instant, format: str, name: str, culture: Culture = ENGLISH) -> str:
    try:
        return format_instant(instant, format, culture)
    except BadFormat as error:
        raise ExpressionError(
            f"The template language function '{name}' format parameter '{shorten(format)}' is not supported. The format"
            f" must be one letter of a standard format, or a custom format pattern: {error}."
        ) from error


def _out_of_range(name: str) -> ExpressionError:
    return ExpressionError(f"In function '{name}', the result is outside of the years 1 to 9999.")


def _moved(instant: Instant, count: int, unit: str, name: str) -> Instant:
    folded = unit.lower()
    try:
        if folded in _UNITS:
            return instant.plus(count * _UNITS[folded])
        if folded in _MONTHS:
            return instant.plus_months(count * _MONTHS[folded])
    except OverflowError as error:
        raise _out_of_range(name) from error
    raise ExpressionError(
        f"The template language function '{name}' expects the time unit to be one of 'Second', 'Minute', 'Hour', 'Day',"
        f" 'Week', 'Month' and 'Year'. The provided value is '{shorten(unit)}'."
    )


def _added(scope: Scope, timestamp: str, count: int, unit: str, format: str, name: str) -> str:
    return _write(_moved(_read(scope, timestamp, name), count, unit, name), format, name)


@function("utcNow", _FORMAT, scoped=True)
def utc_now(scope: Scope, format: str = "o") -> str:
    """The present instant in UTC."""
    return _write(Instant.of(scope.now()), format, "utcNow")


@function("formatDateTime", _TIMESTAMP, _FORMAT, parameter("locale", STRING, optional=True), scoped=True)
def format_date_time(scope: Scope, timestamp: str, format: str = "o", locale: str = "en-US") -> str:
    """An instant in a format of .NET, such as `yyyy-MM-dd` or `D`, with the names of a language."""
    return _write(_read(scope, timestamp, "formatDateTime"), format, "formatDateTime", find_culture(locale))


@function(
    "parseDateTime",
    parameter("text", STRING),
    parameter("locale", STRING, optional=True),
    _FORMAT,
    scoped=True,
    extra=True,
)
def parse_date_time(scope: Scope, text: str, locale: str = "en-US", format: str | None = None) -> str:
    """An instant that is written as people of a language write it, or in a format."""
    culture = find_culture(locale)

    def today() -> date:
        return scope.now().date()

    try:
        if format is not None:
            instant = parse_exact(text, format, culture, today)
        elif culture is ENGLISH:
            instant = parse_timestamp(text, today)
        else:
            instant = parse_local(text, culture, today)
    except BadFormat as error:
        raise ExpressionError(
            f"The template language function 'parseDateTime' format parameter '{shorten(format or '')}' is not"
            f" supported: {error}."
        ) from error
    if instant is None:
        raise _not_read(text, "parseDateTime")
    return format_instant(instant)


@function("addSeconds", _TIMESTAMP, parameter("seconds", INTEGER), _FORMAT, scoped=True)
def add_seconds(scope: Scope, timestamp: str, seconds: int, format: str = "o") -> str:
    """So many seconds later, or earlier when the number is negative."""
    return _added(scope, timestamp, seconds, "second", format, "addSeconds")


@function("addMinutes", _TIMESTAMP, parameter("minutes", INTEGER), _FORMAT, scoped=True)
def add_minutes(scope: Scope, timestamp: str, minutes: int, format: str = "o") -> str:
    """So many minutes later, or earlier when the number is negative."""
    return _added(scope, timestamp, minutes, "minute", format, "addMinutes")


@function("addHours", _TIMESTAMP, parameter("hours", INTEGER), _FORMAT, scoped=True)
def add_hours(scope: Scope, timestamp: str, hours: int, format: str = "o") -> str:
    """So many hours later, or earlier when the number is negative."""
    return _added(scope, timestamp, hours, "hour", format, "addHours")


@function("addDays", _TIMESTAMP, parameter("days", INTEGER), _FORMAT, scoped=True)
def add_days(scope: Scope, timestamp: str, days: int, format: str = "o") -> str:
    """So many days later, or earlier when the number is negative."""
    return _added(scope, timestamp, days, "day", format, "addDays")


@function("addToTime", _TIMESTAMP, parameter("count", INTEGER), parameter("unit", STRING), _FORMAT, scoped=True)
def add_to_time(scope: Scope, timestamp: str, count: int, unit: str, format: str = "o") -> str:
    """So many `Second`, `Minute`, `Hour`, `Day`, `Week`, `Month` or `Year` later. The 31st plus a month is the last day
    of the next month where that is shorter."""
    return _added(scope, timestamp, count, unit, format, "addToTime")


@function("subtractFromTime", _TIMESTAMP, parameter("count", INTEGER), parameter("unit", STRING), _FORMAT, scoped=True)
def subtract_from_time(scope: Scope, timestamp: str, count: int, unit: str, format: str = "o") -> str:
    """The opposite of `addToTime`."""
    return _added(scope, timestamp, -count, unit, format, "subtractFromTime")


@function("getFutureTime", parameter("count", INTEGER), parameter("unit", STRING), _FORMAT, scoped=True)
def get_future_time(scope: Scope, count: int, unit: str, format: str = "o") -> str:
    """So many units after now, in UTC."""
    return _write(_moved(Instant.of(scope.now()), count, unit, "getFutureTime"), format, "getFutureTime")


@function("getPastTime", parameter("count", INTEGER), parameter("unit", STRING), _FORMAT, scoped=True)
def get_past_time(scope: Scope, count: int, unit: str, format: str = "o") -> str:
    """So many units before now, in UTC."""
    return _write(_moved(Instant.of(scope.now()), -count, unit, "getPastTime"), format, "getPastTime")


@function("startOfHour", _TIMESTAMP, _FORMAT, scoped=True)
def start_of_hour(scope: Scope, timestamp: str, format: str = "o") -> str:
    """The hour that an instant is in, from its start."""
    return _write(_read(scope, timestamp, "startOfHour").floor(HOUR), format, "startOfHour")


@function("startOfDay", _TIMESTAMP, _FORMAT, scoped=True)
def start_of_day(scope: Scope, timestamp: str, format: str = "o") -> str:
    """The day that an instant is on, from its start."""
    return _write(_read(scope, timestamp, "startOfDay").floor(DAY), format, "startOfDay")


@function("startOfMonth", _TIMESTAMP, _FORMAT, scoped=True)
def start_of_month(scope: Scope, timestamp: str, format: str = "o") -> str:
    """The month that an instant is in, from its start."""
    instant = _read(scope, timestamp, "startOfMonth").floor(DAY)
    return _write(instant.plus((1 - instant.date.day) * DAY), format, "startOfMonth")


@function("dayOfWeek", _TIMESTAMP, scoped=True)
def day_of_week(scope: Scope, timestamp: str) -> int:
    """Sunday is 0, Saturday 6."""
    return _read(scope, timestamp, "dayOfWeek").weekday


@function("dayOfMonth", _TIMESTAMP, scoped=True)
def day_of_month(scope: Scope, timestamp: str) -> int:
    """From 1 to 31."""
    return _read(scope, timestamp, "dayOfMonth").date.day


@function("dayOfYear", _TIMESTAMP, scoped=True)
def day_of_year(scope: Scope, timestamp: str) -> int:
    """From 1 to 366."""
    return _read(scope, timestamp, "dayOfYear").date.timetuple().tm_yday


@function("ticks", _TIMESTAMP, scoped=True)
def ticks(scope: Scope, timestamp: str) -> int:
    """Units of 100 nanoseconds since the start of the year 1."""
    return _read(scope, timestamp, "ticks").ticks


@function("dateDifference", parameter("start", STRING), parameter("end", STRING), scoped=True, extra=True)
def date_difference(scope: Scope, start: str, end: str) -> str:
    """From one instant to another, as `[-][d.]hh:mm:ss`."""
    passed = _read(scope, end, "dateDifference").ticks - _read(scope, start, "dateDifference").ticks
    days, rest = divmod(abs(passed), DAY)
    text = f"{rest // HOUR:02}:{rest // MINUTE % 60:02}:{rest // SECOND % 60:02}"
    fraction = f".{rest % SECOND:07}" if rest % SECOND else ""
    return f"{'-' if passed < 0 else ''}{f'{days}.' if days else ''}{text}{fraction}"


def _zone(zone: str, name: str) -> ZoneInfo:
    found = find_zone(zone)
    if found is None:
        raise ExpressionError(
            f"In the template language function '{name}', the value provided for the time zone id '{shorten(zone)}' was"
            " not valid."
        )
    return found


def _local(instant: Instant, zone: ZoneInfo, timestamp: str, name: str) -> Instant:
    """A time of the clocks of a zone as UTC."""
    try:
        found = to_utc(instant, zone)
    except OverflowError as error:
        raise _out_of_range(name) from error
    if found is None:
        raise ExpressionError(
            f"In function '{name}', the value provided for date time string '{shorten(timestamp)}' was not valid in the"
            f" time zone '{zone.key}': the clocks there skip that time, or show it twice."
        )
    return found


def _shifted(instant: Instant, zone: ZoneInfo, name: str) -> Instant:
    try:
        return from_utc(instant, zone)
    except OverflowError as error:
        raise _out_of_range(name) from error


@function("convertFromUtc", _TIMESTAMP, parameter("zone", STRING), _FORMAT, scoped=True)
def convert_from_utc(scope: Scope, timestamp: str, zone: str, format: str = "o") -> str:
    """An instant in UTC (with `Z`) as the clocks of a zone show it: `W. Europe Standard Time`, `Europe/Berlin`."""
    name = "convertFromUtc"
    instant, found = _read(scope, timestamp, name), _zone(zone, name)
    if instant.zone is not ZoneKind.UTC:
        raise ExpressionError(
            f"In function '{name}', the value provided for date time string '{shorten(timestamp)}' was not valid. It"
            " must be in UTC and end with 'Z'."
        )
    return _write(_shifted(instant, found, name), format, name)


@function("convertToUtc", _TIMESTAMP, parameter("zone", STRING), _FORMAT, scoped=True)
def convert_to_utc(scope: Scope, timestamp: str, zone: str, format: str = "o") -> str:
    """What the clocks of a zone show as an instant in UTC. Times that they skip or show twice are errors."""
    name = "convertToUtc"
    instant, found = _read(scope, timestamp, name), _zone(zone, name)
    if instant.zone is not ZoneKind.NONE and not is_utc(found):
        raise ExpressionError(
            f"In function '{name}', the value provided for date time string '{shorten(timestamp)}' was not valid. It"
            f" tells a zone of its own, which is not '{zone}'."
        )
    return _write(_local(instant, found, timestamp, name), format, name)


@function("convertTimeZone", _TIMESTAMP, parameter("from", STRING), parameter("to", STRING), _FORMAT, scoped=True)
def convert_time_zone(scope: Scope, timestamp: str, source: str, destination: str, format: str = "o") -> str:
    """What the clocks of one zone show as those of another do. A timestamp that tells its own zone keeps it."""
    name = "convertTimeZone"
    instant, start, end = _read(scope, timestamp, name), _zone(source, name), _zone(destination, name)
    if instant.zone is ZoneKind.NONE:
        instant = _local(instant, start, timestamp, name)
    return _write(_shifted(instant, end, name), format, name)

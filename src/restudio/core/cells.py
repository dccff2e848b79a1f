"""One cell of a table: its Python type, its text, and its conversion between element types.

The text form is what request-response answers and batch files hold, so both speeds of scoring use these functions (the
fast paths over whole columns elsewhere give the same text). A missing cell is None everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from restudio.core.schema import DType

Cell = None | str | int | float | bool | datetime | timedelta

INTEGER_LIMIT = 2**63
"""Integers are signed 64-bit: ``-INTEGER_LIMIT <= n < INTEGER_LIMIT``."""

_EPOCH = datetime(1, 1, 1)  # noqa: DTZ001  times of tables carry no zone
_SPAN = re.compile(r"(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?\Z", re.ASCII)
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def text_of(cell: str | int | float | bool | datetime | timedelta) -> str:
    """The text of a cell that is not missing: shortest round-trip numbers, ``True``/``False``, ISO 8601 times.

    >>> text_of(0.1), text_of(2.0), text_of(1e-7), text_of(True)
    ('0.1', '2', '1e-7', 'True')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return text_of_float(cell)
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return text_of_span(cell)
    return str(cell)


def text_of_float(value: float) -> str:
    """Shortest text that reads back to the same double; whole numbers without ``.0``.

    Plain from 1e-6 up to 1e15, else with an exponent. Below 1e10 this is what Arrow writes, which makes columns cheap.
    """
    text = repr(value)
    if 1e-4 <= value < 1e15 or -1e15 < value <= -1e-4 or value == 0.0:
        return text[:-2] if text.endswith(".0") else text
    return _UNUSUAL.get(text) or _rescaled(value)


_UNUSUAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _rescaled(value: float) -> str:
    """A number outside the plain range of ``repr``, from its shortest digits."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    figures = "".join(map(str, digits))
    power = len(figures) + exponent - 1
    minus = "-" if sign else ""
    if -6 <= power < 0:
        return f"{minus}0.{'0' * (-power - 1)}{figures}"
    fraction = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{minus}{figures[0]}{fraction}e{'+' if power > 0 else ''}{power}"


def text_of_span(value: timedelta) -> str:
    """``[-][d.]hh:mm:ss[.ffffff]``.

    >>> text_of_span(timedelta(days=1, seconds=5))
    '1.00:00:05'
    """
    micros = value // timedelta(microseconds=1)
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    seconds, fraction = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    day = f"{days}." if days else ""
    part = f".{fraction:06d}" if fraction else ""
    return f"{sign}{day}{hour:02d}:{minute:02d}:{second:02d}{part}"


def parse_integer(text: str) -> int:
    """A signed 64-bit integer; whole doubles such as ``41.0`` count. ``ValueError`` for anything else."""
    number = parse_double(text)
    try:
        return _in_range(int(text))
    except ValueError:
        return _whole(number)


def parse_double(text: str) -> float:
    """A double, ``NaN`` and ``Infinity`` included. ``ValueError`` for anything else (also ``1_000``)."""
    if "_" in text or not text.isascii():  # what Python reads and other parsers do not
        raise ValueError("not a number")
    return float(text)


def parse_boolean(text: str) -> bool:
    """``true``/``false`` in any case, ``1`` and ``0``."""
    value = _BOOLEANS.get(text.strip().casefold())
    if value is None:
        raise ValueError("not a Boolean")
    return value


def parse_datetime(text: str) -> datetime:
    """ISO 8601, or the US form ``M/d/yyyy [h:mm[:ss] [AM|PM]]``. A zone is converted to UTC and dropped."""
    stripped = text.strip()
    try:
        value = datetime.fromisoformat(stripped)
    except ValueError:
        value = _parse_us_datetime(stripped)
    try:
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as cause:
        raise ValueError("time out of range") from cause


def parse_span(text: str) -> timedelta:
    """``[-][d.]hh:mm[:ss[.fffffff]]``; the seventh decimal (100 ns) is dropped."""
    match = _SPAN.match(text.strip())
    if match is None:
        raise ValueError("not a time span")
    sign, days, hours, minutes, seconds, fraction = match.groups()
    if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
        raise ValueError("not a time span")
    value = timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")[:6]),
    )
    return -value if sign else value


PARSERS: Mapping[DType, Callable[[str], Cell]] = {
    DType.STRING: str,
    DType.INTEGER: parse_integer,
    DType.DOUBLE: parse_double,
    DType.BOOLEAN: parse_boolean,
    DType.DATETIME: parse_datetime,
    DType.TIMESPAN: parse_span,
}
"""Text of a cell that is not missing to its value, by element type; ``ValueError`` when it is not one."""


def convert(cell: str | int | float | bool | datetime | timedelta, dtype: DType) -> Cell:
    """A cell that is not missing as another element type; ``ValueError`` when it has no such value.

    Times become .NET ticks (100 ns since year 1) as numbers. A text that is blank becomes missing, except as a text.
    Doubles become integers only when whole.
    """
    if dtype is DType.STRING:
        return text_of(cell)
    if isinstance(cell, str):
        return PARSERS[dtype](cell) if cell.strip() else None
    if dtype is DType.DATETIME:
        return cell if isinstance(cell, datetime) else _from_ticks(cell)
    if dtype is DType.TIMESPAN:
        return cell if isinstance(cell, timedelta) else _span_from_ticks(cell)
    number = _ticks(cell) if isinstance(cell, (datetime, timedelta)) else cell
    if dtype is DType.DOUBLE:
        return float(number)
    if dtype is DType.INTEGER:
        return _whole(number) if isinstance(number, float) else int(number)
    if math.isnan(number):
        raise ValueError("NaN is not a Boolean")
    return number != 0


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError("not a whole number")
    return _in_range(int(value))


def _in_range(value: int) -> int:
    if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise ValueError("not a 64-bit integer")
    return value


def _parse_us_datetime(text: str) -> datetime:
    for form in ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  times of tables carry no zone
        except ValueError:
            continue
    raise ValueError("not a time")


def _ticks(value: datetime | timedelta) -> int:
    span = value - _EPOCH if isinstance(value, datetime) else value
    return span // timedelta(microseconds=1) * 10


def _from_ticks(value: float | timedelta | datetime) -> datetime:
    span = _span_from_ticks(value)
    try:
        return _EPOCH + span
    except OverflowError as cause:
        raise ValueError("ticks out of range") from cause


def _span_from_ticks(value: float | timedelta | datetime) -> timedelta:
    if isinstance(value, (datetime, timedelta, bool)):
        raise ValueError("not ticks")
    try:
        return timedelta(microseconds=_whole(float(value)) // 10 if isinstance(value, float) else value // 10)
    except OverflowError as cause:
        raise ValueError("ticks out of range") from cause

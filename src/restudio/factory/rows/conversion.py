"""Values from one interim type to another (Data Factory reference, 6.1.4)."""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.dotnet_dates import DateForm

_BITS = {
    "Byte": (0, 255),
    "SByte": (-128, 127),
    **{f"Int{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (16, 32, 64)},
    **{f"UInt{n}": (0, 2**n - 1) for n in (16, 32, 64)},
}
_NAMES = (*_BITS, "Boolean", "Byte[]", "DateTime", "DateTimeOffset", "Decimal", "Double", "Guid", "Single", "String")
TYPES: Mapping[str, str] = {name.casefold(): name for name in (*_NAMES, "TimeSpan")}
"""Interim types by their name in lower case."""
_SPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?\Z")
_INSTANT = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?"
    r"\s*([AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})?)?\Z"
)


class NotConvertible(Exception):
    """The value has no meaning in the wanted type; the text says why."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to convert; see ``typeConversionSettings``."""

    truncate: bool = True
    boolean_as_number: bool = False
    datetime_form: DateForm | None = None
    offset_form: DateForm | None = None

    @classmethod
    def of(cls, settings: Properties) -> Conversion:
        def form(name: str) -> DateForm | None:
            text = settings.get(name)
            return DateForm(text) if isinstance(text, str) and text else None

        return cls(
            settings.get("allowDataTruncation") is not False,
            settings.get("treatBooleanAsNumber") is True,
            form("dateTimeFormat"),
            form("dateTimeOffsetFormat"),
        )

    def convert(self, value: Any, wanted: str) -> Any:
        """The value in the wanted interim type; None stays."""
        if value is None:
            return None
        if wanted == "String":
            return self.text(value)
        if wanted in _BITS:
            return _to_int(self, value, wanted)
        return _CONVERTERS[wanted](self, value)

    def text(self, value: Any) -> str:
        """Any value as text."""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return ("1" if value else "0") if self.boolean_as_number else str(value)
        if isinstance(value, datetime):
            form = self.offset_form if value.tzinfo else self.datetime_form
            return form.format(value) if form else _iso(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return base64.b64encode(bytes(value)).decode()
        if isinstance(value, timedelta):
            return span_text(value)
        if isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=self.text)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return str(value)


def interim_type(name: Json, place: str) -> str:
    """The interim type of that name, in any case; 2104 for another."""
    found = TYPES.get(str(name).casefold())
    if found is None:
        raise ActivityFailed("2104", f"'{name}' at {place} is no type; expected one of {', '.join(TYPES.values())}.")
    return found


def type_of(value: Any) -> str:
    """The interim type that a value has by itself."""
    for kind, name in _OWN:
        if isinstance(value, kind):
            return name
    return "String"


_OWN: tuple[tuple[type, str], ...] = (
    (bool, "Boolean"),
    (int, "Int64"),
    (float, "Double"),
    (Decimal, "Decimal"),
    (datetime, "DateTime"),
    (date, "DateTime"),
    (timedelta, "TimeSpan"),
    (uuid.UUID, "Guid"),
    (bytes, "Byte[]"),
)


def span_text(value: timedelta) -> str:
    """``[-][d.]hh:mm:ss[.fffffff]``.

    >>> span_text(timedelta(days=1, hours=2, microseconds=5))
    '1.02:00:00.0000050'
    """
    micros = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(micros, 1_000_000)
    days, rest = divmod(seconds, 86_400)
    shown = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    sign = "-" if value < timedelta() else ""
    return sign + (f"{days}." if days else "") + shown + (f".{fraction:06}0" if fraction else "")


def _iso(value: datetime) -> str:
    return value.isoformat(sep=" ", timespec="microseconds" if value.microsecond else "seconds")


def _fail(value: Any, wanted: str) -> NotConvertible:
    return NotConvertible(f"'{str(value)[:100]}' cannot be converted to {wanted}")


def _to_int(how: Conversion, value: Any, wanted: str) -> int:
    number = _number(value, wanted)
    whole = int(number)
    if whole != number and not how.truncate:
        raise NotConvertible(f"'{value}' would lose its fraction in {wanted}")
    low, high = _BITS[wanted]
    if not low <= whole <= high:
        raise NotConvertible(f"'{str(value)[:100]}' is too large for {wanted}")
    return whole


def _number(value: Any, wanted: str) -> int | Decimal:
    if isinstance(value, int):
        return int(value)
    try:
        if isinstance(value, str):
            text = value.strip()
            return int(text) if text.lstrip("+-").isdecimal() and text.isascii() else _finite(Decimal(text))
        if isinstance(value, (float, Decimal)):
            return _finite(Decimal(repr(value)) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError, OverflowError) as cause:
        raise _fail(value, wanted) from cause
    raise _fail(value, wanted)


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("not a number")
    return value


def _to_decimal(how: Conversion, value: Any) -> Decimal:
    return Decimal(_number(value, "Decimal"))


def _to_float(how: Conversion, value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        try:
            return float(value.strip())
        except ValueError as cause:
            raise _fail(value, "Double") from cause
    return float(_number(value, "Double"))


def _to_bool(how: Conversion, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value.strip().casefold()
        if text in ("true", "false"):
            return text == "true"
        if text in ("1", "0"):
            return text == "1"
        raise _fail(value, "Boolean")
    return _number(value, "Boolean") != 0


def _to_datetime(how: Conversion, value: Any) -> datetime:
    found = _instant(value, how.datetime_form, "DateTime")
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _to_offset(how: Conversion, value: Any) -> datetime:
    found = _instant(value, how.offset_form or how.datetime_form, "DateTimeOffset")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _instant(value: Any, form: DateForm | None, wanted: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str):
        raise _fail(value, wanted)
    try:
        return form.parse(value) if form else read_instant(value)
    except ValueError as cause:
        raise _fail(value, wanted) from cause


def read_instant(text: str) -> datetime:
    """A moment in ISO form or as ``12/31/2020 1:05 PM``; ``ValueError`` for anything else."""
    found = _INSTANT.match(text.strip())
    if found is None:
        raise ValueError(f"'{text[:60]}' is no date")
    day, hour, minute, second, fraction, half, zone = found.groups()
    year, month, of_month = map(int, day.split("-")) if "-" in day else _month_first(day)
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.casefold() == "pm" else 0)
    micros = int((fraction or "0").ljust(6, "0")[:6])
    offset = None if zone is None else UTC if zone == "Z" else datetime.strptime(zone, "%z").tzinfo
    return datetime(year, month, of_month, hours, int(minute or 0), int(second or 0), micros, tzinfo=offset)


def _month_first(day: str) -> tuple[int, int, int]:
    month, of_month, year = map(int, day.split("/"))
    return year, month, of_month


def _to_span(how: Conversion, value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _SPAN.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise _fail(value, "TimeSpan")
    sign, days, hours, minutes, seconds, fraction = found.groups()
    micros = int((fraction or "0").ljust(6, "0")[:6])
    span = timedelta(int(days or 0), int(seconds or 0), micros, 0, int(minutes), int(hours))
    return -span if sign else span


def _to_guid(how: Conversion, value: Any) -> uuid.UUID:
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value).strip())
    except ValueError as cause:
        raise _fail(value, "Guid") from cause


def _to_bytes(how: Conversion, value: Any) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    try:
        return base64.b64decode(str(value), validate=True)
    except ValueError as cause:
        raise _fail(value, "Byte[]") from cause


_CONVERTERS: Mapping[str, Callable[[Conversion, Any], Any]] = {
    "Boolean": _to_bool,
    "Byte[]": _to_bytes,
    "DateTime": _to_datetime,
    "DateTimeOffset": _to_offset,
    "Decimal": _to_decimal,
    "Double": _to_float,
    "Single": _to_float,
    "Guid": _to_guid,
    "TimeSpan": _to_span,
}

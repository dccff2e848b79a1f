"""Custom date formats as documents write them (``yyyy-MM-dd HH:mm:ss.fff``), in the invariant culture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from restudio.factory.errors import ActivityFailed

_TOKEN = re.compile(
    r"yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|f{1,7}|F{1,7}|tt|t|zzz|zz|z|K|'[^']*'|\"[^\"]*\"|\\.|."
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STANDARD = {
    "s": "yyyy-MM-ddTHH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "d": "MM/dd/yyyy",
    "T": "HH:mm:ss",
    "t": "HH:mm",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
}
_READ = {
    "yyyy": r"(?P<year>\d{4})",
    "yy": r"(?P<year2>\d{2})",
    "MMMM": "(?P<monthname>[A-Za-z]+)",
    "MMM": "(?P<monthname>[A-Za-z]+)",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "dddd": "[A-Za-z]+",
    "ddd": "[A-Za-z]+",
    "dd": r"(?P<day>\d{2})",
    "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{2})",
    "H": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<hour>\d{2})",
    "h": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{2})",
    "m": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d{2})",
    "s": r"(?P<second>\d{1,2})",
    "tt": "(?P<half>[AaPp][Mm])",
    "t": "(?P<half>[AaPp])",
    "zzz": r"(?P<zone>[+-]\d{2}:\d{2})",
    "zz": r"(?P<zone>[+-]\d{2})",
    "z": r"(?P<zone>[+-]\d{1,2})",
    "K": r"(?P<zone>Z|[+-]\d{2}:\d{2})?",
}


@dataclass(frozen=True, slots=True)
class DateForm:
    """One format, custom or a standard letter.

    >>> DateForm("dd/MM/yyyy").format(datetime(2024, 3, 1)), DateForm("dd/MM/yyyy").parse("01/03/2024").month
    ('01/03/2024', 3)
    """

    text: str

    def format(self, moment: datetime) -> str:
        return "".join(_written(token, moment) for token in self._tokens())

    def parse(self, text: str) -> datetime:
        """``ValueError`` when the text has another form."""
        found = self._pattern().fullmatch(text.strip())
        if found is None:
            raise ValueError(f"'{text[:60]}' has not the form {self.text}")
        part = {name: value for name, value in found.groupdict().items() if value is not None}
        year = int(part["year"]) if "year" in part else _full_year(int(part.get("year2", "1")))
        hour = int(part.get("hour", "0"))
        if "half" in part:
            hour = hour % 12 + (12 if part["half"][0] in "Pp" else 0)
        micros = int(part.get("fraction", "").ljust(6, "0")[:6])
        month = _month(part["monthname"]) if "monthname" in part else int(part.get("month", "1"))
        clock = (hour, int(part.get("minute", "0")), int(part.get("second", "0")), micros)
        return datetime(year, month, int(part.get("day", "1")), *clock, tzinfo=_zone(part.get("zone")))

    def _tokens(self) -> Iterator[str]:
        form = _STANDARD.get(self.text, self.text).removeprefix("%")
        yield from (found[0] for found in _TOKEN.finditer(form))

    def _pattern(self) -> re.Pattern[str]:
        parts = []
        for token in self._tokens():
            if token[0] in "fF" and set(token) <= {token[0]}:
                size = f"{{{len(token)}}}" if token[0] == "f" else f"{{0,{len(token)}}}"
                parts.append(rf"(?P<fraction>\d{size})")
            else:
                parts.append(_READ.get(token) or re.escape(_literal(token)))
        try:
            return re.compile("".join(parts))
        except re.error as cause:
            message = f"The date format '{self.text[:60]}' names a part twice and cannot be read."
            raise ActivityFailed("2104", message) from cause


def _literal(token: str) -> str:
    if token[0] == "\\":
        return token[1:]
    return token[1:-1] if len(token) > 1 and token[0] in "'\"" else token


def _written(token: str, moment: datetime) -> str:
    letter, width = token[0], len(token)
    numbers = {
        "M": moment.month,
        "d": moment.day,
        "H": moment.hour,
        "h": moment.hour % 12 or 12,
        "m": moment.minute,
        "s": moment.second,
    }
    if set(token) == {"y"}:
        return f"{moment.year:04}" if width == 4 else f"{moment.year % 100:02}"
    if letter in "Md" and width >= 3 and set(token) == {letter}:
        name = _MONTHS[moment.month - 1] if letter == "M" else _DAYS[moment.weekday()]
        return name if width == 4 else name[:3]
    if letter in numbers and set(token) == {letter}:
        return f"{numbers[letter]:0{width}}"
    if letter in "fF" and set(token) == {letter}:
        digits = f"{moment.microsecond:06}0"[:width]
        return digits if letter == "f" else digits.rstrip("0")
    if letter == "t" and set(token) == {"t"}:
        return ("AM" if moment.hour < 12 else "PM")[:width]
    if letter in "zK" and set(token) == {letter}:
        return _offset(token, moment)
    return _literal(token)


def _offset(token: str, moment: datetime) -> str:
    offset = moment.utcoffset()
    if token == "K":
        if offset is None:
            return ""
        if moment.tzinfo is UTC:
            return "Z"
    seconds = int((offset or timedelta()).total_seconds())
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    if token in ("zzz", "K"):
        return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{sign}{minutes // 60:0{len(token)}}"


def _full_year(short: int) -> int:
    return short + (2000 if short < 50 else 1900)


def _month(name: str) -> int:
    for number, full in enumerate(_MONTHS, 1):
        if name.casefold() in (full.casefold(), full[:3].casefold()):
            return number
    raise ValueError(f"'{name}' is no month")


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    hours, _, minutes = text[1:].partition(":")
    span = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-span if text[0] == "-" else span)

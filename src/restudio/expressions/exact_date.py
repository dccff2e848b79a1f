"""Texts to instants by a format string, or by the usual forms of another language: what ``parseDateTime`` reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from restudio.expressions.culture import Culture
from restudio.expressions.date_format import BadFormat, split_format, standard_pattern
from restudio.expressions.instant import DAY, HOUR, MINUTE, SECOND, Instant, ZoneKind
from restudio.expressions.timestamps import parse_timestamp, round_fraction

_ZONES = {"K": r"Z|[+-]\d\d:\d\d|", "z": r"[+-]\d{1,2}", "zz": r"[+-]\d\d", "zzz": r"[+-]\d\d:\d\d"}
_NUMERIC = re.compile(r"\s*(\d{1,4})[-/. ]+(\d{1,2})[-/. ]+(\d{1,4})\b(.*)\Z", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]+\.?")


def parse_local(text: str, culture: Culture, today: Callable[[], date]) -> Instant | None:
    """As :func:`parse_timestamp`, with day, month and year in the order of the language and months by its names."""
    found = _NUMERIC.match(text)
    if found is not None and len(found[1]) < 4:
        places = dict(zip(_order(culture.short_date), found.groups(), strict=False))
        text = f"{places['y']}-{places['M']}-{places['d']}{found[4]}"
        return parse_timestamp(text, today) if len(places["y"]) == 4 else None
    months = {name.lower().rstrip("."): index for names in _month_names(culture) for index, name in enumerate(names)}

    def english(word: re.Match[str]) -> str:
        index = months.get(word[0].lower().rstrip("."))
        return word[0] if index is None else _ENGLISH[index]

    return parse_timestamp(_WORDS.sub(english, text), today)


_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _month_names(culture: Culture) -> tuple[tuple[str, ...], ...]:
    return culture.months, culture.short_months, culture.standing_months, culture.standing_short_months


def _order(pattern: str) -> str:
    return "".join(sorted("dMy", key=pattern.find))


def parse_exact(text: str, format: str, culture: Culture, today: Callable[[], date]) -> Instant | None:
    """The instant that a text tells in a format, to the letter; None when it does not have it."""
    pattern, names = _compile(format, culture)
    found = pattern.fullmatch(text)
    if found is None:
        return None
    values = {name: found.group(index + 1) for index, name in enumerate(names)}
    try:
        return _instant(values, culture, today)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)
def _compile(format: str, culture: Culture) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A pattern with a group for each specifier. A specifier that stands twice is a ``BadFormat``."""
    parts, names = [], []
    for name, text in split_format(standard_pattern(format or "G", culture) if len(format) <= 1 else format):
        if not name or name in ":/":
            separators = {":": culture.time_separator, "/": culture.date_separator}
            parts.append(re.escape(text or separators[name]))
            continue
        if name in names:
            raise BadFormat(f"'{name}' stands in it twice")
        names.append(name)
        parts.append(f"({_group(name, culture)})")
    return re.compile("".join(parts), re.IGNORECASE), tuple(names)


def _group(name: str, culture: Culture) -> str:
    count = len(name)
    match name[0]:
        case "y":
            return rf"\d{{{count}}}" if count > 1 else r"\d{1,2}"
        case "M" if count > 2:
            return _any_of(culture.short_months if count == 3 else culture.months)
        case "d" if count > 2:
            return _any_of(culture.short_days if count == 3 else culture.days)
        case "d" | "M" | "h" | "H" | "m" | "s":
            return r"\d\d" if count == 2 else r"\d{1,2}"
        case "f":
            return rf"\d{{{count}}}"
        case "F":
            return rf"\d{{0,{count}}}"
        case "t":
            return _any_of(tuple(half[: 1 if count == 1 else None] for half in culture.halves))
        case "K" | "z":
            return _ZONES[name[:3]]
        case _:
            return "A\\.?D\\.?"


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


def _instant(values: dict[str, str], culture: Culture, today: Callable[[], date]) -> Instant:
    first = {name[0]: value for name, value in values.items() if name not in ("ddd", "dddd")}
    now = today()
    year = _year(first.get("y", str(now.year)))
    has_date = bool(first.keys() & set("yMd"))
    month = _month(values, culture, 1 if has_date else now.month)
    day = date(year, month, int(first.get("d", 1 if has_date else now.day)))
    ticks = (day.toordinal() - 1) * DAY + _hour(first, culture) * HOUR + int(first.get("m", 0)) * MINUTE
    ticks += int(first.get("s", 0)) * SECOND
    ticks += round_fraction(first.get("f") or first.get("F") or "0")
    zone = first.get("K") or first.get("z")
    if not zone:
        return Instant(ticks)
    if zone.upper() == "Z":
        return Instant(ticks, ZoneKind.UTC)
    hours, _, minutes = zone[1:].partition(":")
    offset = int(hours) * HOUR + int(minutes or 0) * MINUTE
    return Instant(ticks + (offset if zone[0] == "-" else -offset), ZoneKind.OFFSET)


def _year(digits: str) -> int:
    """Two digits are a year from 1950 to 2049."""
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < 50 else 1900)


def _month(values: dict[str, str], culture: Culture, usual: int) -> int:
    for name, names in (("MMM", culture.short_months), ("MMMM", culture.months)):
        if name in values:
            return [each.lower() for each in names].index(values[name].lower()) + 1
    return int(values.get("MM") or values.get("M") or usual)


def _hour(first: dict[str, str], culture: Culture) -> int:
    if "H" in first:
        hour = int(first["H"])
    else:
        hour = int(first.get("h", 0))
        if "t" in first:
            late = culture.halves[1].lower().startswith(first["t"].lower())
            hour = hour % 12 + (12 if late else 0) if hour <= 12 else 24
    if hour > 23 or int(first.get("m", 0)) > 59 or int(first.get("s", 0)) > 59:
        raise ValueError("no such time")
    return hour

"""Instants as text by format strings of .NET (Data Factory reference, 7.11.2). A format is compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from restudio.expressions.culture import ENGLISH, Culture
from restudio.expressions.instant import DAY, HOUR, MINUTE, SECOND, Instant

Piece = Callable[[Instant], str]
_ROUND_TRIP = "yyyy-MM-ddTHH:mm:ss.fffffffK"
_INVARIANT = {
    "o": _ROUND_TRIP,
    "O": _ROUND_TRIP,
    "r": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
    "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
    "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
}
_RUN = re.compile(r"([dfFghHKmMstyz:/])\1*+")
_OFFSETS = {1: "+0", 2: "+00", 3: "+00:00"}


class BadFormat(ValueError):
    """A format string that says nothing."""


def format_instant(instant: Instant, format: str = "o", culture: Culture = ENGLISH) -> str:
    """
    >>> format_instant(Instant(638456439670000000), "ddd dd'th' MMM yy, h:mm tt")
    'Sun 10th Mar 24, 5:06 AM'
    """
    if format == "o":
        return _round_trip(instant)
    return "".join([piece(instant) for piece in compile_format(format, culture)])


def _round_trip(instant: Instant) -> str:
    ticks = instant.ticks % DAY
    hour, minute, second = ticks // HOUR, ticks // MINUTE % 60, ticks // SECOND % 60
    return f"{instant.date}T{hour:02}:{minute:02}:{second:02}.{ticks % SECOND:07}{instant.zone.value}"


@lru_cache(maxsize=1024)
def compile_format(format: str, culture: Culture = ENGLISH) -> tuple[Piece, ...]:
    """The pieces of a format, each of which writes its part. ``BadFormat`` when it has none."""
    if len(format) <= 1:
        pattern = standard_pattern(format or "G", culture)
        return tuple(_compile(pattern, ENGLISH if format in _INVARIANT else culture))
    return tuple(_compile(format, culture))


def standard_pattern(letter: str, culture: Culture) -> str:
    """The custom format that a letter stands for."""
    if letter in _INVARIANT:
        return _INVARIANT[letter]
    short_date, long_date = culture.short_date, culture.long_date
    patterns = {
        "d": short_date,
        "D": long_date,
        "f": f"{long_date} {culture.short_time}",
        "F": f"{long_date} {culture.long_time}",
        "g": f"{short_date} {culture.short_time}",
        "G": f"{short_date} {culture.long_time}",
        "m": culture.month_day,
        "M": culture.month_day,
        "t": culture.short_time,
        "T": culture.long_time,
        "U": f"{long_date} {culture.long_time}",
        "y": culture.year_month,
        "Y": culture.year_month,
    }
    if letter not in patterns:
        raise BadFormat(f"'{letter}' is no standard format")
    return patterns[letter]


def split_format(format: str) -> Iterator[tuple[str, str]]:
    """Specifiers, as ``("yyyy", "")``, and what is to be written as it stands, as ``("", "T")``."""
    at = 0
    while at < len(format):
        char = format[at]
        if char in "'\"":
            text, at = _quoted(format, at)
            yield "", text
        elif char == "\\":
            if at + 1 == len(format):
                raise BadFormat("it ends with '\\'")
            yield "", format[at + 1]
            at += 2
        elif char == "%":
            if format[at + 1 : at + 2] in ("", "%"):
                raise BadFormat("'%' stands before one specifier")
            at += 1
        elif found := _RUN.match(format, at):
            yield from _specifiers(found[0])
            at = found.end()
        else:
            yield "", char
            at += 1


def _specifiers(run: str) -> Iterator[tuple[str, str]]:
    if run[0] in "fF" and len(run) > 7:
        raise BadFormat(f"a second has seven digits, not {len(run)}")
    if run[0] in "K:/":
        yield from ((char, "") for char in run)
    else:
        yield run, ""


def _quoted(format: str, at: int) -> tuple[str, int]:
    """The text in quotes and where the format goes on; ``\\`` keeps its next character."""
    quote, parts = format[at], []
    at += 1
    while at < len(format) and format[at] != quote:
        if format[at] == "\\":
            at += 1
        parts.append(format[at : at + 1])
        at += 1
    if at >= len(format):
        raise BadFormat(f"there is no closing {quote}")
    return "".join(parts), at + 1


def _compile(format: str, culture: Culture) -> Iterator[Piece]:
    parts = list(split_format(format))
    with_day = any(name in ("d", "dd") for name, _ in parts)
    literal = ""
    for index, (name, text) in enumerate(parts):
        following = parts[index + 1][0] if index + 1 < len(parts) else ""
        if not name:
            if text == "." and following.startswith("F"):
                continue  # written with the fraction, if there is one
            literal += text
            continue
        if literal:
            yield _text(literal)
            literal = ""
        yield _piece(name, culture, with_day, after_point=index > 0 and parts[index - 1] == ("", "."))
    if literal:
        yield _text(literal)


def _text(text: str) -> Piece:
    return lambda _: text


def _piece(name: str, culture: Culture, with_day: bool, *, after_point: bool) -> Piece:
    """This is one thing: the table of specifiers."""
    count = len(name)
    match name[0]:
        case "y":
            return _year(count)
        case "M":
            return _month(count, culture, with_day)
        case "d":
            return _day(count, culture)
        case "H":
            return lambda i: f"{i.ticks % DAY // HOUR:0{min(count, 2)}}"
        case "h":
            return lambda i: f"{(i.ticks % DAY // HOUR + 11) % 12 + 1:0{min(count, 2)}}"
        case "m":
            return lambda i: f"{i.ticks // MINUTE % 60:0{min(count, 2)}}"
        case "s":
            return lambda i: f"{i.ticks // SECOND % 60:0{min(count, 2)}}"
        case "f":
            return lambda i: f"{i.ticks % SECOND:07}"[:count]
        case "F":
            point = "." if after_point else ""
            return lambda i: point + digits if (digits := f"{i.ticks % SECOND:07}"[:count].rstrip("0")) else ""
        case "t":
            length = 1 if count == 1 else None
            return lambda i: culture.halves[i.ticks % DAY >= 12 * HOUR][:length]
        case "K":
            return lambda i: i.zone.value
        case "z":
            return _text(_OFFSETS[min(count, 3)])
        case "g":
            return _text("AD")
        case ":":
            return _text(culture.time_separator)
        case _:
            return _text(culture.date_separator)


def _year(count: int) -> Piece:
    if count <= 2:
        return lambda i: f"{i.date.year % 100:0{count}}"
    return lambda i: f"{i.date.year:0{count}}"


def _month(count: int, culture: Culture, with_day: bool) -> Piece:
    if count <= 2:
        return lambda i: f"{i.date.month:0{count}}"
    if count == 3:
        names = culture.short_months if with_day else culture.standing_short_months
    else:
        names = culture.months if with_day else culture.standing_months
    return lambda i: names[i.date.month - 1]


def _day(count: int, culture: Culture) -> Piece:
    if count <= 2:
        return lambda i: f"{i.date.day:0{count}}"
    names = culture.short_days if count == 3 else culture.days
    return lambda i: names[i.weekday]

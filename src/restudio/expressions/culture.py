"""Names and patterns of a language, for dates and numbers. ``en-US`` is built in; others are those of Unicode CLDR.

CLDR's patterns are turned into those of .NET, which the language writes: ``EEEE d MMMM y`` is ``dddd d MMMM yyyy``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905  a list of twelve texts would take twelve lines
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_LONGEST = 40


@dataclass(frozen=True, slots=True, eq=False)
class Culture:
    """Lists of days begin with Sunday. ``standing_months`` are the names without a day beside them.

    Compared by identity: formats are kept compiled for each culture, and hashing all of its names takes longer than
    formatting.
    """

    name: str
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    standing_months: tuple[str, ...]
    standing_short_months: tuple[str, ...]
    halves: tuple[str, str]
    short_date: str
    long_date: str
    short_time: str
    long_time: str
    month_day: str
    year_month: str
    date_separator: str
    time_separator: str
    decimal_point: str
    group_separator: str
    group_sizes: tuple[int, int]
    """Digits of the last group, and of those before it."""
    currency: str
    currency_pattern: str
    """``¤`` and ``#`` for the number: ``¤#`` or ``# ¤``."""
    percent_pattern: str


ENGLISH = Culture(
    name="en-US",
    days=_DAYS,
    short_days=tuple(day[:3] for day in _DAYS),
    months=tuple(_MONTHS),
    short_months=tuple(month[:3] for month in _MONTHS),
    standing_months=tuple(_MONTHS),
    standing_short_months=tuple(month[:3] for month in _MONTHS),
    halves=("AM", "PM"),
    short_date="M/d/yyyy",
    long_date="dddd, MMMM d, yyyy",
    short_time="h:mm tt",
    long_time="h:mm:ss tt",
    month_day="MMMM d",
    year_month="MMMM yyyy",
    date_separator="/",
    time_separator=":",
    decimal_point=".",
    group_separator=",",
    group_sizes=(3, 3),
    currency="$",
    currency_pattern="¤#",
    percent_pattern="#%",
)


def find_culture(name: str) -> Culture:
    """By its name, ``fr-FR`` or ``fr``, in any case; ``en-US`` when it is not known."""
    return _known(name.strip().lower()) if 0 < len(name) <= _LONGEST else ENGLISH


@lru_cache(maxsize=64)
def _known(name: str) -> Culture:
    from babel import Locale, UnknownLocaleError

    if name in ("en-us", "en", ""):
        return ENGLISH
    try:
        return _from_cldr(Locale.parse(name, sep="-" if "-" in name else "_"))
    except (ValueError, UnknownLocaleError):
        return ENGLISH


def _from_cldr(locale: Locale) -> Culture:
    from babel.numbers import get_currency_symbol, get_territory_currencies

    days, months = locale.days["format"], locale.months
    standing = {width: months["stand-alone"].get(width, months["format"][width]) for width in ("wide", "abbreviated")}
    short_date = _net(str(locale.date_formats["short"]))
    short_time = _net(str(locale.time_formats["short"]))
    symbols = locale.number_symbols["latn"]
    currencies = get_territory_currencies(locale.territory) if locale.territory else []
    halves = locale.day_periods.get("format", {}).get("abbreviated", {})
    return Culture(
        name=str(locale).replace("_", "-"),
        days=_from_sunday(days["wide"]),
        short_days=_from_sunday(days["abbreviated"]),
        months=_in_order(months["format"]["wide"]),
        short_months=_in_order(months["format"]["abbreviated"]),
        standing_months=_in_order(standing["wide"]),
        standing_short_months=_in_order(standing["abbreviated"]),
        halves=(str(halves.get("am", "AM")), str(halves.get("pm", "PM"))),
        short_date=short_date,
        long_date=_net(str(locale.date_formats["full"])),
        short_time=short_time,
        long_time=_net(str(locale.time_formats["medium"])),
        month_day=_net(str(locale.datetime_skeletons.get("MMMMd", "MMMM d"))),
        year_month=_net(str(locale.datetime_skeletons.get("yMMMM", "MMMM y"))),
        date_separator=_separator(short_date, "/"),
        time_separator=_separator(short_time, ":"),
        decimal_point=symbols["decimal"],
        group_separator=symbols["group"],
        group_sizes=locale.decimal_formats[None].grouping,
        currency=get_currency_symbol(currencies[0], locale) if currencies else "¤",
        currency_pattern=_around_number(locale.currency_formats["standard"].pattern),
        percent_pattern=_around_number(locale.percent_formats[None].pattern),
    )


def _from_sunday(days: Mapping[int, str]) -> tuple[str, ...]:
    """CLDR's days as Babel numbers them begin with Monday."""
    return tuple(days[index] for index in (6, 0, 1, 2, 3, 4, 5))


def _in_order(months: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(months[index] for index in range(1, 13))


_FIELDS = {"E": "d", "c": "d", "L": "M", "a": "t", "k": "H", "K": "h"}
_CLDR = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|.", re.DOTALL)
_UNSEEN = dict.fromkeys(map(ord, "\u200e\u200f"))


def _net(pattern: str) -> str:
    """A date pattern of CLDR as one of .NET: years with four digits, plain blanks."""
    return (
        "".join(map(_net_field, _CLDR.finditer(pattern.translate(_UNSEEN)))).replace("\u202f", " ").replace("\xa0", " ")
    )


def _net_field(found: re.Match[str]) -> str:
    letter, text = found[1], found[0]
    if letter is None:
        return text if text[0] == "'" or not text.isalpha() else f"'{text}'"
    if letter in "Ec":
        return "dddd" if len(text) == 4 else "ddd"
    if letter == "y":
        return "yyyy"
    if letter == "a":
        return "tt"
    return _FIELDS.get(letter, letter) * len(text) if letter in "LkKdMhHms" else ""


def _separator(pattern: str, usual: str) -> str:
    """What stands between the first two fields."""
    found = re.match(r"[a-zA-Z]+([^a-zA-Z']+)", pattern)
    return found[1].strip() or usual if found else usual


def _around_number(pattern: str) -> str:
    """``#,##0.00 ¤`` as ``# ¤``: only what is around the digits counts."""
    return re.sub(r"[#0][#0,.]*", "#", pattern.partition(";")[0].translate(_UNSEEN), count=1)

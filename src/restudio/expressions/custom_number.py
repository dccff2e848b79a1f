"""Custom number formats of .NET: digits ``0`` and ``#``, ``.``, ``,``, ``%``, ``‰``, ``E+0``, literals, sections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from restudio.expressions.culture import Culture
from restudio.expressions.date_format import BadFormat

_TOKEN = re.compile(
    r"""(?P<digit>[0#]) | (?P<point>\.) | (?P<comma>,) | (?P<percent>[%‰]) | (?P<exponent>[eE][+-]?0+)
      | (?P<quoted>'[^']*'|"[^"]*") | \\(?P<escaped>.) | (?P<end>;) | (?P<literal>.)""",
    re.VERBOSE | re.DOTALL,
)


def group_digits(whole: str, culture: Culture) -> str:
    """
    >>> from restudio.expressions.culture import ENGLISH
    >>> group_digits("1234567", ENGLISH)
    '1,234,567'
    """
    last, others = culture.group_sizes
    groups = [whole[-last:]]
    rest = whole[:-last]
    while rest:
        groups.append(rest[-others:])
        rest = rest[:-others]
    return culture.group_separator.join(reversed(groups))


@dataclass(frozen=True, slots=True)
class Section:
    """``items`` are digit places (``0`` or ``#``), the point, the exponent as written, and literals (marked ``=``)."""

    items: tuple[str, ...]
    before: str
    """Digit places before the point."""
    after: str
    grouped: bool
    scale: int
    """The number is multiplied with ten to this power."""
    exponent: str


def format_custom(number: Decimal, format: str, culture: Culture) -> str:
    sections = _split(format)
    chosen, negative = _choose(number, sections)
    section = _section(chosen)
    if not any(item in ("0", "#") for item in section.items):
        return ("-" if negative else "") + "".join(map(_literal, section.items))
    rounded, exponent = _rounded(abs(number), section)
    if not rounded and len(sections) > 2 and sections[2] and chosen != sections[2]:
        return format_custom(Decimal(0), sections[2], culture)
    shown = _written(rounded, exponent, section, culture)
    return "-" + shown if negative and rounded else shown


def _choose(number: Decimal, sections: list[str]) -> tuple[str, bool]:
    """The section for a number, and whether a sign is still to be written."""
    if number < 0 and len(sections) > 1 and sections[1]:
        return sections[1], False
    if not number and len(sections) > 2 and sections[2]:
        return sections[2], False
    return sections[0], number < 0


def _split(format: str) -> list[str]:
    sections = [""]
    for found in _tokens(format):
        if found["end"] is None:
            sections[-1] += found[0]
        else:
            sections.append("")
    return sections


def _tokens(format: str) -> list[re.Match[str]]:
    found = list(_TOKEN.finditer(format))
    if any(each["literal"] in ("'", '"', "\\") for each in found):
        raise BadFormat("a quote or an escape is left open")
    return found


def _section(format: str) -> Section:
    items: list[str] = []
    before, after, exponent, commas = "", "", "", 0
    grouped = point = False
    scale = 0
    for found in _tokens(format):
        if (digit := found["digit"]) is not None:
            items.append(digit)
            if point:
                after += digit
            else:
                grouped = grouped or (commas > 0 and before != "")
                before, commas = before + digit, 0
        elif found["point"] is not None:
            if not point:
                items.append(".")
            point = True
        elif found["comma"] is not None:
            commas += not point
        elif (percent := found["percent"]) is not None:
            scale += 2 if percent == "%" else 3
            items.append("=" + percent)
        elif found["exponent"] is not None and (before or after):
            exponent = found["exponent"]
            items.append(exponent)
        else:
            text = found["quoted"][1:-1] if found["quoted"] else found["escaped"] or found[0]
            items.append("=" + text)
    if before:
        scale -= 3 * commas
    return Section(tuple(items), before, after, grouped, scale, exponent)


def _rounded(number: Decimal, section: Section) -> tuple[Decimal, int]:
    scaled = number.scaleb(section.scale)
    exponent = 0
    if section.exponent and scaled:
        exponent = scaled.adjusted() - len(section.before) + 1
        scaled = scaled.scaleb(-exponent)
    return scaled.quantize(Decimal(1).scaleb(-len(section.after))), exponent


def _written(number: Decimal, exponent: int, section: Section, culture: Culture) -> str:
    whole, _, fraction = format(number, "f").partition(".")
    least = len(section.before.lstrip("#"))
    whole = whole.lstrip("0").rjust(least, "0")
    fraction = fraction[: len(section.after.rstrip("#"))] + fraction[len(section.after.rstrip("#")) :].rstrip("0")
    places = iter(_whole_places(whole, len(section.before), section.grouped, culture))
    digits = iter(fraction)
    parts = []
    after = False
    for item in section.items:
        if item in ("0", "#"):
            parts.append(next(digits if after else places, ""))
        elif item == ".":
            after = True
            if not section.before:
                parts.append(whole)
            if fraction:
                parts.append(culture.decimal_point)
        elif item == section.exponent:
            parts.append(_exponent(exponent, item))
        else:
            parts.append(_literal(item))
    return "".join(parts)


def _whole_places(whole: str, places: int, grouped: bool, culture: Culture) -> list[str]:
    """What is written at each digit place: the first takes all digits for which there is no place."""
    if not places:
        return []
    texts = list(whole)
    if grouped and whole:
        texts = []
        for char in group_digits(whole, culture):
            if char.isdecimal() or not texts:
                texts.append(char)
            else:
                texts[-1] += char
    missing = places - len(texts)
    if missing >= 0:
        return [""] * missing + texts
    return ["".join(texts[: -missing + 1]), *texts[-missing + 1 :]]


def _exponent(exponent: int, format: str) -> str:
    sign = "-" if exponent < 0 else "+" if format[1] == "+" else ""
    return f"{format[0]}{sign}{abs(exponent):0{format.count('0')}}"


def _literal(item: str) -> str:
    return item[1:] if item[0] == "=" else ""

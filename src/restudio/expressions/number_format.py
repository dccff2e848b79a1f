"""Numbers as text by format strings of .NET: ``N2``, ``C``, ``0.00``, ``#,##0.##;(#)``.

Rounding is that of .NET: of the exact value, halves away from zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext

from restudio.expressions.culture import ENGLISH, Culture
from restudio.expressions.custom_number import format_custom, group_digits
from restudio.expressions.date_format import BadFormat
from restudio.expressions.numbers import float_text
from restudio.expressions.values import Scaled

Number = int | float
_STANDARD = re.compile(r"([A-Za-z])([0-9]{0,9})\Z")
_MOST_DIGITS = 99
_EXACT = Context(prec=1200, rounding=ROUND_HALF_UP)
"""Enough for every double to the last of its digits."""


def format_number(value: Number, format: str, culture: Culture = ENGLISH) -> str:
    """
    >>> format_number(1234.5, "N2"), format_number(-7, "000"), format_number(0.256, "P1")
    ('1,234.50', '-007', '25.6%')
    """
    if not math.isfinite(value):
        return float_text(value)
    standard = _STANDARD.match(format or "G")
    digits = int(standard[2]) if standard is not None and standard[2] else None
    if digits is not None and digits > _MOST_DIGITS:
        raise BadFormat(f"at most {_MOST_DIGITS} digits are written")
    try:
        with localcontext(_EXACT):
            number = value.exact if isinstance(value, Scaled) else Decimal(value)
            if standard is None:
                return format_custom(number, format, culture)
            return _standard(standard[1], value, number, digits, culture)
    except DecimalException as error:
        raise BadFormat(f"the number has more than {_EXACT.prec} digits in it") from error


def _standard(letter: str, value: Number, number: Decimal, digits: int | None, culture: Culture) -> str:
    whole = _WHOLE.get(letter.upper())
    if whole is not None:
        if not isinstance(value, int):
            raise BadFormat(f"'{letter}' is for integers")
        return whole(value, digits or 0, letter)
    places = 2 if digits is None else digits
    sign = "-" if number < 0 else ""
    match letter.upper():
        case "F":
            return _signed(sign, _fixed(abs(number), places, culture, grouped=False))
        case "N":
            return _signed(sign, _fixed(abs(number), places, culture, grouped=True))
        case "C":
            shown = culture.currency_pattern.replace("#", _fixed(abs(number), places, culture, grouped=True))
            return _signed(sign, shown.replace("¤", culture.currency))
        case "P":
            return _signed(
                sign, culture.percent_pattern.replace("#", _fixed(abs(number) * 100, places, culture, grouped=True))
            )
        case "E":
            return _signed(sign, _scientific(abs(number), 6 if digits is None else digits, letter, 3, culture))
        case "G":
            return _general(value, number, digits, letter, culture)
        case "R":
            return str(value) if isinstance(value, int) else float_text(value)
    raise BadFormat(f"'{letter}' is no standard format of numbers")


def _decimal_digits(value: int, digits: int, _: str) -> str:
    return f"{'-' if value < 0 else ''}{abs(value):0{digits}}"


def _hexadecimal(value: int, digits: int, letter: str) -> str:
    """Negative numbers in two's complement of 64 bits."""
    return f"{value & 0xFFFFFFFFFFFFFFFF:0{digits}{letter}}"


_WHOLE: dict[str, Callable[[int, int, str], str]] = {"D": _decimal_digits, "X": _hexadecimal}


def _signed(sign: str, shown: str) -> str:
    """No sign before nothing but zeros."""
    return sign + shown if any(char in "123456789" for char in shown) else shown


def _fixed(number: Decimal, places: int, culture: Culture, *, grouped: bool) -> str:
    whole, _, fraction = format(number.quantize(Decimal(1).scaleb(-places)), "f").partition(".")
    shown = group_digits(whole, culture) if grouped else whole
    return f"{shown}{culture.decimal_point}{fraction}" if fraction else shown


def _scientific(number: Decimal, places: int, letter: str, exponent_digits: int, culture: Culture) -> str:
    mantissa, _, exponent = f"{number:.{places}E}".partition("E")
    return f"{mantissa.replace('.', culture.decimal_point)}{letter}{_exponent(int(exponent), exponent_digits)}"


def _exponent(exponent: int, digits: int) -> str:
    return f"{'-' if exponent < 0 else '+'}{abs(exponent):0{digits}}"


def _general(value: Number, number: Decimal, digits: int | None, letter: str, culture: Culture) -> str:
    """The shortest text, or the shorter of both notations with so many significant digits."""
    if not digits:
        shown = str(value) if isinstance(value, int) else float_text(value)
        return shown.replace(".", culture.decimal_point).replace("E", "e" if letter == "g" else "E")
    if not number:
        return "0"
    exponent = int(f"{abs(number):.{digits - 1}E}".partition("E")[2])
    rounded = number.quantize(Decimal(1).scaleb(exponent - digits + 1)).normalize()
    sign = "-" if number < 0 else ""
    if -5 < exponent < digits:
        return sign + format(abs(rounded), "f").replace(".", culture.decimal_point)
    shown = "".join(map(str, rounded.as_tuple().digits))
    fraction = f"{culture.decimal_point}{shown[1:]}" if len(shown) > 1 else ""
    return f"{sign}{shown[0]}{fraction}{'e' if letter == 'g' else 'E'}{_exponent(exponent, 2)}"

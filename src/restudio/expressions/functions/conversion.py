"""Conversion functions (Data Factory reference, 7.9). Nothing is converted that was not asked for."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NoReturn

from restudio.expressions.culture import find_culture
from restudio.expressions.date_format import BadFormat
from restudio.expressions.declaration import ANY, NUMBER, STRING, Accepts, Later, function, parameter, repeated
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.lenient_json import NotJson, read_json
from restudio.expressions.number_format import format_number
from restudio.expressions.texts import text_of
from restudio.expressions.values import Json, Scaled
from restudio.expressions.xml_object import is_xml, xml_to_json

_NUMBER = re.compile(r"\s*+([+-]?)([0-9][0-9,]*+)?(\.[0-9]*+)?([eE][+-]?[0-9]{1,9})?\s*+\Z")
_WHOLE = re.compile(r"\s*+[+-]?[0-9]{1,19}\s*+\Z")
_SMALLEST, _BEYOND = -(2.0**63), 2.0**63
_MOST_DECIMAL = Decimal(2**96)
_CONVERTIBLE = Accepts("a string, a number or a boolean", frozenset({str, int, float, Scaled, bool}))
_JSON_SOURCE = Accepts("a string or an XML object", frozenset({str, dict}))


def _not_valid(name: str) -> NoReturn:
    raise ExpressionError(
        f"The template language function '{name}' was invoked with a parameter that is not valid. The value cannot be"
        " converted to the target type."
    )


def _plain_number(text: str) -> str | None:
    """The number as Python reads it, group separators left out; None when the text is none."""
    found = _NUMBER.match(text)
    if found is None or not (found[2] or (found[3] and len(found[3]) > 1)):
        return None
    return "".join(part or "" for part in found.groups()).replace(",", "")


def _read_float(text: str) -> float | None:
    plain = _plain_number(text)
    if plain is None:
        return math.nan if text.strip() == "NaN" else None
    number = float(plain)
    return None if math.isinf(number) else number


@function("string", parameter("value", ANY))
def string(value: Json) -> str:
    """The value as text: `True`, `1`, an empty text for null, compact JSON for arrays and objects."""
    return text_of(value)


@function("int", parameter("value", _CONVERTIBLE))
def integer(value: Json) -> int:
    """An integer of a text or a number without fraction; texts of more than 15 digits lose precision."""
    if type(value) is int:
        return value
    number = _read_float(value) if type(value) is str else float(value)
    if number is None or not _SMALLEST <= number < _BEYOND or number != math.floor(number):
        _not_valid("int")
    return int(number)


@function("float", parameter("value", _CONVERTIBLE), parameter("locale", STRING, optional=True))
def floating(value: Json, locale: str = "") -> float:
    """A decimal number of a text, a number or a boolean. Commas are group separators in every locale."""
    number = _read_float(value) if type(value) is str else float(value)
    if number is None:
        _not_valid("float")
    return number


@function("decimal", parameter("value", _CONVERTIBLE), extra=True)
def decimal(value: Json) -> float:
    """A decimal number that keeps its digits as text: `decimal('1.10')` prints as `1.10`."""
    if isinstance(value, Scaled):
        return value
    if type(value) is bool or (type(value) is float and not math.isfinite(value)):
        _not_valid("decimal")
    plain = _plain_number(value) if type(value) is str else repr(value)
    if plain is None or (number := Decimal(plain)).adjusted() > 28 or abs(number) >= _MOST_DECIMAL:
        _not_valid("decimal")
    return Scaled(_at_28_places(number))


def _at_28_places(number: Decimal) -> Decimal:
    """Scale of 0 to 28, as decimals have."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    if number == 0 and exponent > 0:
        return Decimal(0)
    if exponent > 0:
        return number.quantize(Decimal(1))
    return number if exponent >= -28 else round(number, 28)


@function("bool", parameter("value", _CONVERTIBLE))
def boolean(value: Json) -> bool:
    """A boolean of `'true'` or `'false'` in any case, or of a number: 0 is false."""
    if type(value) is not str:
        return bool(value)
    word = value.strip().lower()
    if word not in ("true", "false"):
        _not_valid("bool")
    return word == "true"


@function("isInt", parameter("text", STRING), extra=True)
def is_int(text: str) -> bool:
    """Whether a text is an integer."""
    return _WHOLE.match(text) is not None and -(2**63) <= int(text) < 2**63


@function("isFloat", parameter("text", STRING), parameter("locale", STRING, optional=True), extra=True)
def is_float(text: str, locale: str = "") -> bool:
    """Whether a text is a number."""
    return _read_float(text) is not None


@function(
    "formatNumber",
    parameter("number", NUMBER),
    parameter("format", STRING),
    parameter("locale", STRING, optional=True),
    extra=True,
)
def format_as_text(number: float, format: str, locale: str = "en-US") -> str:
    """A number in a format of .NET: `N2` gives `1,234.50`, `0.0%` gives `12.5%`."""
    try:
        return format_number(number, format, find_culture(locale))
    except BadFormat as error:
        raise ExpressionError(
            f"The template language function 'formatNumber' format parameter '{shorten(format)}' is not supported:"
            f" {error}."
        ) from error


@function("json", parameter("value", _JSON_SOURCE))
def from_json(value: Json) -> Json:
    """The value that a JSON text holds, or that an XML object stands for: attributes as `@name`, repeated elements as
    arrays. Small mistakes in the text are forgiven; an empty text gives null."""
    if type(value) is dict:
        if not is_xml(value):
            raise from_json.wrong_type(0, value)
        return xml_to_json(value)
    try:
        return read_json(value)
    except NotJson as error:
        raise ExpressionError(
            "The template language function 'json' parameter is not valid. The provided value"
            f" '{shorten(value)}' cannot be parsed: '{error}'"
        ) from error


@function("coalesce", repeated("value", ANY), lazy=True)
def coalesce(*values: Later) -> Json:
    """The first value that is not null; those after it are not evaluated. A missing property fails all the same: ask
    for it with `?.`."""
    return next((value for each in values if (value := each()) is not None), None)

"""Cells between JSON and their types: one converter and one formatter for every element type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from restudio.core.cells import (
    INTEGER_LIMIT,
    parse_boolean,
    parse_datetime,
    parse_double,
    parse_integer,
    parse_span,
    text_of_float,
    text_of_span,
)
from restudio.core.schema import DType

Decode = Callable[[object], object]
"""A JSON value (None, str, int, float, bool) to a typed cell; ``ValueError`` when it is none of that type. Null and
blank texts are missing."""
Format = Callable[[Any], str]
"""A cell of the type, not missing, to its text."""


def decode_string(value: object) -> object:
    if value.__class__ is str:
        return value or None
    if value is None or value is True or value is False:
        return None if value is None else str(value)
    return text_of_float(value) if isinstance(value, float) else str(value)


def decode_integer(value: object) -> object:
    if value.__class__ is int:
        if -INTEGER_LIMIT <= value < INTEGER_LIMIT:
            return value
        raise ValueError
    if value.__class__ is str:
        return parse_integer(value) if value and not value.isspace() else None
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer() and -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        return int(value)
    raise ValueError


def decode_double(value: object) -> object:
    if value.__class__ is float:
        return value
    if value.__class__ is str:
        return parse_double(value) if value and not value.isspace() else None
    if value is None:
        return None
    if value.__class__ is int:
        try:
            return float(value)
        except OverflowError as cause:
            raise ValueError from cause
    raise ValueError


def decode_boolean(value: object) -> object:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return parse_boolean(value) if value.strip() else None
    if value in (0, 1):
        return bool(value)
    raise ValueError


def decode_datetime(value: object) -> object:
    return _from_text(value, parse_datetime)


def decode_span(value: object) -> object:
    return _from_text(value, parse_span)


def _from_text(value: object, parse: Callable[[str], object]) -> object:
    if value is None:
        return None
    if isinstance(value, str):
        return parse(value) if value.strip() else None
    raise ValueError


DECODERS: Mapping[DType, Decode] = {
    DType.STRING: decode_string,
    DType.INTEGER: decode_integer,
    DType.DOUBLE: decode_double,
    DType.BOOLEAN: decode_boolean,
    DType.DATETIME: decode_datetime,
    DType.TIMESPAN: decode_span,
}

_READY: Mapping[DType, type] = {DType.STRING: str, DType.INTEGER: int, DType.DOUBLE: float}
"""What JSON gives for cells that are typed already."""


def decode_column(values: Sequence[object], dtype: DType) -> Sequence[object]:
    """As the decoder of the type for every value; one look where all of them are typed already."""
    if set(map(type, values)) == {_READY.get(dtype)} and _is_typed(values, dtype):
        return values
    return list(map(DECODERS[dtype], values))


def _is_typed(values: Sequence[Any], dtype: DType) -> bool:
    if dtype is DType.STRING:
        return "" not in values
    return dtype is DType.DOUBLE or (min(values) >= -INTEGER_LIMIT and max(values) < INTEGER_LIMIT)


FORMATTERS: Mapping[DType, Format] = {
    DType.STRING: str,
    DType.INTEGER: str,
    DType.DOUBLE: text_of_float,
    DType.BOOLEAN: str,
    DType.DATETIME: datetime.isoformat,
    DType.TIMESPAN: text_of_span,
}

WIRE_TYPES: Mapping[DType, str] = {
    DType.STRING: "String",
    DType.INTEGER: "Int64",
    DType.DOUBLE: "Double",
    DType.BOOLEAN: "Boolean",
    DType.DATETIME: "DateTime",
    DType.TIMESPAN: "TimeSpan",
}
"""``ColumnTypes`` of answers."""

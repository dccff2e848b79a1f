"""Values of declared properties: converted where files and expressions are lax, refused where they are wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping

from restudio.factory.activity import Property
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json

_NAMES = {
    "string": "string",
    "int": "integer",
    "bool": "boolean",
    "float": "number",
    "object": "object",
    "array": "array",
    "reference": "reference",
}


def to_typed(declared: Property, value: Json) -> Json:
    """The value as the property's type; ``ActivityFailed`` 2104 when it cannot be that.

    Numbers and booleans may come as texts, because expressions in texts give texts; a number may stand for a text.
    """
    try:
        converted = _convert(declared.type, value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ActivityFailed.wrong_type(declared.name, _NAMES[declared.type]) from error
    if declared.choices and isinstance(converted, str):
        for choice in declared.choices:
            if choice.casefold() == converted.casefold():
                return choice
        message = (
            f"The property '{declared.name}' must be one of {', '.join(declared.choices)}; got '{converted[:80]}'."
        )
        raise ActivityFailed("2104", message)
    return converted


def _convert(kind: str, value: Json) -> Json:
    match kind:
        case "string":
            return _text(value)
        case "int":
            return as_int(value)
        case "float":
            return as_float(value)
        case "bool":
            return as_bool(value)
        case "object":
            return _ensure(value, isinstance(value, Mapping))
        case "array":
            return _ensure(value, isinstance(value, list))
        case "reference":
            return _ensure(value, isinstance(value, (Mapping, str)))
        case _:
            return value


def _text(value: Json) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return str(_ensure(value, isinstance(value, str)))


def as_int(value: Json) -> int:
    """``ValueError`` or ``TypeError`` for what is none; texts are read, here and below."""
    _ensure(value, not isinstance(value, bool) and (not isinstance(value, float) or value.is_integer()))
    return int(value)


def as_float(value: Json) -> float:
    number = float(_ensure(value, not isinstance(value, bool)))
    return float(_ensure(number, math.isfinite(number)))


def as_bool(value: Json) -> bool:
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return value.strip().casefold() == "true"
    return bool(_ensure(value, isinstance(value, bool)))


def _ensure(value: Json, good: bool) -> Json:
    if not good:
        raise ValueError
    return value

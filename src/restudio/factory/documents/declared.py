"""Values of declared parameters, as their types (Data Factory reference, section 1.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from restudio.factory.documents.typed import as_bool, as_float, as_int
from restudio.factory.properties import Json

EXPECTED: Mapping[str, str] = {
    "String": "a text",
    "SecureString": "a text",
    "Int": "a whole number",
    "Float": "a number",
    "Bool": "true or false",
    "Array": "an array",
    "Object": "an object",
}
"""What a value of each type must be."""


def to_declared(kind: str, value: Json) -> Json:
    """The value as a type; ``ValueError`` when it cannot be that. Texts are read: expressions and clients give them."""
    try:
        return _TYPES[kind](value)
    except TypeError as error:
        raise ValueError from error


def _string(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, dict, bool)):
        return json.dumps(value)
    return str(value)


def _array(value: Json) -> list[Json]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise ValueError
    return found


def _object(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # the declared type Object takes any value, texts too


_TYPES: Mapping[str, Callable[[Json], Json]] = {
    "String": _string,
    "SecureString": _string,
    "Int": as_int,
    "Float": as_float,
    "Bool": as_bool,
    "Array": _array,
    "Object": _object,
}

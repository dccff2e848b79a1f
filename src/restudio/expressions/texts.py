"""Any value as text: what ``concat``, ``string``, ``join`` and ``@{…}`` write (Data Factory reference, 7.1)."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping

from restudio.expressions.limits import VALUE_NESTING, too_deep
from restudio.expressions.numbers import float_text
from restudio.expressions.values import Json

_quoted = json.encoder.encode_basestring
_ALSO_ESCAPED = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
CONTENT_TYPE = "$content-type"
CONTENT = "$content"


def text_of(value: Json) -> str:
    """
    >>> text_of(True), text_of(None), text_of(3.0), text_of([1, "a", None, True])
    ('True', '', '3', '[1,"a",null,true]')
    """
    kind = type(value)
    if kind is str:
        text: str = value
        return text
    if value is None:
        return ""
    if kind is bool or kind is int:
        return str(value)
    if kind is dict:
        content = content_of(value)
        return json_text(value) if content is None else content.decode("utf-8", "replace")
    return json_text(value) if kind is list else float_text(value)


def content_of(value: Json) -> bytes | None:
    """The bytes of a binary or XML object (``$content-type`` and ``$content``); None for any other value."""
    if type(value) is not dict or len(value) != 2 or not isinstance(value.get(CONTENT_TYPE), str):
        return None
    try:
        return base64.b64decode(value[CONTENT], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError):
        return None


def json_text(value: Json) -> str:
    """Compact JSON: order of members kept, characters beyond ASCII as they are, ``1.0`` with its point."""
    parts: list[str] = []
    _write(value, parts.append, VALUE_NESTING)
    return "".join(parts)


def _write(value: Json, write: Callable[[str], None], depth: int) -> None:
    match value:
        case str():
            write(quoted(value))
        case None | True | False:
            write("null" if value is None else "true" if value else "false")
        case int():
            write(str(value))
        case float():
            write(_float(value))
        case list():
            _write_items(value, write, depth)
        case _:
            _write_members(value, write, depth)


def _write_items(items: list[Json], write: Callable[[str], None], depth: int) -> None:
    if not depth:
        raise too_deep("The value")
    write("[")
    for index, item in enumerate(items):
        if index:
            write(",")
        _write(item, write, depth - 1)
    write("]")


def _write_members(members: Mapping[str, Json], write: Callable[[str], None], depth: int) -> None:
    if not depth:
        raise too_deep("The value")
    write("{")
    for index, (name, item) in enumerate(members.items()):
        write(f"{',' if index else ''}{quoted(name)}:")
        _write(item, write, depth - 1)
    write("}")


def quoted(text: str) -> str:
    """A JSON string."""
    return _quoted(text).translate(_ALSO_ESCAPED) if not text.isascii() else _quoted(text)


def _float(value: float) -> str:
    text = float_text(value)
    if not math.isfinite(value):
        return f'"{text}"'
    return text if "." in text or "E" in text else text + ".0"

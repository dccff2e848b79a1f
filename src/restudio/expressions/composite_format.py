"""Composite formats of .NET: ``{0:yyyy-MM}/{1,8:N2}``, with ``{{`` and ``}}`` for braces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from restudio.expressions.date_format import BadFormat, format_instant
from restudio.expressions.instant import Instant
from restudio.expressions.limits import ensure_size
from restudio.expressions.number_format import format_number
from restudio.expressions.texts import text_of
from restudio.expressions.values import Json

_ITEM = re.compile(r"\{\{|\}\}|\{\s*(\d{1,6})\s*(?:,\s*(-?\d{1,6})\s*)?(?::([^{}]*))?\}|[{}]")


def format_composite(format: str, arguments: Sequence[Json | Instant], function: str) -> str:
    """
    >>> format_composite("{{{0,5:N1}}} {1}", [2, "x"], "Text.Format")
    '{  2.0} x'
    """
    parts: list[str] = []
    position = size = 0
    for found in _ITEM.finditer(format):
        parts += [format[position : found.start()], _item(found, arguments)]
        size += len(parts[-1]) + len(parts[-2])
        ensure_size(size, function)
        position = found.end()
    return "".join(parts) + format[position:]


def _item(found: re.Match[str], arguments: Sequence[Json | Instant]) -> str:
    if found[0] in ("{{", "}}"):
        return found[0][0]
    if found[1] is None:
        raise BadFormat(f"a brace at position {found.start()} stands alone; write it twice, or an item as {{0:yyyy}}")
    index = int(found[1])
    if index >= len(arguments):
        raise BadFormat(f"it asks for argument {index}, and there are {len(arguments)} (the first is 0)")
    text = format_value(arguments[index], found[3] or "")
    width = int(found[2] or 0)
    return text.ljust(-width) if width < 0 else text.rjust(width)


def format_value(value: Json | Instant, format: str = "") -> str:
    """By the format where the value has formats: instants and numbers. An instant without one in the general form."""
    if isinstance(value, Instant):
        return format_instant(value, format)
    if type(value) in (int, float):
        return format_number(value, format)
    return text_of(value) if isinstance(value, str | bool | float) or value is None else str(value)

"""Numbers as text, and as they are written."""

from __future__ import annotations

import math
from decimal import Decimal

from restudio.expressions.values import Scaled


def float_text(value: float) -> str:
    """The shortest text that reads back, without trailing zeros, in the notation of .NET.

    >>> float_text(3.0), float_text(1e20), float_text(0.00001), float_text(0.1 + 0.2)
    ('3', '1E+20', '1E-05', '0.30000000000000004')
    """
    if isinstance(value, Scaled):
        return format(value.exact, "f")
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    text = repr(value)
    if "e" not in text and abs(value) < 1e15:
        return text[:-2] if text.endswith(".0") else text
    return _with_exponent(text)


def _with_exponent(text: str) -> str:
    """Plain digits where there are as many as the number is long or fewer than 16; otherwise ``d.dddE+xx``."""
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    assert isinstance(exponent, int)
    shown = "".join(map(str, digits))
    scale = len(digits) + exponent
    minus = "-" if sign else ""
    if -4 < scale <= max(len(digits), 15):
        return minus + format(Decimal((0, digits, exponent)), "f")
    fraction = f".{shown[1:]}" if len(shown) > 1 else ""
    return f"{minus}{shown[0]}{fraction}E{scale - 1:+03d}"

"""Texts as the language counts them: in UTF-16 units, so that a character beyond U+FFFF is two.

Texts without such characters, nearly all, are used as they are. A half that is cut off becomes U+FFFD, as it would when
the text is written anywhere.
"""

from __future__ import annotations


def is_plain(text: str) -> bool:
    """Whether every character is one unit."""
    return text.isascii() or max(text) <= "\uffff"


def length(text: str) -> int:
    return len(text) if is_plain(text) else len(text) + sum(char > "\uffff" for char in text)


def to_units(text: str) -> str:
    """One character a unit."""
    if is_plain(text):
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))


def from_units(units: str) -> str:
    if units.isascii() or not any("\ud800" <= unit <= "\udfff" for unit in units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

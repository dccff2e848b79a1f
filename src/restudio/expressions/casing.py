"""Upper and lower case of the invariant culture: character by character, so that no text changes its length."""

from __future__ import annotations

_UNCHANGED = "İı"


def to_upper(text: str) -> str:
    """
    >>> to_upper("straße ı")
    'STRAßE ı'
    """
    return text.upper() if text.isascii() else "".join(_upper_one(char) for char in text)


def to_lower(text: str) -> str:
    return text.lower() if text.isascii() else "".join(_lower_one(char) for char in text)


def fold(text: str) -> str:
    """For comparisons without regard to case."""
    return to_upper(text)


def _upper_one(char: str) -> str:
    upper = char.upper()
    return upper if len(upper) == 1 and char not in _UNCHANGED else char


def _lower_one(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 and char not in _UNCHANGED else char

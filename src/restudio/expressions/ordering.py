"""The order of texts in en-US: as a dictionary has them, not by code points (Data Factory reference, 7.8).

Three levels, as in the Unicode collation algorithm with the root order of CLDR: first the letters, digits and marks
themselves, then accents, then case, small before capital. The order of ASCII is that of CLDR to the letter. Beyond
ASCII it is an approximation: characters are taken apart into base and accents, Latin ligatures are spelled out, and
what then is no ASCII stands by its code point, marks before digits, other letters after ``z``. Control characters do
not count.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_MARKS = "\t\n\v\f\r\x85\u2028\u2029 _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_ORDER = {mark: index for index, mark in enumerate(_MARKS)}
_OTHER_MARKS, _DIGITS, _LETTERS, _OTHERS = 1_000, 2_000_000, 3_000_000, 4_000_000
_SPELLED = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "đ": "d",
    "Đ": "D",
    "ł": "l",
    "Ł": "L",
}

SortKey = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@lru_cache(maxsize=4096)
def _character(char: str) -> tuple[int, int, int] | None:
    """Primary, secondary and tertiary weight; None for what does not count."""
    if char in _ORDER:
        return _ORDER[char], 0, 0
    if char.isdecimal():
        return _DIGITS + unicodedata.decimal(char), 0, int(not char.isascii())
    lower = char.lower()
    if "a" <= lower <= "z":
        return _LETTERS + ord(lower), 0, int(char != lower)
    category = unicodedata.category(char)
    if category in ("Cc", "Cf"):
        return None
    if category == "Mn":
        return 0, ord(char), 0
    if category[0] in "PSZ":
        return _OTHER_MARKS + ord(char), 0, 0
    return _OTHERS + ord(lower[0]), 0, int(char != lower)


def sort_key(text: str) -> SortKey:
    """Keys compare as the texts do.

    >>> sorted(["B", "a", "A", "_", "é", "f", "e", "10", "9"], key=sort_key)
    ['_', '10', '9', 'a', 'A', 'B', 'e', 'é', 'f']
    """
    if not text.isascii():
        text = unicodedata.normalize("NFD", "".join(_SPELLED.get(char, char) for char in text))
    primary: list[int] = []
    secondary: list[int] = []
    tertiary: list[int] = []
    for char in text:
        if (weights := _character(char)) is None:
            continue
        first, second, third = weights
        if second:
            # An accent belongs to the letter before it.
            secondary[-1:] = [secondary[-1] * 0x110000 + second] if secondary else [second]
            continue
        primary.append(first)
        secondary.append(0)
        tertiary.append(third)
    return tuple(primary), tuple(secondary), tuple(tertiary)

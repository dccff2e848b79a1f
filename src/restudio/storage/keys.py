"""Which object keys exist."""

from __future__ import annotations

import unicodedata

MAX_KEY = 900


def check_key(key: str) -> None:
    """Refuse a key that not every store can hold, with ``ValueError``.

    >>> check_key("assets/ab12")
    >>> check_key("../etc")
    Traceback (most recent call last):
    ...
    ValueError: object key '../etc' has a segment '..'
    """
    if not 1 <= len(key) <= MAX_KEY:
        raise ValueError(f"an object key has 1 to {MAX_KEY} characters, got {len(key)}")
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            raise ValueError(f"object key {key!r} has a segment {segment!r}")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in key):
        raise ValueError(f"object key {key!r} has a control character")

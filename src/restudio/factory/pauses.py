"""Pauses between two looks at work that goes on elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

_GROWTH = 1.5


def growing_pauses(first: float, longest: float) -> Iterator[float]:
    """Seconds to wait, without end: short at first, so that short work is seen at once, then longer.

    >>> pauses = growing_pauses(4.0, 10.0)
    >>> [next(pauses) for _ in range(4)]
    [4.0, 6.0, 9.0, 10.0]
    """
    while True:
        yield first
        first = min(first * _GROWTH, longest)

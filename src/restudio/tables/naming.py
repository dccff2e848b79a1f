"""Column names that files and joins must not repeat."""

from __future__ import annotations

from collections.abc import Iterable


def unique_names(names: Iterable[str]) -> list[str]:
    """The same names, later repetitions with the catalog's suffix.

    >>> unique_names(["age", "age", "age (1)", "age"])
    ['age', 'age (1)', 'age (1) (1)', 'age (2)']
    """
    taken: set[str] = set()
    result: list[str] = []
    for name in names:
        candidate, number = name, 0
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.add(candidate)
        result.append(candidate)
    return result

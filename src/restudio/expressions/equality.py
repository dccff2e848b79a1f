"""When two values are the same: by value across the two kinds of numbers, or type by type."""

from __future__ import annotations

from collections.abc import Hashable

from restudio.expressions.values import Json

_NUMBERS = (int, float)


def equal(a: Json, b: Json) -> bool:
    """As ``equals``: 1 and 1.0 are the same, 1 and true are not; the order of members does not count."""
    if isinstance(a, _NUMBERS) and isinstance(b, _NUMBERS):
        return (type(a) is bool) == (type(b) is bool) and a == b
    if type(a) is not type(b):
        return False
    if type(a) is list:
        return len(a) == len(b) and all(map(equal, a, b))
    if type(a) is dict:
        return a.keys() == b.keys() and all(equal(item, b[name]) for name, item in a.items())
    return bool(a == b)


def identity(value: Json) -> Hashable:
    """Equal for values that are the same type by type, as ``contains``, ``union`` and ``intersection`` compare.

    >>> identity([1]) == identity([1.0]), identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
    (False, True)
    """
    if type(value) is list:
        return (list, *map(identity, value))
    if type(value) is dict:
        return (dict, frozenset((name, identity(item)) for name, item in value.items()))
    return (float if isinstance(value, float) else type(value), value)

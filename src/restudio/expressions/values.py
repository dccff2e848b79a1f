"""The values of the language: plain JSON as Python has it.

``3`` is an Integer and ``3.0`` a Float, as in the JSON they came from. Nothing here changes a value in place, and no
function does: what an expression gives may share parts with what it was given.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any, Final, Literal

Json = Any
"""One of the types above. Tuples and other mappings are not values of the language."""


class _Absent(enum.Enum):
    ABSENT = "absent"


Absent = Literal[_Absent.ABSENT]
ABSENT: Final = _Absent.ABSENT
"""What is not there, where null would be a value."""


class Scaled(float):
    """A Float that keeps its decimal digits (``decimal('1.10')``): a plain number for arithmetic and JSON."""

    exact: Decimal

    def __new__(cls, exact: Decimal) -> Scaled:
        self = super().__new__(cls, exact)
        self.exact = exact
        return self


_NAMES: Final[dict[type, str]] = {
    str: "String",
    int: "Integer",
    float: "Float",
    Scaled: "Float",
    bool: "Boolean",
    type(None): "Null",
    list: "Array",
    dict: "Object",
}


def type_name(value: Json) -> str:
    """The type as errors call it.

    >>> type_name(1), type_name(True), type_name([])
    ('Integer', 'Boolean', 'Array')
    """
    kind = type(value)
    return _NAMES.get(kind) or str(getattr(kind, "type_name", "Object"))

"""Steps into a value: ``.name``, ``[index]`` and their guarded forms (Data Factory reference, 7.3)."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.expressions.casing import fold
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.values import ABSENT, Absent, Json, type_name

_SHOWN_NAMES = 50


def select(value: Json, key: Json, guarded: bool, expression: str, position: int) -> Json:
    """One step. ``guarded`` makes null of a missing member and of a null that is stepped into, of nothing else."""
    kind = type(value)
    if kind is dict:
        if type(key) is not str:
            raise _cannot(expression, position, "Object properties can only be selected by names", key)
        found = find_member(value, key)
        if found is ABSENT:
            if guarded:
                return None
            names = ", ".join(list(value)[:_SHOWN_NAMES]) + (", …" if len(value) > _SHOWN_NAMES else "")
            why = f"property '{shorten(key)}' doesn't exist, available properties are '{names}'"
            raise ExpressionError.cannot_evaluate(expression, why, position)
        return found
    if value is None and guarded:
        return None
    if kind is list:
        if type(key) is not int:
            raise _cannot(expression, position, "Array elements can only be selected using an integer index", key)
        if 0 <= key < len(value):
            return value[key]
        if guarded:
            return None
        why = f"array index '{key}' is outside bounds (0, {len(value) - 1}) of array"
        raise ExpressionError.cannot_evaluate(expression, why, position)
    raise _no_members(value, key, expression, position)


def find_member(members: Mapping[str, Json], name: str) -> Json | Absent:
    """By the exact name, else by the first that differs in case only."""
    found = members.get(name, ABSENT)
    if found is ABSENT:
        folded = fold(name)
        found = next((item for other, item in members.items() if fold(other) == folded), ABSENT)
    return found


def _no_members(value: Json, key: Json, expression: str, position: int) -> ExpressionError:
    what = f"property '{shorten(key)}'" if type(key) is str else f"array index '{shorten(str(key))}'"
    selection = "Property selection" if type(key) is str else "Array selection"
    return ExpressionError.cannot_evaluate(
        expression,
        f"{what} cannot be selected. {selection} is not supported on values of type '{type_name(value)}'",
        position,
    )


def _cannot(expression: str, position: int, rule: str, key: Json) -> ExpressionError:
    shown = shorten(str(key)) if type(key) in (str, int, float) else type_name(key)
    what = "property" if type(key) is str else "index"
    return ExpressionError.cannot_evaluate(expression, f"{what} '{shown}' cannot be selected. {rule}", position)

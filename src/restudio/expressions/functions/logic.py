"""Logical functions (Data Factory reference, 7.8). What ``if``, ``and`` and ``or`` do not need is not evaluated."""

from __future__ import annotations

from restudio.expressions.declaration import ANY, BOOLEAN, Accepts, Later, function, parameter, repeated
from restudio.expressions.equality import equal
from restudio.expressions.errors import ExpressionError
from restudio.expressions.ordering import sort_key
from restudio.expressions.values import Json, Scaled, type_name

_COMPARABLE = Accepts("a number or a string", frozenset({int, float, Scaled, str}))


@function("if", parameter("condition", BOOLEAN), parameter("then", ANY), parameter("otherwise", ANY), lazy=True)
def choose(condition: Later, then: Later, otherwise: Later) -> Json:
    """One value when the condition is true, another when it is false; the one that is not given is not evaluated."""
    return then() if condition() else otherwise()


@function("and", repeated("condition", BOOLEAN), lazy=True)
def every(*conditions: Later) -> bool:
    """Whether all are true, asked from left to right up to the first that is false."""
    return all(condition() for condition in conditions)


@function("or", repeated("condition", BOOLEAN), lazy=True)
def some(*conditions: Later) -> bool:
    """Whether one is true, asked from left to right up to the first that is."""
    return any(condition() for condition in conditions)


@function("not", parameter("condition", BOOLEAN))
def negated(condition: bool) -> bool:
    """The opposite."""
    return not condition


@function("equals", parameter("a", ANY), repeated("b", ANY))
def equals(a: Json, *others: Json) -> bool:
    """Whether all values are the same. Numbers compare by value, texts by case too, objects without regard to order; a
    number never equals a text."""
    return all(equal(a, other) for other in others)


def _ordered(name: str, a: Json, b: Json) -> tuple[Json, Json]:
    """The two as Python orders them."""
    if type(a) is str and type(b) is str:
        return sort_key(a), sort_key(b)
    if type(a) is str or type(b) is str:
        raise ExpressionError(
            f"The template language function '{name}' expects two numbers or two strings. The provided values are of"
            f" types '{type_name(a)}' and '{type_name(b)}'."
        )
    return a, b


@function("less", parameter("a", _COMPARABLE), parameter("b", _COMPARABLE))
def less(a: Json, b: Json) -> bool:
    """Whether a number is smaller, or a text stands earlier in a dictionary: `a` before `A` before `b`."""
    first, second = _ordered("less", a, b)
    return bool(first < second)


@function("lessOrEquals", parameter("a", _COMPARABLE), parameter("b", _COMPARABLE))
def less_or_equals(a: Json, b: Json) -> bool:
    """`less`, or the same."""
    first, second = _ordered("lessOrEquals", a, b)
    return bool(first <= second)


@function("greater", parameter("a", _COMPARABLE), parameter("b", _COMPARABLE))
def greater(a: Json, b: Json) -> bool:
    """Whether a number is larger, or a text stands later in a dictionary."""
    first, second = _ordered("greater", a, b)
    return bool(first > second)


@function("greaterOrEquals", parameter("a", _COMPARABLE), parameter("b", _COMPARABLE))
def greater_or_equals(a: Json, b: Json) -> bool:
    """`greater`, or the same."""
    first, second = _ordered("greaterOrEquals", a, b)
    return bool(first >= second)

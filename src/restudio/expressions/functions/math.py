"""Math functions (Data Factory reference, 7.10). Integers have 64 bits; a Float on either side makes a Float."""

from __future__ import annotations

import math

from restudio.expressions.declaration import INTEGER, NUMBER, Accepts, function, parameter, repeated
from restudio.expressions.errors import ExpressionError
from restudio.expressions.scope import Scope
from restudio.expressions.values import Json, Scaled, type_name

Number = int | float
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_NUMBERS = (int, float, Scaled)
_NUMBER_OR_ARRAY = Accepts("an array or numbers", frozenset({*_NUMBERS, list}))


def _whole(value: int, name: str) -> int:
    if not _SMALLEST <= value <= _LARGEST:
        raise _overflow(name)
    return value


def _finite(value: float, name: str) -> float:
    """JSON has no infinite numbers."""
    if math.isinf(value):
        raise _overflow(name)
    return value


def _overflow(name: str) -> ExpressionError:
    return ExpressionError(
        f"The provided parameters for template language function '{name}' caused arithmetic overflow."
    )


@function("add", parameter("a", NUMBER), parameter("b", NUMBER))
def add(a: Number, b: Number) -> Number:
    """The sum."""
    return _whole(a + b, "add") if type(a) is type(b) is int else _finite(float(a) + float(b), "add")


@function("sub", parameter("a", NUMBER), parameter("b", NUMBER))
def sub(a: Number, b: Number) -> Number:
    """The difference."""
    return _whole(a - b, "sub") if type(a) is type(b) is int else _finite(float(a) - float(b), "sub")


@function("mul", parameter("a", NUMBER), parameter("b", NUMBER))
def mul(a: Number, b: Number) -> Number:
    """The product."""
    return _whole(a * b, "mul") if type(a) is type(b) is int else _finite(float(a) * float(b), "mul")


@function("div", parameter("a", NUMBER), parameter("b", NUMBER))
def div(a: Number, b: Number) -> Number:
    """The quotient; of two integers without its fraction: `div(-7, 2)` is -3."""
    _ensure_divisor(b, "div")
    if type(a) is type(b) is int:
        quotient = abs(a) // abs(b)
        return _whole(quotient if (a < 0) == (b < 0) else -quotient, "div")
    return _finite(float(a) / float(b), "div")


@function("mod", parameter("a", NUMBER), parameter("b", NUMBER))
def mod(a: Number, b: Number) -> Number:
    """The remainder, with the sign of the first: `mod(-10, 3)` is -1."""
    _ensure_divisor(b, "mod")
    if type(a) is type(b) is int:
        remainder = abs(a) % abs(b)
        return remainder if a >= 0 else -remainder
    return math.fmod(a, b) if math.isfinite(a) else math.nan


def _ensure_divisor(b: Number, name: str) -> None:
    if b == 0:
        raise ExpressionError(f"Attempt to divide an integral or decimal value by zero in function '{name}'.")


def _numbers(name: str, values: tuple[Json, ...]) -> list[Number]:
    """The numbers of one array, or those given one by one; all of one type."""
    numbers = values[0] if len(values) == 1 and type(values[0]) is list else list(values)
    for number in numbers:
        if type(number) not in _NUMBERS:
            raise ExpressionError(
                f"The template language function '{name}' expects numbers, or one array of numbers. The provided value"
                f" is of type '{type_name(number)}'."
            )
    if not numbers:
        raise ExpressionError(f"The template language function '{name}' expects at least one number.")
    return numbers if all(type(number) is int for number in numbers) else list(map(float, numbers))


@function("max", repeated("number", _NUMBER_OR_ARRAY))
def largest(*values: Json) -> Number:
    """The largest of the numbers, or of an array of numbers."""
    return max(_numbers("max", values))


@function("min", repeated("number", _NUMBER_OR_ARRAY))
def smallest(*values: Json) -> Number:
    """The smallest of the numbers, or of an array of numbers."""
    return min(_numbers("min", values))


@function("rand", parameter("from", INTEGER), parameter("to", INTEGER), scoped=True)
def rand(scope: Scope, low: int, high: int) -> int:
    """A random integer, the second number excluded."""
    if low > high:
        raise ExpressionError(
            "The template language function 'rand' expects its first parameter not to be greater than the second. The"
            f" provided values are '{low}' and '{high}'."
        )
    return low if low == high else scope.random.randrange(low, high)

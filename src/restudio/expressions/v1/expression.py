"""Texts of version 1: those that begin with ``$$`` are expressions.

    expression := ['-'] (text | integer | variable | call)
    call       := name '(' [ expression { ',' expression } ] ')'
    name       := identifier { '.' identifier }
    text       := "'" … "'" with \\' for a quote and \\\\ for a backslash

``$$`` before a nested call is allowed and means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from restudio.core.errors import nearest
from restudio.expressions.composite_format import format_value
from restudio.expressions.declaration import Function
from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.instant import Instant
from restudio.expressions.limits import EXPRESSION_LENGTH, NESTING, VALUE_NESTING, too_deep
from restudio.expressions.v1 import functions as declared
from restudio.expressions.v1.window import VARIABLES, Window
from restudio.expressions.values import Json

_TOKEN = re.compile(
    r"""\s*+(?:
      '(?P<text>(?:[^'\\]++|\\.)*+)'
    | (?P<number>[0-9]{1,18})(?![\w.])
    | (?:\$\$)?(?P<name>[^\W\d]\w*+(?:\.[^\W\d]\w*+)*+)
    | (?P<mark>[(),-])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FUNCTIONS: Mapping[str, Function] = {
    each.name.lower(): each for each in vars(declared).values() if isinstance(each, Function)
}
Value = Json | Instant
_Code = Callable[[Window], Value]


@dataclass(frozen=True, slots=True)
class SliceExpression:
    text: str
    is_constant: bool
    """A text without ``$$``, which stands for itself."""
    _code: _Code

    def evaluate(self, window: Window) -> Json:
        """The value as a property has it: a number, or a text; instants in the form ``5/6/2024 7:00:00 AM``."""
        value = self._code(window)
        return value if type(value) in (str, int) else format_value(value)

    def moment(self, window: Window) -> datetime:
        """The instant, for what needs one: ``startTime`` and ``endTime`` of inputs."""
        value = self._code(window)
        if not isinstance(value, Instant):
            raise ExpressionError(
                f"The expression '{shorten(self.text)}' gives '{shorten(str(value))}', not a date time."
            )
        return value.moment.replace(tzinfo=UTC)


def compile_slice_expression(text: str, *, bare: bool = False) -> SliceExpression:
    """A property of version 1. ``bare``: an expression without ``$$`` before it, as ``startTime`` of inputs may be."""
    if not bare and not text.startswith("$$"):
        return SliceExpression(text, True, lambda _: text)
    if len(text) > EXPRESSION_LENGTH:
        problem = f"it has {len(text)} characters, and at most {EXPRESSION_LENGTH} are allowed"
        raise ExpressionError.not_valid(text, problem)
    return _compiled(text)


def evaluate_slice_tree(value: Json, window: Window) -> Json:
    """A JSON value with every text in it that is an expression evaluated."""
    return _evaluate(value, window, VALUE_NESTING)


def _evaluate(value: Json, window: Window, depth: int) -> Json:
    if type(value) is str:
        return compile_slice_expression(value).evaluate(window)
    if not depth:
        raise too_deep("The document")
    if type(value) is list:
        return [_evaluate(item, window, depth - 1) for item in value]
    if type(value) is dict:
        return {name: _evaluate(item, window, depth - 1) for name, item in value.items()}
    return value


@lru_cache(maxsize=1024)
def _compiled(text: str) -> SliceExpression:
    return SliceExpression(text, False, _Parser(text).whole())


class _Parser:
    """Recursive descent that gives the code at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 2 if text.startswith("$$") else 0
        self._depth = 0

    def whole(self) -> _Code:
        code = self._expression()
        if self._next()["end"] is None:
            raise self._unexpected()
        return code

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._unexpected()
        return found

    def _mark(self, *marks: str) -> str | None:
        """Take one of the marks, if it is next."""
        found = self._next()
        if found["mark"] not in marks:
            return None
        self._at = found.end()
        return found["mark"]

    def _expression(self) -> _Code:
        start = self._at
        if self._mark("-"):
            code = self._term()
            return lambda window: _negated(code(window), self._text, start)
        return self._term()

    def _term(self) -> _Code:
        found, start = self._next(), self._at
        if found["mark"] is not None or found["end"] is not None:
            raise self._unexpected()
        self._at = found.end()
        if (name := found["name"]) is not None:
            return self._call(name, start) if self._mark("(") else _variable(name, start)
        value = int(found["number"]) if found["number"] is not None else _ESCAPE.sub(r"\1", found["text"])
        return lambda _: value

    def _call(self, name: str, start: int) -> _Code:
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            near = nearest(name, (each.name for each in _FUNCTIONS.values()))
            raise ExpressionError(f"The function '{shorten(name)}' is not defined or not valid.{near}", position=start)
        self._depth += 1
        if self._depth > NESTING:
            raise ExpressionError.not_valid(self._text, f"it is nested more than {NESTING} levels deep", start)
        codes = []
        if not self._mark(")"):
            codes.append(self._expression())
            while self._mark(","):
                codes.append(self._expression())
            if not self._mark(")"):
                raise self._unexpected()
        self._depth -= 1
        if not function.takes(len(codes)):
            raise function.wrong_count(len(codes), start)
        return _calling(function, tuple(codes), start)

    def _unexpected(self) -> ExpressionError:
        rest = self._text[self._at :]
        position = self._at + len(rest) - len(rest.lstrip())
        if position >= len(self._text):
            return ExpressionError.not_valid(self._text, "it ends too early", position)
        problem = f"the string character '{self._text[position]}' at position '{position}' is not expected"
        return ExpressionError.not_valid(self._text, problem, position)


def _variable(name: str, start: int) -> _Code:
    if name.lower() not in VARIABLES:
        known = nearest(name, ("SliceStart", "SliceEnd", "WindowStart", "WindowEnd"))
        raise ExpressionError(f"There is no system variable '{shorten(name)}'.{known}", position=start)
    return lambda window: window.find(name)


def _negated(value: Value, text: str, start: int) -> int:
    if not isinstance(value, int):
        problem = f"what stands behind '-' at position '{start}' is not an integer"
        raise ExpressionError.not_valid(text, problem, start)
    return -value


def _calling(function: Function, codes: tuple[_Code, ...], start: int) -> _Code:
    def call(window: Window) -> Value:
        values = [code(window) for code in codes]
        for index, value in enumerate(values):
            accepted = function.parameter_at(index).accepts.types
            if (
                accepted is not None
                and type(value) not in accepted
                and not (int in accepted and isinstance(value, int))
            ):
                raise function.wrong_type(index, value, start)
        try:
            return function.run(*values)
        except OverflowError as error:
            raise ExpressionError(
                f"In function '{function.name}', the result is outside of the years 1 to 9999.", position=start
            ) from error
        except ExpressionError as error:
            if error.position is None:
                error.position = start
            raise

    return call

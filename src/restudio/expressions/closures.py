"""The syntax tree to Python closures: an expression is compiled once and evaluated often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from restudio.expressions.access import select
from restudio.expressions.catalog import functions
from restudio.expressions.declaration import Function
from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import CHARGED_FROM, EVALUATION_SIZE, ITEM_SIZE, ensure_size
from restudio.expressions.scope import Scope
from restudio.expressions.tree import Call, Literal, Node, Select
from restudio.expressions.values import Json


class Evaluation:
    """One evaluation of one text: what it sees, and the size of what it has made so far."""

    __slots__ = ("made", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.made = 0

    def charge(self, size: int, function: str) -> None:
        ensure_size(size, function)
        self.made += size
        if self.made > EVALUATION_SIZE:
            raise ExpressionError(
                f"What the expression makes on its way has a size above {EVALUATION_SIZE}; make less at once, or keep"
                " parts in variables."
            )


Code = Callable[[Evaluation], Json]


def compile_node(node: Node, expression: str, base: int = 0) -> Code:
    """``expression`` is the text that errors show; it begins at ``base`` of the text that positions count in."""
    return _Compiler(expression, base, functions()).code(node)


class _Compiler:
    def __init__(self, expression: str, base: int, known: Mapping[str, Function]) -> None:
        self._expression = expression
        self._base = base
        self._known = known

    def code(self, node: Node) -> Code:
        match node:
            case Literal(value=value):
                return lambda _: value
            case Call():
                return self._call(node)
            case Select():
                return self._select(node)

    def _select(self, node: Select) -> Code:
        base = self.code(node.base)
        expression = self._expression
        fixed = tuple(
            (step.key.value, step.guarded, self._base + step.position)
            for step in node.steps
            if isinstance(step.key, Literal)
        )
        if len(fixed) == len(node.steps):

            def by_names(evaluation: Evaluation) -> Json:
                value = base(evaluation)
                for key, guarded, position in fixed:
                    if type(value) is dict and key in value:
                        value = value[key]
                    else:
                        value = select(value, key, guarded, expression, position)
                return value

            return by_names
        steps = tuple((self.code(step.key), step.guarded, self._base + step.position) for step in node.steps)

        def by_values(evaluation: Evaluation) -> Json:
            value = base(evaluation)
            for key, guarded, position in steps:
                value = select(value, key(evaluation), guarded, expression, position)
            return value

        return by_values

    def _call(self, node: Call) -> Code:
        function = self._known.get(node.name.lower())
        position = self._base + node.position
        if function is None:
            raise ExpressionError.unknown_function(node.name, position)
        if not function.takes(len(node.arguments)):
            raise function.wrong_count(len(node.arguments), position)
        codes = tuple(map(self.code, node.arguments))
        if function.lazy:
            return _lazy(function, codes, position)
        checks = tuple(
            (index, accepted)
            for index, argument in enumerate(node.arguments)
            if (accepted := function.parameter_at(index).accepts.types) is not None
            and not (isinstance(argument, Literal) and type(argument.value) in accepted)
        )
        return _eager(function, codes, checks, position)


def _eager(
    function: Function, codes: tuple[Code, ...], checks: tuple[tuple[int, frozenset[type]], ...], position: int
) -> Code:
    run, name, scoped = function.run, function.name, function.scoped

    def call(evaluation: Evaluation) -> Json:
        values: list[Any] = [code(evaluation) for code in codes]
        for index, accepted in checks:
            if type(values[index]) not in accepted:
                raise function.wrong_type(index, values[index], position)
        try:
            if scoped:  # what the scope gives is there already
                return run(evaluation.scope, *values)
            result = run(*values)
            kind = type(result)
            if (kind is str or kind is list) and len(result) > CHARGED_FROM:
                evaluation.charge(len(result) * (ITEM_SIZE if kind is list else 1), name)
        except ExpressionError as error:
            if error.position is None:
                error.position = position
            raise
        except OverflowError as error:
            raise ExpressionError(
                f"The provided parameters for template language function '{name}' caused arithmetic overflow.",
                position=position,
            ) from error
        return result

    return call


def _lazy(function: Function, codes: tuple[Code, ...], position: int) -> Code:
    checked = tuple(_checked(function, index, code, position) for index, code in enumerate(codes))
    run = function.run

    def call(evaluation: Evaluation) -> Json:
        return run(*[partial(code, evaluation) for code in checked])

    return call


def _checked(function: Function, index: int, code: Code, position: int) -> Code:
    accepted = function.parameter_at(index).accepts.types
    if accepted is None:
        return code

    def check(evaluation: Evaluation) -> Json:
        value = code(evaluation)
        if type(value) not in accepted:
            raise function.wrong_type(index, value, position)
        return value

    return check

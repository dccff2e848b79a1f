"""A JSON string that may be an expression, hold some, or be plain text (Data Factory reference, 7.1 and 1.3)."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from restudio.expressions.closures import Code, Evaluation, compile_node
from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import VALUE_NESTING, too_deep
from restudio.expressions.parser import ensure_length, parse, parse_tokens
from restudio.expressions.references import References, find_references
from restudio.expressions.scope import Scope
from restudio.expressions.texts import text_of
from restudio.expressions.tokens import tokenize
from restudio.expressions.tree import Node
from restudio.expressions.values import Json

_CACHED_LENGTH = 16 * 1024
"""Longer texts are compiled each time rather than kept: they are mostly plain text, and few."""


class Mode(enum.Enum):
    LITERAL = "literal"
    ESCAPED = "escaped"
    INTERPOLATED = "interpolated"
    EXPRESSION = "expression"


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled string. ``trees`` are the expressions in it."""

    text: str
    mode: Mode
    trees: tuple[Node, ...]
    references: References
    _code: Code

    @property
    def is_constant(self) -> bool:
        """Whether every evaluation surely gives the same value."""
        return self.references.is_constant

    def evaluate(self, scope: Scope) -> Json:
        """The value. It may share parts with what is in the scope: copy it before changing it."""
        try:
            return self._code(Evaluation(scope))
        except RecursionError as error:
            raise too_deep("A value") from error


def compile_template(text: str) -> Template:
    """The text, ready to be evaluated any number of times; kept for the next who asks."""
    return _cached(text) if len(text) <= _CACHED_LENGTH else compile_anew(text)


def evaluate_tree(value: Json, scope: Scope, *, skip: Callable[[Path], bool] | None = None) -> Json:
    """A JSON value with every string in it evaluated, and ``{"value": …, "type": "Expression"}`` replaced.

    Names of members are left as they are, and so is all below a place that ``skip`` holds for (the path to it: names
    and indices). An error tells the place as its ``target``: ``$.url``, ``$.items[0]``.
    """
    return _evaluate_at((), value, scope, skip)


Path = tuple[str | int, ...]


def _evaluate_at(path: Path, value: Json, scope: Scope, skip: Callable[[Path], bool] | None) -> Json:
    if skip is not None and skip(path):
        return value
    kind = type(value)
    if kind is str:
        try:
            return compile_template(value).evaluate(scope)
        except ExpressionError as error:
            if error.target is None:
                error.target = _shown(path)
            raise
    if kind is not dict and kind is not list:
        return value
    if len(path) >= VALUE_NESTING:
        raise too_deep("The document")
    if kind is list:
        return [_evaluate_at((*path, index), item, scope, skip) for index, item in enumerate(value)]
    if (written := expression_of(value)) is not None:
        return _evaluate_at((*path, "value"), written, scope, skip)
    return {name: _evaluate_at((*path, name), item, scope, skip) for name, item in value.items()}


def expression_of(value: Json) -> str | None:
    """The text of ``{"value": text, "type": "Expression"}``; None for anything else."""
    if type(value) is not dict or len(value) != 2:
        return None
    members = {name.lower(): item for name, item in value.items() if isinstance(name, str)}
    kind, text = members.get("type"), members.get("value")
    return text if isinstance(kind, str) and kind.lower() == "expression" and isinstance(text, str) else None


def _shown(path: Path) -> str:
    return "$" + "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)


@lru_cache(maxsize=4096)
def _cached(text: str) -> Template:
    return compile_anew(text)


def compile_anew(text: str) -> Template:
    """As :func:`compile_template`, and not kept."""
    if text.startswith("@@"):
        return _constant(text, Mode.ESCAPED, text[1:])
    if text.startswith("@") and text != "@" and not text.startswith("@{"):
        expression = text[1:]
        try:
            tree = parse(expression)
        except ExpressionError as error:
            error.position = None if error.position is None else error.position + 1
            raise
        code = compile_node(tree, expression, 1)
        return Template(text, Mode.EXPRESSION, (tree,), find_references((tree,)), code)
    if "@{" in text:
        return _interpolated(text)
    return _constant(text, Mode.LITERAL, text)


def _constant(text: str, mode: Mode, value: str) -> Template:
    return Template(text, mode, (), References(), lambda _: value)


def _interpolated(text: str) -> Template:
    """Plain pieces and expressions in turn. The brace that closes an expression is found among its tokens."""
    parts: list[str | Code] = []
    trees = []
    position = 0
    while found := _OPENING.search(text, position):
        parts.append(text[position : found.start()])
        if found[0] == "@@{":
            parts.append("@{")
            position = found.end()
            continue
        tokens, end = tokenize(text, found.end(), to_brace=True)
        if end < 0:
            raise ExpressionError.not_valid(
                text,
                f"the string interpolation segment starting at position '{found.start()}' is not terminated",
                found.start(),
            )
        ensure_length(text, end - found.end())
        tree = parse_tokens(text, tokens)
        trees.append(tree)
        parts.append(compile_node(tree, text[found.end() : end]))
        position = end + 1
    parts.append(text[position:])
    pieces = tuple(part for part in parts if part != "")
    return Template(text, Mode.INTERPOLATED, tuple(trees), find_references(trees), _joined(pieces))


_OPENING = re.compile(r"@?@\{")


def _joined(pieces: tuple[str | Code, ...]) -> Code:
    def join(evaluation: Evaluation) -> Json:
        texts = [piece if isinstance(piece, str) else text_of(piece(evaluation)) for piece in pieces]
        evaluation.charge(sum(map(len, texts)), "concat")
        return "".join(texts)

    return join

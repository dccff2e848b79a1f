"""Tokens to the syntax tree (Data Factory reference, 7.2)."""

from __future__ import annotations

from typing import Final

from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import EXPRESSION_LENGTH, NESTING
from restudio.expressions.tokens import Kind, Token, tokenize
from restudio.expressions.tree import Call, Literal, Node, Select, Step

_KEYWORDS: Final = {"true": True, "false": False, "null": None}
_LITERALS: Final = (Kind.STRING, Kind.INTEGER, Kind.FLOAT)


def parse(text: str) -> Node:
    """The tree of a text that is one expression."""
    ensure_length(text, len(text))
    tokens, _ = tokenize(text)
    return parse_tokens(text, tokens)


def parse_tokens(text: str, tokens: list[Token]) -> Node:
    """The tree of tokens that are one expression; ``text`` is what errors show."""
    return _Parser(text, tokens).whole()


def ensure_length(text: str, length: int) -> None:
    if length > EXPRESSION_LENGTH:
        raise ExpressionError.not_valid(
            text, f"it has {length} characters, and at most {EXPRESSION_LENGTH} are allowed"
        )


class _Parser:
    """Recursive descent, one token ahead; ``_depth`` counts what is open."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        self._take(Kind.END)
        return node

    def _expression(self) -> Node:
        base = self._term()
        steps = []
        while self._peek().kind in (Kind.DOT, Kind.QUESTION, Kind.LEFT_BRACKET):
            steps.append(self._step())
        return Select(base, tuple(steps)) if steps else base

    def _term(self) -> Literal | Call:
        token = self._peek()
        if token.kind in _LITERALS:
            self._next += 1
            return Literal(token.value, token.position)
        name = self._take(Kind.IDENTIFIER)
        keyword = name.value.lower()
        if keyword in _KEYWORDS and self._peek().kind is not Kind.LEFT_PARENTHESIS:
            return Literal(_KEYWORDS[keyword], name.position)
        return Call(name.value, self._arguments(), name.position)

    def _arguments(self) -> tuple[Node, ...]:
        self._enter(self._take(Kind.LEFT_PARENTHESIS))
        arguments = []
        if self._peek().kind is not Kind.RIGHT_PARENTHESIS:
            arguments.append(self._expression())
            while self._peek().kind is Kind.COMMA:
                self._next += 1
                arguments.append(self._expression())
        self._take(Kind.RIGHT_PARENTHESIS)
        self._depth -= 1
        return tuple(arguments)

    def _step(self) -> Step:
        start = self._peek()
        guarded = start.kind is Kind.QUESTION
        if guarded:
            self._next += 1
        if self._peek().kind is Kind.DOT:
            self._next += 1
            name = self._take(Kind.IDENTIFIER)
            return Step(Literal(name.value, name.position), guarded, start.position)
        self._enter(self._take(Kind.LEFT_BRACKET))
        key = self._expression()
        self._take(Kind.RIGHT_BRACKET)
        self._depth -= 1
        return Step(key, guarded, start.position)

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > NESTING:
            problem = f"at position '{token.position}' it is nested more than {NESTING} levels deep"
            raise ExpressionError.not_valid(self._text, problem, token.position)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self, kind: Kind) -> Token:
        token = self._tokens[self._next]
        if token.kind is not kind:
            raise ExpressionError.unexpected_token(self._text, kind.value, token.kind.value, token.position)
        self._next += 1
        return token

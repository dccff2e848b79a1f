"""Text of an expression to tokens."""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass

from restudio.expressions.errors import ExpressionError, shorten
from restudio.expressions.values import Json


class Kind(enum.Enum):
    """Values are the names that errors use."""

    IDENTIFIER = "Identifier"
    STRING = "StringLiteral"
    INTEGER = "IntegerLiteral"
    FLOAT = "FloatLiteral"
    LEFT_PARENTHESIS = "LeftParenthesis"
    RIGHT_PARENTHESIS = "RightParenthesis"
    LEFT_BRACKET = "LeftSquareBracket"
    RIGHT_BRACKET = "RightSquareBracket"
    RIGHT_BRACE = "RightCurlyBracket"
    COMMA = "Comma"
    DOT = "Dot"
    QUESTION = "QuestionMark"
    END = "EndOfData"


@dataclass(frozen=True, slots=True)
class Token:
    """``position`` counts from the start of the text that was read."""

    kind: Kind
    value: Json
    position: int


_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<string>'(?:[^']++|'')*+')
    | (?P<number>[+-]?[0-9]++(?P<fraction>\.[0-9]*+)?(?P<exponent>[eE][+-]?[0-9]++)?)
    | (?P<identifier>(?:[^\W\d]|\$)[\w$]*+)
    | (?P<mark>[()\[\],.?}])
    )""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s*+")
_MARKS = {
    "(": Kind.LEFT_PARENTHESIS,
    ")": Kind.RIGHT_PARENTHESIS,
    "[": Kind.LEFT_BRACKET,
    "]": Kind.RIGHT_BRACKET,
    "}": Kind.RIGHT_BRACE,
    ",": Kind.COMMA,
    ".": Kind.DOT,
    "?": Kind.QUESTION,
}
_INTEGERS = range(-(2**63), 2**63)


def tokenize(text: str, start: int = 0, *, to_brace: bool = False) -> tuple[list[Token], int]:
    """Tokens from ``start`` to the end of the text, and where they end; with an END token last.

    With ``to_brace`` they end at the first closing brace outside a string, whose position is given; without such a
    brace the end is -1.
    """
    tokens: list[Token] = []
    position = start
    while True:
        found = _TOKEN.match(text, position)
        if found is None:
            place = _end_of_blanks(text, position)
            if place < len(text):
                raise _unexpected(text, place)
            tokens.append(Token(Kind.END, None, place))
            return tokens, -1 if to_brace else place
        place = found.start(found.lastgroup or 0)
        token = _token(text, found, place)
        if token.kind is Kind.RIGHT_BRACE:
            if not to_brace:
                raise _unexpected(text, place)
            tokens.append(Token(Kind.END, None, place))
            return tokens, place
        tokens.append(token)
        position = found.end()


def _token(text: str, found: re.Match[str], place: int) -> Token:
    if (name := found["identifier"]) is not None:
        return Token(Kind.IDENTIFIER, name, place)
    if (mark := found["mark"]) is not None:
        return Token(_MARKS[mark], mark, place)
    if (quoted := found["string"]) is not None:
        return Token(Kind.STRING, quoted[1:-1].replace("''", "'"), place)
    number = found["number"]
    whole = found["fraction"] is None and found["exponent"] is None
    value = _integer(number) if whole else float(number)
    if value is None or math.isinf(value):
        raise ExpressionError.not_valid(
            text, f"the value '{shorten(number)}' at position '{place}' cannot be converted to number", place
        )
    return Token(Kind.INTEGER if whole else Kind.FLOAT, value, place)


def _integer(digits: str) -> int | None:
    """An integer of 64 bits, or None."""
    try:
        value = int(digits)
    except ValueError:  # more digits than Python converts
        return None
    return value if value in _INTEGERS else None


def _end_of_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    return position if found is None else found.end()


def _unexpected(text: str, place: int) -> ExpressionError:
    if text[place] == "'":
        return ExpressionError.not_valid(
            text, f"the string literal starting at position '{place}' is not terminated", place
        )
    return ExpressionError.not_valid(
        text, f"the string character '{text[place]}' at position '{place}' is not expected", place
    )

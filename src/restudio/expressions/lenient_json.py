"""JSON as people write it: what ``json()`` reads (Data Factory reference, 7.9).

Beyond the standard: names without quotes, single quotes, comments, commas too many, and closing brackets that are
missing at the end. Instants stay texts.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final

from restudio.expressions.limits import VALUE_NESTING, too_deep
from restudio.expressions.utf16 import from_units
from restudio.expressions.values import Json

_BLANKS = re.compile(r"(?:[\s\ufeff]++|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_STRING = re.compile(r"""\s*+"((?:[^"\\]++|\\.)*+)"|'((?:[^'\\]++|\\.)*+)'""", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_WORD = re.compile(r"[^\W\d][\w$]*+|\$[\w$]*+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}\Z")
_NAME = re.compile(r"[^\s:,{}\[\]'\"]++")
_CLOSERS: Final = {"[": "]", "{": "}"}
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: Final = {
    "true": True,
    "false": False,
    "null": None,
    "undefined": None,
    "NaN": math.nan,
    "Infinity": math.inf,
}


class NotJson(ValueError):
    """Text that no leniency makes JSON; the message tells the place."""


def read_json(text: str) -> Json:
    """The value; null for a text without any. ``NotJson`` when it cannot be read."""
    if _SURROGATE.search(text):
        return _Reader(text).whole()  # which makes characters of halves
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise too_deep("The JSON text") from error
    except ValueError:
        return _Reader(text).whole()
    if text.count("[") + text.count("{") > VALUE_NESTING:
        _ensure_shallow(value)
    return value


def _ensure_shallow(value: Json) -> None:
    level = [value]
    for _ in range(VALUE_NESTING + 1):
        inner = [each for each in level if type(each) in (list, dict)]
        if not inner:
            return
        level = [part for each in inner for part in (each if type(each) is list else each.values())]
    raise too_deep("The JSON text")


class _Reader:
    """Recursive descent over characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Json:
        if not self._peek():
            return None
        value = self._value(VALUE_NESTING)
        if self._peek():
            raise self._problem("Additional text encountered after finished reading JSON content")
        return value

    def _value(self, depth: int) -> Json:
        char = self._peek()
        if char in _CLOSERS:
            if not depth:
                raise too_deep("The JSON text")
            self._at += 1
            return self._array(depth - 1) if char == "[" else self._object(depth - 1)
        if char and char in "'\"":
            return self._string()
        if (word := self._match(_WORD)) is not None:
            if word not in _WORDS:
                self._at -= len(word)
                raise self._problem("Unexpected character encountered while parsing value")
            return _WORDS[word]
        if (number := self._match(_NUMBER)) is not None:
            return int(number) if _INTEGER.match(number) else float(number)
        raise self._problem("Unexpected character encountered while parsing value")

    def _array(self, depth: int) -> list[Json]:
        items: list[Json] = []
        while not self._closes("]"):
            if self._peek() == ",":
                items.append(None)
            else:
                items.append(self._value(depth))
            self._comma("]")
        return items

    def _object(self, depth: int) -> dict[str, Json]:
        members: dict[str, Json] = {}
        while not self._closes("}"):
            name = self._string() if self._peek() in "'\"" else self._match(_NAME)
            if name is None:
                raise self._problem("Invalid property identifier character")
            if self._peek() != ":":
                raise self._problem("Invalid character after parsing property name. Expected ':' but got")
            self._at += 1
            members[name] = self._value(depth)
            self._comma("}")
        return members

    def _closes(self, closer: str) -> bool:
        """At the closing bracket, which is passed, or at the end of the text, which closes all."""
        char = self._peek()
        if char == closer:
            self._at += 1
        return char in ("", closer)

    def _comma(self, closer: str) -> None:
        char = self._peek()
        if char == ",":
            self._at += 1
        elif char not in ("", closer):
            raise self._problem("After parsing a value an unexpected character was encountered")

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self._problem(f"Unterminated string. Expected delimiter: {self._text[self._at]}. It begins with")
        self._at = found.end()
        return from_units(_ESCAPE.sub(self._unescape, found[1] if found[1] is not None else found[2]))

    def _unescape(self, found: re.Match[str]) -> str:
        escape = found[1]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape in "\"'\\/":
            return escape
        if escape not in _ESCAPES:
            raise self._problem(f"Bad JSON escape sequence: \\{escape}. It stands before")
        return _ESCAPES[escape]

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def _peek(self) -> str:
        """The next character that counts; empty at the end."""
        found = _BLANKS.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return self._text[self._at : self._at + 1]

    def _problem(self, what: str) -> NotJson:
        before = self._text[: self._at]
        line, column = before.count("\n"), self._at - (before.rfind("\n") + 1)
        char = self._text[self._at : self._at + 1]
        return NotJson(f"{what}{f': {char}' if char else ''}. Line {line + 1}, position {column + 1}.")

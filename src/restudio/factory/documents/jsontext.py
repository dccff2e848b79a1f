"""JSON as people keep it in files: with comments, trailing commas and a byte-order mark."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from restudio.core.errors import Kind, RestudioError
from restudio.factory.properties import Json

_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENT = re.compile(rf"{_STRING}|//[^\n]*|/\*.*?\*/", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"{_STRING}|,(?=\s*[\]}}])", re.DOTALL)
_VISIBLE = re.compile(r"[^\s]")
MAX_CHARACTERS = 16 << 20


def parse_document(text: str | bytes, where: str) -> Json:
    """The value of a JSON text; ``where`` names it in errors, which tell line and column.

    >>> parse_document('{"a": [1, 2.0,], // twice\\n}', "f.json")
    {'a': [1, 2.0]}
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _wrong(where, f"is not UTF-8 text (byte {error.start + 1})") from error
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise _wrong(where, f"is longer than {MAX_CHARACTERS} characters")
    try:
        return json.loads(_plain(text), parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise _wrong(where, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _wrong(where, "is nested too deeply") from error
    except ValueError as error:
        raise _wrong(where, f"is not a valid document: {error}") from error


def _plain(text: str) -> str:
    """Without comments and trailing commas; every line stays where it is."""
    return _TRAILING_COMMA.sub(_blank, _COMMENT.sub(_blank, text))


def _blank(found: re.Match[str]) -> str:
    part = found[0]
    return part if part.startswith('"') else _VISIBLE.sub(" ", part)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member '{twice}' stands twice in one object; keep one of them")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _wrong(where: str, what: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidDocument", f"{where} {what}.", target=where)

"""Filters and orders of activity windows, in the part of OData's grammar that fits them: comparisons of members with
literals, ``and``, ``or``, ``not`` and parentheses.

    WindowState eq 'Failed' and (WindowStart ge 2024-01-01T00:00:00Z or not PercentComplete lt 50)

Names of members and words are matched in any case. A member without a value equals ``null`` and nothing else.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from restudio.core.errors import Kind, RestudioError, nearest

Member = str | int | datetime | None
Members = Mapping[str, Member]
Holds = Callable[[Members], bool]
_MOST = 4000
"""Characters of a filter."""
_DEPTH = 50
_TOKEN = re.compile(r"\s*(?:(?P<sign>[()])|'(?P<text>(?:[^']|'')*)'|(?P<word>[^\s()',]+))")
_ORDERED: Mapping[str, Callable[..., bool]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_COMPARISONS = ("eq", "ne", *_ORDERED)


@dataclass(frozen=True, slots=True)
class _Token:
    """``kind`` is sign, text or word."""

    kind: str
    value: str


def read_filter(text: str, members: Mapping[str, type]) -> Holds:
    """What a filter says of windows, whose ``members`` have these types. 400 ``InvalidFilter``."""
    return _Reader(text, members).read()


def read_order(text: str, members: Mapping[str, type]) -> list[tuple[str, bool]]:
    """Names of members to order by, each with whether it descends: ``WindowStart desc, PercentComplete``."""
    found = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        way = direction.strip().casefold() or "asc"
        if way not in ("asc", "desc"):
            raise _wrong(f"'{direction.strip()[:40]}' is no direction; expected asc or desc.", "orderBy")
        found.append((_member(name, members, "orderBy"), way == "desc"))
    return found


class _Reader:
    """A parser by recursive descent: or, and, not, comparison."""

    def __init__(self, text: str, members: Mapping[str, type]) -> None:
        self._tokens = _split(text)
        self._at = 0
        self._depth = 0
        self._members = members

    def read(self) -> Holds:
        found = self._any()
        if self._at < len(self._tokens):
            raise _wrong(f"'{self._tokens[self._at].value[:40]}' is not expected there.")
        return found

    def _any(self) -> Holds:
        found = [self._all()]
        while self._takes_word("or"):
            found.append(self._all())
        return found[0] if len(found) == 1 else lambda window: any(each(window) for each in found)

    def _all(self) -> Holds:
        found = [self._one()]
        while self._takes_word("and"):
            found.append(self._one())
        return found[0] if len(found) == 1 else lambda window: all(each(window) for each in found)

    def _one(self) -> Holds:
        self._depth += 1
        if self._depth > _DEPTH:
            raise _wrong(f"It is nested more than {_DEPTH} deep.")
        found = self._not_or_inner()
        self._depth -= 1
        return found

    def _not_or_inner(self) -> Holds:
        if self._takes_word("not"):
            inner = self._one()
            return lambda window: not inner(window)
        if self._takes_sign("("):
            found = self._any()
            if not self._takes_sign(")"):
                raise _wrong("A parenthesis is not closed.")
            return found
        return self._comparison()

    def _comparison(self) -> Holds:
        name = _member(self._next("the name of a member").value, self._members, "filter")
        compare = self._next("a comparison").value.casefold()
        if compare not in _COMPARISONS:
            raise _wrong(f"'{compare[:40]}' is no comparison; expected {', '.join(_COMPARISONS)}.")
        wanted = _literal(self._next("a value"), name, self._members[name])
        if compare in ("eq", "ne"):
            return lambda window: (_folded(window[name]) == _folded(wanted)) == (compare == "eq")
        ordered = _ORDERED[compare]
        if wanted is None:
            raise _wrong(f"{name} can be compared with null by eq and ne alone.")
        return lambda window: window[name] is not None and ordered(_folded(window[name]), _folded(wanted))

    def _next(self, expected: str) -> _Token:
        if self._at >= len(self._tokens):
            raise _wrong(f"It ends where {expected} is expected.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes_word(self, word: str) -> bool:
        return self._takes(lambda token: token.kind == "word" and token.value.casefold() == word)

    def _takes_sign(self, sign: str) -> bool:
        return self._takes(lambda token: token.kind == "sign" and token.value == sign)

    def _takes(self, fits: Callable[[_Token], bool]) -> bool:
        taken = self._at < len(self._tokens) and fits(self._tokens[self._at])
        self._at += taken
        return taken


def _split(text: str) -> list[_Token]:
    if len(text) > _MOST:
        raise _wrong(f"It has {len(text)} characters; up to {_MOST} are read.")
    found, at, rest = [], 0, text.rstrip()
    while at < len(rest):
        token = _TOKEN.match(rest, at)
        if token is None:
            raise _wrong(f"It cannot be read from '{rest[at : at + 20]}' on.")
        kind = token.lastgroup or ""
        found.append(_Token(kind, token[kind].replace("''", "'") if kind == "text" else token[kind]))
        at = token.end()
    return found


def _member(name: str, members: Mapping[str, type], place: str) -> str:
    found = next((each for each in members if each.casefold() == name.casefold()), None)
    if found is None:
        raise _wrong(f"Activity windows have no member '{name[:40]}'.{nearest(name[:40], members)}", place)
    return found


def _literal(token: _Token, name: str, kind: type) -> Member:
    """A value as the type of the member that it is compared with; words count as texts, as clients write them."""
    if token.kind == "word" and token.value.casefold() == "null":
        return None
    try:
        if kind is int:
            return int(token.value)
        if kind is datetime:
            found = datetime.fromisoformat(token.value)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    except ValueError:
        expected = "a whole number" if kind is int else "an instant such as 2024-01-08T00:00:00Z"
        raise _wrong(f"{name} is compared with {expected}; got '{token.value[:40]}'.") from None
    return token.value


def _folded(value: Member) -> Member:
    return value.casefold() if isinstance(value, str) else value


def _wrong(message: str, place: str = "filter") -> RestudioError:
    code = "InvalidFilter" if place == "filter" else "InvalidOrder"
    return RestudioError(Kind.BAD_ARGUMENT, code, f"The {place} of the activity windows: {message}", target=place)

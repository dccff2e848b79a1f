"""What is wrong with documents: where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.factory.properties import Json


@dataclass(frozen=True, slots=True)
class Problem:
    """``where`` is a file or an entity, ``path`` the JSON path in it; ``code`` groups problems of a kind."""

    where: str
    path: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.path}: {self.message}"


@dataclass(slots=True)
class Problems:
    """Problems of one document as they are found."""

    where: str
    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, code: str, message: str) -> None:
        self.found.append(Problem(self.where, path, code, message))


def shown(value: Json) -> str:
    """A value as messages show it: whole, or its beginning."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def ensure_none(problems: list[Problem]) -> None:
    """Refuse documents that have problems, with all of them."""
    if not problems:
        return
    errors = [RestudioError(Kind.BAD_ARGUMENT, each.code, str(each), target=each.path) for each in problems]
    raise errors[0] if len(errors) == 1 else ManyErrors(errors[0].detail, errors)

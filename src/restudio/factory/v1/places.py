"""Where what was translated stands in the documents of version 1, for what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from restudio.factory.documents.problems import Problem
from restudio.factory.types import TITLES, ResourceKind

ANYWHERE = "$"
"""A prefix of every path: what is written nowhere is told of the whole."""
_REFERENCE = ".referenceName"
"""Ends paths of references, which in version 1 are names alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A document, by its file or its name, and a JSON path in it."""

    where: str
    path: str


@dataclass(slots=True)
class Places:
    """By resource and by the beginnings of paths in it."""

    _known: dict[str, Mapping[str, Place]] = field(default_factory=dict)

    def put(self, kind: ResourceKind, name: str, prefixes: Mapping[str, Place]) -> None:
        self._known[f"{TITLES[kind]} '{name}'"] = prefixes

    def locate(self, problems: Iterable[Problem]) -> list[Problem]:
        """The problems of resources as those of documents, each once."""
        return list(dict.fromkeys(map(self._located, problems)))

    def _located(self, problem: Problem) -> Problem:
        known = self._known.get(problem.where, {})
        for prefix in sorted(known, key=len, reverse=True):
            rest = problem.path.removeprefix(prefix)
            if prefix == ANYWHERE:
                rest = ""
            elif rest == problem.path or rest[:1] not in ("", ".", "["):
                continue
            place = known[prefix]
            return Problem(place.where, place.path + rest.removesuffix(_REFERENCE), problem.code, problem.message)
        return problem

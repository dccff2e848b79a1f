"""JSON paths of mappings: ``$.a.b``, ``['a b']``, ``[0]``; relative ones begin at the current item."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from restudio.factory.errors import ActivityFailed

Step: TypeAlias = str | int
_STEP = re.compile(r"\.?([^.\[\]'\"$]+)|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]|\[\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class JsonPath:
    """``is_rooted`` paths begin at the document."""

    steps: tuple[Step, ...]
    is_rooted: bool

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """2104 for a text that is no path.

        >>> JsonPath.parse("$.a['b c'][0]").steps
        ('a', 'b c', 0)
        """
        rooted = text.startswith("$")
        rest, steps = text[1:] if rooted else text, []
        rest = rest.removesuffix("[*]")
        while rest:
            found = _STEP.match(rest)
            if found is None:
                raise ActivityFailed("2104", f"'{text[:80]}' is no JSON path; expected $.a.b, ['a'] and [0].")
            name, single, double, number = found.groups()
            steps.append(int(number) if number is not None else name or single or double)
            rest = rest[found.end() :]
        return cls(tuple(steps), rooted)

    def find(self, value: Any) -> Any:
        """What stands there; None when nothing does."""
        for step in self.steps:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
            if value is None:
                return None
        return value

    def put(self, target: dict[str, Any], value: Any) -> None:
        """Set a place in a document, with the objects on the way there."""
        names = [str(step) for step in self.steps]
        for name in names[:-1]:
            inner = target.setdefault(name, {})
            if not isinstance(inner, dict):
                raise ActivityFailed("2104", f"The mapping puts a value and an object at '{name}'.")
            target = inner
        target[names[-1]] = value

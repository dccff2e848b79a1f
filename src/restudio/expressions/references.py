"""What an expression refers to, as far as it can be told without evaluating it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from restudio.expressions.catalog import find_function
from restudio.expressions.tree import Call, Literal, Node, Select

_ACTIVITIES = frozenset({"activity", "actions", "outputs", "body"})


@dataclass(frozen=True, slots=True)
class References:
    """Names as written; a name that an expression computes is not among them."""

    activities: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    """``pipeline().parameters.x``"""
    global_parameters: frozenset[str] = frozenset()
    dataset_parameters: frozenset[str] = frozenset()
    linked_service_parameters: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    """All functions that are called, in lower case."""

    @property
    def is_constant(self) -> bool:
        """Whether the value depends on nothing outside: no function is called that looks at the scope."""
        return not any((found := find_function(name)) is None or found.scoped for name in self.functions)


def find_references(nodes: Iterable[Node]) -> References:
    found: dict[str, set[str]] = {}
    for node in nodes:
        for kind, name in _walk(node):
            found.setdefault(kind, set()).add(name)
    return References(**{kind: frozenset(names) for kind, names in found.items()})


def _walk(node: Node) -> Iterator[tuple[str, str]]:
    match node:
        case Literal():
            return
        case Call(name=name, arguments=arguments):
            called = name.lower()
            yield "functions", called
            if called in _ACTIVITIES or called == "variables":
                match arguments:
                    case (Literal(value=str() as named),):
                        yield ("variables" if called == "variables" else "activities"), named
            for argument in arguments:
                yield from _walk(argument)
        case Select(base=base, steps=steps):
            yield from _walk(base)
            for step in steps:
                yield from _walk(step.key)
            if isinstance(base, Call):
                yield from _members(base.name.lower(), [s.key.value for s in steps[:2] if isinstance(s.key, Literal)])


def _members(called: str, keys: list[object]) -> Iterator[tuple[str, str]]:
    match called, keys:
        case "pipeline", [str(group), str(name)] if group.lower() == "parameters":
            yield "parameters", name
        case "pipeline", [str(group), str(name)] if group.lower() == "globalparameters":
            yield "global_parameters", name
        case "dataset", [str(name), *_]:
            yield "dataset_parameters", name
        case "linkedservice", [str(name), *_]:
            yield "linked_service_parameters", name

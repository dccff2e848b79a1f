"""The syntax tree of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from restudio.expressions.values import Json

_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*\Z")


@dataclass(frozen=True, slots=True)
class Literal:
    value: Json
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Node, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """``.name`` (a text as key) or ``[key]``; ``guarded`` with a question mark before it."""

    key: Node
    guarded: bool
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """Steps from a value inwards; never empty."""

    base: Literal | Call
    steps: tuple[Step, ...]

    @property
    def position(self) -> int:
        return self.base.position


Node = Literal | Call | Select


def to_text(node: Node) -> str:
    """An expression that reads back as the tree.

    >>> to_text(Select(Call("pipeline", ()), (Step(Literal("a b"), True),)))
    "pipeline()?['a b']"
    """
    match node:
        case Literal(value=value):
            return _literal_text(value)
        case Call(name=name, arguments=arguments):
            return f"{name}({', '.join(map(to_text, arguments))})"
        case Select(base=base, steps=steps):
            # A blank keeps the point of a step out of the number before it.
            gap = " " if isinstance(base, Literal) and isinstance(base.value, int | float) else ""
            return to_text(base) + gap + "".join(map(_step_text, steps))


def _step_text(step: Step) -> str:
    guard = "?" if step.guarded else ""
    if isinstance(step.key, Literal) and isinstance(step.key.value, str) and _NAME.match(step.key.value):
        return f"{guard}.{step.key.value}"
    return f"{guard}[{to_text(step.key)}]"


def _literal_text(value: Json) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float):
        text = repr(value)
        return text if "." in text or "e" in text else text + ".0"
    return str(value) if type(value) is int else "null" if value is None else str(value).lower()

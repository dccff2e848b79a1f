"""What a control activity asks of the run that it stands in, instead of doing it itself.

The loop carries these out durably: after a crash it goes on where it was, without calling the activity again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from restudio.factory.properties import Json


@dataclass(frozen=True, slots=True)
class Sleep:
    """End the activity successfully after some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a variable of the run a value, or with ``append`` one more element."""

    variable: str
    value: Json
    append: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """Set values that the run returns to whoever started it."""

    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Enter:
    """Run a nested list of activities, once for every item, at most ``at_once`` at the same time.

    ``branch`` names the list (None: there is nothing to do). ``until`` is the name of a lazy property: the list runs
    again and again until that is true, at most ``seconds``.
    """

    branch: str | None
    items: tuple[Json, ...] | None = None
    at_once: int = 1
    until: str | None = None
    seconds: float | None = None
    output: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """Start a run of another pipeline; with ``wait`` end as it ends."""

    pipeline: str
    parameters: Mapping[str, Json]
    wait: bool


@dataclass(frozen=True, slots=True)
class Select:
    """Keep the items for which a lazy property is true; ``item()`` is the item there."""

    items: tuple[Json, ...]
    condition: str


Steering = Sleep | Assign | Return | Enter | Call | Select

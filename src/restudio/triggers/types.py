"""Triggers as the loop knows them, and what fired."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

RunState = Literal["Running", "Succeeded", "Failed", "Cancelled"]
"""What a started run is at, whatever its own vocabulary."""


class Ref(NamedTuple):
    """Names a trigger: the kind of thing that it starts, who owns it, and its name, compared without case."""

    kind: str
    owner: str
    name: str

    @property
    def folded(self) -> str:
        """The name as it is compared."""
        return self.name.casefold()


@dataclass(frozen=True, slots=True)
class Trigger:
    """``text`` is the JSON that its kind reads the rule from. ``position`` is the number of the next window, ``seen``
    the instant up to which nothing new of files or runs can come any more."""

    id: str
    ref: Ref
    type: str
    text: str
    started: bool
    next_due: datetime | None = None
    position: int = 0
    seen: datetime | None = None

    @property
    def document(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.text)
        return found


class FiringState(enum.Enum):
    WAITING = "Waiting"
    BLOCKED = "WaitingOnDependency"
    STARTING = "Starting"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def ended(self) -> bool:
        return self in ENDED


ENDED = (FiringState.SUCCEEDED, FiringState.FAILED, FiringState.CANCELLED)
OPEN = tuple(state for state in FiringState if state not in ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One time that a trigger fired. ``key`` is unique within the trigger: the instant, the window, the event.

    ``scheduled`` is the instant of the rule, ``created`` when the loop noticed. ``attempt`` counts starts from 0;
    ``runs`` are those of the latest, by name of what was started.
    """

    id: str
    trigger_id: str
    ref: Ref
    type: str
    key: str
    state: FiringState
    scheduled: datetime
    created: datetime
    updated: datetime
    number: int | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    body: Mapping[str, Any] | None = None
    mirrors: bool = False
    """Whether it ends as its runs end, instead of as soon as they are started."""
    attempt: int = 0
    retries_left: int = 0
    message: str = ""
    runs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a polling trigger found; ``key`` is the same as long as the file is."""

    key: str
    at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Completion:
    """A run that succeeded, with the value of a run dimension."""

    run_id: str
    at: datetime
    pipeline: str
    value: str

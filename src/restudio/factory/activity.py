"""The declaration of an activity type, and what a running activity is given.

    @activity(
        type="Wait",
        control=True,
        properties=(Property("waitTimeInSeconds", "int", required=True, help="Seconds to wait."),),
    )
    def wait(p: Properties, ctx: ActivityContext) -> Output: ...

An activity is a function in a file of ``restudio.factory.activities``, found by :func:`collect_activities`; adding one
edits no other file. Validation before a run, help and the documentation are derived from the declaration. The function
gets its ``typeProperties`` with all expressions evaluated, blocks until the activity is done and returns its output.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Literal, Protocol

from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.steering import Steering
from restudio.factory.type_catalog import TypeCatalog, collect

Output = Mapping[str, Json]
"""What later expressions read as ``activity('A').output``."""
PropertyType = Literal[
    "string", "int", "bool", "float", "object", "array", "any", "expression", "activities", "reference"
]
"""``expression`` takes the object form only; ``activities`` is a nested list, left for its own turn; ``reference`` is a
linked-service, dataset or pipeline reference."""


@dataclass(frozen=True, slots=True)
class Property:
    """One member of ``typeProperties`` (or, with ``outside``, of the activity itself: Copy's ``inputs``)."""

    name: str
    type: PropertyType
    required: bool = False
    default: Json = None
    choices: tuple[str, ...] = ()
    outside: bool = False
    cases: bool = False
    """An ``activities`` property that is an array of ``{"value", "activities"}`` (Switch)."""
    lazy: bool = False
    """Not evaluated before the activity, but by the run when its time comes (Until's ``expression``)."""
    help: str = ""


@dataclass(frozen=True, slots=True)
class ActivitySpec:
    """Declaration of an activity type. ``linked_services``: types that its ``linkedServiceName`` may have."""

    type: str
    help: str
    properties: tuple[Property, ...] = ()
    control: bool = False
    linked_services: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    steers: bool = False
    """Decides at once and asks the run for the rest: it needs no thread, and repeats for free."""


@dataclass(frozen=True, slots=True)
class LinkedService:
    """A linked service as an activity uses it: expressions evaluated, secrets opened.

    ``repr`` shows no secret; never put ``properties`` into outputs, events or messages.
    """

    name: str
    type: str
    properties: Properties

    def __repr__(self) -> str:
        return f"LinkedService({self.name!r}, {self.type!r})"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset with its expressions evaluated, and the linked service that it is on."""

    name: str
    type: str
    properties: Properties
    """``typeProperties``."""
    schema: tuple[Mapping[str, Json], ...]
    linked_service: LinkedService


class ActivityContext(Protocol):
    """What the loop gives to one attempt of an activity. Used from the thread that runs the activity only."""

    @property
    def workspace_id(self) -> str:
        """The workspace that the factory belongs to: an activity reaches nothing of another one."""
        ...

    @property
    def run_id(self) -> str: ...

    @property
    def pipeline(self) -> str: ...

    @property
    def activity(self) -> str:
        """Name of the activity."""
        ...

    @property
    def activity_run_id(self) -> str:
        """Unique per attempt."""
        ...

    @property
    def operation_id(self) -> str:
        """The same for every attempt and every restart of this activity in this run: for effects that must happen
        once."""
        ...

    @property
    def document(self) -> Properties:
        """The activity as written, expressions outside ``typeProperties`` evaluated."""
        ...

    @property
    def platform(self) -> Platform: ...

    @property
    def scratch(self) -> Path:
        """An empty folder of this attempt's own, removed afterwards."""
        ...

    def linked_service(self, reference: Json = None) -> LinkedService:
        """Resolve a reference; by default the activity's own ``linkedServiceName``."""
        ...

    def dataset(self, reference: Json) -> Dataset:
        """Resolve a dataset reference with its parameters."""
        ...

    def now(self) -> datetime: ...

    def pause(self, seconds: float) -> None:
        """Wait. Raises ``restudio.seams.engine.Cancelled`` at once when the run is cancelled or the attempt is over its
        time, ``restudio.seams.work.HandOver`` when this process stops: let both pass."""
        ...

    def is_cancelled(self) -> bool:
        """Whether :meth:`pause` would raise ``Cancelled`` now; for loops that move data. Raises ``HandOver`` as it
        does."""
        ...

    def remember(self, **facts: Json) -> None:
        """Keep facts of this attempt durably (a job id), so that after a crash the attempt goes on instead of anew."""
        ...

    def recall(self, fact: str) -> Json:
        """A fact that this attempt remembered before a crash; None when there is none."""
        ...

    def report(self, progress: str) -> None:
        """Tell those who watch what is going on; kept with the activity run, shown, never an output."""
        ...


Run = Callable[[Properties, ActivityContext], Output | Steering]
"""Does the activity and gives its output; what steers the run (a loop, a variable) asks the run for it instead."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A declaration beside its function."""

    spec: ActivitySpec
    run: Run

    @property
    def names(self) -> tuple[str, ...]:
        return (self.spec.type, *self.spec.aliases)


def activity(
    *,
    type: str,
    properties: tuple[Property, ...] = (),
    control: bool = False,
    linked_services: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    steers: bool = False,
) -> Callable[[Run], Activity]:
    """Declare an activity type; the function's docstring is its help text."""

    def declare(function: Run) -> Activity:
        text = inspect.getdoc(function) or ""
        return Activity(ActivitySpec(type, text, properties, control, linked_services, aliases, steers), function)

    return declare


class Activities(TypeCatalog[Activity]):
    """Activity types by name, in any case."""

    NOUN = "activities"


def collect_activities(package: str | ModuleType = "restudio.factory.activities") -> Activities:
    """Every activity of a package."""
    return Activities(collect(package, Activity))

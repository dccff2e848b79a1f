"""Factories, what they hold, and runs of their pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from restudio.factory.properties import Json
from restudio.factory.runs.events import ErrorInfo, RunStatus

ResourceKind = Literal["pipeline", "dataset", "linkedService", "trigger", "globalParameters"]
KINDS: tuple[ResourceKind, ...] = ("linkedService", "dataset", "pipeline", "trigger", "globalParameters")
"""In the order in which they refer to each other."""
TITLES: Mapping[ResourceKind, str] = {
    "pipeline": "Pipeline",
    "dataset": "Dataset",
    "linkedService": "Linked service",
    "trigger": "Trigger",
    "globalParameters": "Global parameters",
}
GLOBAL_PARAMETERS = "default"
"""The name under which a factory keeps its global parameters."""


@dataclass(frozen=True, slots=True)
class Factory:
    """``revision`` counts changes of what the factory holds; a run sees the factory as of one revision.

    ``body`` is what clients told beside the name: location, tags, identity, properties.
    """

    id: str
    workspace_id: str
    resource_group: str
    name: str
    body: Mapping[str, Json]
    etag: str
    created: float
    changed: float
    revision: int


@dataclass(frozen=True, slots=True)
class StoredResource:
    """A resource as it is kept, secrets sealed. ``revision`` is the one that brought it."""

    factory_id: str
    kind: ResourceKind
    name: str
    revision: int
    etag: str
    properties: Mapping[str, Json]
    changed: float
    author: str


@dataclass(frozen=True, slots=True)
class InvokedBy:
    """Who started a run. ``time`` is when a trigger really fired, in epoch seconds; ``depth`` is how many runs stand
    above this one, each started by the one before."""

    id: str = ""
    name: str = "Manual"
    type: str = "Manual"
    time: float | None = None
    pipeline: str | None = None
    run_id: str | None = None
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a run goes on from an earlier one of its group."""

    run_id: str
    start_activity: str | None = None
    from_failure: bool = False


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """``parameters`` are in clear except those declared as SecureString, which are in ``sealed``. Times in epoch
    seconds."""

    id: str
    factory_id: str
    workspace_id: str
    pipeline: str
    revision: int
    group_id: str
    status: RunStatus
    created: float
    parameters: Mapping[str, Json] = field(default_factory=dict)
    sealed: str | None = field(default=None, repr=False)
    invoked_by: InvokedBy = InvokedBy()
    recovery: Recovery | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    is_latest: bool = True
    message: str = ""
    started: float | None = None
    ended: float | None = None
    updated: float = 0.0
    cancel_requested: bool = False
    returned: Mapping[str, Json] | None = None

    @property
    def is_over(self) -> bool:
        return self.status in ("Succeeded", "Failed", "Cancelled")


@dataclass(frozen=True, slots=True)
class ActivityRun:
    """One attempt of an activity in a run. ``output`` is None when it is secured or there is none."""

    id: str
    run_id: str
    pipeline: str
    path: str
    name: str
    type: str
    status: str
    started: float
    ended: float | None = None
    input: Json = None
    output: Json = None
    error: ErrorInfo | None = None
    attempt: int = 0
    linked_service: str = ""
    user_properties: Mapping[str, Json] = field(default_factory=dict)
    progress: str = ""
    child_run_id: str | None = None

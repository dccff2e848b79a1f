"""Values of batch execution. Times are epoch seconds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from restudio.blobs.reference import BlobReference
from restudio.core.spec import PortKind
from restudio.graph.model import GraphParameter

Progress = Callable[[str], None]
IsCancelled = Callable[[], bool]


class JobState(enum.Enum):
    """States as stored; ``shown`` is what clients see."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    RUNNING = "Running"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    FINISHED = "Finished"

    @property
    def shown(self) -> str:
        """The documented status name: a job that waits for a slot has not started."""
        return JobState.NOT_STARTED.value if self is JobState.QUEUED else self.value

    @property
    def is_final(self) -> bool:
        return self in (JobState.FAILED, JobState.CANCELLED, JobState.FINISHED)


@dataclass(frozen=True, slots=True)
class OutputPort:
    """A web-service output: its name and what it returns."""

    name: str
    kind: PortKind = PortKind.TABLE


@dataclass(frozen=True, slots=True)
class Deployment:
    """What an endpoint offers to batch callers at one revision."""

    workspace_id: str
    service_id: str
    endpoint_id: str
    revision: str
    inputs: tuple[str, ...]
    outputs: tuple[OutputPort, ...]
    parameters: tuple[GraphParameter, ...] = ()


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Local files of one execution: what to read and what to write, by port name. ``folder`` is for anything else."""

    job_id: str
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    folder: Path


class Deployments(Protocol):
    """Endpoints as batch execution sees them; thread-safe. Plugged in by the composition."""

    def deployment(self, endpoint_id: str, revision: str | None = None) -> Deployment:
        """What the endpoint offers now, or at a revision; an error of kind NOT_FOUND when there is none."""
        ...

    def execute(
        self,
        deployment: Deployment,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        """Run the deployed graph over the files; blocks. Executing again gives the same files.

        Raises ``restudio.seams.engine.Cancelled`` soon after ``is_cancelled`` turns true, RestudioError for failures.
        """
        ...


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A checked request: every reference names a place and has an extension that fits its port."""

    inputs: Mapping[str, BlobReference] = field(default_factory=dict)
    outputs: Mapping[str, BlobReference] = field(default_factory=dict)
    """Destinations that the caller chose; other outputs go to the workspace's default account."""
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One batch request. ``revision`` is the one it runs on, known from its start, as are ``outputs``."""

    id: str
    workspace_id: str
    service_id: str
    endpoint_id: str
    state: JobState
    created: float
    revision: str | None = None
    started: float | None = None
    ended: float | None = None
    details: str | None = None
    progress: str = ""
    attempts: int = 0
    outputs: tuple[OutputPort, ...] = ()


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job with its results (``None`` until finished): a reference with a fresh signature for every output."""

    job: Job
    results: Mapping[str, BlobReference] | None

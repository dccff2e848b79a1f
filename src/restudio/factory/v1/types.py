"""Documents of version 1, their slices, and the runs of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from restudio.factory.properties import Json
from restudio.factory.types import ResourceKind

V1Kind = Literal["linkedService", "dataset", "pipeline"]
V1_KINDS: tuple[V1Kind, ...] = ("linkedService", "dataset", "pipeline")
"""In the order in which they refer to each other."""
Key = tuple[V1Kind, str]
"""A kind and a folded name."""
Made = tuple[ResourceKind, str]
"""Kind and name of a resource that the translation of a document published."""


@dataclass(frozen=True, slots=True)
class V1Document:
    """A document as written, secrets sealed. ``created`` is when its name was first put, in epoch seconds.

    ``active``: its slices are worked on. A pipeline that is not active is paused, or was imported and not started yet.
    """

    factory_id: str
    kind: V1Kind
    name: str
    etag: str
    properties: Mapping[str, Json] = field(repr=False)
    made: tuple[Made, ...]
    active: bool
    created: float
    changed: float
    author: str
    where: str = ""
    """The file that it comes from, while it is being published."""

    @property
    def key(self) -> Key:
        return self.kind, self.name.casefold()


SliceStatus = Literal["Waiting", "InProgress", "Ready", "Failed", "Skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One slice of a dataset. ``pipeline`` and ``activity`` produce it; both are "" for an external dataset.

    ``retries`` counts those of the round that it is in, ``long_retries`` the rounds that are over, ``attempts`` all
    that have begun; ``percent`` is how much of it is done.
    """

    dataset: str
    pipeline: str
    activity: str
    start: datetime
    end: datetime
    state: SliceStatus
    substate: str = ""
    retries: int = 0
    long_retries: int = 0
    attempts: int = 0
    percent: int = 0
    message: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRun:
    """One attempt at a slice. Times of processing in epoch seconds."""

    id: str
    dataset: str
    pipeline: str
    activity: str
    start: datetime
    end: datetime
    status: str
    attempt: int
    created: float
    begun: float | None
    ended: float | None
    percent: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityWindow:
    """An activity and one of its slices. ``begun`` and ``ended`` of its latest run in epoch seconds."""

    pipeline: str
    activity: str
    type: str
    linked_service: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    start: datetime
    end: datetime
    state: SliceStatus
    substate: str
    attempts: int
    percent: int
    begun: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class Link:
    """Slices of a dataset, and the slices of other datasets that they are made of."""

    dataset: str
    slices: Sequence[Slice]
    dependencies: Sequence[Link]

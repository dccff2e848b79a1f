"""One attempt of an activity: what its function is given, and how it is stopped."""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from restudio.factory.activity import Dataset, LinkedService, Output
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.events import Started
from restudio.factory.steering import Steering
from restudio.seams.engine import Cancelled
from restudio.seams.work import HandOver

_OPERATIONS = uuid.UUID("6f9f0bf1-0cbb-4b5e-9a3d-1b7d5f0e7c11")
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Remember:
    """Asks the loop to keep facts; ``kept`` is set when they are."""

    path: str
    facts: Mapping[str, Json]
    kept: threading.Event


@dataclass(frozen=True, slots=True)
class Report:
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The function of an attempt is over: with an output, or as it raised."""

    attempt: Attempt
    output: Output | Steering | None
    error: BaseException | None


Message = Remember | Report | Finished


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an attempt may look up: linked services and datasets, as of where it stands."""

    workspace_id: str
    linked_service: Callable[[Json], LinkedService]
    dataset: Callable[[Json], Dataset]


class Attempt:
    """See :class:`restudio.factory.activity.ActivityContext`. The loop ends it; its thread notices in :meth:`pause`."""

    def __init__(
        self,
        run_id: str,
        pipeline: str,
        started: Started,
        document: Properties,
        platform: Platform,
        surroundings: Surroundings,
        send: Callable[[Message], None],
        scratch: Path,
        remembered: Mapping[str, Json],
    ) -> None:
        self.run_id = run_id
        self.pipeline = pipeline
        self.path = started.path
        self.activity = started.path.rpartition("/")[2]
        self.activity_run_id = started.id
        self.document = document
        self.platform = platform
        self.seconds = started.seconds
        self.limit = None if started.seconds is None else started.at + started.seconds
        """When its time is over (epoch seconds)."""
        self._surroundings = surroundings
        self._send = send
        self._folder = scratch / f"activity-{started.id}"
        self._facts = dict(remembered)
        self._ending = threading.Event()
        self.why: type[Cancelled | HandOver] = Cancelled
        self.expired = False
        """It was told to end because its time is over."""
        self.ended: float | None = None
        """When it was told to end (monotonic seconds)."""

    @property
    def workspace_id(self) -> str:
        return self._surroundings.workspace_id

    @property
    def operation_id(self) -> str:
        return str(uuid.uuid5(_OPERATIONS, f"{self.run_id}/{self.path}"))

    @property
    def scratch(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder

    def linked_service(self, reference: Json = None) -> LinkedService:
        if reference is None:
            reference = self.document.get("linkedServiceName")
        return self._surroundings.linked_service(reference)

    def dataset(self, reference: Json) -> Dataset:
        return self._surroundings.dataset(reference)

    def now(self) -> datetime:
        return self.platform.clock.now()

    def pause(self, seconds: float) -> None:
        if self._ending.wait(max(seconds, 0.0)):
            raise self.why

    def is_cancelled(self) -> bool:
        if self._ending.is_set() and self.why is HandOver:
            raise HandOver  # who hears "cancelled" takes along what it began; here it is to go on
        return self._ending.is_set()

    def remember(self, **facts: Json) -> None:
        self._facts |= facts
        message = Remember(self.path, dict(self._facts), threading.Event())
        self._send(message)
        while not message.kept.wait(_LOOK_S):
            if self._ending.is_set():
                raise self.why

    def recall(self, fact: str) -> Json:
        return self._facts.get(fact)

    def report(self, progress: str) -> None:
        self._send(Report(self.path, progress[:1000]))

    def end(self, why: type[Cancelled | HandOver], now: float, *, expired: bool = False) -> None:
        """Ask the attempt to end. The first reason stays."""
        if not self._ending.is_set():
            self.why, self.expired, self.ended = why, expired, now
            self._ending.set()

    def clean(self) -> None:
        """Remove its folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def facts_text(facts: Mapping[str, Json]) -> str:
    """Facts as they are sealed."""
    return json.dumps(dict(facts))


if TYPE_CHECKING:
    from restudio.factory.activity import ActivityContext

    def _fits(attempt: Attempt) -> ActivityContext:
        return attempt

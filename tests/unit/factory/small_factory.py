"""Running one activity without the loop: documents in a dictionary, real storage and network behind them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from restudio.factory.activity import Activities, Dataset, LinkedService, Output, collect_activities
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.secret import open_secrets
from restudio.seams.engine import Cancelled

ACTIVITIES: Activities = collect_activities()
Document = Mapping[str, Json]


def reference(name: str, kind: str = "LinkedServiceReference") -> dict[str, Json]:
    return {"referenceName": name, "type": kind}


@dataclass
class SmallContext:
    """One attempt of an activity. ``facts`` outlive it when handed to the next attempt, as after a crash."""

    platform: Platform
    document: Properties
    scratch: Path
    linked_services: Mapping[str, Document]
    datasets: Mapping[str, Document]
    facts: dict[str, Json] = field(default_factory=dict)
    workspace_id: str = "0" * 32
    run_id: str = "run"
    pipeline: str = "pipeline"
    activity: str = "activity"
    activity_run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    operation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    cancelled: threading.Event = field(default_factory=threading.Event)
    reports: list[str] = field(default_factory=list)
    longest_pause: float = 0.05

    def linked_service(self, reference: Json = None) -> LinkedService:
        asked = Properties(reference if reference is not None else self.document["linkedServiceName"])
        name = str(asked["referenceName"])
        found = Properties(self.linked_services[name])
        properties = open_secrets(dict(found.object("typeProperties")), lambda wanted: f"vault:{wanted['secretName']}")
        return LinkedService(name, str(found["type"]), Properties(properties))

    def dataset(self, reference: Json) -> Dataset:
        name = str(Properties(reference)["referenceName"])
        found = Properties(self.datasets[name])
        schema = found.list("schema") or found.list("structure")
        return Dataset(
            name,
            str(found["type"]),
            found.object("typeProperties"),
            tuple(schema),
            self.linked_service(found["linkedServiceName"]),
        )

    def now(self) -> datetime:
        return self.platform.clock.now()

    def pause(self, seconds: float) -> None:
        if self.cancelled.wait(min(seconds, self.longest_pause)):
            raise Cancelled

    def is_cancelled(self) -> bool:
        return self.cancelled.is_set()

    def remember(self, **facts: Json) -> None:
        self.facts.update(facts)

    def recall(self, fact: str) -> Json:
        return self.facts.get(fact)

    def report(self, progress: str) -> None:
        self.reports.append(progress)


@dataclass
class SmallFactory:
    """Documents and the platform; ``run`` executes one activity as the loop would, expressions aside."""

    platform: Platform
    folder: Path
    linked_services: dict[str, Document] = field(default_factory=dict)
    datasets: dict[str, Document] = field(default_factory=dict)

    def add_linked_service(self, name: str, type: str, **properties: Json) -> None:
        self.linked_services[name] = {"type": type, "typeProperties": properties}

    def add_dataset(self, name: str, type: str, linked_service: str, **properties: Json) -> None:
        self.datasets[name] = {
            "type": type,
            "linkedServiceName": reference(linked_service),
            "typeProperties": properties,
        }

    def context(self, document: Document) -> SmallContext:
        scratch = self.folder / uuid.uuid4().hex
        scratch.mkdir(parents=True)
        return SmallContext(self.platform, Properties(document), scratch, self.linked_services, self.datasets)

    def run(self, document: Document, context: SmallContext | None = None) -> Output:
        asked = Properties(document)
        found, given = ACTIVITIES[asked["type"]], asked.object("typeProperties")
        defaults = {each.name: each.default for each in found.spec.properties if each.default is not None}
        missing = {name: value for name, value in defaults.items() if name not in given}
        output = found.run(Properties({**dict(given), **missing}), context or self.context(document))
        assert isinstance(output, Mapping), "what steers a run needs one"
        return output


if TYPE_CHECKING:
    from restudio.factory.activity import ActivityContext

    def _fits(context: SmallContext) -> ActivityContext:
        return context

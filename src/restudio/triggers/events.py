"""What happened, and which of it a trigger answers to (Data Factory reference, sections 8.4 and 8.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from restudio.blobs.types import BlobChange, BlobEvent
from restudio.core.ids import digest_json


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobEvents:
    """Changes of blobs of one account, by plain beginning and end of ``/<container>/blobs/<name>``."""

    account: str
    events: frozenset[BlobEvent]
    begins_with: str = ""
    ends_with: str = ""
    ignore_empty: bool = True

    def match(self, change: BlobChange) -> Mapping[str, Any] | None:
        """The body of the event for expressions; None when the trigger does not answer to it."""
        path = f"/{change.path.container}/blobs/{change.path.name}"
        empty = change.event == "BlobCreated" and change.size == 0
        if (
            change.path.account != self.account
            or change.event not in self.events
            or (empty and self.ignore_empty)
            or not path.startswith(self.begins_with)
            or not path.endswith(self.ends_with)
        ):
            return None
        folder, _, file = change.path.name.rpartition("/")
        return {"folderPath": f"{change.path.container}/{folder}".rstrip("/"), "fileName": file}


@dataclass(frozen=True, slots=True)
class CustomEvent:
    """An event as a program published it to a topic. ``id`` is unique within ``source``, which may be empty."""

    topic: str
    source: str
    id: str
    type: str
    subject: str
    document: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The same for the same event, published again."""
        return f"event/{digest_json([self.source, self.id])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvents:
    """Events of a topic: any of the types, in any case, and plain beginning and end of the subject."""

    topic: str
    types: frozenset[str]
    subject_begins_with: str = ""
    subject_ends_with: str = ""

    def match(self, event: CustomEvent) -> Mapping[str, Any] | None:
        """The body of the event for expressions; None when the trigger does not answer to it."""
        if (
            event.topic.casefold() != self.topic.casefold()
            or event.type.casefold() not in self.types
            or not event.subject.startswith(self.subject_begins_with)
            or not event.subject.endswith(self.subject_ends_with)
        ):
            return None
        return {"event": dict(event.document)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """Looks into a folder now and then; each new or changed file directly in it is one event."""

    every: timedelta
    folder: str
    max_concurrency: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaining:
    """When all these pipelines have succeeded with the same value of a run dimension."""

    pipelines: tuple[str, ...]
    dimension: str

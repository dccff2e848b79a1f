"""Values of the Blob service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote


@dataclass(frozen=True, slots=True, order=True)
class BlobPath:
    """Where a blob is. ``name`` may contain slashes."""

    account: str
    container: str
    name: str

    @property
    def relative(self) -> str:
        """``container/name``, the ``RelativeLocation`` of a blob reference, escaped for a URL."""
        return f"{self.container}/{quote(self.name)}"


@dataclass(frozen=True, slots=True)
class BlobHeaders:
    """System properties that a writer sets and a reader gets back."""

    content_type: str = "application/octet-stream"
    content_encoding: str = ""
    content_language: str = ""
    content_disposition: str = ""
    cache_control: str = ""
    content_md5: str = ""
    """Base64 of the MD5 of the whole content, empty when unknown."""


PLAIN_HEADERS = BlobHeaders()


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of bytes of a blob: one stored object. ``block`` is the id it was uploaded under ("" for a single put)."""

    object_key: str
    size: int
    block: str = ""


@dataclass(frozen=True, slots=True)
class Blob:
    """A committed block blob as it is at one moment. Times are epoch seconds."""

    path: BlobPath
    size: int
    etag: str
    created: float
    modified: float
    headers: BlobHeaders = PLAIN_HEADERS
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.modified, UTC)


BlobEvent = Literal["BlobCreated", "BlobDeleted"]


@dataclass(frozen=True, slots=True)
class BlobChange:
    """That a blob was written or deleted. ``id`` is unique per change; ``size`` is that of the blob."""

    id: str
    path: BlobPath
    event: BlobEvent
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    etag: str
    modified: float
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """HTTP preconditions of one request; times in epoch seconds."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: float | None = None
    if_unmodified_since: float | None = None


UNCONDITIONAL = Conditions()


@dataclass(frozen=True, slots=True)
class BlobPage:
    """One page of a listing: blobs and common prefixes together in name order, and where to go on."""

    blobs: tuple[Blob, ...]
    prefixes: tuple[str, ...] = ()
    next_marker: str = ""


@dataclass(frozen=True, slots=True)
class ContainerPage:
    containers: tuple[Container, ...]
    next_marker: str = ""


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """One line of a Put Block List body: ``kind`` is Committed, Uncommitted or Latest."""

    kind: str
    block: str


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """Sizes in bytes."""

    max_blob: int = 5 << 30
    max_blocks: int = 50_000
    max_uncommitted: int = 100_000


DEFAULT_LIMITS = BlobLimits()

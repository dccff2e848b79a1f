"""Objects: bytes by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """``size`` in bytes; ``modified`` is a POSIX time stamp in seconds."""

    key: str
    size: int
    modified: float


class Objects(Protocol):
    """A store of immutable-looking blobs. Keys are ``/``-separated, 1 to 900 characters, no ``..`` or empty segments.

    Thread-safe. A ``put`` is atomic and durable when it returns: readers see the old bytes or the new, never a mix,
    also after a crash; it replaces what was there. A missing key raises ``KeyError`` from ``get`` and ``info``;
    ``delete`` of a missing key does nothing. ``iter_keys`` yields in ascending order and may miss concurrent changes.
    """

    def put(self, key: str, data: bytes | Iterable[bytes] | Path, *, move: bool = False) -> ObjectInfo:
        """Store bytes, a stream of chunks, or the content of a local file, which is left in place. With ``move`` the
        file is the store's from now on: it may be gone afterwards, and nobody may write to it any more."""
        ...

    def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """The bytes from ``start``; fewer than ``length`` when the object ends before."""
        ...

    def stream(self, key: str, chunk: int = 4 << 20) -> Iterator[bytes]:
        """The whole object in chunks; ``KeyError`` at the first one when it is missing."""
        ...

    def info(self, key: str) -> ObjectInfo: ...

    def delete(self, key: str) -> None: ...

    def iter_keys(self, prefix: str = "") -> Iterator[ObjectInfo]: ...

    def local(self, key: str) -> Path | None:
        """A local file holding exactly this object, to map or read in place, where the store has one; else None.

        The caller must not write to it.
        """
        ...

"""FileStore: folders and files by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from restudio.blobs.outgoing import IsCancelled
from restudio.factory.errors import ActivityFailed

FILES_FAILED = "2200"


@dataclass(frozen=True, slots=True)
class FileInfo:
    """``path`` as the store knows it; ``md5`` in Base64, empty when unknown."""

    path: str
    size: int
    modified: datetime | None = None
    created: datetime | None = None
    md5: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class FolderInfo:
    path: str
    modified: datetime | None = None
    created: datetime | None = None


class FileStore(Protocol):
    """Thread-safe. Paths are ``/``-separated without a leading slash; "" is the root.

    A failure of storage is ``ActivityFailed`` with storage's answer; what is not there is None or nothing, except from
    ``read``.
    """

    def find_file(self, path: str) -> FileInfo | None: ...

    def find_folder(self, path: str) -> FolderInfo | None: ...

    def iter_files(self, folder: str, *, recursive: bool, prefix: str = "") -> Iterator[FileInfo]:
        """Files below a folder in name order, those whose path inside it begins with ``prefix``."""
        ...

    def iter_folders(self, folder: str) -> Iterator[str]:
        """Names of the folders directly in a folder."""
        ...

    def read(self, path: str, is_cancelled: IsCancelled) -> Iterator[bytes]:
        """The file in pieces."""
        ...

    def write(self, path: str, source: Path, is_cancelled: IsCancelled, metadata: Mapping[str, str]) -> None:
        """Put a local file there in one step, in the place of what is there."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens when there is none."""
        ...

    def delete_folder(self, path: str) -> None:
        """Remove an empty folder where folders are things of their own."""
        ...


def join(*parts: str) -> str:
    """Path of its parts, the empty ones left out.

    >>> join("lake", "/2024/", "", "a.csv")
    'lake/2024/a.csv'
    """
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


def not_found(path: str) -> ActivityFailed:
    return ActivityFailed(FILES_FAILED, f"ErrorCode=UserErrorFileNotFound: The file or folder '{path}' does not exist.")

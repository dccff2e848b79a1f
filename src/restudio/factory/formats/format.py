"""Format: how a file becomes records and records a file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FILES_FAILED
from restudio.factory.properties import Properties
from restudio.factory.rows.record import Column, Record, Records


class RecordWriter(Protocol):
    def write(self, records: Sequence[Record]) -> None: ...


class Format(Protocol):
    """Thread-safe. ``settings`` are the ``formatSettings`` of a source or a sink."""

    @property
    def extension(self) -> str:
        """Of files that get a name here, with its dot."""
        ...

    @property
    def is_documents(self) -> bool:
        """Whether records are JSON objects, whose form may differ from one to the next."""
        ...

    def read(self, stream: BinaryIO, path: str, scratch: Path, settings: Properties) -> Records:
        """The records, read while they are taken. ``path`` is for messages."""
        ...

    def open_writer(
        self, file: IO[bytes], columns: Sequence[Column], settings: Properties
    ) -> AbstractContextManager[RecordWriter]:
        """A writer that has completed the file when the context ends."""
        ...


def unreadable(path: str, because: str) -> ActivityFailed:
    return ActivityFailed(FILES_FAILED, f"ErrorCode=UserErrorInvalidFile: '{path}' cannot be read: {because}")

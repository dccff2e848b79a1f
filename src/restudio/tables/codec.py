"""Codec: what the product knows of one file format. Each format declares its codecs in its own file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.schema import Schema
from restudio.tables.table import Table

ROWS_PER_CHUNK = 65_536
"""Rows of one chunk unless the caller says otherwise: large enough to hide per-chunk cost, small in memory."""
MAX_COLUMNS = 20_000
"""A wider file is refused (error 0129) before its cells are read."""


class ChunkWriter(Protocol):
    """Appends rows; all chunks have the columns of the schema that the writer was opened with."""

    def write(self, chunk: pa.Table) -> None: ...


class ChunkReader(Protocol):
    """Streams a file as Arrow tables in the columns of ``schema``, of at most ``rows_per_chunk`` rows.

    Columns are matched by name (by position where the file has no names); ``ignored`` names columns that may be there
    and are left out. A column that is missing, unknown or of another type is error 0049 with file, row and column.
    ``name`` is what errors call the file.
    """

    def __call__(
        self,
        path: Path,
        schema: Schema,
        rows_per_chunk: int = ROWS_PER_CHUNK,
        *,
        ignored: Collection[str] = (),
        name: str | None = None,
    ) -> Iterator[pa.Table]: ...


class Reader(Protocol):
    """Reads a whole file. Without a schema the types are inferred; with one they are demanded, as in ChunkReader."""

    def __call__(
        self, path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None
    ) -> Table: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """One file format.

    ``id`` is its classic DataTypeId, ``extensions`` are lower case with the dot. ``open_writer`` is None for formats
    that are only read; the file is complete when the context is left without an error.
    """

    id: str
    name: str
    extensions: tuple[str, ...]
    media_type: str
    read: Reader
    iter_chunks: ChunkReader
    open_writer: Callable[[Path, Schema], AbstractContextManager[ChunkWriter]] | None = None
    aliases: tuple[str, ...] = ()
    """Other DataTypeIds of the same format."""

    def write(self, table: Table, path: Path) -> None:
        """Write a whole table; error 0039 for a format that is only read."""
        if self.open_writer is None:
            raise ModuleError("0039", f"The format '{self.id}' can be read but not written.")
        with self.open_writer(path, table.schema) as writer:
            writer.write(table.data)


_MAX_REASON = 500


def unreadable(name: str, why: str, *, row: int | None = None, column: str | None = None) -> ModuleError:
    """Error 0049: which file, where in it, and why it cannot be parsed."""
    place = f"File '{name}'"
    if row is not None:
        place += f", row {row}"
    if column is not None:
        place += f", column '{column}'"
    # Some parsers quote the whole line in their reason.
    shown = why if len(why) <= _MAX_REASON else why[:_MAX_REASON] + "…"
    return ModuleError("0049", f"{place}: {shown}", row=row, column=column)


def ensure_width(name: str, width: int) -> None:
    """Error 0129 for a file of too many columns."""
    if width > MAX_COLUMNS:
        raise ModuleError("0129", f"File '{name}' has {width} columns; at most {MAX_COLUMNS} are supported.")


def iter_slices(data: pa.Table, rows_per_chunk: int) -> Iterator[pa.Table]:
    """A table in pieces of at most that many rows; an empty table gives no piece."""
    for offset in range(0, data.num_rows, rows_per_chunk):
        yield data.slice(offset, rows_per_chunk)

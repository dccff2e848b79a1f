"""Arrow IPC files with the schema inside: how tables pass between modules.

Files are not compressed, so that :func:`read_table` maps them into memory and costs nothing but address space.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from restudio.core.schema import Schema, from_json, to_json
from restudio.tables.codec import ROWS_PER_CHUNK, ChunkWriter, Codec, iter_slices, unreadable
from restudio.tables.expected import Fit
from restudio.tables.table import ARROW_TYPES, Table
from restudio.tables.view import VIEW_KEY, find_view

METADATA_KEY = b"restudio.schema"
"""Where the Studio schema stands in the metadata of an Arrow schema (also in Parquet files)."""


def arrow_schema(schema: Schema) -> pa.Schema:
    """The Arrow schema of a table, with the Studio schema in its metadata."""
    fields = [pa.field(c.name, ARROW_TYPES[c.dtype]) for c in schema]
    return pa.schema(fields, metadata={METADATA_KEY: json.dumps(to_json(schema)).encode()})


def studio_schema(schema: pa.Schema) -> Schema | None:
    """The Studio schema in Arrow metadata; None when there is none or it does not fit the columns."""
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return None
    try:
        found = from_json(json.loads(text))
    except ValueError:
        return None
    fits = found.names == tuple(schema.names) and all(
        ARROW_TYPES[c.dtype] == f.type for c, f in zip(found, schema, strict=True)
    )
    return found if fits else None


def to_table(data: pa.Table, name: str) -> Table:
    """Arrow data under its own Studio schema, or a plain one. Error 0049 for an element type that tables lack."""
    schema = studio_schema(data.schema)
    try:
        return Table.from_arrow(data.replace_schema_metadata(None), schema)
    except (TypeError, pa.ArrowException) as cause:
        raise unreadable(name, f"{cause}.") from cause


def write_table(table: Table, path: Path) -> None:
    """Write a table, with what it shows beside it; the file is complete when this returns."""
    described = arrow_schema(table.schema)
    view = (table.data.schema.metadata or {}).get(VIEW_KEY)
    if view is not None:
        described = described.with_metadata({**described.metadata, VIEW_KEY: view})
    with pa.ipc.new_file(str(path), described) as file:
        file.write_table(table.data.replace_schema_metadata(described.metadata))


def read_table(path: Path, *, name: str | None = None) -> Table:
    """A table whose cells stay in the mapped file; the file must outlive it and not change. Error 0049."""
    with _opened(path, name or path.name) as reader:
        return to_table(reader.read_all(), name or path.name)


def read_view(path: Path, *, name: str | None = None) -> object:
    """What the table in a file shows beside its cells (``restudio.tables.view``), or None."""
    with _opened(path, name or path.name) as reader:
        return find_view(reader.schema)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[pa.ipc.RecordBatchFileReader]:
    try:
        with pa.memory_map(str(path)) as source:
            yield pa.ipc.open_file(source)
    except pa.ArrowInvalid as cause:
        raise unreadable(name, "it is not an Arrow IPC file, or it is cut short.") from cause


class _Writer:
    def __init__(self, file: pa.ipc.RecordBatchFileWriter, schema: pa.Schema) -> None:
        self._file = file
        self._schema = schema

    def write(self, chunk: pa.Table) -> None:
        self._file.write_table(chunk.replace_schema_metadata(self._schema.metadata))


@contextmanager
def _open_writer(path: Path, schema: Schema) -> Iterator[ChunkWriter]:
    described = arrow_schema(schema)
    with pa.ipc.new_file(str(path), described) as file:
        yield _Writer(file, described)


def _read(path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None) -> Table:
    table = read_table(path, name=name)
    if schema is None:
        return table
    fit = Fit.by_name(table.names, schema, ignored, name or path.name)
    return Table(schema, fit.convert(table.data, 1))


def _iter_chunks(
    path: Path,
    schema: Schema,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    *,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Iterator[pa.Table]:
    # Mapped memory: slicing the whole is streaming.
    yield from iter_slices(_read(path, schema=schema, ignored=ignored, name=name).data, rows_per_chunk)


DATASET = Codec(
    "Dataset",
    "Dataset",
    (".dataset", ".arrow"),
    "application/vnd.apache.arrow.file",
    _read,
    _iter_chunks,
    _open_writer,
    aliases=("DataTableDotNet",),
)

"""Parquet files; the Studio schema travels in their metadata."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from restudio.core.schema import Schema
from restudio.tables.codec import ROWS_PER_CHUNK, ChunkWriter, Codec, ensure_width, unreadable
from restudio.tables.expected import Fit
from restudio.tables.ipc import arrow_schema, to_table
from restudio.tables.table import Table


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Any]:
    from pyarrow import parquet

    try:
        # Mapped files of a hostile size must not be trusted for allocation; Arrow checks lengths against the file.
        with parquet.ParquetFile(path) as file:
            ensure_width(name, len(file.schema_arrow.names))
            yield file
    except (pa.ArrowException, OSError) as cause:
        raise unreadable(name, f"it is not a readable Parquet file: {str(cause).splitlines()[0]}") from cause


def _read(path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None) -> Table:
    file_name = name or path.name
    with _opened(path, file_name) as file:
        table = to_table(file.read(), file_name)
    if schema is None:
        return table
    return Table(schema, Fit.by_name(table.names, schema, ignored, file_name).convert(table.data, 1))


def _iter_chunks(
    path: Path,
    schema: Schema,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    *,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Iterator[pa.Table]:
    file_name = name or path.name
    with _opened(path, file_name) as file:
        fit = Fit.by_name(file.schema_arrow.names, schema, ignored, file_name)
        first_row = 1
        for batch in file.iter_batches(batch_size=rows_per_chunk):
            yield fit.convert(to_table(pa.Table.from_batches([batch]), file_name).data, first_row)
            first_row += batch.num_rows


class _Writer:
    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._file = file
        self._schema = schema

    def write(self, chunk: pa.Table) -> None:
        self._file.write_table(chunk.replace_schema_metadata(self._schema.metadata))


@contextmanager
def _open_writer(path: Path, schema: Schema) -> Iterator[ChunkWriter]:
    from pyarrow import parquet

    described = arrow_schema(schema)
    with parquet.ParquetWriter(path, described, compression="zstd") as file:
        yield _Writer(file, described)


PARQUET = Codec(
    "Parquet", "Parquet", (".parquet",), "application/vnd.apache.parquet", _read, _iter_chunks, _open_writer
)

"""Plain text: one column of lines."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from restudio.core.schema import Column, DType, Schema
from restudio.tables import parsing
from restudio.tables.codec import ROWS_PER_CHUNK, ChunkWriter, Codec, iter_slices, unreadable
from restudio.tables.expected import Fit
from restudio.tables.table import Table

_SCHEMA = Schema.of([Column("Col1", DType.STRING)])


def _read(path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None) -> Table:
    """Every line is a row; an empty line is a missing cell."""
    file_name = name or path.name
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as cause:
        raise unreadable(file_name, "the text is not UTF-8.") from cause
    data = pa.table({"Col1": pa.array([line or None for line in lines], pa.large_string())})
    if schema is None:
        return Table(_SCHEMA, data)
    return Table(schema, Fit.by_position(1, schema, ignored, file_name).convert(data, 1))


def _iter_chunks(
    path: Path,
    schema: Schema,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    *,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Iterator[pa.Table]:
    yield from iter_slices(_read(path, schema=schema, ignored=ignored, name=name).data, rows_per_chunk)


class _Writer:
    """Columns are joined by blanks; line breaks inside cells become blanks too."""

    def __init__(self, target: object, schema: Schema) -> None:
        self._target = target
        self._schema = schema

    def write(self, chunk: pa.Table) -> None:
        import pyarrow.compute as pc

        texts = [
            parsing.to_text(values, column.dtype).fill_null("")
            for column, values in zip(self._schema, chunk.columns, strict=True)
        ]
        lines = pc.binary_join_element_wise(*texts, pa.scalar(" ", pa.large_string()))
        flat = pc.replace_substring_regex(lines, r"[\r\n]+", " ")
        for line in flat.to_pylist():
            print(line, file=self._target)  # type: ignore[call-overload]  # a text file by construction


@contextmanager
def _open_writer(path: Path, schema: Schema) -> Iterator[ChunkWriter]:
    with path.open("w", encoding="utf-8", newline="\n") as target:
        yield _Writer(target, schema)


PLAIN_TEXT = Codec("PlainText", "Plain text", (".txt",), "text/plain", _read, _iter_chunks, _open_writer)

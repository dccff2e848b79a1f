"""Comma- and tab-separated text, with and without a header row (modules reference, 2.4 and 2.5).

Cells are read as text by Arrow and then typed a column at a time, so that one odd cell late in a file widens its
column instead of failing the read. Quoting is RFC 4180; an empty field is missing, quoted or not; a byte-order mark and
the last line end add nothing. Blank lines add nothing either, except below the header of a single column, where each is
a row with a missing cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.tables import parsing
from restudio.tables.codec import ROWS_PER_CHUNK, ChunkWriter, Codec, ensure_width, iter_slices, unreadable
from restudio.tables.expected import Fit
from restudio.tables.naming import unique_names
from restudio.tables.table import ARROW_TYPES, Table

_BLOCK = 4 << 20
"""Bytes parsed at once; no row may be longer."""
_STREAM_BLOCK = 1 << 20
"""Smaller when streaming: it is what a chunk costs in memory, and was fastest in the benchmark."""
_RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the four forms."""

    separator: str
    header: bool

    def read(
        self, path: Path, *, schema: Schema | None = None, ignored: Collection[str] = (), name: str | None = None
    ) -> Table:
        """The whole file; types are inferred unless a schema is demanded."""
        layout = self._layout(path, name or path.name, schema)
        texts = _empty(layout) if layout.empty else _parse(path, layout, threads=True)
        if schema is not None:
            return Table(schema, self._fit(layout, schema, ignored).convert(texts, 1))
        typed = [parsing.infer_column(column) for column in texts.columns]
        inferred = Schema.of(Column(n, t) for n, (t, _) in zip(layout.names, typed, strict=True))
        return Table(inferred, pa.Table.from_arrays([values for _, values in typed], names=list(layout.names)))

    def iter_chunks(
        self,
        path: Path,
        schema: Schema,
        rows_per_chunk: int = ROWS_PER_CHUNK,
        *,
        ignored: Collection[str] = (),
        name: str | None = None,
    ) -> Iterator[pa.Table]:
        """The file in the columns of ``schema``, a block at a time."""
        layout = self._layout(path, name or path.name, schema)
        fit = self._fit(layout, schema, ignored)
        if layout.empty:
            return
        for first_row, batch in _stream(path, layout, fit):
            yield from iter_slices(fit.convert(batch, first_row), rows_per_chunk)

    @contextmanager
    def open_writer(self, path: Path, schema: Schema) -> Iterator[ChunkWriter]:
        with path.open("wb") as target:
            writer = _Writer(target, self.separator, schema)
            if self.header:
                writer.write_header()
            yield writer

    def _fit(self, layout: _Layout, schema: Schema, ignored: Collection[str]) -> Fit:
        if self.header:
            return Fit.by_name(layout.names, schema, ignored, layout.file)
        return Fit.by_position(len(layout.names), schema, ignored, layout.file)

    def _layout(self, path: Path, file: str, schema: Schema | None) -> _Layout:
        first, blank = _first_record(path, self.separator, file)
        if not first and (self.header or schema is None):
            raise unreadable(file, "it is empty; expected a row of column names or values.")
        bare = not self.header and len(first or (schema.names if schema else ())) == 1
        empty = not first and not (bare and blank)
        blank = 0 if bare else blank  # they are rows
        first = first or list(schema.names if schema else ())
        ensure_width(file, len(first))
        plain = [f"Col{i}" for i in range(1, len(first) + 1)]
        names = unique_names(n if n.strip() else p for n, p in zip(first, plain, strict=True)) if self.header else plain
        return _Layout(file, tuple(names), self.separator, blank, int(self.header), empty)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the first record tells: names, blank lines before it, and how many records to skip.

    An ``empty`` file without names is a table without rows to a reader who knows the columns.
    """

    file: str
    names: tuple[str, ...]
    separator: str
    blank: int
    header_rows: int
    empty: bool


def _first_record(path: Path, separator: str, file: str) -> tuple[list[str], int]:
    """The first record (empty when there is none), and the number of blank lines above it."""
    blank = -1
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.reader(source, delimiter=separator, strict=True)
            for blank, record in enumerate(reader):
                if record:
                    return record, blank
    except UnicodeDecodeError as cause:
        raise _not_utf8(file) from cause
    except csv.Error as cause:
        raise unreadable(file, f"the first row cannot be read: {cause}.", row=1) from cause
    return [], blank + 1


def _empty(layout: _Layout) -> pa.Table:
    return pa.table({name: pa.array([], pa.large_string()) for name in layout.names})


def _parse(path: Path, layout: _Layout, *, threads: bool) -> pa.Table:
    from pyarrow import csv as arrow_csv

    read, parse, convert = _options(layout, _BLOCK, threads)
    try:
        return arrow_csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as cause:
        if threads:
            # Only a serial reader knows row numbers.
            return _parse(path, layout, threads=False)
        raise _explain(layout, cause) from cause


def _stream(path: Path, layout: _Layout, fit: Fit) -> Iterator[tuple[int, pa.Table]]:
    """Blocks with the number of their first row. Arrow itself reads the numbers, until it meets an odd one; then all
    comes as text from that block on, for the slower reading that knows more forms and better errors."""
    columns = zip(fit.schema, fit.positions, strict=True)
    numbers = {layout.names[at]: ARROW_TYPES[c.dtype] for c, at in columns if c.dtype.is_number}
    done = 0
    try:
        for batch in _read_blocks(path, layout, numbers, threads=True):
            yield done + 1, batch
            done += batch.num_rows
    except pa.ArrowInvalid:
        yield from _stream_text(path, layout, done)


def _stream_text(path: Path, layout: _Layout, done: int) -> Iterator[tuple[int, pa.Table]]:
    """As :func:`_stream`, after the first ``done`` rows, without typed columns."""
    first_row = 1
    try:
        for batch in _read_blocks(path, layout, {}, threads=True):
            new = batch.slice(max(0, done + 1 - first_row))
            if new.num_rows:
                yield first_row + batch.num_rows - new.num_rows, new
            first_row += batch.num_rows
    except pa.ArrowInvalid:
        _raise_at_row(path, layout)
        raise


def _raise_at_row(path: Path, layout: _Layout) -> None:
    """Read again, serially, for the row number of the mistake."""
    try:
        for _ in _read_blocks(path, layout, {}, threads=False):
            continue
    except pa.ArrowInvalid as cause:
        raise _explain(layout, cause) from cause


def _read_blocks(
    path: Path, layout: _Layout, numbers: Mapping[str, pa.DataType], *, threads: bool
) -> Iterator[pa.Table]:
    from pyarrow import csv as arrow_csv

    read, parse, convert = _options(layout, _STREAM_BLOCK, threads, numbers)
    with arrow_csv.open_csv(path, read_options=read, parse_options=parse, convert_options=convert) as reader:
        while (batch := _next(reader)) is not None:
            yield pa.Table.from_batches([batch])


def _next(reader: pa.ipc.RecordBatchReader) -> pa.RecordBatch | None:
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None


def _options(
    layout: _Layout, block: int, threads: bool, numbers: Mapping[str, pa.DataType] = MappingProxyType({})
) -> tuple[object, object, object]:
    from pyarrow import csv as arrow_csv

    text = pa.large_string()
    read = arrow_csv.ReadOptions(
        use_threads=threads,
        block_size=block,
        column_names=list(layout.names),
        skip_rows=layout.blank,
        skip_rows_after_names=layout.header_rows,
    )
    parse = arrow_csv.ParseOptions(
        delimiter=layout.separator, newlines_in_values=True, ignore_empty_lines=len(layout.names) != 1
    )
    convert = arrow_csv.ConvertOptions(
        column_types={name: numbers.get(name, text) for name in layout.names},
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    return read, parse, convert


def _explain(layout: _Layout, cause: pa.ArrowInvalid) -> ModuleError:
    """Arrow's complaint as error 0049 with the data row, where Arrow knows it."""
    text = str(cause)
    ragged = _RAGGED.search(text)
    if ragged:
        row = int(ragged[1]) - layout.header_rows - layout.blank
        return unreadable(layout.file, f"expected {ragged[2]} fields, got {ragged[3]}.", row=row)
    if "UTF8" in text:
        return _not_utf8(layout.file)
    if "straddl" in text or "block" in text:
        return unreadable(layout.file, f"a row is longer than {_STREAM_BLOCK} bytes, or a quote is never closed.")
    return unreadable(layout.file, text.splitlines()[0])


def _not_utf8(file: str) -> ModuleError:
    return unreadable(file, "the text is not UTF-8; save it as UTF-8, or import it as 'CSV with encodings'.")


class _Writer:
    """Appends chunks as text, quoted where needed."""

    def __init__(self, target: BinaryIO, separator: str, schema: Schema) -> None:
        self._target = target
        self._separator = separator
        self._schema = schema

    def write_header(self) -> None:
        import polars as pl

        self._append(pl.DataFrame(schema=dict.fromkeys(self._schema.names, pl.String)), header=True)

    def write(self, chunk: pa.Table) -> None:
        import polars as pl

        if chunk.num_rows == 0 or not chunk.column_names:
            return
        columns = [
            pl.Series(column.name, _writable(values, column.dtype, alone=len(self._schema) == 1))
            for column, values in zip(self._schema, chunk.columns, strict=True)
        ]
        self._append(pl.DataFrame(columns), header=False)

    def _append(self, frame, *, header: bool) -> None:  # type: ignore[no-untyped-def]  # a frame of an optional library
        frame.write_csv(self._target, include_header=header, separator=self._separator, batch_size=16_384)


def _writable(values: pa.ChunkedArray, dtype: DType, *, alone: bool) -> pa.ChunkedArray | pa.Array:
    """The text of the cells. Polars itself writes integers the same way, and faster.

    A missing cell of the only column is a quoted empty field, since a blank line would be no row at all.
    """
    texts = values if dtype is DType.INTEGER and not alone else parsing.to_text(values, dtype)
    return texts.fill_null("") if alone else texts


def separated(codec: Codec, separator: str) -> Codec:
    """The codec of a text format with another character between cells."""
    dialect = Dialect(separator, header=codec.id not in (CSV_NO_HEADER.id, TSV_NO_HEADER.id))
    return _codec(codec.id, codec.name, codec.extensions[0], codec.media_type, dialect)


def _codec(id: str, name: str, extension: str, media_type: str, dialect: Dialect) -> Codec:
    return Codec(id, name, (extension,), media_type, dialect.read, dialect.iter_chunks, _context(dialect))


def _context(dialect: Dialect) -> Callable[[Path, Schema], AbstractContextManager[ChunkWriter]]:
    def open_writer(path: Path, schema: Schema) -> AbstractContextManager[ChunkWriter]:
        return dialect.open_writer(path, schema)

    return open_writer


CSV = _codec("GenericCSV", "CSV with header", ".csv", "text/csv", Dialect(",", header=True))
CSV_NO_HEADER = _codec("GenericCSVNoHeader", "CSV without header", ".nh.csv", "text/csv", Dialect(",", header=False))
TSV = _codec("GenericTSV", "TSV with header", ".tsv", "text/tab-separated-values", Dialect("\t", header=True))
TSV_NO_HEADER = _codec(
    "GenericTSVNoHeader", "TSV without header", ".nh.tsv", "text/tab-separated-values", Dialect("\t", header=False)
)

read_csv = CSV.read
iter_chunks = CSV.iter_chunks

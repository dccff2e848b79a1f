"""Excel workbooks: the first sheet is read, nothing is written (modules reference, 2.4).

Cells have types of their own: a column of whole numbers, numbers, Booleans, dates or times is one of that type, any
other holds texts. Empty cells and errors such as ``#DIV/0!`` are missing; of a formula the value counts that was saved
with it. Rows are read one after the other, and of the file's own word of its size nothing is believed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.tables.codec import ROWS_PER_CHUNK, Codec, ensure_width, iter_slices, unreadable
from restudio.tables.expected import Fit
from restudio.tables.naming import unique_names
from restudio.tables.table import ARROW_TYPES, Table

MAX_UNPACKED = 512 << 20
"""Bytes of a workbook's parts: some ten million cells."""
MAX_CELLS = 1 << 26
"""Rows times columns: a workbook may be a few cells far apart."""
_ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
_INT64 = range(-(2**63), 2**63)

_Cell = str | bool | int | float | datetime | timedelta | None


def _rows(path: Path, name: str) -> Iterator[tuple[_Cell, ...]]:
    """The rows of the first sheet, as wide as each is."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as parts:
            _ensure_size(name, sum(part.file_size for part in parts.infolist()), MAX_UNPACKED, "bytes unpacked")
        with path.open("rb") as source, closing(load_workbook(source, read_only=True, data_only=True)) as book:
            if not book.worksheets:
                raise unreadable(name, "the workbook has no sheet of cells.")
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            for row in sheet.iter_rows(values_only=True):
                ensure_width(name, len(row))
                yield tuple(map(_plain, row))
    except ModuleError:
        raise
    except Exception as cause:
        # The library trusts a workbook to be as it should be, and fails in many ways when it is not.
        raise unreadable(name, f"it is not a readable Excel workbook (.xlsx): {cause}") from cause


def _ensure_size(name: str, size: int, limit: int, of: str) -> None:
    if size > limit:
        raise unreadable(name, f"it has {size} {of}; at most {limit} are read. Save it as CSV.")


def _plain(cell: object) -> _Cell:
    match cell:
        case str():
            return None if cell == "" or cell in _ERRORS else cell
        case bool() | int() | float() | datetime() | timedelta():
            return cell
        case date():
            return datetime.combine(cell, time())
        case time():
            return timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond)
    return None if cell is None else str(cell)


def _read(
    path: Path,
    *,
    header: bool,
    schema: Schema | None = None,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Table:
    file = name or path.name
    rows = list(_rows(path, file))
    while rows and not any(cell is not None for cell in rows[-1]):
        rows.pop()  # formatted, but empty
    width = max(map(len, rows), default=0)
    _ensure_size(file, len(rows) * width, MAX_CELLS, "cells, empty ones between others counted")
    cells = list(zip(*(row + (None,) * (width - len(row)) for row in rows), strict=True))
    while cells and not any(cell is not None for cell in cells[-1]):
        cells.pop()
    names = [f"Col{i}" if not header or column[0] is None else _text(column[0]) for i, column in enumerate(cells, 1)]
    columns = [column[1:] if header else column for column in cells]
    told = Schema.of(Column(n, _dtype(c)) for n, c in zip(unique_names(names), columns, strict=True))
    arrays = [_to_arrow(c, column.dtype) for c, column in zip(columns, told, strict=True)]
    table = Table(told, pa.Table.from_arrays(arrays, names=list(told.names)))
    if schema is None:
        return table
    fit = (
        Fit.by_name(table.names, schema, ignored, file)
        if header
        else Fit.by_position(len(arrays), schema, ignored, file)
    )
    return Table(schema, fit.convert(table.data, 1))


def _dtype(cells: Sequence[_Cell]) -> DType:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int} and all(cell in _INT64 for cell in cells if cell is not None):
        return DType.INTEGER
    if kinds and kinds <= {int, float}:
        return DType.DOUBLE
    alone = {bool: DType.BOOLEAN, datetime: DType.DATETIME, timedelta: DType.TIMESPAN}
    return alone.get(next(iter(kinds)), DType.STRING) if len(kinds) == 1 else DType.STRING


def _to_arrow(cells: Sequence[_Cell], dtype: DType) -> pa.Array:
    if dtype is DType.STRING:
        return pa.array([None if cell is None else _text(cell) for cell in cells], ARROW_TYPES[dtype])
    if dtype is DType.DOUBLE:
        return pa.array([None if cell is None else float(cell) for cell in cells], ARROW_TYPES[dtype])  # type: ignore[arg-type]  # numbers by their dtype
    return pa.array(cells, ARROW_TYPES[dtype])


def _text(cell: _Cell) -> str:
    """As a sheet shows it where no format says otherwise."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return str(cell)


def _iter_chunks(
    path: Path,
    schema: Schema,
    rows_per_chunk: int = ROWS_PER_CHUNK,
    *,
    header: bool,
    ignored: Collection[str] = (),
    name: str | None = None,
) -> Iterator[pa.Table]:
    table = _read(path, header=header, schema=schema, ignored=ignored, name=name)
    yield from iter_slices(table.data, rows_per_chunk)


def _codec(id: str, name: str, extension: str, *, header: bool) -> Codec:
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Codec(id, name, (extension,), media, partial(_read, header=header), partial(_iter_chunks, header=header))


EXCEL = _codec("Excel", "Excel with header", ".xlsx", header=True)
EXCEL_NO_HEADER = _codec("ExcelNoHeader", "Excel without header", ".nh.xlsx", header=False)

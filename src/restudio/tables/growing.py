"""Tables that grow by batches of outside values, whose types are known only by looking at them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import pyarrow as pa

from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.tables.table import ARROW_TYPES, Table

_TYPES: Mapping[type, DType] = {
    bool: DType.BOOLEAN,
    int: DType.INTEGER,
    float: DType.DOUBLE,
    dt.datetime: DType.DATETIME,
    dt.date: DType.DATETIME,
    dt.timedelta: DType.TIMESPAN,
    dt.time: DType.TIMESPAN,
}
"""Types of Python and what tables hold them as; others are texts."""
_REFUSED: Mapping[type, str] = {Decimal: "Decimal", bytes: "Binary", bytearray: "Binary", memoryview: "Binary"}


class GrowingTable:
    """Holds Arrow chunks, never Python values of more than one batch.

    ``known`` gives types of columns that may hold no value at all; other such columns are texts. A column of integers
    and doubles holds doubles. Where other types meet in a column it holds texts, or with ``is_strict`` that is
    error 0137. Decimal and binary values are error 0126.
    """

    def __init__(self, known: Mapping[str, DType] | None = None, *, is_strict: bool = False) -> None:
        self.rows = 0
        self._columns: dict[str, _GrowingColumn] = {name: _GrowingColumn(name) for name in known or {}}
        self._known = known or {}
        self._is_strict = is_strict

    def add(self, rows: int, columns: Mapping[str, Sequence[object]]) -> None:
        """Append rows. Cells of columns that are not given, or were not given before, are missing."""
        for name in columns:
            if name not in self._columns:
                self._columns[name] = _GrowingColumn(name, [pa.nulls(self.rows)])
        for name, column in self._columns.items():
            column.add(columns.get(name) or [None] * rows, self.rows, is_strict=self._is_strict)
        self.rows += rows

    def finish(self) -> Table:
        """The table of all rows so far."""
        types = {name: column.dtype or self._known.get(name, DType.STRING) for name, column in self._columns.items()}
        schema = Schema.of(Column(name, dtype) for name, dtype in types.items())
        arrays = [column.finish(types[name]) for name, column in self._columns.items()]
        return Table(schema, pa.Table.from_arrays(arrays, names=list(types)) if types else pa.table({}))


class _GrowingColumn:
    """``dtype`` is None until a value came."""

    def __init__(self, name: str, chunks: list[pa.Array] | None = None) -> None:
        self.name = name
        self.dtype: DType | None = None
        self._chunks = chunks or []

    def add(self, values: Sequence[object], before: int, *, is_strict: bool) -> None:
        held = set(map(type, values)) - {type(None)}
        for kind in held & _REFUSED.keys():
            raise ModuleError(
                "0126",
                f"Type {_REFUSED[kind]} is not supported: column '{self.name}' holds it. Convert it where the data is "
                "read, for example by CAST(... AS double precision) in a query, or leave it out.",
                column=self.name,
            )
        types = {_TYPES.get(kind, DType.STRING) for kind in held} | ({self.dtype} - {None})
        if not types:
            self._chunks.append(pa.nulls(len(values)))
            return
        if is_strict and len(types) > 1 and types != {DType.INTEGER, DType.DOUBLE}:
            raise self._mixed(values, before)
        self.dtype = _common(types)
        self._chunks.append(_array(values, self.dtype))

    def finish(self, dtype: DType) -> pa.ChunkedArray:
        return pa.chunked_array([_cast(chunk, dtype) for chunk in self._chunks], ARROW_TYPES[dtype])

    def _mixed(self, values: Sequence[object], before: int) -> ModuleError:
        told = self.dtype or _TYPES.get(next(type(v) for v in values if v is not None), DType.STRING)
        at = next(i for i, v in enumerate(values) if v is not None and _TYPES.get(type(v), DType.STRING) is not told)
        return ModuleError(
            "0137",
            f"Property '{self.name}' is {told.value} in earlier rows; row {before + at + 1} holds another type.",
            column=self.name,
            row=before + at + 1,
        )


def _common(types: set[DType | None]) -> DType:
    """The type that holds all of them."""
    if len(types) == 1:
        return next(iter(types)) or DType.STRING
    return DType.DOUBLE if types == {DType.INTEGER, DType.DOUBLE} else DType.STRING


def _array(values: Sequence[object], dtype: DType) -> pa.Array:
    cells = [None if value is None else _cell(value, dtype) for value in values]
    return pa.array(cells, ARROW_TYPES[dtype])


def _cell(value: object, dtype: DType) -> object:
    """A value that is not missing as its column holds it."""
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo is not None else value
    elif isinstance(value, dt.date):
        value = dt.datetime.combine(value, dt.time())
    elif isinstance(value, dt.time):
        value = dt.timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    if dtype is DType.DOUBLE and isinstance(value, int):
        return float(value)
    return _text(value) if dtype is DType.STRING else value


def _text(value: object) -> str:
    if isinstance(value, (str, int, float, bool, dt.datetime, dt.timedelta)):
        return text_of(value)
    return str(value) if isinstance(value, UUID) else _json_or_text(value)


def _json_or_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (dict, list)) else str(value)


def _cast(chunk: pa.Array, dtype: DType) -> pa.Array:
    wanted = ARROW_TYPES[dtype]
    if chunk.type == wanted:
        return chunk
    if dtype is DType.STRING and not pa.types.is_null(chunk.type):
        return pa.array([None if cell is None else text_of(cell) for cell in chunk.to_pylist()], wanted)
    return chunk.cast(wanted, safe=False)

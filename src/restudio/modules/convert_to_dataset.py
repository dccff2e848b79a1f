"""Data Format Conversions: Convert to Dataset (modules reference, 8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell, convert
from restudio.core.params import boolean, choice, mode, text, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, Expr, Frame, Predict, Vector
from restudio.kernels.vectors import ARROW, from_arrow, missing_mask, to_arrow
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_NONE, _SET_MISSING, _REPLACE, _SPARSE = "None", "SetMissingValue", "ReplaceValues", "SparseOutput"
_MISSING, _CUSTOM = "Missing", "Custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertToDatasetParams:
    action: str = mode("Action", (_NONE, _SET_MISSING, _REPLACE, _SPARSE))
    marker: str = text(
        "Custom missing value", "?", when=when("action", _SET_MISSING), help="Cells equal to it become missing."
    )
    replace: str = mode("Replace", (_MISSING, _CUSTOM), when=when("action", _REPLACE))
    custom: str = text("Custom value", "obs", when=when("replace", _CUSTOM), help="The whole cell must be equal.")
    new: str = text("New value", "0", when=when("action", _REPLACE), help="Ignored in columns that cannot hold it.")
    remove: str = choice("Remove", (_MISSING, _CUSTOM), when=when("action", _SPARSE))
    remove_zeroes: bool = boolean("Remove zeroes", True, when=when("action", _SPARSE))


@module(
    id="convert-to-dataset",
    name="Convert to Dataset",
    category="Data Format Conversions",
    params=ConvertToDatasetParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    family="72bf58e0fc874bb19704f1805003b975",
    errors=("0003",),
)
def convert_to_dataset(p: ConvertToDatasetParams, dataset: Table, *, ctx: Context) -> Table:
    """Gives any data as a dataset. On the way, cells with a certain value (such as ``?``) can become missing, and
    missing cells or cells with a certain value can get a new one. Columns keep their types; a value that a column
    cannot hold changes nothing in it. Sparse output changes nothing, because datasets are not held sparsely.

    Example:
      parameters: {Action: SetMissingValue, Custom missing value: "?"}
      Dataset: {city: [Oslo, "?", Rome]}
      Results dataset: {city: [Oslo, null, Rome]}
    """
    return over(dataset, lambda frame: _converted(p, frame))


@convert_to_dataset.lowers
def _lower(p: ConvertToDatasetParams, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    return _converted(p, frame)


@convert_to_dataset.tells_schema
def _schema(p: ConvertToDatasetParams, dataset: Schema) -> Schema:
    return _converted(p, Frame.input("input", dataset)).schema


def _converted(p: ConvertToDatasetParams, frame: Frame) -> Frame:
    if p.action in (_NONE, _SPARSE):
        return frame
    return Frame(tuple(_replaced(p, column, expr) for column, expr in frame.columns), frame.keep)


def _replaced(p: ConvertToDatasetParams, column: Column, expr: Expr) -> tuple[Column, Expr]:
    if p.action == _SET_MISSING:
        old, new = _cell(p.marker, column.dtype), None
        if old is None:
            return column, expr
    else:
        old = None if p.replace == _MISSING else _cell(p.custom, column.dtype)
        new = _cell(p.new, column.dtype)
        if new is None or (old is None and p.replace == _CUSTOM):
            return column, expr
    kernel = Replacement(old, new, column.dtype)
    made = column.with_(nullable=column.nullable or new is None)
    return _with_level(made, old, new), Predict(Call(kernel, (expr,)), 0)


def _cell(value: str, dtype: DType) -> Cell:
    """The value in a column of that type; None when it has no such value."""
    try:
        return convert(value, dtype)
    except ValueError:
        return None


def _with_level(column: Column, old: Cell, new: Cell) -> Column:
    if column.categories is None or column.dtype in (DType.DATETIME, DType.TIMESPAN):
        return column
    levels = [level for level in column.categories if level != old]
    if isinstance(new, (str, int, float, bool)) and new not in levels:
        levels.append(new)
    return column.with_(categories=tuple(levels))


def without(values: pa.Array | pa.ChunkedArray, hits: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The values, missing where ``hits`` is true: only the bits that tell presence are written anew."""
    if isinstance(values, pa.ChunkedArray):
        starts = itertools.accumulate((len(chunk) for chunk in values.chunks), initial=0)
        parts = [
            without(chunk, _flat(hits.slice(at, len(chunk)))) for at, chunk in zip(starts, values.chunks, strict=False)
        ]
        return pa.chunked_array(parts, values.type)
    if values.offset or values.type.num_buffers == 1:
        return pc.if_else(hits, pa.scalar(None, values.type), values)
    present = pc.and_(values.is_valid(), pc.invert(_flat(hits)))
    return pa.Array.from_buffers(values.type, len(values), [present.buffers()[1], *values.buffers()[1:]])


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


class Replacement:
    """``new`` for cells equal to ``old``; None stands for a missing cell, and NaN is equal to itself."""

    def __init__(self, old: Cell, new: Cell, dtype: DType) -> None:
        self._old = old
        self._new = new
        self._nan = isinstance(old, float) and np.isnan(old)
        self.outputs: tuple[DType, ...] = (dtype,)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        cell = cells[0]
        same = cell == self._old or (self._nan and isinstance(cell, float) and cell != cell)  # noqa: PLR0124  NaN differs from itself
        return (self._new if same else cell,)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        dtype = self.outputs[0]
        values = to_arrow(columns[0])
        hits = self._hits(values, columns[0], rows)
        if not pc.any(hits).as_py():
            return (columns[0],)
        if self._new is None:
            return (from_arrow(without(values, hits), dtype),)
        return (from_arrow(pc.if_else(hits, pa.scalar(self._new, ARROW[dtype]), values), dtype),)

    def _hits(self, values: pa.Array, column: Vector, rows: int) -> pa.Array:
        if self._old is None:
            missing = missing_mask(column)
            return pa.array(np.zeros(rows, np.bool_) if missing is None else missing)
        if self._nan:
            return pc.fill_null(pc.is_nan(values), False)
        if column.dtype is DType.TIMESPAN:
            # Arrow compares durations only as numbers.
            old = pa.scalar(self._old, values.type).cast(pa.int64())
            return pc.fill_null(pc.equal(values.cast(pa.int64()), old), False)
        return pc.fill_null(pc.equal(values, pa.scalar(self._old, ARROW[column.dtype])), False)

"""Many rows: a frame evaluated column by column over Arrow tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import methodcaller

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell
from restudio.core.parallel import map_columns
from restudio.core.schema import DType, Level
from restudio.kernels.cellwise import convert_or_fail, source_name, typed
from restudio.kernels.expr import (
    Call,
    Constant,
    Convert,
    Expr,
    Fill,
    Frame,
    Function,
    Input,
    IsMissing,
    Predict,
    Scale,
    Vector,
)
from restudio.kernels.functions import map_doubles, scalar_function
from restudio.kernels.vectors import (
    ARROW,
    NUMPY,
    as_doubles,
    from_arrow,
    from_cells,
    missing_mask,
    to_arrow,
    to_cells,
)


def evaluate(frame: Frame, inputs: Mapping[str, pa.Table]) -> pa.Table:
    """The table of a frame: its columns in order with their held types, rows that are not kept left out.

    ``inputs`` holds the table of every port, all with the same number of rows and with (at least) the columns that
    the frame reads, of their held types.
    """
    return evaluate_all([frame], inputs)[0]


def evaluate_all(frames: Sequence[Frame], inputs: Mapping[str, pa.Table]) -> list[pa.Table]:
    """As :func:`evaluate` for frames that drop the same rows; what they share is computed once."""
    keep = frames[0].keep
    if any(frame.keep != keep for frame in frames):
        raise ValueError("frames that are evaluated together must drop the same rows")
    for expr in keep:
        filtered = methodcaller("filter", to_arrow(_Chunk(inputs).value(expr)))
        inputs = {port: map_columns(table, filtered) for port, table in inputs.items()}
    chunk = _Chunk(inputs)
    return [_to_table(frame, chunk) for frame in frames]


def _to_table(frame: Frame, chunk: _Chunk) -> pa.Table:
    columns = {column.name: chunk.column(expr) for column, expr in frame.columns}
    return pa.table(columns) if columns else pa.table({})


class _Chunk:
    """Vectors computed so far over one set of input tables."""

    def __init__(self, inputs: Mapping[str, pa.Table]) -> None:
        self._inputs = inputs
        self._rows = max((table.num_rows for table in inputs.values()), default=1)
        self._values: dict[object, Vector] = {}
        self._calls: dict[int, tuple[Vector, ...]] = {}

    def value(self, expr: Expr) -> Vector:
        """The vector of an expression; equal expressions share one."""
        if isinstance(expr, Predict):
            return self._call(expr.call)[expr.output]
        key = (expr.port, expr.column.name) if isinstance(expr, Input) else expr
        known = self._values.get(key)
        if known is None:
            known = self._values[key] = self._compute(expr)
        return known

    def column(self, expr: Expr) -> pa.Array | pa.ChunkedArray:
        """The column of an expression; one that is only passed on is that of the input itself."""
        if isinstance(expr, Input):
            return self._inputs[expr.port].column(expr.column.name)
        return to_arrow(self.value(expr))

    def _call(self, call: Call) -> tuple[Vector, ...]:
        known = self._calls.get(id(call))
        if known is None:
            features = [self.value(feature) for feature in call.features]
            known = self._calls[id(call)] = call.predictor.many(features, self._rows)
        return known

    def _compute(self, expr: Input | Constant | Fill | IsMissing | Scale | Function | Convert) -> Vector:
        match expr:
            case Input(port, column):
                return from_arrow(self._inputs[port].column(column.name), column.dtype)
            case Constant(value, dtype):
                return _constant(typed(value, dtype), dtype, self._rows)
            case Fill(source, value):
                return _fill(self.value(source), value)
            case IsMissing(source):
                missing = missing_mask(self.value(source))
                return Vector(DType.BOOLEAN, np.zeros(self._rows, np.bool_) if missing is None else missing)
            case Scale(source, shift, divisor):
                return _scale(self.value(source), shift, divisor)
            case Function(source, name, parameters):
                return _apply(self.value(source), name, parameters)
            case Convert(source, dtype):
                return _convert(self.value(source), dtype, source_name(source))


def _constant(value: Cell, dtype: DType, rows: int) -> Vector:
    return from_arrow(pa.repeat(pa.scalar(value, ARROW[dtype]), rows), dtype)


def _fill(source: Vector, value: Level) -> Vector:
    missing = missing_mask(source)
    if missing is None:
        return source
    cell = typed(value, source.dtype)
    if isinstance(source.values, np.ndarray):
        filled = source.values.copy()
        filled[missing] = cell
        return Vector(source.dtype, filled)
    return Vector(source.dtype, pc.fill_null(source.values, pa.scalar(cell, ARROW[source.dtype])))


def _scale(source: Vector, shift: float, divisor: float) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scaled = as_doubles(source)
        scaled -= shift
        scaled /= divisor
    return Vector(DType.DOUBLE, scaled, source.missing)


def _apply(source: Vector, name: str, parameters: tuple[float, ...]) -> Vector:
    return Vector(DType.DOUBLE, map_doubles(scalar_function(name, parameters), as_doubles(source)), source.missing)


def _first_rows(coded: pa.DictionaryArray) -> list[int]:
    """The first row, counted from 1, of each distinct cell."""
    codes = np.asarray(coded.indices.fill_null(-1))
    found, first = np.unique(codes, return_index=True)
    rows = first[found >= 0] + 1
    return [int(row) for row in rows]


def _convert(source: Vector, dtype: DType, column: str | None) -> Vector:
    if source.dtype is dtype:
        return source
    if dtype is DType.DOUBLE and source.dtype in NUMPY:
        return Vector(dtype, as_doubles(source), source.missing)
    if dtype is DType.STRING and source.dtype is DType.INTEGER:
        return Vector(dtype, to_arrow(source).cast(ARROW[dtype]))
    # Each distinct cell is converted once. Doubles are left out: Arrow takes 0.0 and -0.0 for the same.
    coded = None if source.dtype is DType.DOUBLE else _flat(to_arrow(source)).dictionary_encode()
    if coded is None or 2 * len(coded.dictionary) > len(coded):
        found = [convert_or_fail(cell, dtype, column, row) for row, cell in enumerate(to_cells(source), start=1)]
        return from_cells(found, dtype)
    cells = [
        convert_or_fail(cell, dtype, column, first)
        for cell, first in zip(coded.dictionary.to_pylist(), _first_rows(coded), strict=True)
    ]
    return from_arrow(pa.array(cells, ARROW[dtype]).take(coded.indices), dtype)


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array

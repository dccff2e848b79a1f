"""Vectors: Arrow columns to the chunk form of kernels and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell
from restudio.core.schema import DType
from restudio.kernels.expr import Vector

ARROW: Mapping[DType, pa.DataType] = {
    DType.STRING: pa.large_string(),
    DType.INTEGER: pa.int64(),
    DType.DOUBLE: pa.float64(),
    DType.BOOLEAN: pa.bool_(),
    DType.DATETIME: pa.timestamp("us"),
    DType.TIMESPAN: pa.duration("us"),
}
"""The Arrow type of each element type; the same as tables hold."""
NUMPY: Mapping[DType, type[np.generic]] = {
    DType.INTEGER: np.int64,
    DType.DOUBLE: np.float64,
    DType.BOOLEAN: np.bool_,
}
"""Element types whose vectors are NumPy arrays."""


def from_arrow(array: pa.Array | pa.ChunkedArray, dtype: DType) -> Vector:
    """A column of a table; shares memory where nothing is missing."""
    if dtype not in NUMPY:
        return Vector(dtype, array)
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    if not array.null_count:
        return Vector(dtype, array.to_numpy(zero_copy_only=False))
    missing = pc.is_null(array).to_numpy(zero_copy_only=False)
    return Vector(dtype, pc.fill_null(array, _blank(dtype)).to_numpy(zero_copy_only=False), missing)


def to_arrow(vector: Vector) -> pa.Array | pa.ChunkedArray:
    """The column of a vector, with the held type of its element type."""
    if isinstance(vector.values, np.ndarray):
        return pa.array(vector.values, ARROW[vector.dtype], mask=vector.missing)
    return vector.values


def missing_mask(vector: Vector) -> np.ndarray | None:
    """True where a cell is missing; None when none is."""
    if isinstance(vector.values, np.ndarray):
        return vector.missing
    if not vector.values.null_count:
        return None
    return to_numpy(pc.is_null(vector.values))


def to_numpy(array: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """An Arrow array without missing cells as NumPy, copied where the layouts differ (Booleans are bits in Arrow)."""
    return np.asarray(array if isinstance(array, pa.ChunkedArray) else array.to_numpy(zero_copy_only=False))


def to_cells(vector: Vector) -> list[Cell]:
    """Python cells, None where missing."""
    cells: list[Cell] = to_arrow(vector).to_pylist()
    return cells


def from_cells(cells: list[Cell], dtype: DType) -> Vector:
    """The inverse of :func:`to_cells`."""
    return from_arrow(pa.array(cells, ARROW[dtype]), dtype)


def as_doubles(vector: Vector) -> np.ndarray:
    """A fresh array of doubles from a vector of numbers or Booleans, NaN where missing."""
    doubles = np.array(vector.values, np.float64)
    if vector.missing is not None:
        doubles[vector.missing] = np.nan
    return doubles


def to_doubles(vector: Vector) -> np.ndarray:
    """As :func:`as_doubles`, but shares memory where it can: to be read, not written."""
    if vector.dtype is DType.DOUBLE and vector.missing is None:
        shared: np.ndarray = vector.values
        return shared
    return as_doubles(vector)


def _blank(dtype: DType) -> pa.Scalar:
    return pa.scalar(False if dtype is DType.BOOLEAN else 0, ARROW[dtype])

"""Random typed columns for the laws of kernels."""

from __future__ import annotations

import math
from datetime import timedelta

import pyarrow as pa
from hypothesis import strategies as st

from restudio.core.cells import Cell
from restudio.core.schema import DType
from restudio.kernels.vectors import ARROW

CELLS: dict[DType, st.SearchStrategy[Cell]] = {
    DType.STRING: st.sampled_from(["", "a", "b", "c", "zebra", "ü", "12", "1.5", "true"]),
    DType.INTEGER: st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    DType.DOUBLE: st.floats() | st.sampled_from([0.0, -0.0, 1.0, 2.0]),
    DType.BOOLEAN: st.booleans(),
    DType.DATETIME: st.datetimes(),
    DType.TIMESPAN: st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
}


def columns(dtype: DType, rows: int) -> st.SearchStrategy[list[Cell]]:
    """Lists of cells of one element type, some missing."""
    return st.lists(st.none() | CELLS[dtype], min_size=rows, max_size=rows)


def same(left: object, right: object) -> bool:
    """Equal to the last bit; NaN equals NaN, and zero's sign counts."""
    if isinstance(left, float) and isinstance(right, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    return type(left) is type(right) and left == right


def arrow(cells: list[Cell], dtype: DType) -> pa.Array:
    return pa.array(cells, ARROW[dtype])

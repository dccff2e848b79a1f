"""Category levels as codes: their positions, with one code for unknown cells and one for missing ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell, convert
from restudio.core.schema import DType, Level
from restudio.kernels.expr import Vector
from restudio.kernels.vectors import ARROW, NUMPY, missing_mask, to_arrow, to_numpy

UNKNOWN = -1
"""Code of a cell that is none of the levels. Also the last position of an array of length ``levels + 2``."""
MISSING = -2
"""Code of a missing cell; the position before the last in such an array."""


class Levels:
    """Ordered levels of one column of element type ``dtype``."""

    def __init__(self, levels: Sequence[Level], dtype: DType) -> None:
        values = [convert(level, dtype) for level in levels]
        self.dtype = dtype
        self.codes: dict[Cell, int] = {}
        for code, value in enumerate(values):
            if value is None or (isinstance(value, float) and math.isnan(value)):
                raise ValueError(f"{value!r} is not a level")
            self.codes.setdefault(value, code)
        if len(self.codes) != len(values):
            raise ValueError("a level occurs twice")
        self._value_set = pa.array(values, ARROW[dtype])

    def __len__(self) -> int:
        return len(self.codes)

    def codes_of(self, column: Vector) -> np.ndarray:
        """Code of every cell of a chunk."""
        if column.dtype is not self.dtype:
            raise ValueError(f"levels of {self.dtype.value} do not fit a column of {column.dtype.value}")
        values = to_arrow(Vector(column.dtype, column.values)) if column.dtype in NUMPY else column.values
        if self.dtype is DType.DOUBLE:
            values = pc.add(values, 0.0)  # the look-up of Arrow, unlike Python's, tells -0.0 from 0.0
        found = pc.index_in(values, value_set=self._value_set, skip_nulls=True)
        codes = to_numpy(pc.fill_null(found, UNKNOWN))
        missing = missing_mask(column)
        if missing is not None:
            codes = np.where(missing, np.int32(MISSING), codes)
        return codes

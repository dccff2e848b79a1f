"""Clipping of one column: the kernel behind Clip Values. Times are numbers here: microseconds, dates since 1970."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell
from restudio.core.schema import DType
from restudio.kernels.expr import Vector
from restudio.kernels.vectors import ARROW, NUMPY, missing_mask, to_numpy

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  times of tables carry no zone
_MICROSECOND = timedelta(microseconds=1)
_TICKS_TO_1970 = 621_355_968_000_000_000
_FIRST, _LAST = (datetime.min - _EPOCH) // _MICROSECOND, (datetime.max - _EPOCH) // _MICROSECOND  # noqa: DTZ901  bounds of naive times


@dataclass(frozen=True, slots=True)
class Bound:
    """Numbers beyond ``at`` become ``instead`` (None: missing)."""

    at: float
    instead: float | None


class ClipKernel:
    """The clipped cell, and whether it was clipped. A missing cell and NaN stay as they are."""

    def __init__(self, dtype: DType, low: Bound | None, high: Bound | None) -> None:
        self._dtype = dtype
        self._low = low
        self._high = high
        self.outputs: tuple[DType, ...] = (dtype, DType.BOOLEAN)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        cell = cells[0]
        if cell is None:
            return None, False
        number = _NUMBERS[self._dtype](cell)
        if self._high is not None and number > self._high.at:
            return _to_cell(self._high.instead, self._dtype), True
        if self._low is not None and number < self._low.at:
            return _to_cell(self._low.instead, self._dtype), True
        return cell, False

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        numbers = as_numbers(columns[0])
        missing = missing_mask(columns[0])
        result, gone, clipped = numbers, missing, np.zeros(rows, np.bool_)
        for bound, beyond in ((self._low, np.less), (self._high, np.greater)):
            if bound is None:
                continue
            hit: np.ndarray = beyond(numbers, bound.at)
            if missing is not None:
                hit &= ~missing
            clipped |= hit
            if bound.instead is None:
                gone = hit if gone is None else gone | hit
            else:
                result = np.where(hit, numbers.dtype.type(bound.instead), result)
        return _vector(result, gone, self._dtype), Vector(DType.BOOLEAN, clipped)


def as_numbers(column: Vector) -> np.ndarray:
    """The cells as numbers, arbitrary where missing."""
    if isinstance(column.values, np.ndarray):
        return column.values
    return to_numpy(pc.fill_null(column.values.cast(pa.int64()), 0))


def from_ticks(ticks: float, dtype: DType) -> int:
    """A constant for a column of times, given in ticks of 100 ns (dates since the year 1)."""
    if dtype is DType.DATETIME:
        return min(max((int(ticks) - _TICKS_TO_1970) // 10, _FIRST), _LAST)
    return int(ticks) // 10


def _vector(numbers: np.ndarray, missing: np.ndarray | None, dtype: DType) -> Vector:
    if dtype in NUMPY:
        return Vector(dtype, numbers, missing)
    return Vector(dtype, pa.array(numbers, pa.int64(), mask=missing).cast(ARROW[dtype]))


def _to_cell(number: float | None, dtype: DType) -> Cell:
    if number is None or dtype is DType.DOUBLE:
        return number
    if dtype is DType.DATETIME:
        return _EPOCH + timedelta(microseconds=int(number))
    return timedelta(microseconds=int(number)) if dtype is DType.TIMESPAN else int(number)


_NUMBERS: dict[DType, Callable[..., float]] = {
    DType.INTEGER: lambda cell: cell,
    DType.DOUBLE: lambda cell: cell,
    DType.DATETIME: lambda cell: (cell - _EPOCH) // _MICROSECOND,
    DType.TIMESPAN: lambda cell: cell // _MICROSECOND,
}

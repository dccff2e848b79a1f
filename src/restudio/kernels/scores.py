"""From raw model values (probabilities, a number) to score cells. Every learner's predictor ends in one of these.

A raw value that is NaN means that the row cannot be scored: all its score cells are missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from restudio.core.cells import Cell, convert
from restudio.core.schema import DType, Level
from restudio.kernels.expr import Vector
from restudio.kernels.vectors import ARROW, NUMPY


class Scores(Protocol):
    """``width`` raw values a row in, one cell or vector per element of ``outputs`` out."""

    @property
    def width(self) -> int: ...

    @property
    def outputs(self) -> tuple[DType, ...]: ...

    def one(self, raw: Sequence[float]) -> tuple[object, ...]: ...

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]: ...


class ValueScores:
    """The raw value itself: regression."""

    width = 1
    outputs: tuple[DType, ...] = (DType.DOUBLE,)

    def one(self, raw: Sequence[float]) -> tuple[object, ...]:
        value = raw[0]
        return (None,) if math.isnan(value) else (value,)

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]:
        return (Vector(DType.DOUBLE, raw[0], _mask(raw[0])),)


class BinaryScores:
    """Assigned label, then the probability of the positive class. ``classes`` are (negative, positive)."""

    width = 1

    def __init__(self, classes: Sequence[Level], dtype: DType, threshold: float = 0.5) -> None:
        if len(classes) != 2:
            raise ValueError(f"a two-class model has two classes, got {len(classes)}")
        self.labels = _Labels(classes, dtype)
        self.outputs = (dtype, DType.DOUBLE)
        self.threshold = threshold

    def one(self, raw: Sequence[float]) -> tuple[object, ...]:
        p = raw[0]
        if p >= self.threshold:
            return self.labels.cells[1], p
        return (None, None) if math.isnan(p) else (self.labels.cells[0], p)

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]:
        p = raw[0]
        missing = _mask(p)
        chosen = (p >= self.threshold).astype(np.int64)
        return self.labels.take(chosen, missing), Vector(DType.DOUBLE, p, missing)


class ClassScores:
    """Probability of every class in their order, then the assigned label (the first of the most probable)."""

    def __init__(self, classes: Sequence[Level], dtype: DType) -> None:
        self.labels = _Labels(classes, dtype)
        self.width = len(classes)
        self.outputs = (DType.DOUBLE,) * len(classes) + (dtype,)

    def one(self, raw: Sequence[float]) -> tuple[object, ...]:
        best = 0
        for k, p in enumerate(raw):
            if math.isnan(p):
                return (None,) * (self.width + 1)
            if p > raw[best]:
                best = k
        return (*raw, self.labels.cells[best])

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]:
        missing = None
        for p in raw:
            here = _mask(p)
            if here is not None:
                missing = here if missing is None else missing | here
        best = np.zeros(len(raw[0]), np.int64)
        top = raw[0].copy()
        for k in range(1, self.width):
            higher = raw[k] > top
            best[higher] = k
            top[higher] = raw[k][higher]
        return (*(Vector(DType.DOUBLE, p, missing) for p in raw), self.labels.take(best, missing))


class _Labels:
    """Class values as typed cells, and as a column by position."""

    def __init__(self, classes: Sequence[Level], dtype: DType) -> None:
        self.cells: tuple[Cell, ...] = tuple(convert(level, dtype) for level in classes)
        self.dtype = dtype
        self._column = pa.array(self.cells, ARROW[dtype])

    def take(self, positions: np.ndarray, missing: np.ndarray | None) -> Vector:
        if self.dtype in NUMPY:
            values = np.array(self.cells, NUMPY[self.dtype])
            return Vector(self.dtype, values[positions], missing)
        return Vector(self.dtype, self._column.take(pa.array(positions, mask=missing)))


def _mask(values: np.ndarray) -> np.ndarray | None:
    missing: np.ndarray = np.isnan(values)
    return missing if missing.any() else None

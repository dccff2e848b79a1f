"""Functions of numbers, for chunks and single rows alike: the same NumPy operations over long and short arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.expr import Vector
from restudio.kernels.vectors import as_doubles

ArrayFunction = Callable[..., np.ndarray]
"""One array of doubles per operand to an array of doubles. Each result depends on its own operands alone."""


class Elementwise:
    """One Double of every group of operands; a missing operand gives a missing result.

    ``groups`` are positions of the features that make up the operands of each output, such as ``((0, 2), (1, 2))``.
    """

    def __init__(self, function: ArrayFunction, groups: Sequence[Sequence[int]]) -> None:
        self._function = function
        self._groups = tuple(tuple(group) for group in groups)
        self.outputs: tuple[DType, ...] = (DType.DOUBLE,) * len(self._groups)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        rows = [[cells[i] for i in group] for group in self._groups]
        operands = np.array([[0.0 if c is None else c for c in row] for row in rows], np.float64)
        with np.errstate(all="ignore"):
            values = self._function(*np.ascontiguousarray(operands.T)).tolist()
        return tuple(None if None in row else value for row, value in zip(rows, values, strict=True))

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        return tuple(self._result([columns[i] for i in group]) for group in self._groups)

    def _result(self, operands: Sequence[Vector]) -> Vector:
        missing = None
        for operand in operands:
            if operand.missing is not None:
                missing = operand.missing if missing is None else missing | operand.missing
        with np.errstate(all="ignore"):
            return Vector(DType.DOUBLE, self._function(*map(as_doubles, operands)), missing)

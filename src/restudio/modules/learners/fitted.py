"""From a stored model to its scoring kernel: the parts that learners share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow.compute as pc

from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Score
from restudio.core.spec import Task
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.levels import UNKNOWN, Levels
from restudio.kernels.scores import BinaryScores, ClassScores, Scores, ValueScores
from restudio.kernels.vectors import to_cells
from restudio.modules.learners.ranges import UNKNOWN_LEVELS


def scores_of(model: Model) -> Scores:
    """The score cells that a model of this task gives."""
    if model.task is Task.REGRESSION:
        return ValueScores()
    if model.task is Task.ANOMALY:
        return BinaryScores((0, 1), DType.INTEGER)
    dtype = DType.STRING if model.label is None else model.label.dtype
    if model.task is Task.BINARY:
        return BinaryScores(model.classes, dtype)
    if model.task is Task.MULTICLASS:
        return ClassScores(model.classes, dtype)
    raise ValueError(f"a model of task '{model.task.value}' gives no scores")


def mean_and_deviation() -> Iterator[Column]:
    """The score columns of regressions that predict a normal distribution."""
    yield Column("Scored Label Mean", DType.DOUBLE, score=Score.REGRESSION_LABEL)
    yield Column("Scored Label Standard Deviation", DType.DOUBLE, score=Score.REGRESSION_DEVIATION)


def as_read(column: Column) -> Column:
    """The column as a predictor reads it: times without levels are ticks."""
    if column.categories is None and column.dtype in (DType.DATETIME, DType.TIMESPAN):
        return column.with_(dtype=DType.DOUBLE)
    return column


def guard_levels(model: Model, predictor: Predictor) -> Predictor:
    """The predictor under the model's rule for unknown levels."""
    if model.params.get(UNKNOWN_LEVELS, True) is not False:
        return predictor
    return KnownLevelsOnly(predictor, model.features)


class KnownLevelsOnly:
    """Refuses cells that are none of the levels seen in training (error 0018), then asks ``inner``."""

    def __init__(self, inner: Predictor, features: Sequence[Column]) -> None:
        self._inner = inner
        self._checks = tuple(
            (i, column.name, Levels(column.categories, column.dtype))
            for i, column in enumerate(features)
            if column.categories is not None
        )

    @property
    def outputs(self) -> tuple[DType, ...]:
        return self._inner.outputs

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        for i, name, levels in self._checks:
            if cells[i] is not None and cells[i] not in levels.codes:
                raise _unknown(name, cells[i], 1)
        return self._inner.one(cells)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        for i, name, levels in self._checks:
            unknown = np.flatnonzero(levels.codes_of(columns[i]) == UNKNOWN)
            if unknown.size:
                row = int(unknown[0])
                raise _unknown(name, _cell(columns[i], row), row + 1)
        return self._inner.many(columns, rows)


def _cell(column: Vector, row: int) -> object:
    values = column.values[row : row + 1] if isinstance(column.values, np.ndarray) else pc.take(column.values, [row])
    return to_cells(Vector(column.dtype, values))[0]


def _unknown(name: str, cell: object, row: int) -> ModuleError:
    return ModuleError(
        "0018",
        f"Column '{name}' has the level {cell!r} in row {row}, which training did not see, and the model was trained "
        f"without '{UNKNOWN_LEVELS}'."[:400],
        column=name,
        row=row,
    )

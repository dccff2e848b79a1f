"""Boosted trees and forests: a LightGBM model text over typed cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.errors import Kind, RestudioError
from restudio.core.schema import Column, DType
from restudio.kernels.expr import RowsPredictor, Vector
from restudio.kernels.levels import MISSING, UNKNOWN, Levels
from restudio.kernels.lightgbm_library import Booster
from restudio.kernels.scores import Scores
from restudio.kernels.tree_splits import mask_trees
from restudio.kernels.tree_text import parse_trees
from restudio.kernels.vectors import NUMPY, as_doubles

_MASKS_FROM = 20
"""Rows from which masks are faster than the library's call for single rows (measured, 100 trees)."""


class TreePredictor:
    """``text`` is a model as ``Booster.model_to_string`` writes it; it is checked before the C library sees it.

    ``features[i]`` is column ``i`` of the training matrix: a column with ``categories`` as the position of its level
    (an unknown level as -1, which no split sends left), any other as a double (Booleans 0 and 1). Missing cells are
    NaN. Predictions are LightGBM's own: probabilities for ``binary`` (of the positive class) and ``multiclass``.
    """

    def __init__(self, text: str, features: Sequence[Column], scores: Scores) -> None:
        checked = parse_trees(text)
        _ensure_fits(checked.features, checked.classes, checked.categorical, features, scores)
        booster = Booster(checked.canonical, checked.features, checked.classes)
        self._scores = scores
        self._features = tuple(features)
        self._levels = tuple(Levels(c.categories, c.dtype) if c.categories is not None else None for c in features)
        self._encoders = tuple(None if levels is None else _row_encoder(levels) for levels in self._levels)
        self._booster = booster
        self._predict_row = booster.bind_row()
        self._codes = tuple(None if levels is None else _row_codes(levels) for levels in self._levels)
        self._masked = mask_trees(checked, [None if levels is None else len(levels) for levels in self._levels])

    @property
    def outputs(self) -> tuple[DType, ...]:
        return self._scores.outputs

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        values = [
            encode(cell, -1.0) if encode is not None else math.nan if cell is None else cell
            for encode, cell in zip(self._encoders, cells, strict=True)
        ]
        return self._scores.one(self._predict_row(values))  # type: ignore[arg-type]  # numeric by contract

    def rows(self, cells: Sequence[Sequence[object]]) -> Sequence[tuple[object, ...]]:
        """As :meth:`one` for each."""
        if self._masked is None or len(cells) < _MASKS_FROM:
            return [self.one(row) for row in cells]
        columns = [
            np.array(column, np.float64) if code is None else np.array([code(cell, UNKNOWN) for cell in column])
            for code, column in zip(self._codes, zip(*cells, strict=True), strict=True)
        ]
        one = self._scores.one
        return [one((value,)) for value in self._masked.predict(columns, len(cells)).tolist()]

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        encoded = [
            as_doubles(column) if levels is None else levels.codes_of(column)
            for levels, column in zip(self._levels, columns, strict=True)
        ]
        if self._masked is not None:
            return self._scores.many([self._masked.predict(encoded, rows)])
        matrix = np.empty((rows, len(self._features)))
        for i, (levels, values) in enumerate(zip(self._levels, encoded, strict=True)):
            matrix[:, i] = values if levels is None else np.where(values == MISSING, np.nan, values)
        raw = self._booster.predict(matrix)
        return self._scores.many([np.ascontiguousarray(raw[:, k]) for k in range(self._scores.width)])


def _row_codes(levels: Levels) -> Callable[[object, int], int]:
    codes: dict[object, int] = dict(levels.codes.items())
    codes[None] = MISSING
    return codes.get


def _row_encoder(levels: Levels) -> Callable[[object, float], float]:
    codes: dict[object, float] = {cell: float(code) for cell, code in levels.codes.items()}
    codes[None] = math.nan
    return codes.get


def _ensure_fits(
    width: int, classes: int, categorical: frozenset[int], features: Sequence[Column], scores: Scores
) -> None:
    """The text must read the features that the model declares; by code exactly where they are categorical."""
    problem = None
    if width != len(features):
        problem = f"it reads {width} features, the model has {len(features)}"
    elif classes != scores.width:
        problem = f"it gives {classes} values a row, the model needs {scores.width}"
    for i, column in enumerate(features[:width]):
        if i in categorical and column.categories is None:
            problem = f"it splits column '{column.name}' by category, but the column has no categories"
        if column.categories is None and column.dtype not in NUMPY:
            problem = f"column '{column.name}' is {column.dtype.value} without categories, which trees cannot read"
    if problem is not None:
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidBlob", f"The tree model does not fit: {problem}.")


if TYPE_CHECKING:
    _: type[RowsPredictor] = TreePredictor

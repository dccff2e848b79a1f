"""The encoded matrix of linear models, and their fitted state.

Every number is one column, scaled by ``(x - shift) / divisor``; every categorical feature is one indicator column a
level. The state of a fitted model is ``weights`` (sums x encoded columns), ``intercepts`` (sums), and ``shift`` and
``divisor`` (a number a feature, 0 and 1 for categorical ones).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from restudio.artifacts.values import Json, Model
from restudio.core.errors import ModuleError
from restudio.core.schema import Column
from restudio.core.spec import Task
from restudio.kernels.expr import Predictor
from restudio.kernels.linear import LevelTerm, LinearPredictor, Link, NumberTerm
from restudio.modules.fitted_state import reading
from restudio.modules.learners.fitted import guard_levels, scores_of
from restudio.modules.learners.training_data import TrainingData, ensure_finite


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """``matrix`` is a sparse matrix with one stored number a feature and row; ``data`` the rows it was made from."""

    data: TrainingData
    matrix: Any
    shift: np.ndarray
    divisor: np.ndarray
    scale: np.ndarray
    """The divisor of every encoded column."""


Scaling = Callable[[np.ndarray], tuple[float, float]]
"""Shift and divisor for the cells of a number."""


def to_unit_range(cells: np.ndarray) -> tuple[float, float]:
    """To 0…1; a constant to 0."""
    low, high = float(cells.min()), float(cells.max())
    span = high - low
    return low, span if 0.0 < span < np.inf else 1.0


def to_unit_variance(cells: np.ndarray) -> tuple[float, float]:
    """To mean 0 and variance 1; a constant to 0. Weights of skewed columns stay small, so penalties leave them be."""
    low, high = float(cells.min()), float(cells.max())
    spread = float(cells.std()) if low < high else 0.0
    return (float(cells.mean()), spread) if 0.0 < spread < np.inf else (low, 1.0)


def to_unit_size(cells: np.ndarray) -> tuple[float, float]:
    """To at most 1 in size, zero kept."""
    return 0.0, float(np.abs(cells).max()) or 1.0


def unscaled(cells: np.ndarray) -> tuple[float, float]:
    return 0.0, 1.0


def encode(data: TrainingData, scaling: Scaling) -> Design:
    """Encode the rows that have all features (error 0130 when there is none), numbers scaled."""
    from scipy.sparse import csr_matrix

    complete = np.ones(data.rows, np.bool_)
    for i in range(len(data.features)):
        complete &= ~data.missing(i)
    if not complete.any():
        raise ModuleError("0130", "All rows have a missing value in some feature; use Clean Missing Data first.")
    data = data if complete.all() else data.filter(complete)
    width = len(data.features)
    shift, divisor = np.zeros(width), np.ones(width)
    offsets = np.cumsum([0, *map(encoded_width, data.features)])
    # The type that the sparse matrix holds: it would copy another one.
    whole = np.int32 if max(data.rows * width, offsets[-1]) <= np.iinfo(np.int32).max else np.int64
    values, positions = np.ones((data.rows, width)), np.empty((data.rows, width), whole)
    for i, (column, cells) in enumerate(zip(data.features, data.columns, strict=True)):
        positions[:, i] = offsets[i]
        if column.is_categorical:
            positions[:, i] += cells.astype(whole, copy=False)
            continue
        ensure_finite(column, cells)
        with np.errstate(over="ignore"):
            shift[i], divisor[i] = scaling(cells)
            values[:, i] = (cells - shift[i]) / divisor[i]
        if not np.isfinite(values[:, i]).all():
            raise ModuleError("0083", f"The numbers of column '{column.name}' are too large.", column=column.name)
    starts = np.arange(0, data.rows * width + 1, width, dtype=whole)
    matrix = csr_matrix((values.ravel(), positions.ravel(), starts), shape=(data.rows, int(offsets[-1])))
    return Design(data, matrix, shift, divisor, np.repeat(divisor, np.diff(offsets)))


def encoded_width(column: Column) -> int:
    return 1 if column.categories is None else len(column.categories)


def fitted_model(
    learner: str,
    task: Task,
    design: Design,
    weights: np.ndarray,
    intercepts: np.ndarray,
    params: dict[str, Json],
    metrics: dict[str, float],
) -> Model:
    """The model with these weights over the encoded columns."""
    arrays = {"weights": weights, "intercepts": intercepts, "shift": design.shift, "divisor": design.divisor}
    data = design.data
    facts = {"Training rows": float(data.rows), **metrics}
    return Model(learner, task, data.features, data.label, data.classes, arrays, {}, params, facts)


def linear_predictor(model: Model, link: Link) -> Predictor:
    """The scoring kernel of a linear model."""
    with reading(model.learner):
        weights, intercepts = _array(model, "weights", 2), _array(model, "intercepts", 1)
        widths = [encoded_width(column) for column in model.features]
        if weights.shape != (len(intercepts), sum(widths)):
            raise ValueError(f"weights of shape {weights.shape} do not fit {sum(widths)} encoded columns")
        shift, divisor = _array(model, "shift", 1), _array(model, "divisor", 1)
        if not len(shift) == len(divisor) == len(model.features):
            raise ValueError("'shift' and 'divisor' must have a number for every feature")
        blocks = np.split(weights, np.cumsum(widths)[:-1], axis=1)
        terms = [
            _term(column, block, float(low), float(by))
            for column, block, low, by in zip(model.features, blocks, shift, divisor, strict=True)
        ]
        return guard_levels(model, LinearPredictor(terms, intercepts.tolist(), scores_of(model), link))


def _term(column: Column, weights: np.ndarray, shift: float, divisor: float) -> NumberTerm | LevelTerm:
    if column.categories is None:
        return NumberTerm(tuple(weights[:, 0].tolist()), shift, divisor)
    return LevelTerm(column.categories, column.dtype, tuple(tuple(row) for row in weights.tolist()))


def _array(model: Model, name: str, dimensions: int) -> np.ndarray:
    array = model.arrays[name]
    if array.ndim != dimensions or array.dtype != np.float64:
        raise ValueError(f"array '{name}' must hold doubles in {dimensions} dimensions")
    return array

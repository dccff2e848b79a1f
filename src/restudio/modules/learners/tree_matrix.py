"""Training data as the dense matrix that trees of scikit-learn split: single precision, missing cells as NaN."""

from __future__ import annotations

import numpy as np

from restudio.kernels.levels import MISSING
from restudio.modules.learners.training_data import TrainingData, ensure_finite

_DIGITS = 1e4
"""Single precision has seven digits: a column keeps three of its spread while it is at most so much larger than it."""
_SMALLEST, _LARGEST = 1e-3, 1e30


def tree_matrix(data: TrainingData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The matrix (``rows x features``), and the shift and divisor of every feature.

    Categorical features are the positions of their levels. Numbers are taken as they are, unless single precision
    would lose what tells them apart (times in ticks); those are brought to 0…1. Error 0033 for infinite numbers.
    """
    width = len(data.features)
    matrix = np.empty((data.rows, width), np.float32)
    shift, divisor = np.zeros(width), np.ones(width)
    for i, (column, cells) in enumerate(zip(data.features, data.columns, strict=True)):
        if column.is_categorical:
            matrix[:, i] = cells
            matrix[cells == MISSING, i] = np.nan
            continue
        ensure_finite(column, cells)
        shift[i], divisor[i] = _scaling(cells)
        matrix[:, i] = cells if divisor[i] == 1.0 else (cells - shift[i]) / divisor[i]
    return matrix, shift, divisor


def _scaling(cells: np.ndarray) -> tuple[float, float]:
    if np.isnan(cells).all():
        return 0.0, 1.0
    low, high = float(np.nanmin(cells)), float(np.nanmax(cells))
    span, size = high - low, max(abs(low), abs(high))
    fits = size <= _LARGEST and span >= _SMALLEST and size <= _DIGITS * span
    if fits or (span == 0.0 and size <= _LARGEST):
        return 0.0, 1.0
    if not np.isfinite(span):
        return 0.0, size
    # Divisor 1 means 'as they are'.
    return low, 2.0 if span in (0.0, 1.0) else span

"""Regression metrics and the error histogram (modules reference, 103)."""

from __future__ import annotations

import math

import numpy as np

from restudio.artifacts.values import Json

_BINS = 10


def metrics(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """The metric columns of Evaluate Model. Relative errors are NaN when the truth never varies."""
    error = predicted - truth
    spread = truth - truth.mean()
    squared = _ratio(float(np.sum(error**2)), float(np.sum(spread**2)))
    return {
        "Mean Absolute Error": float(np.mean(np.abs(error))),
        "Root Mean Squared Error": math.sqrt(float(np.mean(error**2))),
        "Relative Absolute Error": _ratio(float(np.sum(np.abs(error))), float(np.sum(np.abs(spread)))),
        "Relative Squared Error": squared,
        "Coefficient of Determination": 1.0 - squared,
        # Known only for models that predict a deviation too; the original shows Infinity for the others.
        "Negative Log Likelihood": math.inf,
    }


def error_histogram(truth: np.ndarray, predicted: np.ndarray) -> dict[str, Json]:
    """Counts of absolute errors in ten bins of equal width; ``Error`` has the eleven edges."""
    counts, edges = np.histogram(np.abs(predicted - truth), bins=_BINS)
    return {"Error Histogram": {"Error": edges.tolist(), "Frequency": counts.tolist()}}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan

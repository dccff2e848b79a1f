"""Regression metrics and the error histogram (modules reference, 103)."""

from __future__ import annotations

import math

import numpy as np

from restudio.artifacts.values import Json

_BINS = 10


def metrics(truth: np.ndarray, predicted: np.ndarray, deviation: np.ndarray | None = None) -> dict[str, float]:
    """The metric columns of Evaluate Model. Relative errors are NaN when the truth never varies; ``deviation`` is that
    of the predictions, where the model tells one."""
    error = predicted - truth
    spread = truth - truth.mean()
    squared = _ratio(float(np.sum(error**2)), float(np.sum(spread**2)))
    return {
        "Mean Absolute Error": float(np.mean(np.abs(error))),
        "Root Mean Squared Error": math.sqrt(float(np.mean(error**2))),
        "Relative Absolute Error": _ratio(float(np.sum(np.abs(error))), float(np.sum(np.abs(spread)))),
        "Relative Squared Error": squared,
        "Coefficient of Determination": 1.0 - squared,
        "Negative Log Likelihood": _negative_log_likelihood(error, deviation),
    }


def _negative_log_likelihood(error: np.ndarray, deviation: np.ndarray | None) -> float:
    """The sum over all rows of minus the logarithm of the normal density; infinite, as the original shows it, without
    a deviation, or where a deviation of 0 meets an error."""
    if deviation is None or (deviation <= 0.0).any():
        return math.inf
    return float(np.sum(0.5 * (error / deviation) ** 2 + np.log(deviation * math.sqrt(2.0 * math.pi))))


def error_histogram(truth: np.ndarray, predicted: np.ndarray) -> dict[str, Json]:
    """Counts of absolute errors in ten bins of equal width; ``Error`` has the eleven edges."""
    counts, edges = np.histogram(np.abs(predicted - truth), bins=_BINS)
    return {"Error Histogram": {"Error": edges.tolist(), "Frequency": counts.tolist()}}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan

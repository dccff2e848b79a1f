"""Quantile regression metrics (modules reference, 103): the pinball loss of each quantile, and those of the middle one
as of any prediction of numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from restudio.modules.metrics import regression


def metrics(truth: np.ndarray, predicted: Mapping[float, np.ndarray]) -> dict[str, float]:
    """The metric columns of Evaluate Model, by the predictions of each quantile."""
    losses = {quantile: loss(quantile, truth, values) for quantile, values in predicted.items()}
    return {
        **{f"Quantile Loss:{quantile!r}": value for quantile, value in losses.items()},
        "Average Quantile Loss": float(np.mean(list(losses.values()))),
        **regression.metrics(truth, middle(predicted)),
    }


def loss(quantile: float, truth: np.ndarray, predicted: np.ndarray) -> float:
    """Least for predictions that the quantile's share of rows does not exceed."""
    below = truth - predicted
    return float(np.mean(np.maximum(quantile * below, (quantile - 1.0) * below)))


def middle(predicted: Mapping[float, np.ndarray]) -> np.ndarray:
    """The predictions of the quantile that is nearest to the median."""
    return predicted[min(predicted, key=lambda quantile: abs(quantile - 0.5))]

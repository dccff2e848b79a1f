"""Platt's calibration: the sigmoid of a raw two-class score that makes it a probability."""

from __future__ import annotations

import numpy as np

_STEPS = 200


def fit_sigmoid(raw: np.ndarray, positive: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """``(a, b)`` such that ``1 / (1 + e^-(a * raw + b))`` is the probability of the positive class.

    The targets are Platt's, a little inside of 0 and 1, so that separable data has an optimum. It is what scikit-learn
    calls calibration with the method ``sigmoid``.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    counts = np.ones(len(raw)) if weight is None else weight
    yes, no = float(counts[positive].sum()), float(counts[~positive].sum())
    target = np.where(positive, (yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0))
    scale = float(np.abs(raw).max()) or 1.0
    scaled = raw / scale

    def objective(at: np.ndarray) -> tuple[float, np.ndarray]:
        z = at[0] * scaled + at[1]
        slope = counts * (expit(z) - target)
        value = float(counts @ (np.logaddexp(0.0, z) - target * z))
        return value, np.array([float(slope @ scaled), float(slope.sum())])

    start = np.array([0.0, np.log((yes + 1.0) / (no + 1.0))])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "maxiter": _STEPS}).x
    return float(found[0]) / scale, float(found[1])

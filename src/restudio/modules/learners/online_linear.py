"""Linear two-class learners that see a row at a time, with their scores calibrated to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from restudio.core.errors import ModuleError
from restudio.modules.learners.calibration import fit_sigmoid
from restudio.modules.learners.linear_design import Design


def fit_calibrated(
    learner: Any, design: Design, matrix: Any, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit an ``SGDClassifier`` (without intercept of its own) and fold the sigmoid of its scores into the weights.

    Gives weights (1 x columns) and intercepts (1) of the logistic link; error 0083 when they are not finite.
    """
    from scipy.sparse import csr_matrix, hstack
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    target = design.data.target
    # The intercept is a column of ones: the library slows its own intercept a hundredfold for sparse data.
    whole = hstack([matrix, csr_matrix(np.ones((len(target), 1)))], format="csr")
    with threadpool_limits(1, "blas"):
        try:
            learner.fit(whole, target, sample_weight=weight)
        except ValueError as cause:
            raise _not_finite() from cause
        weights = learner.coef_[0]
        slope, shift = fit_sigmoid(whole @ weights, target == 1, weight)
    weights = weights * slope
    if not (np.isfinite(weights).all() and np.isfinite(shift)):
        raise _not_finite()
    return weights[None, :-1], np.array([weights[-1] + shift])


def _not_finite() -> ModuleError:
    return ModuleError(
        "0083", "The training data gives no finite weights; switch normalising on, or look for extreme values."
    )

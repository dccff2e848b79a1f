"""Poisson Regression (modules reference, 58): counts, with the logarithm of their mean a weighted sum of features.

Minimises ``sum of (e^z - y z) + l1 * |w|₁ + l2 / 2 * |w|²`` (the intercept is free), which is the objective of
scikit-learn's ``PoissonRegressor`` with ``alpha = l2 / rows`` when ``l1`` is 0.
"""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import to_raw
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.modules.learners.linear_design import encode, fitted_model, linear_predictor, to_unit_variance
from restudio.modules.learners.penalised import PenalisedParams
from restudio.modules.learners.ranges import single
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_ID = "poisson-regression"
_MAX_ITERATIONS = 1000
_MAX_EXPONENT = 500.0
"""Sums are held below it while searching, so that the objective stays finite."""


@module(
    id=_ID,
    name="Poisson Regression",
    category="Machine Learning / Initialize Model / Regression",
    params=PenalisedParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.REGRESSION,
    family="80e21b9d382740d8b733b53148becbc2",
    serving=Serving.NEVER,
    errors=("0002", "0005", "0023", "0033", "0083", "0130", "0134"),
)
def poisson_regression(p: PenalisedParams, *, ctx: Context) -> UntrainedModel:
    """A model of counts: whole numbers from 0 on, such as calls a day. The logarithm of the expected count is a
    weighted sum of the features. Numbers are brought to mean 0 and variance 1, categories become indicators; rows with
    a missing feature are not learned from and get no score.

    Example:
      parameters: {L1 regularization weight: 0.1}
    """
    return UntrainedModel(_ID, Task.REGRESSION, to_raw(p))


@poisson_regression.fits
def _fit(p: PenalisedParams, data: TrainingData, ctx: Context) -> Model:
    if (data.target < 0).any() or (data.target != np.floor(data.target)).any():
        name = "" if data.label is None else data.label.name
        raise ModuleError(
            "0023", f"Column '{name}' must hold counts: whole numbers that are not negative.", column=name
        )
    design = encode(data, to_unit_variance)
    weights, intercept = _minimise(design.matrix, design.data.target, single(p))
    params = cast("dict[str, Json]", to_raw(p))
    return fitted_model(_ID, Task.REGRESSION, design, weights[None, :], np.array([intercept]), params, {})


@poisson_regression.predicts
def _predict(model: Model) -> Predictor:
    return linear_predictor(model, "exp")


def _minimise(matrix: Any, target: np.ndarray, p: PenalisedParams) -> tuple[np.ndarray, float]:
    """Weights and intercept, by L-BFGS. A weight is the difference of two halves that are not negative, which makes
    the L1 penalty smooth."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    rows, width = matrix.shape
    # The mean is what the intercept gives alone: a start from which no step explodes.
    intercept = math.log(max(float(target.mean()), 1.0 / (2.0 * rows)))

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat[:width] - flat[width:-1]
        z = np.minimum(matrix @ weights + flat[-1], _MAX_EXPONENT)
        mean = np.exp(z)
        slope = mean - target
        value = float(np.sum(mean - target * z)) + 0.5 * p.l2 * float(weights @ weights) + p.l1 * float(flat[:-1].sum())
        gradient = matrix.T @ slope + p.l2 * weights
        whole = np.concatenate([gradient + p.l1, p.l1 - gradient, [slope.sum()]])
        # Per row, so that the tolerance means the same for small and large data.
        return value / rows, whole / rows

    # One thread: the last digits must not depend on the number of cores.
    with threadpool_limits(1, "blas"), np.errstate(over="ignore"):
        found = minimize(
            objective,
            np.concatenate([np.zeros(2 * width), [intercept]]),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * (2 * width) + [(None, None)],
            options={
                "maxcor": p.memory,
                "maxiter": _MAX_ITERATIONS,
                "maxfun": 2 * _MAX_ITERATIONS,
                "ftol": p.tolerance,
                "gtol": 1e-9,
            },
        ).x
    if not np.isfinite(found).all():
        raise ModuleError("0083", "The training data gives no finite weights; look for extreme values in its features.")
    return found[:width] - found[width:-1], float(found[-1])

"""Linear Regression (modules reference, 55): ordinary least squares, or online gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, integer, mode, real, to_raw, when
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.modules.learners.linear_design import (
    Design,
    encode,
    fitted_model,
    linear_predictor,
    to_unit_range,
    to_unit_size,
    unscaled,
)
from restudio.modules.learners.ranges import EPSILON, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_ID = "linear-regression"
_OLS = "Ordinary Least Squares"
_OGD = "Online Gradient Descent"
_WORST_ERROR = 4.0
_MOST_COLUMNS = 5000
"""The normal equations are a dense matrix of this many rows and columns (200 MB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearRegressionParams:
    solution: str = mode("Solution method", (_OLS, _OGD))
    trainer_mode: str = trainer_mode(when=when("solution", _OGD))
    l2: float = real("L2 regularization weight", 0.001, ge=0, help="Keeps weights small; 0 turns it off.")
    intercept: bool = boolean("Include intercept term", True, help="Learn a constant beside the weights.")
    learning_rate: float = real("Learning rate", 0.1, ge=EPSILON, when=when("solution", _OGD))
    epochs: int = integer(
        "Number of training epochs",
        10,
        ge=0,
        when=when("solution", _OGD),
        aliases=(
            "Number of training epochs over which the algorithm iterates through examples",
            "Number of epochs over which algorithm iterates through examples",
        ),
    )
    normalize: bool = boolean(
        "Normalize features",
        True,
        aliases=("Should input instances be normalized",),
        when=when("solution", _OGD),
        help="Scale numbers to 0…1.",
    )
    average: bool = boolean(
        "Average final hypothesis", True, aliases=("Final hypothesis is averaged",), when=when("solution", _OGD)
    )
    decrease: bool = boolean(
        "Decrease learning rate",
        True,
        aliases=("Decrease learning rate as iterations progress",),
        when=when("solution", _OGD),
    )
    learning_rate_range: tuple[float, ...] = values_of("learning rate", "0.025; 0.05; 0.1; 0.2", ge=EPSILON)
    epochs_range: tuple[float, ...] = values_of(
        "number of training epochs",
        "1; 10; 100",
        aliases=("Range for number of epochs over which algorithm iterates through examples",),
        ge=0,
    )
    l2_range: tuple[float, ...] = values_of(
        "L2 regularization weight", "0.001; 0.01; 0.1", aliases=("Range for L2 regularization term weight",), ge=0
    )
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@module(
    id=_ID,
    name="Linear Regression",
    category="Machine Learning / Initialize Model / Regression",
    params=LinearRegressionParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.REGRESSION,
    family="31960a6f789b4cf788d62e1152c0bd1a",
    serving=Serving.NEVER,
    errors=("0002", "0005", "0023", "0033", "0039", "0130", "0134"),
)
def linear_regression(p: LinearRegressionParams, *, ctx: Context) -> UntrainedModel:
    """A weighted sum of the features, fitted exactly (least squares with an L2 penalty) or row by row (online gradient
    descent). Categories become indicators; rows with a missing feature are not learned from and get no score.

    Example:
      parameters: {Solution method: Online Gradient Descent, Number of training epochs: 50}
    """
    return UntrainedModel(_ID, Task.REGRESSION, to_raw(p))


@linear_regression.fits
def _fit(p: LinearRegressionParams, data: TrainingData, ctx: Context) -> Model:
    chosen = single(p)
    if chosen.solution == _OLS:
        # Scaling keeps the solution exact for features of any size; the penalty is on the unscaled weights.
        design = encode(data, to_unit_range if chosen.intercept else to_unit_size)
        weights, intercept = _least_squares(design, chosen.l2, chosen.intercept)
    else:
        design = encode(data, to_unit_range if chosen.normalize else unscaled)
        weights, intercept = _descend(design, chosen)
    if not (np.isfinite(weights).all() and np.isfinite(intercept)):
        raise _diverged()
    params = cast("dict[str, Json]", to_raw(p))
    return fitted_model(_ID, Task.REGRESSION, design, weights[None, :], np.array([intercept]), params, {})


@linear_regression.predicts
def _predict(model: Model) -> Predictor:
    return linear_predictor(model, "identity")


def _least_squares(design: Design, l2: float, intercept: bool) -> tuple[np.ndarray, float]:
    """Ridge regression through the normal equations of the centred columns; minimum norm where they are singular."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    matrix, target = design.matrix, design.data.target
    rows = matrix.shape[0]
    if matrix.shape[1] > _MOST_COLUMNS:
        raise ModuleError(
            "0014",
            f"The features have {matrix.shape[1]} numbers and levels together; least squares takes {_MOST_COLUMNS}. "
            f"Clear the feature flag of columns with many levels, or use '{_OGD}'.",
        )
    means = np.asarray(matrix.mean(axis=0)).ravel() if intercept else np.zeros(matrix.shape[1])
    centre = float(target.mean()) if intercept else 0.0
    gram = (matrix.T @ matrix).toarray() - rows * np.outer(means, means)
    gram[np.diag_indices_from(gram)] += l2 / design.scale**2
    moments = matrix.T @ (target - centre)
    # One thread: the last digits must not depend on the number of cores.
    with threadpool_limits(1, "blas"):
        weights = np.linalg.lstsq(gram, moments, rcond=None)[0]
    return weights, centre - float(means @ weights)


def _descend(design: Design, p: LinearRegressionParams) -> tuple[np.ndarray, float]:
    """One pass a epoch over the shuffled rows. The target is standardised meanwhile, which keeps steps in scale."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import SGDRegressor

    target = design.data.target
    centre = float(target.mean()) if p.intercept else 0.0
    spread = float(np.sqrt(np.mean((target - centre) ** 2))) or 1.0
    if p.epochs == 0:
        return np.zeros(design.matrix.shape[1]), centre
    # The intercept is a column of ones: the library slows its own intercept a hundredfold for sparse data.
    ones = csr_matrix(np.full((len(target), 1), float(p.intercept)))
    matrix = hstack([design.matrix, ones], format="csr")
    learner = SGDRegressor(
        alpha=p.l2,
        eta0=p.learning_rate,
        learning_rate="invscaling" if p.decrease else "constant",
        power_t=0.5,
        max_iter=p.epochs,
        tol=None,
        average=p.average,
        fit_intercept=False,
        random_state=0 if p.seed is None else p.seed,
    )
    wanted = (target - centre) / spread
    try:
        learner.fit(matrix, wanted)
    except ValueError as cause:
        raise _diverged() from cause
    # A constant has an error of 1 here; the library clips its gradients, so divergence need not end in infinities.
    if not float(np.mean((learner.predict(matrix) - wanted) ** 2)) < _WORST_ERROR:
        raise _diverged()
    return learner.coef_[:-1] * spread, centre + float(learner.coef_[-1]) * spread


def _diverged() -> ModuleError:
    return ModuleError(
        "0039", "Training diverged: lower 'Learning rate', or switch 'Normalize features' on.", module=_ID
    )

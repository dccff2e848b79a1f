"""Bayesian Linear Regression (modules reference, 51): a linear model that knows how sure it is.

Weights have a normal prior whose precision is ``ratio`` times that of the noise. Then the mean of the weights is ridge
regression with the penalty ``ratio``, the precision of the noise follows from the training errors, and the variance of
a prediction is the noise's plus that of the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import real, to_raw
from restudio.core.schema import Column
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.clusters import CentreSums
from restudio.kernels.expr import Predictor
from restudio.kernels.gaussian import LinearGaussian
from restudio.modules.fitted_state import reading
from restudio.modules.learners.dense_model import doubles, inputs_of
from restudio.modules.learners.fitted import guard_levels, mean_and_deviation
from restudio.modules.learners.linear_design import encode, to_unit_variance
from restudio.modules.learners.ranges import EPSILON, allow_unknown
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_ID = "bayesian-linear-regression"
_MOST_COLUMNS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesianLinearParams:
    ratio: float = real(
        "Regularization weight",
        1.0,
        ge=EPSILON,
        help="The precision of the prior of the weights, as a multiple of that of the noise.",
    )
    allow_unknown: bool = allow_unknown()


@module(
    id=_ID,
    name="Bayesian Linear Regression",
    category="Machine Learning / Initialize Model / Regression",
    params=BayesianLinearParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.REGRESSION,
    family="ee12de502b344145aec023e0485da308",
    serving=Serving.NEVER,
    errors=("0002", "0005", "0014", "0023", "0033", "0083", "0130", "0134"),
)
def bayesian_linear_regression(p: BayesianLinearParams, *, ctx: Context) -> UntrainedModel:
    """A weighted sum of the features, with the standard deviation of each prediction. Numbers are brought to mean 0 and
    variance 1, categories become indicators; rows with a missing feature are not learned from and get no score.

    Example:
      parameters: {Regularization weight: 0.5}
    """
    return UntrainedModel(_ID, Task.REGRESSION, to_raw(p))


@bayesian_linear_regression.fits
def _fit(p: BayesianLinearParams, data: TrainingData, ctx: Context) -> Model:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    design = encode(data, to_unit_variance)
    matrix, target = design.matrix, design.data.target
    rows, width = matrix.shape
    if width > _MOST_COLUMNS:
        raise ModuleError(
            "0014", f"The features have {width} numbers and levels together; this learner takes {_MOST_COLUMNS}."
        )
    centre = float(target.mean())
    # One thread: the last digits must not depend on the number of cores.
    with threadpool_limits(1, "blas"):
        values, vectors = np.linalg.eigh((matrix.T @ matrix).toarray())
        precision = np.maximum(values, 0.0) + p.ratio
        weights = vectors @ ((vectors.T @ (matrix.T @ (target - centre))) / precision)
        errors = target - centre - matrix @ weights
        noise = (float(errors @ errors) + p.ratio * float(weights @ weights)) / rows
        # Rows whose squared products with an encoded row add up to the variance that the weights bring.
        factors = (vectors / np.sqrt(precision)).T * np.sqrt(noise)
    arrays = {
        "centres": np.vstack([weights, factors]),
        "numbers": np.array([centre, noise]),
        "shift": design.shift,
        "divisor": design.divisor,
    }
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModuleError("0083", "The training data gives no finite weights; look for extreme values in its features.")
    return Model(
        learner=_ID,
        task=Task.REGRESSION,
        features=design.data.features,
        label=design.data.label,
        arrays=arrays,
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(rows)},
    )


@bayesian_linear_regression.predicts
def _predict(model: Model) -> Predictor:
    with reading(model.learner):
        centre, noise = doubles(model.arrays, "numbers", 1).tolist()
        sums = CentreSums(inputs_of(model), doubles(model.arrays, "centres", 2), products=True)
        return guard_levels(model, LinearGaussian(sums, centre, noise))


@bayesian_linear_regression.scores_as
def _scores(model: Model) -> Iterator[Column]:
    return mean_and_deviation()

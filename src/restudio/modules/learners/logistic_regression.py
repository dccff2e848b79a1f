"""Two-Class and Multiclass Logistic Regression (modules reference, 72 and 62)."""

from __future__ import annotations

from typing import cast

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.params import to_raw
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.modules.learners.elastic_net import Settings, fit_logistic
from restudio.modules.learners.linear_design import encode, fitted_model, linear_predictor, to_unit_variance
from restudio.modules.learners.penalised import PenalisedParams
from restudio.modules.learners.ranges import single
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_TWO_CLASS = "two-class-logistic-regression"
_MULTICLASS = "multiclass-logistic-regression"
_ERRORS = ("0002", "0005", "0023", "0033", "0130", "0134")


@module(
    id=_TWO_CLASS,
    name="Two-Class Logistic Regression",
    category="Machine Learning / Initialize Model / Classification",
    params=PenalisedParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.BINARY,
    family="b0fd7660eeed43c5948720d9cc79ed5d",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def two_class_logistic_regression(p: PenalisedParams, *, ctx: Context) -> UntrainedModel:
    """A linear model of the odds of one of two classes. Numbers are brought to mean 0 and variance 1,
    categories become indicators; rows with a missing feature are not learned from and get no score.

    Example:
      parameters: {L1 regularization weight: 0, L2 regularization weight: 0.5}
    """
    return UntrainedModel(_TWO_CLASS, Task.BINARY, to_raw(p))


@module(
    id=_MULTICLASS,
    name="Multiclass Logistic Regression",
    category="Machine Learning / Initialize Model / Classification",
    params=PenalisedParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.MULTICLASS,
    family="1d195fe598cd4e1aa1c8076aaa3e02c3",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def multiclass_logistic_regression(p: PenalisedParams, *, ctx: Context) -> UntrainedModel:
    """A linear model of the probabilities of several classes (softmax). Features are treated as by **Two-Class
    Logistic Regression**.

    Example:
      parameters: {L2 regularization weight: 0.1}
    """
    return UntrainedModel(_MULTICLASS, Task.MULTICLASS, to_raw(p))


@two_class_logistic_regression.fits
def _fit_two_class(p: PenalisedParams, data: TrainingData, ctx: Context) -> Model:
    return _fit(_TWO_CLASS, Task.BINARY, p, data)


@multiclass_logistic_regression.fits
def _fit_multiclass(p: PenalisedParams, data: TrainingData, ctx: Context) -> Model:
    return _fit(_MULTICLASS, Task.MULTICLASS, p, data)


@two_class_logistic_regression.predicts
def _predict_two_class(model: Model) -> Predictor:
    return linear_predictor(model, "logistic")


@multiclass_logistic_regression.predicts
def _predict_multiclass(model: Model) -> Predictor:
    return linear_predictor(model, "softmax")


def _fit(learner: str, task: Task, p: PenalisedParams, data: TrainingData) -> Model:
    chosen = single(p)
    # On the Adult data, scaling to 0...1 under the default penalties costs 0.003 of AUC: it squeezes capital-gain.
    design = encode(data, to_unit_variance)
    settings = Settings(chosen.l1, chosen.l2, chosen.tolerance, chosen.memory)
    sums = 1 if task is Task.BINARY else len(data.classes)
    # The weight column counts for the two-class learner only (modules reference, section 2.2).
    weight = design.data.weight if task is Task.BINARY else None
    weights, intercepts = fit_logistic(design.matrix, design.data.target, sums, weight, settings)
    return fitted_model(learner, task, design, weights, intercepts, cast("dict[str, Json]", to_raw(p)), {})

"""Two-Class and Multiclass Logistic Regression (modules reference, 72 and 62)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from restudio.artifacts.values import Json, Model, Task, UntrainedModel
from restudio.core.params import integer, real, to_raw, when
from restudio.core.spec import Port, PortKind, Serving, module
from restudio.kernels.expr import Predictor
from restudio.modules.learners.elastic_net import Settings, fit_logistic
from restudio.modules.learners.linear_design import encode, fitted_model, linear_predictor, to_unit_variance
from restudio.modules.learners.ranges import EPSILON, SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_TWO_CLASS = "two-class-logistic-regression"
_MULTICLASS = "multiclass-logistic-regression"
_ERRORS = ("0002", "0005", "0023", "0033", "0130", "0134")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticRegressionParams:
    trainer_mode: str = trainer_mode()
    tolerance: float = real(
        "Optimization tolerance",
        1e-7,
        ge=EPSILON,
        when=when("trainer_mode", SINGLE),
        help="Training stops when an iteration improves the objective by less than this fraction.",
    )
    l1: float = real(
        "L1 regularization weight",
        1.0,
        ge=0,
        when=when("trainer_mode", SINGLE),
        aliases=("L1 regularizaton weight",),
        help="Pulls weights to exactly zero.",
    )
    l2: float = real(
        "L2 regularization weight",
        1.0,
        ge=0,
        when=when("trainer_mode", SINGLE),
        aliases=("L2 regularizaton weight",),
        help="Keeps weights small.",
    )
    memory: int = integer(
        "Memory size for L-BFGS",
        20,
        ge=1,
        when=when("trainer_mode", SINGLE),
        help="How many past steps the optimiser remembers.",
    )
    tolerance_range: tuple[float, ...] = values_of("optimization tolerance", "0.00001; 0.00000001", ge=EPSILON)
    l1_range: tuple[float, ...] = values_of("L1 regularization weight", "0.0; 0.01; 0.1; 1.0", ge=0)
    l2_range: tuple[float, ...] = values_of("L2 regularization weight", "0.01; 0.1; 1.0", ge=0)
    memory_range: tuple[float, ...] = values_of("memory size for L-BFGS", "5; 20; 50", ge=1)
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@module(
    id=_TWO_CLASS,
    name="Two-Class Logistic Regression",
    category="Machine Learning / Initialize Model / Classification",
    params=LogisticRegressionParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    family="b0fd7660eeed43c5948720d9cc79ed5d",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def two_class_logistic_regression(p: LogisticRegressionParams, *, ctx: Context) -> UntrainedModel:
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
    params=LogisticRegressionParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    family="1d195fe598cd4e1aa1c8076aaa3e02c3",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def multiclass_logistic_regression(p: LogisticRegressionParams, *, ctx: Context) -> UntrainedModel:
    """A linear model of the probabilities of several classes (softmax). Features are treated as by **Two-Class
    Logistic Regression**.

    Example:
      parameters: {L2 regularization weight: 0.1}
    """
    return UntrainedModel(_MULTICLASS, Task.MULTICLASS, to_raw(p))


@two_class_logistic_regression.fits
def _fit_two_class(p: LogisticRegressionParams, data: TrainingData, ctx: Context) -> Model:
    return _fit(_TWO_CLASS, Task.BINARY, p, data)


@multiclass_logistic_regression.fits
def _fit_multiclass(p: LogisticRegressionParams, data: TrainingData, ctx: Context) -> Model:
    return _fit(_MULTICLASS, Task.MULTICLASS, p, data)


@two_class_logistic_regression.predicts
def _predict_two_class(model: Model) -> Predictor:
    return linear_predictor(model, "logistic")


@multiclass_logistic_regression.predicts
def _predict_multiclass(model: Model) -> Predictor:
    return linear_predictor(model, "softmax")


def _fit(learner: str, task: Task, p: LogisticRegressionParams, data: TrainingData) -> Model:
    chosen = single(p)
    # On the Adult data, scaling to 0...1 under the default penalties costs 0.003 of AUC: it squeezes capital-gain.
    design = encode(data, to_unit_variance)
    settings = Settings(chosen.l1, chosen.l2, chosen.tolerance, chosen.memory)
    sums = 1 if task is Task.BINARY else len(data.classes)
    # The weight column counts for the two-class learner only (modules reference, section 2.2).
    weight = design.data.weight if task is Task.BINARY else None
    weights, intercepts = fit_logistic(design.matrix, design.data.target, sums, weight, settings)
    return fitted_model(learner, task, design, weights, intercepts, cast("dict[str, Json]", to_raw(p)), {})

"""Two-Class Averaged Perceptron (modules reference, 66)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.params import integer, real, to_raw, when
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.modules.learners.linear_design import encode, fitted_model, linear_predictor, to_unit_range
from restudio.modules.learners.online_linear import fit_calibrated
from restudio.modules.learners.ranges import EPSILON, SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_ID = "two-class-averaged-perceptron"


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragedPerceptronParams:
    trainer_mode: str = trainer_mode()
    learning_rate: float = real(
        "Learning rate",
        1.0,
        ge=EPSILON,
        aliases=("Initial learning rate",),
        when=when("trainer_mode", SINGLE),
        help="How far a row that is misjudged moves the weights.",
    )
    iterations: int = integer(
        "Maximum number of iterations",
        10,
        ge=1,
        when=when("trainer_mode", SINGLE),
        help="How often training sees every row.",
    )
    learning_rate_range: tuple[float, ...] = values_of(
        "learning rate", "0.1; 0.5; 1.0", aliases=("Range for initial learning rate",), ge=EPSILON
    )
    iterations_range: tuple[float, ...] = values_of("maximum number of iterations", "1; 10", ge=1)
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@module(
    id=_ID,
    name="Two-Class Averaged Perceptron",
    category="Machine Learning / Initialize Model / Classification",
    params=AveragedPerceptronParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.BINARY,
    family="5ed44caa5360407dae6c7a88c491474a",
    serving=Serving.NEVER,
    errors=("0002", "0005", "0023", "0033", "0083", "0130", "0134"),
)
def two_class_averaged_perceptron(p: AveragedPerceptronParams, *, ctx: Context) -> UntrainedModel:
    """A linear model that moves its weights at every row it misjudges, and keeps their average over all steps. Numbers
    are scaled to 0…1, categories become indicators, scores are calibrated to probabilities; rows with a missing
    feature are not learned from and get no score.

    Example:
      parameters: {Learning rate: 0.5, Maximum number of iterations: 20}
    """
    return UntrainedModel(_ID, Task.BINARY, to_raw(p))


@two_class_averaged_perceptron.fits
def _fit(p: AveragedPerceptronParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.linear_model import SGDClassifier

    chosen = single(p)
    design = encode(data, to_unit_range)
    learner = SGDClassifier(
        loss="perceptron",
        penalty=None,
        learning_rate="constant",
        eta0=chosen.learning_rate,
        max_iter=chosen.iterations,
        tol=None,
        average=True,
        fit_intercept=False,
        random_state=0 if chosen.seed is None else chosen.seed,
    )
    weights, intercepts = fit_calibrated(learner, design, design.matrix, None)
    return fitted_model(_ID, Task.BINARY, design, weights, intercepts, cast("dict[str, Json]", to_raw(p)), {})


@two_class_averaged_perceptron.predicts
def _predict(model: Model) -> Predictor:
    return linear_predictor(model, "logistic")

"""Two-Class Support Vector Machine (modules reference, 74)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.params import boolean, integer, real, to_raw, when
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.dense import Layer
from restudio.kernels.expr import Predictor
from restudio.modules.learners.dense_model import dense_arrays, dense_predictor, dense_texts
from restudio.modules.learners.linear_design import encode, to_unit_range, unscaled
from restudio.modules.learners.online_linear import fit_calibrated
from restudio.modules.learners.ranges import EPSILON, SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_ID = "two-class-support-vector-machine"
_SPHERE = "Project to the unit-sphere"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportVectorMachineParams:
    trainer_mode: str = trainer_mode()
    iterations: int = integer(
        "Number of iterations",
        1,
        ge=1,
        when=when("trainer_mode", SINGLE),
        help="How often training sees every row.",
    )
    weight: float = real(
        "Lambda",
        0.001,
        ge=EPSILON,
        aliases=("The value lambda",),
        when=when("trainer_mode", SINGLE),
        help="Keeps weights small; also sets the size of the steps.",
    )
    iterations_range: tuple[float, ...] = values_of("number of iterations", "1; 10; 100", ge=1)
    weight_range: tuple[float, ...] = values_of("lambda", "0.00001; 0.0001; 0.001; 0.01; 0.1", ge=EPSILON)
    normalize: bool = boolean(
        "Normalize features", True, aliases=("Normalize the features",), help="Scale numbers to 0…1."
    )
    sphere: bool = boolean(
        _SPHERE,
        False,
        aliases=("Perform a projection to the unit-ball",),
        help="Divide every encoded row by its length.",
    )
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@module(
    id=_ID,
    name="Two-Class Support Vector Machine",
    category="Machine Learning / Initialize Model / Classification",
    params=SupportVectorMachineParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.BINARY,
    family="12d8479b74b44e67b8ded32867380e20",
    serving=Serving.NEVER,
    errors=("0002", "0005", "0023", "0033", "0083", "0130", "0134"),
)
def two_class_support_vector_machine(p: SupportVectorMachineParams, *, ctx: Context) -> UntrainedModel:
    """A linear model that separates two classes with the widest margin (hinge loss). Categories become indicators,
    scores are calibrated to probabilities; rows with a missing feature are not learned from and get no score.

    Example:
      parameters: {Number of iterations: 10, Lambda: 0.0001}
    """
    return UntrainedModel(_ID, Task.BINARY, to_raw(p))


@two_class_support_vector_machine.fits
def _fit(p: SupportVectorMachineParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.linear_model import SGDClassifier

    chosen = single(p)
    design = encode(data, to_unit_range if chosen.normalize else unscaled)
    matrix = _on_sphere(design.matrix) if chosen.sphere else design.matrix
    learner = SGDClassifier(
        loss="hinge",
        alpha=chosen.weight,
        max_iter=chosen.iterations,
        tol=None,
        fit_intercept=False,
        random_state=0 if chosen.seed is None else chosen.seed,
    )
    weights, intercepts = fit_calibrated(learner, design, matrix, design.data.weight)
    layers = [Layer(weights.T, intercepts, "sigmoid")]
    return Model(
        learner=_ID,
        task=Task.BINARY,
        features=design.data.features,
        label=design.data.label,
        classes=design.data.classes,
        arrays=dense_arrays(layers, design, [np.empty(0)] * len(design.data.features)),
        texts=dense_texts(layers),
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(design.data.rows)},
    )


@two_class_support_vector_machine.predicts
def _predict(model: Model) -> Predictor:
    return dense_predictor(model, unit_length=model.params.get(_SPHERE) is True)


def _on_sphere(matrix: Any) -> Any:
    """Every row divided by its length; rows of zeros stay."""
    from scipy.sparse import diags

    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    length[length == 0.0] = 1.0
    return (diags(1.0 / length) @ matrix).tocsr()

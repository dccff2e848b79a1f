"""Anomaly detection: One-Class Support Vector Machine, PCA-Based Anomaly Detection, and their trainer (modules
reference, 76, 77 and 83)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, integer, parse_params, real, to_raw, when
from restudio.core.schema import Schema
from restudio.core.spec import Entry, Port, PortKind, Serving, Task, ToldModel, module, table_in
from restudio.kernels.anomalies import RadialPredictor, ReconstructionPredictor
from restudio.kernels.expr import Predictor
from restudio.modules.fitted_state import reading
from restudio.modules.learners.dense_model import doubles, inputs_of
from restudio.modules.learners.fitted import guard_levels, scores_of
from restudio.modules.learners.linear_design import Design, encode, to_unit_range, unscaled
from restudio.modules.learners.ranges import EPSILON, SINGLE, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData, prepare_unlabelled
from restudio.seams.context import Context
from restudio.tables.table import Table

_SVM, _PCA = "one-class-support-vector-machine", "pca-based-anomaly-detection"
_CATEGORY = "Machine Learning / Initialize Model / Anomaly Detection"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClassParams:
    trainer_mode: str = trainer_mode()
    nu: float = real(
        "η (nu)",
        0.1,
        ge=EPSILON,
        le=1,
        when=when("trainer_mode", SINGLE),
        aliases=("η", "nu"),
        help="The share of training rows that may count as unusual, at most.",
    )
    epsilon: float = real(
        "ε (epsilon)",
        0.001,
        ge=EPSILON,
        when=when("trainer_mode", SINGLE),
        aliases=("ε", "epsilon"),
        help="Training stops at this error.",
    )
    nu_range: tuple[float, ...] = values_of("η (nu)", "0.001; 0.01; 0.1", ge=EPSILON, le=1)
    epsilon_range: tuple[float, ...] = values_of("ε (epsilon)", "0.001; 0.01; 0.1", ge=EPSILON)


@dataclass(frozen=True, slots=True, kw_only=True)
class PcaAnomalyParams:
    trainer_mode: str = trainer_mode(aliases=("Training mode",))
    components: int = integer(
        "Number of components to use in PCA", 2, ge=1, le=10_000, when=when("trainer_mode", SINGLE)
    )
    oversampling: int = integer(
        "Oversampling parameter for randomized PCA", 2, ge=0, le=10_000, when=when("trainer_mode", SINGLE)
    )
    components_range: tuple[float, ...] = values_of(
        "number of components to use in PCA", "2; 4; 6; 8; 10", ge=1, le=10_000
    )
    oversampling_range: tuple[float, ...] = values_of(
        "oversampling parameter for randomized PCA", "2; 4; 6; 8; 10", ge=0, le=10_000
    )
    centre: bool = boolean(
        "Enable input feature mean normalization", False, help="Bring numbers to mean 0 before the analysis."
    )


@module(
    id=_SVM,
    name="One-Class Support Vector Machine",
    category=_CATEGORY,
    params=OneClassParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.ANOMALY,
    serving=Serving.NEVER,
    errors=("0002", "0005", "0008"),
)
def one_class_support_vector_machine(p: OneClassParams, *, ctx: Context) -> UntrainedModel:
    """Learn from usual rows where rows usually are, and tell rows elsewhere as anomalies. Numbers are scaled to 0…1,
    categories become indicators; rows with a missing feature are not learned from and get no score.

    Example:
      parameters: {η (nu): 0.05}
    """
    return UntrainedModel(_SVM, Task.ANOMALY, to_raw(p))


@module(
    id=_PCA,
    name="PCA-Based Anomaly Detection",
    category=_CATEGORY,
    params=PcaAnomalyParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.ANOMALY,
    serving=Serving.NEVER,
    errors=("0002", "0005", "0008"),
)
def pca_based_anomaly_detection(p: PcaAnomalyParams, *, ctx: Context) -> UntrainedModel:
    """Learn the main components of usual rows, and tell rows that they explain badly as anomalies. The score is the
    share of a row's length outside of the components. Normalise the features before, where their units differ.

    Example:
      parameters: {Number of components to use in PCA: 3}
    """
    return UntrainedModel(_PCA, Task.ANOMALY, to_raw(p))


@module(
    id="train-anomaly-detection-model",
    name="Train Anomaly Detection Model",
    category="Machine Learning / Train",
    inputs=(Port("Untrained model", PortKind.UNTRAINED), table_in("Dataset")),
    outputs=(Port("Trained model", PortKind.MODEL),),
    serving=Serving.NEVER,
    errors=("0003", "0013", "0014", "0021", "0033", "0047", "0083", "0130"),
)
def train_anomaly_detection_model(p: object, untrained: UntrainedModel, dataset: Table, *, ctx: Context) -> Model:
    """Train an anomaly detector on usual rows. All columns marked as features are learned from, a label is not.

    Example:
      Untrained model: {module: pca-based-anomaly-detection, parameters: {Number of components to use in PCA: 1}}
      Dataset: {x: [1.0, 2.0, 3.0, 4.0], y: [1.1, 2.0, 2.9, 4.1]}
    """
    learner = ctx.entry(untrained.learner)
    if learner.fit is None or untrained.task is not Task.ANOMALY:
        raise _no_detector(learner)
    data = prepare_unlabelled(dataset, [column.name for column in dataset.schema.features()])
    ctx.progress(0.1, f"training on {data.rows} rows with {len(data.features)} features")
    model: Model = learner.fit(parse_params(learner.spec.params, untrained.params), data, ctx)
    return model


@train_anomaly_detection_model.tells_schema
def _told(p: object, untrained: ToldModel | None, dataset: Schema) -> ToldModel | None:
    if untrained is not None and untrained.learner.spec.task is not Task.ANOMALY:
        raise _no_detector(untrained.learner)
    return untrained


def _no_detector(learner: Entry) -> ModuleError:
    return ModuleError("0013", f"'{learner.spec.name}' does not detect anomalies.")


@one_class_support_vector_machine.fits
def _fit_svm(p: OneClassParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.svm import OneClassSVM

    chosen = single(p)
    design = encode(data, to_unit_range)
    learner = OneClassSVM(kernel="rbf", gamma="scale", nu=chosen.nu, tol=chosen.epsilon)
    try:
        learner.fit(design.matrix)
    except ValueError as cause:
        raise ModuleError("0083", f"The rows cannot be learned from: {cause}.") from cause
    decision = learner.decision_function(design.matrix)
    vectors, coefficients = _dense(learner.support_vectors_), _dense(learner.dual_coef_)[0]
    numbers = [float(learner._gamma), float(learner.intercept_[0]), float(decision.std()) or 1.0]
    arrays = {"vectors": vectors, "coefficients": coefficients, "numbers": np.array(numbers)}
    return _model(_SVM, design, arrays, to_raw(p))


@pca_based_anomaly_detection.fits
def _fit_pca(p: PcaAnomalyParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    chosen = single(p)
    design = encode(data, _to_mean if chosen.centre else unscaled)
    most = min(design.matrix.shape)
    # One thread: the last digits must not depend on the number of cores.
    with threadpool_limits(1, "blas"):
        _, _, components = randomized_svd(
            design.matrix, min(chosen.components, most), n_oversamples=chosen.oversampling, random_state=0
        )
    if not np.isfinite(components).all():
        raise ModuleError("0083", "The rows have no finite components; look for extreme values.")
    return _model(_PCA, design, {"components": np.ascontiguousarray(components)}, to_raw(p))


@one_class_support_vector_machine.predicts
def _predict_svm(model: Model) -> Predictor:
    with reading(model.learner):
        gamma, intercept, scale = doubles(model.arrays, "numbers", 1).tolist()
        vectors, coefficients = doubles(model.arrays, "vectors", 2), doubles(model.arrays, "coefficients", 1)
        numbers = gamma, intercept, scale
        predictor = RadialPredictor(inputs_of(model), vectors, coefficients, numbers, scores_of(model))
        return guard_levels(model, predictor)


@pca_based_anomaly_detection.predicts
def _predict_pca(model: Model) -> Predictor:
    with reading(model.learner):
        components = doubles(model.arrays, "components", 2)
        return guard_levels(model, ReconstructionPredictor(inputs_of(model), components, scores_of(model)))


def _to_mean(cells: np.ndarray) -> tuple[float, float]:
    return float(cells.mean()), 1.0


def _dense(matrix: Any) -> np.ndarray:
    return np.ascontiguousarray(matrix if isinstance(matrix, np.ndarray) else matrix.toarray(), np.float64)


def _model(learner: str, design: Design, arrays: dict[str, np.ndarray], raw: dict[str, object]) -> Model:
    return Model(
        learner=learner,
        task=Task.ANOMALY,
        features=design.data.features,
        label=None,
        arrays={**arrays, "shift": design.shift, "divisor": design.divisor},
        params=cast("dict[str, Json]", raw),
        metrics={"Training rows": float(design.data.rows)},
    )

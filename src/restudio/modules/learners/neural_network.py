"""Neural Network Regression, Two-Class and Multiclass Neural Network (modules reference, 56, 73 and 63)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, integer, mode, real, script, text, to_raw, when
from restudio.core.spec import Entry, Port, PortKind, Serving, Task, module
from restudio.kernels.dense import Activation, Layer
from restudio.kernels.expr import Predictor
from restudio.modules.learners.dense_model import dense_arrays, dense_predictor, dense_texts
from restudio.modules.learners.linear_design import Scaling, encode, to_unit_range, to_unit_variance, unscaled
from restudio.modules.learners.network_shape import DEFINITION, NODES, SAMPLE, Shape, from_definition, from_sizes
from restudio.modules.learners.network_training import Descent, train_network
from restudio.modules.learners.ranges import EPSILON, SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData, ensure_finite
from restudio.seams.context import Context

_REGRESSION = "neural-network-regression"
_TWO_CLASS = "two-class-neural-network"
_MULTICLASS = "multiclass-neural-network"
_CONNECTED, _CUSTOM = "Fully-connected case", "Custom definition script"
_BINNING, _GAUSSIAN, _MIN_MAX, _NONE = (
    "Binning normalizer",
    "Gaussian normalizer",
    "Min-Max normalizer",
    "Do not normalize",
)
_SCALING: dict[str, Scaling] = {
    _BINNING: unscaled,
    _GAUSSIAN: to_unit_variance,
    _MIN_MAX: to_unit_range,
    _NONE: unscaled,
}
_BINS = 1024
_ERRORS = ("0002", "0005", "0008", "0023", "0033", "0039", "0083", "0130", "0134")


def _learning_rate(default: float) -> Any:
    return real(
        "Learning rate",
        default,
        ge=EPSILON,
        le=1,
        when=when("trainer_mode", SINGLE),
        aliases=("The learning rate",),
        help="The size of a step.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralNetworkParams:
    trainer_mode: str = trainer_mode()
    hidden: str = mode("Hidden layer specification", (_CONNECTED, _CUSTOM))
    nodes: str = text(NODES, "100", when=when("hidden", _CONNECTED), help="One size a hidden layer, such as 40, 10.")
    definition: str = script(DEFINITION, SAMPLE, when=when("hidden", _CUSTOM), help="Net#: fully connected layers.")
    learning_rate: float = _learning_rate(0.1)
    iterations: int = integer(
        "Number of learning iterations",
        100,
        ge=1,
        when=when("trainer_mode", SINGLE),
        help="How often training sees every row.",
    )
    learning_rate_range: tuple[float, ...] = values_of("learning rate", "0.1; 0.2; 0.4", ge=EPSILON, le=1)
    iterations_range: tuple[float, ...] = values_of("number of learning iterations", "20; 40; 80; 160", ge=1)
    diameter: float = real(
        "The initial learning weights diameter",
        0.1,
        ge=EPSILON,
        le=1e6,
        help="The width of the interval around 0 from which the first weights are drawn.",
    )
    momentum: float = real("The momentum", 0.0, ge=0, le=1, help="How much of its last step a weight repeats.")
    normalizer: str = choice(
        "The type of normalizer",
        (_BINNING, _GAUSSIAN, _MIN_MAX, _NONE),
        _MIN_MAX,
        choice_aliases={"Binning": _BINNING, "Gaussian": _GAUSSIAN, "Min-Max": _MIN_MAX},
    )
    shuffle: bool = boolean("Shuffle examples", True, help="See the rows in another order in every iteration.")
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralNetworkRegressionParams(NeuralNetworkParams):
    learning_rate: float = _learning_rate(0.005)


def _declare(
    id: str, name: str, kind: str, task: Task, family: str, params: type
) -> Callable[[Callable[..., Any]], Entry]:
    return module(
        id=id,
        name=name,
        category=f"Machine Learning / Initialize Model / {kind}",
        params=params,
        outputs=(Port("Untrained model", PortKind.UNTRAINED),),
        task=task,
        family=family,
        serving=Serving.NEVER,
        errors=_ERRORS,
    )


@_declare(
    _REGRESSION,
    "Neural Network Regression",
    "Regression",
    Task.REGRESSION,
    "d7ee222c669f4200a576a761a9c1a928",
    NeuralNetworkRegressionParams,
)
def neural_network_regression(p: NeuralNetworkRegressionParams, *, ctx: Context) -> UntrainedModel:
    """Layers of weighted sums that predict a number. Categories become indicators; rows with a missing feature are not
    learned from and get no score.

    Example:
      parameters: {Number of hidden nodes: "20", Learning rate: 0.01}
    """
    return _untrained(_REGRESSION, Task.REGRESSION, p)


@_declare(
    _TWO_CLASS,
    "Two-Class Neural Network",
    "Classification",
    Task.BINARY,
    "ebc29f52719d4d0fb66a2ce85f527c7d",
    NeuralNetworkParams,
)
def two_class_neural_network(p: NeuralNetworkParams, *, ctx: Context) -> UntrainedModel:
    """Layers of weighted sums that predict the probability of one of two classes. Categories become indicators; rows
    with a missing feature are not learned from and get no score.

    Example:
      parameters: {Number of hidden nodes: "20, 10", Learning rate: 0.2}
    """
    return _untrained(_TWO_CLASS, Task.BINARY, p)


@_declare(
    _MULTICLASS,
    "Multiclass Neural Network",
    "Classification",
    Task.MULTICLASS,
    "e8b401fb230a4b21bd11d1fda0d57c1f",
    NeuralNetworkParams,
)
def multiclass_neural_network(p: NeuralNetworkParams, *, ctx: Context) -> UntrainedModel:
    """Layers of weighted sums that predict the probabilities of several classes. Categories become indicators; rows
    with a missing feature are not learned from and get no score.

    Example:
      parameters: {Number of hidden nodes: "50", Number of learning iterations: 40}
    """
    return _untrained(_MULTICLASS, Task.MULTICLASS, p)


@neural_network_regression.fits
def _fit_regression(p: NeuralNetworkParams, data: TrainingData, ctx: Context) -> Model:
    # A target of mean 0 and variance 1 suits the learning rate, whatever its unit.
    centre, spread = float(data.target.mean()), float(data.target.std()) or 1.0
    wanted = ((data.target - centre) / spread)[:, None]
    model = _fit(_REGRESSION, Task.REGRESSION, "linear", p, replace(data, target=wanted), ctx)
    last = len(model.texts["activations"].split(",")) - 1
    weights, bias = f"weights-{last}", f"bias-{last}"
    unscaled_layer = {weights: model.arrays[weights] * spread, bias: model.arrays[bias] * spread + centre}
    return replace(model, arrays={**model.arrays, **unscaled_layer})


@two_class_neural_network.fits
def _fit_two_class(p: NeuralNetworkParams, data: TrainingData, ctx: Context) -> Model:
    wanted = data.target[:, None].astype(np.float64)
    return _fit(_TWO_CLASS, Task.BINARY, "sigmoid", p, replace(data, target=wanted), ctx)


@multiclass_neural_network.fits
def _fit_multiclass(p: NeuralNetworkParams, data: TrainingData, ctx: Context) -> Model:
    wanted = np.eye(len(data.classes))[data.target]
    return _fit(_MULTICLASS, Task.MULTICLASS, "softmax", p, replace(data, target=wanted), ctx)


@neural_network_regression.predicts
@two_class_neural_network.predicts
@multiclass_neural_network.predicts
def _predict(model: Model) -> Predictor:
    return dense_predictor(model)


def _untrained(learner: str, task: Task, p: NeuralNetworkParams) -> UntrainedModel:
    _hidden_layers(p)
    return UntrainedModel(learner, task, to_raw(p))


def _hidden_layers(p: NeuralNetworkParams) -> Shape:
    return from_sizes(p.nodes) if p.hidden == _CONNECTED else from_definition(p.definition)


def _fit(
    learner: str, task: Task, output: Activation, p: NeuralNetworkParams, data: TrainingData, ctx: Context
) -> Model:
    """Train on the rows of ``data`` that have all features; its target is a matrix of wanted outputs."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    chosen = single(p)
    edges = [np.empty(0)] * len(data.features)
    if chosen.normalizer == _BINNING:
        data, edges = _binned(data)
    design = encode(data, _SCALING[chosen.normalizer])
    descent = Descent(
        learning_rate=chosen.learning_rate,
        iterations=chosen.iterations,
        diameter=chosen.diameter,
        momentum=chosen.momentum,
        shuffle=chosen.shuffle,
        seed=0 if chosen.seed is None else chosen.seed,
    )
    target = design.data.target
    shape = (*_hidden_layers(chosen), (target.shape[1], output))
    # The weight column counts for the two-class learner only (modules reference, section 2.2).
    weight = design.data.weight if task is Task.BINARY else None
    # One thread: the matrices are small, and the last digits must not depend on the number of cores.
    with threadpool_limits(1, "blas"):
        layers = train_network(design.matrix, target, shape, descent, weight, lambda f: ctx.progress(f, "training"))
    _ensure_finite(layers, learner)
    return Model(
        learner=learner,
        task=task,
        features=design.data.features,
        label=design.data.label,
        classes=design.data.classes,
        arrays=dense_arrays(layers, design, edges),
        texts=dense_texts(layers),
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(design.data.rows)},
    )


def _binned(data: TrainingData) -> tuple[TrainingData, list[np.ndarray]]:
    """Numbers as the share of edges below them; the edges stand between bins of about equally many rows."""
    columns, edges = [], []
    for column, cells in zip(data.features, data.columns, strict=True):
        present = cells if column.is_categorical else cells[~np.isnan(cells)]
        if column.is_categorical or not len(present):
            columns.append(cells)
            edges.append(np.empty(0))
            continue
        ensure_finite(column, cells)
        quantiles = np.quantile(present, np.linspace(0, 1, _BINS + 1)[1:-1], method="inverted_cdf")
        found = np.unique(quantiles)
        shares = np.searchsorted(found, cells) / len(found)
        columns.append(np.where(np.isnan(cells), np.nan, shares))
        edges.append(found)
    return replace(data, columns=tuple(columns)), edges


def _ensure_finite(layers: list[Layer], learner: str) -> None:
    if not all(np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all() for layer in layers):
        raise ModuleError(
            "0039", "Training diverged: lower 'Learning rate' or 'The momentum', or normalise.", module=learner
        )

"""Training of fully connected networks: gradient descent over small batches, with momentum.

A step is scikit-learn's (``MLPClassifier`` and ``MLPRegressor`` with the solver ``sgd``, without penalty and Nesterov
momentum). What differs is the start: weights drawn evenly from an interval as wide as the diameter that the user
chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restudio.kernels.dense import Activation, Layer

_LARGEST_BATCH = 32
_DENSE_CELLS = 50_000_000
"""Up to so many cells (400 MB) the encoded matrix is made dense, which saves two thirds of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """How to descend; ``diameter`` is the width of the interval of first weights."""

    learning_rate: float
    iterations: int
    diameter: float
    momentum: float
    shuffle: bool
    seed: int


def batch_size(rows: int) -> int:
    """Single rows for small data, as the original learner; more for large data, where steps are many anyway."""
    return max(1, min(_LARGEST_BATCH, rows // 100))


def train_network(
    matrix: Any,
    target: np.ndarray,
    shape: Sequence[tuple[int, Activation]],
    descent: Descent,
    weight: np.ndarray | None,
    progress: Callable[[float], None],
) -> list[Layer]:
    """The layers for ``target`` (rows x outputs). ``shape`` has size and activation of every layer, the last one being
    the outputs, whose activation decides the loss: squared (linear) or logarithmic (sigmoid, softmax). The weights may
    be infinite or NaN when training diverged."""
    rows, width = matrix.shape
    dense = rows * width <= _DENSE_CELLS
    values = matrix.toarray() if dense else matrix
    random = np.random.default_rng(descent.seed)
    parameters = _first_parameters(width, shape, descent.diameter, random)
    speeds = [np.zeros_like(parameter) for parameter in parameters]
    activations = [activation for _, activation in shape]
    size = batch_size(rows)
    order = np.arange(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        for iteration in range(descent.iterations):
            if descent.shuffle:
                random.shuffle(order)
            for start in range(0, rows, size):
                chosen = order[start : start + size]
                batch = values[chosen] if dense else values[chosen].toarray()
                counts = None if weight is None else weight[chosen]
                slopes = _slopes(parameters, activations, batch, target[chosen], counts)
                for n, slope in enumerate(slopes):
                    speeds[n] *= descent.momentum
                    speeds[n] -= descent.learning_rate * slope
                    parameters[n] += speeds[n]
            progress((iteration + 1) / descent.iterations)
    pairs = zip(parameters[::2], parameters[1::2], activations, strict=True)
    return [Layer(weights, bias, activation) for weights, bias, activation in pairs]


def _first_parameters(
    width: int, shape: Sequence[tuple[int, Activation]], diameter: float, random: np.random.Generator
) -> list[np.ndarray]:
    """Weights and bias of every layer, in turn."""
    parameters = []
    for size, _ in shape:
        parameters.append(random.uniform(-diameter / 2, diameter / 2, (width, size)))
        parameters.append(random.uniform(-diameter / 2, diameter / 2, size))
        width = size
    return parameters


def _slopes(
    parameters: Sequence[np.ndarray],
    activations: Sequence[Activation],
    batch: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray | None,
) -> list[np.ndarray]:
    """The mean slope of the loss over the batch for every parameter."""
    outputs = [batch]
    for weights, bias, activation in zip(parameters[::2], parameters[1::2], activations, strict=True):
        outputs.append(_FORWARD[activation](outputs[-1] @ weights + bias))
    delta = outputs[-1] - target
    if weight is not None:
        delta *= weight[:, None]
    delta /= len(batch)
    slopes: list[np.ndarray] = []
    for n in range(len(activations) - 1, -1, -1):
        slopes[:0] = [outputs[n].T @ delta, delta.sum(axis=0)]
        if n:
            delta = (delta @ parameters[2 * n].T) * _BACKWARD[activations[n - 1]](outputs[n])
    return slopes


def _sigmoid(z: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(-z)
    return 1.0 / (1.0 + powers)


def _softmax(z: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(z - z.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


_FORWARD: Mapping[Activation, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda z: z,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "rlinear": lambda z: np.maximum(z, 0.0),
    "softmax": _softmax,
}
_BACKWARD: Mapping[Activation, Callable[[np.ndarray], np.ndarray]] = {
    "linear": np.ones_like,
    "sigmoid": lambda value: value * (1.0 - value),
    "tanh": lambda value: 1.0 - value * value,
    "rlinear": lambda value: (value > 0.0).astype(np.float64),
}
"""The slope of an activation, by its value."""

"""Fitted state of models whose kernel is ``restudio.kernels.dense``.

Arrays ``weights-<n>`` (inputs x outputs) and ``bias-<n>`` for every layer; ``shift`` and ``divisor``, a number a
feature; ``edges`` one after the other and ``edge-counts``, for features that are binned. The text ``activations``
names that of every layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from restudio.artifacts.values import Model
from restudio.kernels.dense import Activation, DensePredictor, Layer, LevelInput, NumberInput
from restudio.kernels.expr import Predictor
from restudio.modules.fitted_state import reading
from restudio.modules.learners.fitted import guard_levels, scores_of
from restudio.modules.learners.linear_design import Design

_MAX_LAYERS = 64


def dense_arrays(layers: Sequence[Layer], design: Design, edges: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a model with these layers; ``edges`` has an array a feature, empty where it is not binned."""
    arrays: dict[str, np.ndarray] = {"shift": design.shift, "divisor": design.divisor}
    if any(len(e) for e in edges):
        arrays["edges"] = np.concatenate(edges)
        arrays["edge-counts"] = np.array([len(e) for e in edges], np.int64)
    for n, layer in enumerate(layers):
        arrays[f"weights-{n}"], arrays[f"bias-{n}"] = np.ascontiguousarray(layer.weights), layer.bias
    return arrays


def dense_texts(layers: Sequence[Layer]) -> dict[str, str]:
    return {"activations": ",".join(layer.activation for layer in layers)}


def dense_predictor(model: Model, *, unit_length: bool = False) -> Predictor:
    """The scoring kernel of such a model."""
    with reading(model.learner):
        names = model.texts["activations"].split(",")[: _MAX_LAYERS + 1]
        if len(names) > _MAX_LAYERS:
            raise ValueError(f"more than {_MAX_LAYERS} layers")
        layers = [
            Layer(doubles(model.arrays, f"weights-{n}", 2), doubles(model.arrays, f"bias-{n}", 1), cast(Activation, a))
            for n, a in enumerate(names)
        ]
        predictor = DensePredictor(inputs_of(model), layers, scores_of(model), unit_length=unit_length)
        return guard_levels(model, predictor)


def inputs_of(model: Model) -> list[NumberInput | LevelInput]:
    """How the kernel encodes the features of a model."""
    shift, divisor = doubles(model.arrays, "shift", 1), doubles(model.arrays, "divisor", 1)
    edges = _edges(model)
    return [
        NumberInput(low, by, tuple(bins.tolist()))
        if column.categories is None
        else LevelInput(column.categories, column.dtype)
        for column, low, by, bins in zip(model.features, shift.tolist(), divisor.tolist(), edges, strict=True)
    ]


def _edges(model: Model) -> list[np.ndarray]:
    if "edges" not in model.arrays:
        return [np.empty(0)] * len(model.features)
    counts = model.arrays["edge-counts"]
    if counts.dtype != np.int64 or counts.ndim != 1 or (counts < 0).any():
        raise ValueError("'edge-counts' must hold counts")
    edges = doubles(model.arrays, "edges", 1)
    if int(counts.sum()) != len(edges):
        raise ValueError("'edge-counts' do not fit 'edges'")
    return np.split(edges, np.cumsum(counts)[:-1])


def doubles(arrays: Mapping[str, np.ndarray], name: str, dimensions: int) -> np.ndarray:
    """The array of that name; ``ValueError`` when it is not one of doubles in so many dimensions."""
    array = arrays[name]
    if array.ndim != dimensions or array.dtype != np.float64:
        raise ValueError(f"array '{name}' must hold doubles in {dimensions} dimensions")
    return array

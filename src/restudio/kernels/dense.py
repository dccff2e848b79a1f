"""Layers of weighted sums: neural networks, and linear models over rows brought to unit length.

A sum adds its terms in the order of its inputs, for a row and for a chunk alike; matrix products of a library would
add them in an order that depends on the number of rows. So both give the same to the last bit.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from restudio.core.schema import DType, Level
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.levels import Levels
from restudio.kernels.scores import Scores
from restudio.kernels.vectors import NUMPY, as_doubles

Activation = Literal["linear", "sigmoid", "tanh", "rlinear", "softmax"]
_BLOCK = 1024
"""Rows that are computed together: their sums stay in the cache of a core."""


@dataclass(frozen=True, slots=True)
class NumberInput:
    """A number as ``(x - shift) / divisor``, or with ``edges`` as the share of edges that are below it."""

    shift: float = 0.0
    divisor: float = 1.0
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelInput:
    """A level as one indicator a level; all are 0 for an unknown one."""

    levels: tuple[Level, ...]
    dtype: DType


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """``activation(inputs @ weights + bias)``; ``weights`` has a row an input, ``bias`` a number an output."""

    weights: np.ndarray
    bias: np.ndarray
    activation: Activation


class DensePredictor:
    """``layers`` over the encoded cells, the last one giving the raw values of ``scores``.

    The first layer has one input a number and one a level. A missing cell leaves the row without a score. With
    ``unit_length`` the encoded row is divided by its length first. ``ValueError`` when shapes do not fit or a number is
    not finite.
    """

    def __init__(
        self,
        inputs: Sequence[NumberInput | LevelInput],
        layers: Sequence[Layer],
        scores: Scores,
        *,
        unit_length: bool = False,
    ) -> None:
        _ensure_consistent(inputs, layers, scores.width)
        self._encoders = [CellEncoder(item) for item in inputs]
        self._layers = tuple(layers)
        self._scores = scores
        self._unit_length = unit_length
        offsets = np.cumsum([0, *(encoder.width for encoder in self._encoders)])[:-1]
        first = layers[0].weights
        self._tables = [e.table(first[at : at + e.width]) for e, at in zip(self._encoders, offsets, strict=True)]
        self._rows = np.concatenate(self._tables)
        self._starts = np.cumsum([0, *(len(table) for table in self._tables)])[:-1].tolist()

    @property
    def outputs(self) -> tuple[DType, ...]:
        return self._scores.outputs

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        factors, positions = np.empty(len(cells)), np.empty(len(cells), np.int64)
        square = 0.0
        for i, (encoder, start, cell) in enumerate(zip(self._encoders, self._starts, cells, strict=True)):
            position, factor, size = encoder.one(cell)
            positions[i], factors[i] = start + position, factor
            square += size * size
        with np.errstate(invalid="ignore", over="ignore"):
            sums = _last_sum(self._rows[positions] * factors[:, None])
            if self._unit_length:
                sums = sums / (math.sqrt(square) or 1.0)
            values = _activate(self._layers[0], sums[None, :])[0]
            for layer in self._layers[1:]:
                values = _activate(layer, _last_sum(layer.weights * values[:, None])[None, :])[0]
        return self._scores.one(values.tolist())

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        encoded = [encoder.many(column) for encoder, column in zip(self._encoders, columns, strict=True)]
        result = np.empty((rows, self._scores.width))
        with np.errstate(invalid="ignore", over="ignore"):
            for start in range(0, rows, _BLOCK):
                block = slice(start, min(start + _BLOCK, rows))
                result[block] = self._block([cells[block] for cells in encoded])
        return self._scores.many([np.ascontiguousarray(column) for column in result.T])

    def _block(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        sums = None
        square = np.zeros(len(encoded[0]))
        for encoder, table, cells in zip(self._encoders, self._tables, encoded, strict=True):
            term = table[0] * cells[:, None] if encoder.levels is None else table[cells]
            sums = term if sums is None else np.add(sums, term, out=sums)
            if self._unit_length:
                size = cells if encoder.levels is None else encoder.sizes[cells]
                square += size * size
        assert sums is not None
        if self._unit_length:
            length = np.sqrt(square)
            length[length == 0.0] = 1.0
            sums /= length[:, None]
        values = _activate(self._layers[0], sums)
        for layer in self._layers[1:]:
            values = _activate(layer, weighted_sums(values, layer.weights))
        return values


class CellEncoder:
    """A cell as the row of its weight table (the first for numbers, one a level), and the factor of that row."""

    def __init__(self, item: NumberInput | LevelInput) -> None:
        self.levels = Levels(item.levels, item.dtype) if isinstance(item, LevelInput) else None
        self._number = item if isinstance(item, NumberInput) else NumberInput()
        self._edges = np.array(self._number.edges)
        known = 0 if self.levels is None else len(self.levels)
        self.width = 1 if self.levels is None else known
        self.sizes = np.array([*[1.0] * known, math.nan, 0.0])
        self._codes: dict[object, int] = {None: known}
        if self.levels is not None:
            self._codes.update(self.levels.codes.items())

    def table(self, weights: np.ndarray) -> np.ndarray:
        """The weights, for levels followed by a row for missing cells and one for unknown ones."""
        if self.levels is None:
            return weights
        others = np.zeros((2, weights.shape[1]))
        others[0] = math.nan
        return np.concatenate([weights, others])

    def one(self, cell: object) -> tuple[int, float, float]:
        """Row of the table, factor, and size of the encoded cell."""
        if self.levels is None:
            value = math.nan if cell is None else self._scaled(cell)  # type: ignore[arg-type]  # numeric by contract
            return 0, value, value
        code = self._codes.get(cell, self.width + 1)
        return code, 1.0, float(self.sizes[code])

    def many(self, column: Vector) -> np.ndarray:
        """The scaled numbers, or the rows of the table."""
        if self.levels is not None:
            return self.levels.codes_of(column)
        if column.dtype not in NUMPY:
            raise ValueError(f"a numeric feature cannot be {column.dtype.value}")
        cells = as_doubles(column)
        if len(self._edges):
            missing = np.isnan(cells)
            cells = np.searchsorted(self._edges, cells) / len(self._edges)
            cells[missing] = math.nan
            return cells
        with np.errstate(invalid="ignore", over="ignore"):
            cells -= self._number.shift
            cells /= self._number.divisor
        return cells

    def _scaled(self, cell: float) -> float:
        edges = self._number.edges
        if edges:
            return math.nan if math.isnan(cell) else bisect.bisect_left(edges, cell) / len(edges)
        return (float(cell) - self._number.shift) / self._number.divisor


def _last_sum(terms: np.ndarray) -> np.ndarray:
    """The sum of the rows, added one after the other (``sum`` would add them in pairs)."""
    last: np.ndarray = np.add.accumulate(terms, axis=0)[-1]
    return last


def weighted_sums(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """``values @ weights``, terms added in the order of the inputs."""
    sums: np.ndarray = values[:, :1] * weights[0]
    for i in range(1, len(weights)):
        sums += values[:, i : i + 1] * weights[i]
    return sums


def _activate(layer: Layer, sums: np.ndarray) -> np.ndarray:
    return _ACTIVATIONS[layer.activation](sums + layer.bias)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.exp(-z)
    result += 1.0
    np.divide(1.0, result, out=result)
    return result


def _softmax(z: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(z - z.max(axis=1, keepdims=True))
    total = powers[:, :1].copy()
    for k in range(1, powers.shape[1]):
        total += powers[:, k : k + 1]
    powers /= total
    return powers


_ACTIVATIONS: Mapping[Activation, Callable[[np.ndarray], np.ndarray]] = {
    "linear": lambda z: z,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "rlinear": lambda z: np.maximum(z, 0.0),
    "softmax": _softmax,
}


def _ensure_consistent(inputs: Sequence[NumberInput | LevelInput], layers: Sequence[Layer], width: int) -> None:
    size = sum(1 if isinstance(item, NumberInput) else len(item.levels) for item in inputs)
    for layer in layers:
        if layer.weights.shape != (size, len(layer.bias)) or layer.activation not in _ACTIVATIONS:
            raise ValueError(f"a layer of {layer.weights.shape} weights does not fit {size} inputs")
        if not (np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all()):
            raise ValueError("a weight is not finite")
        size = len(layer.bias)
    if not layers or not inputs or size != width:
        raise ValueError(f"{width} outputs are needed, the layers give {size}")
    for item in inputs:
        if isinstance(item, NumberInput) and not (
            math.isfinite(item.shift) and math.isfinite(item.divisor) and item.divisor != 0.0
        ):
            raise ValueError("a scaling is not finite")
        if isinstance(item, NumberInput) and not all(a < b for a, b in zip(item.edges, item.edges[1:], strict=False)):
            raise ValueError("edges must increase")


if TYPE_CHECKING:
    _: type[Predictor] = DensePredictor

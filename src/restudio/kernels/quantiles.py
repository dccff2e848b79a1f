"""Score cells of forests that keep the values of their leaves: quantiles of what a row's leaves hold together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.expr import Vector
from restudio.kernels.scores import Scores


class QuantileScores:
    """Raw values are the leaf of every tree, counted from 0.

    ``samples`` are the values of all leaves, ascending within each; ``ends`` tells where those of every leaf end, tree
    after tree, and ``leaves`` how many leaves each tree has. All trees weigh the same, as do all values of a leaf.
    """

    def __init__(self, quantiles: Sequence[float], samples: np.ndarray, ends: np.ndarray, leaves: np.ndarray) -> None:
        if not len(leaves) or leaves.min() < 1 or leaves.sum() != len(ends):
            raise ValueError("the leaves of the trees and the ends of their values differ in number")
        if np.diff(ends, prepend=0).min() < 1 or ends[-1] != len(samples) or not np.isfinite(samples).all():
            raise ValueError("every leaf must hold finite values")
        if not quantiles or not all(0.0 < q < 1.0 for q in quantiles):
            raise ValueError("quantiles lie between 0 and 1")
        self._samples = samples
        self._starts = np.concatenate([[0], ends[:-1]]).tolist()
        self._ends = ends.tolist()
        self._first = np.concatenate([[0], np.cumsum(leaves)[:-1]])
        self._most = leaves - 1
        self._quantiles = np.array(quantiles)
        self.width = len(leaves)
        self.outputs: tuple[DType, ...] = (DType.DOUBLE,) * len(quantiles)

    def one(self, raw: Sequence[float]) -> tuple[object, ...]:
        return tuple(self._of(self._places(np.array([raw]))[0]).tolist())

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]:
        places = self._places(np.column_stack(raw))
        distinct, back = np.unique(places, axis=0, return_inverse=True)
        found = np.array([self._of(row) for row in distinct]).reshape(len(distinct), len(self._quantiles))
        return tuple(Vector(DType.DOUBLE, np.ascontiguousarray(column)) for column in found[back.ravel()].T)

    def _places(self, raw: np.ndarray) -> np.ndarray:
        """The leaves among those of all trees."""
        places: np.ndarray = self._first + np.clip(raw.astype(np.int64), 0, self._most)
        return places

    def _of(self, places: np.ndarray) -> np.ndarray:
        """The least value that a share of the weight does not exceed, for each quantile."""
        parts = [self._samples[self._starts[i] : self._ends[i]] for i in places.tolist()]
        sizes = [len(part) for part in parts]
        values = np.concatenate(parts)
        weights = np.repeat(1.0 / (np.array(sizes) * len(sizes)), sizes)
        order = np.argsort(values, kind="stable")
        # Rounding must not push a quantile past the value that just reaches it.
        reached = np.cumsum(weights[order]) * (1.0 + 1e-12)
        at = np.minimum(np.searchsorted(reached, self._quantiles), len(values) - 1)
        chosen: np.ndarray = values[order[at]]
        return chosen


if TYPE_CHECKING:
    _: type[Scores] = QuantileScores

"""Score cells of models that predict a distribution: its mean and its standard deviation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.clusters import CentreSums
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.scores import Scores

OUTPUTS: tuple[DType, ...] = (DType.DOUBLE, DType.DOUBLE)


class GaussianScores:
    """Raw values are the mean and the mean square around ``centre``, a number near the mean that keeps digits."""

    width = 2
    outputs = OUTPUTS

    def __init__(self, centre: float) -> None:
        if not math.isfinite(centre):
            raise ValueError(f"the centre must be finite, got {centre!r}")
        self._centre = centre

    def one(self, raw: Sequence[float]) -> tuple[object, ...]:
        mean, square = raw[0], raw[1]
        if math.isnan(mean):
            return None, None
        away = mean - self._centre
        return mean, math.sqrt(max(square - away * away, 0.0))

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]:
        mean, square = raw
        away = mean - self._centre
        deviation = np.sqrt(np.fmax(square - away * away, 0.0))
        missing = np.isnan(mean)
        mask = missing if missing.any() else None
        return Vector(DType.DOUBLE, mean, mask), Vector(DType.DOUBLE, deviation, mask)


class LinearGaussian:
    """The first sum plus ``centre`` is the mean; the squares of the others plus ``noise`` are the variance."""

    outputs = OUTPUTS

    def __init__(self, sums: CentreSums, centre: float, noise: float) -> None:
        if not math.isfinite(centre) or not (math.isfinite(noise) and noise >= 0.0):
            raise ValueError("the centre must be finite, the noise as well and not negative")
        self._sums = sums
        self._centre = centre
        self._noise = noise

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        with np.errstate(invalid="ignore", over="ignore"):
            mean, deviation = self._moments(self._sums.row(cells)[0])
        return (None, None) if math.isnan(mean[0]) else (float(mean[0]), float(deviation[0]))

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        mean, deviation = np.empty(rows), np.empty(rows)
        with np.errstate(invalid="ignore", over="ignore"):
            for place, sums, _ in self._sums.blocks(columns, rows):
                mean[place], deviation[place] = self._moments(sums)
        missing: np.ndarray = np.isnan(mean)
        mask = missing if missing.any() else None
        return Vector(DType.DOUBLE, mean, mask), Vector(DType.DOUBLE, deviation, mask)

    def _moments(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        squares = sums[:, 1:] * sums[:, 1:]
        # One after the other: 'sum' would add them in pairs.
        variance = np.add.accumulate(squares, axis=1)[:, -1] + self._noise
        return sums[:, 0] + self._centre, np.sqrt(variance)


if TYPE_CHECKING:
    _: tuple[type[Scores], type[Predictor]] = GaussianScores, LinearGaussian

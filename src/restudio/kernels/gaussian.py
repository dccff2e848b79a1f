"""Score cells of models that predict a distribution: its mean and its standard deviation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.expr import Vector
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


if TYPE_CHECKING:
    _: type[Scores] = GaussianScores

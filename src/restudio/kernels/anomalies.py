"""How unusual a row is: by the support vectors of normal rows, or by what their main components leave unexplained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.clusters import CentreSums
from restudio.kernels.dense import LevelInput, NumberInput
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.scores import Scores


class _SumsPredictor:
    """A score a row, of its sums over centres."""

    def __init__(self, sums: CentreSums, scores: Scores) -> None:
        self._sums = sums
        self._scores = scores

    @property
    def outputs(self) -> tuple[DType, ...]:
        return self._scores.outputs

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            return self._scores.one(self._score(*self._sums.row(cells)).tolist())

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        result = np.empty(rows)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for place, sums, square in self._sums.blocks(columns, rows):
                result[place] = self._score(sums, square)
        return self._scores.many([result])

    def _score(self, sums: np.ndarray, square: np.ndarray) -> np.ndarray:
        raise AssertionError("the subclass tells the score")


class RadialPredictor(_SumsPredictor):
    """A one-class support vector machine: ``decision = sum of coefficients * e^(-gamma |x - vector|²) + intercept``,
    positive for usual rows; the score is ``1 / (1 + e^(decision / scale))``."""

    def __init__(
        self,
        inputs: Sequence[NumberInput | LevelInput],
        vectors: np.ndarray,
        coefficients: np.ndarray,
        numbers: tuple[float, float, float],
        scores: Scores,
    ) -> None:
        super().__init__(CentreSums(inputs, vectors, products=False), scores)
        self._coefficients = coefficients
        self._gamma, self._intercept, self._scale = numbers
        finite = np.isfinite(coefficients).all() and all(map(math.isfinite, numbers))
        if coefficients.shape != (len(vectors),) or not finite or self._scale <= 0.0:
            raise ValueError("the coefficients do not fit the support vectors")

    def _score(self, sums: np.ndarray, square: np.ndarray) -> np.ndarray:
        weighted = np.exp(-self._gamma * sums) * self._coefficients
        # One after the other: 'sum' would add them in pairs.
        decision = np.add.accumulate(weighted, axis=1)[:, -1] + self._intercept
        score: np.ndarray = 1.0 / (1.0 + np.exp(decision / self._scale))
        return score


class ReconstructionPredictor(_SumsPredictor):
    """The share of a row's length that lies outside of the space of the ``components`` (orthonormal rows), 0…1."""

    def __init__(self, inputs: Sequence[NumberInput | LevelInput], components: np.ndarray, scores: Scores) -> None:
        super().__init__(CentreSums(inputs, components, products=True), scores)

    def _score(self, sums: np.ndarray, square: np.ndarray) -> np.ndarray:
        inside = np.add.accumulate(sums * sums, axis=1)[:, -1]
        share = np.maximum(square - inside, 0.0) / square
        share[square == 0.0] = 0.0
        score: np.ndarray = np.sqrt(share)
        return score


if TYPE_CHECKING:
    _: tuple[type[Predictor], type[Predictor]] = RadialPredictor, ReconstructionPredictor

"""The nearest of several centres, and the distances to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.dense import CellEncoder, LevelInput, NumberInput
from restudio.kernels.expr import Predictor, Vector


class ClusterPredictor:
    """``centres`` has a row a centre and a column an encoded number or level. Outputs are the position of the nearest
    centre, then the distance to each: Euclidean, or with ``cosine`` one less the cosine of the angle.

    Distances add the features in their order, for a row and for a chunk alike. A missing cell leaves the row without
    outputs. ``ValueError`` when shapes do not fit or a number is not finite.
    """

    def __init__(self, inputs: Sequence[NumberInput | LevelInput], centres: np.ndarray, *, cosine: bool) -> None:
        self._encoders = [CellEncoder(item) for item in inputs]
        width = sum(encoder.width for encoder in self._encoders)
        if not inputs or centres.shape[1:] != (width,) or not len(centres) or not np.isfinite(centres).all():
            raise ValueError(f"centres of shape {centres.shape} do not fit {width} encoded columns")
        self._cosine = cosine
        lengths = np.sqrt((centres**2).sum(axis=1, keepdims=True))
        lengths[lengths == 0.0] = 1.0
        scaled = centres / lengths if cosine else centres
        ends = np.cumsum([encoder.width for encoder in self._encoders])[:-1]
        blocks = [np.ascontiguousarray(block.T) for block in np.split(scaled, ends, axis=1)]
        self._tables = [self._table(e, block) for e, block in zip(self._encoders, blocks, strict=True)]
        self.outputs = (DType.INTEGER, *(DType.DOUBLE for _ in centres))

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        terms = np.empty((len(cells), len(self.outputs) - 1))
        square = 0.0
        with np.errstate(invalid="ignore", over="ignore"):
            for i, (encoder, table, cell) in enumerate(zip(self._encoders, self._tables, cells, strict=True)):
                row, factor, size = encoder.one(cell)
                terms[i] = table[row] if encoder.levels is not None else self._number_terms(factor, table[0])
                square += size * size
            # One after the other: 'sum' would add them in pairs.
            distances = self._distances(np.add.accumulate(terms, axis=0)[-1:], np.array([square]))[0]
        if np.isnan(distances).any():
            return (None,) * len(self.outputs)
        return (int(np.argmin(distances)), *distances.tolist())

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        sums, square = None, np.zeros(rows)
        with np.errstate(invalid="ignore", over="ignore"):
            for encoder, table, column in zip(self._encoders, self._tables, columns, strict=True):
                cells = encoder.many(column)
                if encoder.levels is None:
                    term, size = self._number_terms(cells[:, None], table[0]), cells
                else:
                    term, size = table[cells], encoder.sizes[cells]
                sums = term if sums is None else np.add(sums, term, out=sums)
                square += size * size
            assert sums is not None
            distances = self._distances(sums, square)
        missing = np.isnan(distances).any(axis=1)
        mask = missing if missing.any() else None
        nearest = Vector(DType.INTEGER, np.argmin(distances, axis=1).astype(np.int64), mask)
        return nearest, *(Vector(DType.DOUBLE, np.ascontiguousarray(d), mask) for d in distances.T)

    def _table(self, encoder: CellEncoder, block: np.ndarray) -> np.ndarray:
        """What a feature adds for each centre: by level, or for numbers the centres themselves."""
        if encoder.levels is None or self._cosine:
            return encoder.table(block)
        away: np.ndarray = (block**2).sum(axis=0)
        table = encoder.table(away - block**2 + (1.0 - block) ** 2)
        table[-1] = away
        return table

    def _number_terms(self, value: np.ndarray | float, centre: np.ndarray) -> np.ndarray:
        if self._cosine:
            return np.asarray(value * centre)
        away = value - centre
        return np.asarray(away * away)

    def _distances(self, sums: np.ndarray, square: np.ndarray) -> np.ndarray:
        if not self._cosine:
            # Rounding may leave a sum of levels a hair below zero; NaN stays.
            euclidean: np.ndarray = np.sqrt(np.maximum(sums, 0.0))
            return euclidean
        length = np.sqrt(square)
        length[length == 0.0] = 1.0
        result: np.ndarray = 1.0 - sums / length[:, None]
        return result


if TYPE_CHECKING:
    _: type[Predictor] = ClusterPredictor

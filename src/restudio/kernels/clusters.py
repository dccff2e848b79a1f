"""The nearest of several centres, and the distances to all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.schema import DType
from restudio.kernels.dense import CellEncoder, LevelInput, NumberInput
from restudio.kernels.expr import Predictor, Vector

_BLOCK_CELLS = 1 << 17
"""Cells of a block of sums: they stay in the cache of a core."""


class CentreSums:
    """A sum a centre, over all features: of squared differences, or with ``products`` of products.

    The features are added in their order, for a row and for a block of rows alike. ``ValueError`` when shapes do not
    fit or a number is not finite.
    """

    def __init__(self, inputs: Sequence[NumberInput | LevelInput], centres: np.ndarray, *, products: bool) -> None:
        self._encoders = [CellEncoder(item) for item in inputs]
        width = sum(encoder.width for encoder in self._encoders)
        if not inputs or centres.shape[1:] != (width,) or not len(centres) or not np.isfinite(centres).all():
            raise ValueError(f"centres of shape {centres.shape} do not fit {width} encoded columns")
        self._products = products
        self._width = len(centres)
        ends = np.cumsum([encoder.width for encoder in self._encoders])[:-1]
        blocks = [np.ascontiguousarray(block.T) for block in np.split(centres, ends, axis=1)]
        self._tables = [self._table(e, block) for e, block in zip(self._encoders, blocks, strict=True)]

    def row(self, cells: Sequence[object]) -> tuple[np.ndarray, np.ndarray]:
        """The sums (1 x centres) and the squared length of the encoded row; NaN where a cell is missing."""
        terms = np.empty((len(cells), self._width))
        square = 0.0
        for i, (encoder, table, cell) in enumerate(zip(self._encoders, self._tables, cells, strict=True)):
            row, factor, size = encoder.one(cell)
            terms[i] = table[row] if encoder.levels is not None else self._number_terms(factor, table[0])
            square += size * size
        # One after the other: 'sum' would add them in pairs.
        return np.add.accumulate(terms, axis=0)[-1:], np.array([square])

    def blocks(self, columns: Sequence[Vector], rows: int) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Blocks of rows: their place, sums (rows x centres) and squared lengths."""
        encoded = [encoder.many(column) for encoder, column in zip(self._encoders, columns, strict=True)]
        size = max(1, _BLOCK_CELLS // self._width)
        for start in range(0, rows, size):
            place = slice(start, min(start + size, rows))
            yield place, *self._block([cells[place] for cells in encoded])

    def _block(self, encoded: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        sums, square = None, np.zeros(len(encoded[0]))
        for encoder, table, cells in zip(self._encoders, self._tables, encoded, strict=True):
            if encoder.levels is None:
                term, size = self._number_terms(cells[:, None], table[0]), cells
            else:
                term, size = table[cells], encoder.sizes[cells]
            sums = term if sums is None else np.add(sums, term, out=sums)
            square += size * size
        assert sums is not None
        return sums, square

    def _table(self, encoder: CellEncoder, block: np.ndarray) -> np.ndarray:
        """What a feature adds for each centre: by level, or for numbers the centres themselves."""
        if encoder.levels is None or self._products:
            return encoder.table(block)
        away: np.ndarray = (block**2).sum(axis=0)
        table = encoder.table(away - block**2 + (1.0 - block) ** 2)
        table[-1] = away
        return table

    def _number_terms(self, value: np.ndarray | float, centre: np.ndarray) -> np.ndarray:
        if self._products:
            return np.asarray(value * centre)
        away = value - centre
        return np.asarray(away * away)


class ClusterPredictor:
    """``centres`` has a row a centre and a column an encoded number or level. Outputs are the position of the nearest
    centre, then the distance to each: Euclidean, or with ``cosine`` one less the cosine of the angle.

    A missing cell leaves the row without outputs. ``ValueError`` when shapes do not fit or a number is not finite.
    """

    def __init__(self, inputs: Sequence[NumberInput | LevelInput], centres: np.ndarray, *, cosine: bool) -> None:
        lengths = np.sqrt((centres**2).sum(axis=1, keepdims=True))
        lengths[lengths == 0.0] = 1.0
        self._sums = CentreSums(inputs, centres / lengths if cosine else centres, products=cosine)
        self._cosine = cosine
        self.outputs = (DType.INTEGER, *(DType.DOUBLE for _ in centres))

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        with np.errstate(invalid="ignore", over="ignore"):
            distances = self._distances(*self._sums.row(cells))[0]
        if np.isnan(distances).any():
            return (None,) * len(self.outputs)
        return (int(np.argmin(distances)), *distances.tolist())

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        distances = np.empty((rows, len(self.outputs) - 1))
        with np.errstate(invalid="ignore", over="ignore"):
            for place, sums, square in self._sums.blocks(columns, rows):
                distances[place] = self._distances(sums, square)
        missing = np.asarray(np.isnan(distances).any(axis=1))
        mask = missing if missing.any() else None
        nearest = Vector(DType.INTEGER, np.argmin(distances, axis=1).astype(np.int64), mask)
        return nearest, *(Vector(DType.DOUBLE, np.ascontiguousarray(d), mask) for d in distances.T)

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

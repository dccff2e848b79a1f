"""Texts as kernels: a text rewritten, and a text as many numbers of which few are not zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from restudio.core.cells import Cell
from restudio.core.schema import DType
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.vectors import NUMPY, from_cells, to_cells

Reading = tuple[tuple[Cell, ...], Mapping[int, float]]
"""Leading cells of a text, and the values of its features that are not zero, by position."""


class TextRewrite:
    """One text from the texts of a row. ``rewrite`` gets as many cells as there are columns, None where missing."""

    def __init__(self, rewrite: Callable[..., str | None]) -> None:
        self._rewrite = rewrite

    @property
    def outputs(self) -> tuple[DType, ...]:
        return (DType.STRING,)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        return (self._rewrite(*cells),)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        texts = zip(*(to_cells(column) for column in columns), strict=True)
        return (from_cells([self._rewrite(*row) for row in texts], DType.STRING),)


class TextFeatures:
    """Numbers of one text: the ``leading`` cells, then ``width`` features of ``dtype`` (Integer or Double).

    ``read`` tells the features that are not zero, so that a row costs as much as its text is long.
    """

    def __init__(
        self, read: Callable[[str | None], Reading], leading: Sequence[DType], width: int, dtype: DType
    ) -> None:
        if dtype not in NUMPY or dtype is DType.BOOLEAN:
            raise ValueError(f"features of texts are numbers, not {dtype.value}")
        self._read = read
        self._leading = tuple(leading)
        self._width = width
        self._dtype = dtype
        self._blank: list[object] = [NUMPY[dtype](0).item()] * width

    @property
    def outputs(self) -> tuple[DType, ...]:
        return (*self._leading, *[self._dtype] * self._width)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        leading, found = self._read(cells[0])  # type: ignore[arg-type]  # a text by contract
        features = self._blank.copy()
        for position, value in found.items():
            features[position] = value
        return (*leading, *features)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        block = np.zeros((self._width, rows), NUMPY[self._dtype])
        heads: list[tuple[Cell, ...]] = []
        for row, cell in enumerate(to_cells(columns[0])):
            leading, found = self._read(cell)  # type: ignore[arg-type]  # a text by contract
            heads.append(leading)
            for position, value in found.items():
                block[position, row] = value
        leads = [from_cells([head[i] for head in heads], dtype) for i, dtype in enumerate(self._leading)]
        return (*leads, *(Vector(self._dtype, features) for features in block))


if TYPE_CHECKING:
    _: tuple[type[Predictor], ...] = (TextRewrite, TextFeatures)

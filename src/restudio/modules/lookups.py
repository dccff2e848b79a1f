"""Rows looked up in a saved table by their keys: a join as a kernel (see ``restudio.modules.joining``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import Cell
from restudio.core.schema import DType
from restudio.kernels.expr import Predictor, Vector
from restudio.kernels.vectors import from_arrow, to_arrow
from restudio.tables.table import Table

if TYPE_CHECKING:
    import polars as pl

_NAN = object()
"""NaN as a key: equal to itself."""


@dataclass(frozen=True, slots=True)
class Key:
    """How a column of keys is compared with one of type ``other``: numbers as numbers, texts perhaps in any case."""

    dtype: DType
    other: DType
    match_case: bool

    def of_column(self, values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
        if self._is_widened:
            return values.cast(pa.float64(), safe=False)
        return pc.utf8_lower(values) if self._is_lowered else values

    def of_cell(self, cell: Cell) -> object:
        """The same of one cell, hashable; None stays None and is equal to nothing."""
        if cell is None:
            return None
        if self._is_widened:
            return float(cell)  # type: ignore[arg-type]  # a whole number
        if self._is_lowered:
            return pc.utf8_lower(pa.scalar(cell, pa.large_string())).as_py()
        return _NAN if isinstance(cell, float) and cell != cell else cell  # noqa: PLR0124  NaN

    @property
    def _is_widened(self) -> bool:
        return self.dtype is DType.INTEGER and self.other is DType.DOUBLE

    @property
    def _is_lowered(self) -> bool:
        return self.dtype is DType.STRING and not self.match_case


def key_frame(columns: Sequence[pa.ChunkedArray | pa.Array], keys: Sequence[Key], rows: str) -> pl.DataFrame:
    """Columns of keys under the names ``k0``, ``k1``, …, and the number of each row under ``rows``."""
    import polars as pl

    made = {f"k{at}": pl.from_arrow(key.of_column(c)) for at, (c, key) in enumerate(zip(columns, keys, strict=True))}
    frame = pl.DataFrame(made)
    return frame.with_columns(pl.int_range(frame.height, dtype=pl.Int64).alias(rows))


class Lookup:
    """Whether a row has a partner in a table, then the partner's cells: those of the columns ``taken``, missing
    without one. ``ours`` and ``theirs`` are the keys of the rows and of the table's columns ``names``.

    ``ValueError`` when rows of the table share a key and ``taken`` are wanted: one row would become several.
    """

    def __init__(
        self, table: Table, names: Sequence[str], ours: Sequence[Key], theirs: Sequence[Key], taken: Sequence[str]
    ) -> None:
        self._ours = tuple(ours)
        columns = [table.column(name) for name in names]
        self._rows: dict[tuple[object, ...], int] = {}
        for row, key in enumerate(_keys_of(columns, theirs)):
            if None not in key and self._rows.setdefault(key, row) != row and taken:
                raise ValueError("a key comes in several rows of the second dataset")
        self._names = [f"k{at}" for at in range(len(theirs))]
        self._first = key_frame(columns, theirs, "right").unique(self._names, keep="first", maintain_order=True)
        self._dtypes = tuple(table.schema[name].dtype for name in taken)
        self._taken = tuple(table.column(name).combine_chunks() for name in taken)
        self._none = (None,) * len(taken)

    @property
    def outputs(self) -> tuple[DType, ...]:
        return (DType.BOOLEAN, *self._dtypes)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        key = tuple(key.of_cell(cell) for key, cell in zip(self._ours, cells, strict=True))  # type: ignore[arg-type]  # cells by contract
        row = self._rows.get(key)
        if row is None:
            return (False, *self._none)
        return (True, *(column[row].as_py() for column in self._taken))

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        ours = key_frame([to_arrow(column) for column in columns], self._ours, "left")
        found = ours.join(self._first, on=self._names, how="left", nulls_equal=False, maintain_order="left")
        partners = found["right"].to_arrow()
        cells = (from_arrow(c.take(partners), t) for c, t in zip(self._taken, self._dtypes, strict=True))
        return (from_arrow(pc.is_valid(partners), DType.BOOLEAN), *cells)


def _keys_of(columns: Sequence[pa.ChunkedArray], keys: Sequence[Key]) -> Iterator[tuple[object, ...]]:
    cells: list[list[Cell]] = [column.to_pylist() for column in columns]
    compared: list[Callable[[Cell], object]] = [key.of_cell for key in keys]
    return (tuple(f(cell) for f, cell in zip(compared, row, strict=True)) for row in zip(*cells, strict=True))


if TYPE_CHECKING:
    _: type[Predictor] = Lookup

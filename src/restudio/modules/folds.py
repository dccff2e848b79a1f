"""The fold of every row: told by Partition and Sample, honoured by whatever trains on parts of a dataset.

The assignment is a column of its own role, so that it stays with its rows through files, filters and joins. It is no
feature and no part of what modules that honour it pass on.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.tables.table import Table

FOLDS = "Fold Assignments"
"""Name of the column: zero-based fold numbers."""
DEFAULT_FOLDS = 10


def with_folds(table: Table, folds: np.ndarray) -> Table:
    """The table with a fold (zero-based) for every row; an earlier assignment is replaced."""
    plain, _ = split_off(table)
    return plain.with_columns({Column(FOLDS, DType.INTEGER, role=Role.FOLD): pa.array(folds, pa.int64())})


def split_off(table: Table) -> tuple[Table, np.ndarray | None]:
    """The table without its fold column, and the folds; None when it has none. Error 0018 for a row without a fold."""
    marked = [column for column in table.schema if column.role is Role.FOLD]
    if not marked:
        return table, None
    plain = table.select([column.name for column in table.schema if column.role is not Role.FOLD])
    folds = as_doubles(from_arrow(table.column(marked[-1].name), marked[-1].dtype))
    if not np.isfinite(folds).all() or (folds < 0).any():
        raise ModuleError("0018", f"Column '{marked[-1].name}' does not give every row a fold.", column=marked[-1].name)
    return plain, folds.astype(np.int64)


def even_folds(rows: int, seed: int, count: int = DEFAULT_FOLDS) -> np.ndarray:
    """Rows dealt at random to ``count`` folds of equal size (give or take one row); fewer folds for fewer rows."""
    folds = np.empty(rows, np.int64)
    folds[np.random.default_rng(seed).permutation(rows)] = np.arange(rows) % max(1, min(count, rows))
    return folds


def folds_for(table: Table, seed: int) -> tuple[Table, np.ndarray]:
    """The table without its fold column, and its folds: its own, else ten at random.

    Error 0021 when that leaves fewer than two folds, and nothing to train on.
    """
    plain, folds = split_off(table)
    if folds is None:
        folds = even_folds(table.num_rows, seed)
    if len(np.unique(folds)) < 2:
        raise ModuleError(
            "0021", f"At least two folds with rows are needed, the dataset has {table.num_rows} rows in fewer."
        )
    return plain, folds

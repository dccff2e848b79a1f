"""Rows by the values of a column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.core.selector import Selection
from restudio.tables.table import Table


def strata_of(dataset: Table, key: Selection | None, *, parameter: str) -> Sequence[np.ndarray]:
    """Row numbers of each stratum, in order of first occurrence; missing keys are a stratum. One stratum without key.

    Errors: 0022 when the key is not one column, 0017 when its values are not discrete.
    """
    if key is None:
        return [np.arange(dataset.num_rows)]
    names = key.resolve(dataset.schema, parameter=parameter)
    if len(names) != 1:
        raise ModuleError("0022", f"One stratification key must be selected, got {len(names)}.", parameter=parameter)
    column = dataset.schema[names[0]]
    if column.dtype is DType.DOUBLE and not column.is_categorical:
        raise ModuleError("0017", f"The stratification key '{column.name}' must be discrete.", column=column.name)
    codes, count = codes_of(dataset.column(column.name))
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes, minlength=count))[:-1])


def codes_of(values: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """Every cell as the position of its value in order of first occurrence, and how many values there are; missing
    cells are a value."""
    encoded = pc.dictionary_encode(values, null_encoding="encode").combine_chunks()
    return np.asarray(encoded.indices), len(encoded.dictionary)

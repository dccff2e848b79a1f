"""Columns as the texts that request-response answers give their cells, a column at a time."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.schema import Column, DType, Schema
from restudio.scoring.cellcodec import FORMATTERS

_PLAIN_BELOW = 1e10
"""Arrow writes doubles from here on with an exponent, cells do so from 1e15 on."""
_AS_THEY_ARE = frozenset({DType.STRING, DType.INTEGER})
"""Element types that text files already show in the same form."""


def to_texts(data: pa.Table, schema: Schema) -> pa.Table:
    """The table with every cell a text or an integer, whose text is that of a request-response answer."""
    arrays = [_texts(values, column.dtype) for column, values in zip(schema, data.columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=list(schema.names))


def text_schema(schema: Schema) -> Schema:
    """The schema of :func:`to_texts`."""
    return Schema.of(c if c.dtype in _AS_THEY_ARE else Column(c.name, DType.STRING) for c in schema)


def _texts(values: pa.ChunkedArray, dtype: DType) -> pa.ChunkedArray | pa.Array:
    if dtype in _AS_THEY_ARE:
        return values
    if dtype is DType.BOOLEAN:
        return pc.if_else(values, "True", "False").cast(pa.large_string())
    if dtype is DType.DOUBLE:
        return _double_texts(values)
    return _by_cell(values, dtype)


def _double_texts(values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Arrow's texts, unless a cell is large, infinite or NaN: those it shows in another way."""
    plain = pc.all(pc.less(pc.abs(values), _PLAIN_BELOW), min_count=0).as_py()
    return values.cast(pa.large_string()) if plain else _by_cell(values, DType.DOUBLE)


def _by_cell(values: pa.ChunkedArray, dtype: DType) -> pa.Array:
    form = FORMATTERS[dtype]
    return pa.array([None if cell is None else form(cell) for cell in values.to_pylist()], pa.large_string())

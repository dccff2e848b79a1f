"""Text cells to typed columns and back, a column at a time (modules reference, 2.5).

Nothing here loops over cells in Python. Columns of text are Arrow ``large_string`` with nulls for missing cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import text_of_float
from restudio.core.schema import DType
from restudio.tables import times
from restudio.tables.table import ARROW_TYPES

Texts: TypeAlias = pa.Array | pa.ChunkedArray
SAMPLE = 1000
"""Cells at the top of a column that decide its first guess."""

_WIDER: Mapping[DType, DType] = {DType.INTEGER: DType.DOUBLE}
_ORDER = (DType.BOOLEAN, DType.INTEGER, DType.DOUBLE, DType.DATETIME, DType.TIMESPAN)


def infer_column(texts: Texts) -> tuple[DType, Texts]:
    """The type of a column by a sample of its cells, and the whole column in that type.

    When a later cell does not fit, the column widens: Integer to Double, anything else to String. A column without any
    value is String.
    """
    dtype: DType | None = infer_type(_sample(texts))
    while dtype is not None and dtype is not DType.STRING:
        values = convert(texts, dtype)
        if values is not None:
            return dtype, values
        dtype = _WIDER.get(dtype)
    return DType.STRING, texts


def _sample(texts: Texts) -> Texts:
    top = texts.slice(0, SAMPLE)
    return top if top.null_count < len(top) else texts.drop_null().slice(0, SAMPLE)


def infer_type(sample: Texts) -> DType:
    """The narrowest type that every cell of a sample has."""
    if sample.null_count == len(sample):
        return DType.STRING
    return next((dtype for dtype in _ORDER if convert(sample, dtype) is not None), DType.STRING)


def convert(texts: Texts, dtype: DType) -> Texts | None:
    """The cells as ``dtype``; None when one of them is no such value. Missing cells stay missing."""
    return _CONVERTERS[dtype](texts)


def to_text(values: Texts, dtype: DType) -> Texts:
    """Cells in the form that :func:`convert` reads back to equal values; the text of ``core.cells.text_of``."""
    match dtype:
        case DType.STRING:
            return values
        case DType.DATETIME:
            return times.format_datetimes(values)
        case DType.TIMESPAN:
            return times.format_timespans(values)
        case DType.BOOLEAN:
            return pc.if_else(values, pa.scalar("True", pa.large_string()), pa.scalar("False", pa.large_string()))
        case DType.DOUBLE:
            return _format_doubles(values)
        case DType.INTEGER:
            return values.cast(pa.large_string())


def _format_doubles(values: Texts) -> Texts:
    """Arrow's text, which is that of :func:`text_of_float` below 1e10, and the latter for the few other cells."""
    texts = values.cast(pa.large_string())
    odd = pc.fill_null(pc.invert(pc.less(pc.abs(values), 1e10)), False)
    if not pc.any(odd, min_count=0).as_py():
        return texts
    rare = [text_of_float(value) for value in values.filter(odd).to_pylist()]
    return pc.replace_with_mask(_flat(texts), _flat(odd), pa.array(rare, pa.large_string()))


def _flat(cells: Texts) -> pa.Array:
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _same(texts: Texts) -> Texts:
    return texts


def _booleans(texts: Texts) -> Texts | None:
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    yes = pc.equal(folded, "true")
    valid = pc.or_(yes, pc.equal(folded, "false"))
    return yes if pc.all(valid, min_count=0).as_py() else None


def _integers(texts: Texts) -> Texts | None:
    whole = _numbers(texts, ARROW_TYPES[DType.INTEGER])
    return None if whole is None or _has(texts, "x") or _has(texts, "X") else whole


def _has(texts: Texts, part: str) -> bool:
    """For hexadecimal numbers: Arrow reads 0x1F as 31; the original parser does not."""
    return bool(pc.any(pc.match_substring(texts, part), min_count=0).as_py())


def _doubles(texts: Texts) -> Texts | None:
    return _numbers(texts, ARROW_TYPES[DType.DOUBLE])


def _numbers(texts: Texts, held: pa.DataType) -> Texts | None:
    try:
        return texts.cast(held)
    except pa.ArrowInvalid:
        # Rare forms cost a second pass: blanks around the number, a leading plus.
        cleaned = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"^\+([0-9.])", r"\1")
    try:
        return cleaned.cast(held)
    except pa.ArrowInvalid:
        return None


_CONVERTERS: Mapping[DType, Callable[[Texts], Texts | None]] = {
    DType.STRING: _same,
    DType.BOOLEAN: _booleans,
    DType.INTEGER: _integers,
    DType.DOUBLE: _doubles,
    DType.DATETIME: times.parse_datetimes,
    DType.TIMESPAN: times.parse_timespans,
}

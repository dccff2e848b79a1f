"""Data Transformation / Manipulation: SMOTE (modules reference, 22)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.params import columns, integer
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Serving, module, table_in, table_out
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.modules.manipulation import CATEGORY
from restudio.seams.context import Context
from restudio.tables.table import ARROW_TYPES, Table

_LABEL, _PERCENTAGE = "Label column", "SMOTE percentage"
_MEASURED = (DType.INTEGER, DType.DOUBLE, DType.DATETIME, DType.TIMESPAN)
_MOST_LEVELS = 32
"""Columns of more distinct values have no part in the distance: they are names, not properties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoteParams:
    label: Selection = columns(_LABEL, single=True, help="Blank: the column that is marked as label.")
    percentage: int = integer(_PERCENTAGE, 100, ge=0, help="A multiple of 100; 100 doubles the rarest class.")
    neighbors: int = integer("Number of nearest neighbors", 1, ge=1)
    seed: int = integer("Random seed", 0, ge=0)


@module(
    id="smote",
    name="SMOTE",
    category=CATEGORY,
    params=SmoteParams,
    inputs=(table_in("Samples"),),
    outputs=(table_out("Table"),),
    serving=Serving.PASS_THROUGH,
    errors=("0001", "0002", "0003", "0021", "0022", "0024", "0054"),
)
def smote(p: SmoteParams, samples: Table, *, ctx: Context) -> Table:
    """Adds rows of the rarest class below the rows that are there. Each new row lies between a row of that class and
    one of its nearest neighbours in it: numbers and times anywhere between, whole ones rounded, all other values as in
    the nearer of the two. Nearness counts numbers as they are, so scale them before, and for other columns of few
    values whether they are equal.

    Example:
      parameters: {Label column: ill}
      Samples: {age: [30.0, 31.0, 60.0, 62.0, 33.0], ill: [false, false, true, true, false]}
      Table:
        age: [30.0, 31.0, 60.0, 62.0, 33.0, 61.78, 60.89]
        ill: [false, false, true, true, false, true, true]
    """
    if p.percentage % 100:
        raise ModuleError("0002", f"It must be a multiple of 100, got {p.percentage}.", parameter=_PERCENTAGE)
    label = _label(p, samples.schema)
    if p.percentage == 0:
        return samples
    rare = samples.take(_rarest(samples, label))
    if rare.num_rows < 2:
        raise ModuleError("0021", "The rarest class has one row only; at least two are needed.", column=label.name)
    made = _between(rare, _pairs(p, rare, label), p)
    return Table(samples.schema, pa.concat_tables([samples.data, made]))


@smote.tells_schema
def _schema(p: SmoteParams, samples: Schema) -> Schema:
    _label(p, samples)
    return samples


def _label(p: SmoteParams, schema: Schema) -> Column:
    if not p.label.rules:
        marked = schema.label()
        if marked is None:
            raise ModuleError("0024", "No label column is selected or marked.", parameter=_LABEL)
        return marked
    names = p.label.resolve(schema, parameter=_LABEL)
    if len(names) != 1:
        raise ModuleError("0022", f"One label column must be selected, got {len(names)}.", parameter=_LABEL)
    return schema[names[0]]


def _rarest(samples: Table, label: Column) -> pa.Array:
    """Row numbers of the class with the fewest rows; of equally rare ones, of the first by its text."""
    encoded = pc.dictionary_encode(samples.column(label.name)).combine_chunks()
    if len(encoded.dictionary) < 2:
        raise ModuleError("0054", f"The label '{label.name}' needs at least two classes.", column=label.name)
    codes = np.asarray(pc.fill_null(encoded.indices, -1))
    counts = np.bincount(codes[codes >= 0])
    texts = [text_of(value) for value in encoded.dictionary.to_pylist()]
    code = min(range(len(counts)), key=lambda at: (counts[at], texts[at]))
    return pa.array(np.flatnonzero(codes == code))


_Pairs = tuple[np.ndarray, np.ndarray]


def _pairs(p: SmoteParams, rare: Table, label: Column) -> _Pairs:
    """For every new row, the row it starts from and the neighbour it leans to."""
    from sklearn.neighbors import NearestNeighbors

    points = _points(rare, label)
    count = min(p.neighbors, rare.num_rows - 1)
    near = NearestNeighbors(n_neighbors=count + 1).fit(points).kneighbors(points, return_distance=False)
    own = near == np.arange(len(near))[:, None]
    # Among equal rows a row need not be its own nearest: then the farthest goes instead.
    own[~own.any(axis=1), -1] = True
    others = near[~own].reshape(len(near), count)
    random = np.random.default_rng(p.seed)
    starts = np.repeat(np.arange(len(near)), p.percentage // 100)
    return starts, others[starts, random.integers(0, count, len(starts))]


def _points(rare: Table, label: Column) -> np.ndarray:
    """Coordinates: numbers, and indicators that count like a typical spread of the numbers."""
    features = [c for c in rare.schema if c.name != label.name and c.role is not Role.FOLD]
    numbers = [_filled(rare, c) for c in features if _is_measured(c)]
    spread = float(np.median([n.std() for n in numbers])) if numbers else 1.0
    levels = [_indicators(rare.column(c.name)) for c in features if not _is_measured(c)]
    step = (spread or 1.0) / np.sqrt(2.0)
    return np.column_stack([np.zeros(rare.num_rows), *numbers, *(one * step for one in levels)])


def _is_measured(column: Column) -> bool:
    return column.dtype in _MEASURED and not column.is_categorical


def _filled(rare: Table, column: Column) -> np.ndarray:
    """Numbers with the median in place of what is missing or not finite."""
    numbers = _numbers(rare, column)
    finite = np.isfinite(numbers)
    numbers[~finite] = np.median(numbers[finite]) if finite.any() else 0.0
    return numbers


def _numbers(rare: Table, column: Column) -> np.ndarray:
    values = rare.column(column.name)
    if column.dtype in (DType.DATETIME, DType.TIMESPAN):
        values = values.cast(pa.int64())
    return as_doubles(from_arrow(values, DType.DOUBLE if column.dtype is DType.DOUBLE else DType.INTEGER))


def _indicators(values: pa.ChunkedArray) -> np.ndarray:
    encoded = pc.dictionary_encode(values, null_encoding="encode").combine_chunks()
    if len(encoded.dictionary) > _MOST_LEVELS:
        return np.empty((len(values), 0))
    one: np.ndarray = np.asarray(encoded.indices)[:, None] == np.arange(len(encoded.dictionary))
    return one.astype(np.float64)


def _between(rare: Table, pairs: _Pairs, p: SmoteParams) -> pa.Table:
    starts, ends = pairs
    share = np.random.default_rng([p.seed, 1]).random(len(starts))
    nearer = rare.data.take(pa.array(np.where(share < 0.5, starts, ends)))
    arrays = [
        _mixed(_numbers(rare, column), column.dtype, starts, ends, share) if _is_measured(column) else values
        for column, values in zip(rare.schema, nearer.columns, strict=True)
    ]
    return pa.table(dict(zip(rare.names, arrays, strict=True)))


def _mixed(numbers: np.ndarray, dtype: DType, starts: np.ndarray, ends: np.ndarray, share: np.ndarray) -> pa.Array:
    """Numbers between; missing where one of the two is."""
    with np.errstate(invalid="ignore", over="ignore"):
        mixed = numbers[starts] * (1.0 - share) + numbers[ends] * share
    missing = np.isnan(mixed)
    if dtype is DType.DOUBLE:
        return pa.array(mixed, mask=missing)
    whole = np.clip(np.rint(np.where(missing, 0.0, mixed)), -(2.0**63), 2.0**63 - 1024).astype(np.int64)
    return pa.array(whole, mask=missing).cast(ARROW_TYPES[dtype])

"""Data Transformation / Scale and Reduce: Principal Component Analysis (modules reference, 28)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, columns, integer
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import Call, Frame, Predict, Vector
from restudio.kernels.linear import LinearPredictor, NumberTerm
from restudio.kernels.vectors import from_arrow, to_doubles
from restudio.modules.chosen_columns import chosen_columns, ensure_numeric
from restudio.modules.fitted_state import reading
from restudio.modules.placement import beside
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_ID = "principal-component-analysis"
_COLUMNS, _COUNT = "Selected columns", "Number of dimensions to reduce to"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalComponentsParams:
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numeric columns to reduce.")
    count: int = integer(_COUNT, 2, gt=0)
    centred: bool = boolean("Normalize dense dataset to zero mean", True, help="Off: directions from the origin.")


@module(
    id=_ID,
    name="Principal Component Analysis",
    category="Data Transformation / Scale and Reduce",
    params=PrincipalComponentsParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"), Port("PCA Transformation", PortKind.TRANSFORM)),
    errors=("0001", "0003", "0004", "0007", "0011", "0017", "0021"),
)
def principal_component_analysis(
    p: PrincipalComponentsParams, dataset: Table, *, ctx: Context
) -> tuple[Table, Transform]:
    """Replaces numeric columns by fewer ones, ``Col1`` to ``Coln``, that keep as much of their spread as possible.
    Other columns pass through. Rows with a missing, NaN or infinite cell have no part in finding the directions, and
    rows with a missing cell get missing results. The transformation reduces other data in the same directions.

    Example:
      parameters: {Number of dimensions to reduce to: 1}
      Dataset: {x: [1.0, 2.0, 3.0], y: [2.0, 4.0, 6.0]}
      Results dataset: {Col1: [-2.236, 0.0, 2.236]}
    """
    chosen = chosen_columns(p.selection, dataset.schema, _COLUMNS)
    _ensure_reducible(p, chosen)
    cells = np.stack([to_doubles(from_arrow(dataset.column(c.name), c.dtype)) for c in chosen])
    complete = np.isfinite(cells).all(axis=0)
    if not complete.all():
        cells = cells[:, complete]
    if cells.shape[1] < 2:
        raise ModuleError("0021", f"At least two complete rows are needed, the dataset has {cells.shape[1]}.")
    means = cells.mean(axis=1) if p.centred else np.zeros(len(chosen))
    arrays = {"means": means, "directions": _directions(cells, means, p.count)}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModuleError("0017", "The numbers are too large to be reduced; scale them before.", parameter=_COLUMNS)
    transform = Transform(_ID, tuple(chosen), {}, arrays)
    return over(dataset, lambda frame: _apply(transform, frame)), transform


@principal_component_analysis.tells_schema
def _schemas(p: PrincipalComponentsParams, dataset: Schema) -> tuple[Schema, None]:
    chosen = chosen_columns(p.selection, dataset, _COLUMNS)
    _ensure_reducible(p, chosen)
    arrays = {"means": np.zeros(len(chosen)), "directions": np.zeros((p.count, len(chosen)))}
    return _apply(Transform(_ID, tuple(chosen), {}, arrays), Frame.input("input", dataset)).schema, None


def _ensure_reducible(p: PrincipalComponentsParams, chosen: Sequence[Column]) -> None:
    for column in chosen:
        ensure_numeric(column, parameter=_COLUMNS)
    if p.count > len(chosen):
        raise ModuleError(
            "0007",
            f"It must be at most the number of selected columns, {len(chosen)}, got {p.count}.",
            parameter=_COUNT,
        )


def _directions(cells: np.ndarray, means: np.ndarray, count: int) -> np.ndarray:
    """Unit vectors in rows, that of the widest spread first; the largest part of each is positive. ``cells`` has a row
    for every column of the dataset."""
    with np.errstate(over="ignore", invalid="ignore"):
        centred = cells - means[:, None]
        products = centred @ centred.T
    if not np.isfinite(products).all():
        return np.full((count, len(cells)), np.nan)
    _, vectors = np.linalg.eigh(products)
    directions = vectors.T[::-1][:count]
    largest = np.abs(directions).argmax(axis=1)
    signs = np.where(directions[np.arange(count), largest] < 0, -1.0, 1.0)
    return np.ascontiguousarray(directions * signs[:, None])


@principal_component_analysis.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    with reading(_ID):
        means, directions = transform.arrays["means"].tolist(), transform.arrays["directions"]
        names = [column.name for column in transform.columns]
        terms = [NumberTerm(tuple(w), shift=m) for w, m in zip(directions.T.tolist(), means, strict=True)]
        kernel = LinearPredictor(terms, [0.0] * len(directions), Coordinates(len(directions)))
        _ensure_fit(frame.schema, names)
    call = Call(kernel, tuple(frame.expr(name) for name in names))
    made = [(Column(f"Col{i + 1}", DType.DOUBLE), Predict(call, i)) for i in range(len(directions))]
    return beside([(c, e) for c, e in frame.columns if c.name not in set(names)], made, frame.keep)


def _ensure_fit(schema: Schema, names: Sequence[str]) -> None:
    for name in names:
        column = schema[name]
        if not column.dtype.is_number:
            raise ModuleError(
                "0018", f"Column '{name}' is {column.dtype.value}; the transformation needs numbers.", column=name
            )


class Coordinates:
    """Sums as they are; missing where they are NaN, that is where a cell of the row is missing or NaN."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.outputs: tuple[DType, ...] = (DType.DOUBLE,) * width

    def one(self, raw: Sequence[float]) -> tuple[object, ...]:
        return tuple(None if math.isnan(value) else value for value in raw)

    def many(self, raw: Sequence[np.ndarray]) -> tuple[Vector, ...]:
        return tuple(Vector(DType.DOUBLE, values, np.isnan(values)) for values in raw)

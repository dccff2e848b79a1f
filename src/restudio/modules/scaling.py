"""Data Transformation / Scale and Reduce: Normalize Data; and Machine Learning / Score: Apply Transformation, which
repeats what any module has fitted (modules reference, 27 and 94)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import Expr, Frame, Function, Scale
from restudio.kernels.vectors import from_arrow, to_doubles
from restudio.modules.chosen_columns import chosen_columns, ensure_numeric
from restudio.modules.fitted_state import present_columns, reading
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_NORMALIZE = "normalize-data"
_COLUMNS = "Columns to transform"


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeDataParams:
    method: str = choice("Transformation method", ("ZScore", "MinMax", "Logistic", "LogNormal", "Tanh"))
    zero_for_constant: bool = boolean(
        "Use 0 for constant columns when checked",
        True,
        help="Off: a column with one value becomes NaN under ZScore, MinMax and LogNormal.",
    )
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numeric columns.")


@module(
    id=_NORMALIZE,
    name="Normalize Data",
    category="Data Transformation / Scale and Reduce",
    params=NormalizeDataParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Transformed dataset"), Port("Transformation function", PortKind.TRANSFORM)),
    family="986df33367484b85923d871df70d6aaf",
    errors=("0001", "0003", "0017", "0020", "0021"),
)
def normalize_data(p: NormalizeDataParams, dataset: Table, *, ctx: Context) -> tuple[Table, Transform]:
    """Bring numeric columns to a common scale, in place: **ZScore** (x - mean) / standard deviation of the population,
    **MinMax** to 0…1, **Logistic** 1 / (1 + e^-x), **LogNormal** the cumulative distribution of a log-normal fitted to
    the column, **Tanh**. Missing cells stay missing. The second output repeats the same scaling on other data.

    Example:
      parameters: {Transformation method: MinMax}
      Dataset: {age: [20, 40, 60], city: [Oslo, Rome, Oslo]}
      Transformed dataset: {age: [0.0, 0.5, 1.0], city: [Oslo, Rome, Oslo]}
    """
    chosen = _chosen(p, dataset.schema)
    if not dataset.num_rows:
        raise ModuleError("0021", "The dataset has no rows to learn the scale from.")
    fitted = [_fit(p, to_doubles(from_arrow(dataset.column(c.name), c.dtype))) for c in chosen]
    arrays = {"first": np.array([a for a, _ in fitted]), "second": np.array([b for _, b in fitted])}
    transform = Transform(_NORMALIZE, tuple(chosen), {"method": p.method}, arrays)
    return over(dataset, lambda frame: _apply(transform, frame)), transform


@normalize_data.tells_schema
def _schemas(p: NormalizeDataParams, dataset: Schema) -> tuple[Schema, None]:
    scaled = {column.name for column in _chosen(p, dataset)}
    return Schema.of(_scaled(column) if column.name in scaled else column for column in dataset), None


def _chosen(p: NormalizeDataParams, schema: Schema) -> list[Column]:
    chosen = chosen_columns(p.selection, schema, _COLUMNS, none="0020")
    for column in chosen:
        ensure_numeric(column, parameter=_COLUMNS)
    return chosen


def _scaled(column: Column) -> Column:
    return column.with_(dtype=DType.DOUBLE, categories=None)


@normalize_data.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    scaled: dict[str, Expr] = {}
    with reading(transform.module):
        method = _METHODS[str(transform.settings["method"])]
        first, second = transform.arrays["first"].tolist(), transform.arrays["second"].tolist()
        for position, column in present_columns(transform, frame):
            scaled[column.name] = method(frame.expr(column.name), first[position], second[position])
    return Frame(
        tuple(
            (_scaled(column), scaled[column.name]) if column.name in scaled else (column, expr)
            for column, expr in frame.columns
        ),
        frame.keep,
    )


@module(
    id="apply-transformation",
    name="Apply Transformation",
    category="Machine Learning / Score",
    inputs=(Port("Transformation", PortKind.TRANSFORM), table_in("Dataset")),
    outputs=(table_out("Transformed dataset"),),
    family="805e592d0f1f48eb97c9688ed0c1dc70",
    known_by_running="The transformation decides what it does.",
    errors=("0003", "0018", "0039"),
)
def apply_transformation(p: object, transformation: Transform, dataset: Table, *, ctx: Context) -> Table:
    """Repeat a fitted transformation (cleaning, scaling) on other data with the same columns. Nothing is learned
    anew.

    Example:
      Transformation:
        module: normalize-data
        parameters: {Transformation method: MinMax}
        Dataset: {age: [20, 40, 60]}
      Dataset: {age: [30, 70]}
      Transformed dataset: {age: [0.25, 1.25]}
    """
    return over(dataset, lambda frame: _lower_apply(p, transformation, frame, entry=ctx.entry))


@apply_transformation.lowers
def _lower_apply(p: object, transformation: Transform, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    fitting = entry(transformation.module)
    if fitting.apply is None:
        raise ModuleError("0039", f"'{fitting.spec.name}' has no transformation that can be applied.")
    applied: Frame = fitting.apply(transformation, frame)
    return applied


def _fit(p: NormalizeDataParams, cells: np.ndarray) -> tuple[float, float]:
    """The two numbers of a column's scaling; missing, NaN and infinite cells are passed over."""
    finite = np.isfinite(cells)
    values = cells if finite.all() else cells[finite]
    if p.method in ("Logistic", "Tanh") or not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if low == high:
        shift, divisor = low, 0.0
    elif p.method == "LogNormal":
        return _fit_lognormal(values)
    elif p.method == "MinMax":
        shift, divisor = low, high - low
    else:
        shift, divisor = float(values.mean()), float(values.std())
    # Dividing by infinity gives 0 for every number.
    return shift, math.inf if divisor == 0.0 and p.zero_for_constant else divisor


def _fit_lognormal(values: np.ndarray) -> tuple[float, float]:
    logarithms = np.log(values[values > 0])
    if not len(logarithms) or logarithms.min() == logarithms.max():
        raise ModuleError("0021", "LogNormal needs at least two different positive numbers in a column that varies.")
    return float(logarithms.mean()), float(logarithms.std())


def _lognormal(source: Expr, mu: float, sigma: float) -> Expr:
    """Of a constant column, which has no such distribution, what the other methods make of one."""
    return Function(source, "lognormal", (mu, sigma)) if 0.0 < sigma < math.inf else Scale(source, mu, sigma)


_METHODS: dict[str, Callable[[Expr, float, float], Expr]] = {
    "ZScore": Scale,
    "MinMax": Scale,
    "Logistic": lambda source, _first, _second: Function(source, "logistic"),
    "Tanh": lambda source, _first, _second: Function(source, "tanh"),
    "LogNormal": _lognormal,
}

"""Data Transformation — Scale and Reduce, and Apply Transformation (modules reference, 5.5 and module 94)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import Expr, Frame, Function, Scale
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

NORMALIZE = "normalize-data"
_COLUMNS = "Columns to transform"
METHODS = ("ZScore", "MinMax", "Logistic", "LogNormal", "Tanh")


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeDataParams:
    method: str = choice("Transformation method", METHODS, help="The formula applied to each column.")
    zero_for_constant: bool = boolean(
        "Use 0 for constant columns when checked", True, help="Off: such columns become NaN with ZScore and MinMax."
    )
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numeric columns.")


@module(
    id=NORMALIZE,
    name="Normalize Data",
    category="Data Transformation / Scale and Reduce",
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Transformed dataset"), Port("Transformation function", PortKind.TRANSFORM)),
    params=NormalizeDataParams,
    family="986df33367484b85923d871df70d6aaf",
    errors=("0001", "0003", "0017", "0020", "0021"),
)
def normalize_data(p: NormalizeDataParams, dataset: Table, *, ctx: Context) -> tuple[Table, Transform]:
    """Rescales numeric columns in place, each by itself.

    ZScore subtracts the mean and divides by the population standard deviation; MinMax maps the range to 0…1; Logistic
    is 1/(1+e^-x); LogNormal is the cumulative distribution of a log-normal fitted by maximum likelihood; Tanh is the
    hyperbolic tangent. The transformation remembers what it measured, for **Apply Transformation**.
    """
    if dataset.num_rows == 0:
        raise ModuleError("0021", "At least one row is needed to measure the columns, got none.")
    chosen = _numeric(p, dataset.schema)
    measured = [_measure(p, _numbers(dataset, column)) for column in chosen]
    transform = Transform(
        NORMALIZE,
        chosen,
        {"method": p.method},
        {
            "shift": np.array([a for a, _ in measured], np.float64),
            "divisor": np.array([b for _, b in measured], np.float64),
        },
    )
    return over(dataset, lambda frame: _apply(transform, frame)), transform


@normalize_data.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    shifts, divisors = transform.arrays["shift"].tolist(), transform.arrays["divisor"].tolist()
    method = str(transform.settings["method"])
    places = {c.name: (a, b) for c, a, b in zip(transform.columns, shifts, divisors, strict=True)}
    for name in places:
        _ensure_numeric(frame.schema[name])
    return Frame(
        tuple(
            (_as_double(column), _expr(method, expr, *places[column.name])) if column.name in places else (column, expr)
            for column, expr in frame.columns
        ),
        frame.keep,
    )


@normalize_data.tells_schema
def _normalize_schema(p: NormalizeDataParams, dataset: Schema) -> tuple[Schema, None]:
    chosen = {c.name for c in _numeric(p, dataset)}
    return Schema.of(_as_double(c) if c.name in chosen else c for c in dataset), None


def _numeric(p: NormalizeDataParams, schema: Schema) -> tuple[Column, ...]:
    names = p.selection.resolve(schema, parameter=_COLUMNS)
    if not names:
        raise ModuleError("0020", "The selection contains no numeric column.", parameter=_COLUMNS)
    chosen = tuple(schema[name] for name in dict.fromkeys(names))
    for column in chosen:
        _ensure_numeric(column)
    return chosen


def _ensure_numeric(column: Column) -> None:
    if not column.is_numeric:
        kind = f"categorical {column.dtype.value}" if column.is_categorical else column.dtype.value
        raise ModuleError(
            "0017",
            f"Only numeric columns can be normalized; '{column.name}' is {kind}.",
            parameter=_COLUMNS,
            column=column.name,
        )


def _as_double(column: Column) -> Column:
    return column.with_(dtype=DType.DOUBLE)


def _numbers(table: Table, column: Column) -> np.ndarray:
    """Values that are not missing."""
    return np.asarray(table.column(column.name).drop_null().to_numpy(), np.float64)


def _measure(p: NormalizeDataParams, values: np.ndarray) -> tuple[float, float]:
    """Shift and divisor (LogNormal: mu and sigma). A divisor of infinity makes every value 0."""
    if p.method in ("Logistic", "Tanh"):
        return 0.0, 1.0
    if p.method == "LogNormal":
        values = np.log(values[values > 0.0])
    if not len(values):
        return 0.0, math.inf
    if p.method == "MinMax":
        shift, spread = float(values.min()), float(values.max() - values.min())
    else:
        shift, spread = float(values.mean()), float(values.std())
        # Rounding leaves a trace of spread in a column of equal numbers.
        if values.min() == values.max():
            shift, spread = float(values[0]), 0.0
    if spread == 0.0 and p.zero_for_constant:
        return shift, math.inf
    return shift, spread


def _expr(method: str, source: Expr, shift: float, divisor: float) -> Expr:
    if method in ("ZScore", "MinMax") or not 0.0 < divisor < math.inf:
        return Scale(source, shift, divisor)
    if method == "LogNormal":
        return Function(source, "lognormal", (shift, divisor))
    return Function(source, method.casefold())


@module(
    id="apply-transformation",
    name="Apply Transformation",
    category="Machine Learning / Score",
    inputs=(Port("Transformation", PortKind.TRANSFORM), table_in("Dataset")),
    outputs=(table_out("Transformed dataset"),),
    family="805e592d0f1f48eb97c9688ed0c1dc70",
    errors=("0003", "0018"),
)
def apply_transformation(p: object, transformation: Transform, dataset: Table, *, ctx: Context) -> Table:
    """Applies a fitted transformation to a dataset, with what it measured when it was fitted.

    The dataset must have the columns that the transformation was fitted on, with the same types.
    """
    return over(dataset, lambda frame: _lower_apply(p, transformation, frame, entry=ctx.entry))


@apply_transformation.lowers
def _lower_apply(p: object, transformation: Transform, dataset: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    apply = entry(transformation.module).apply
    if apply is None:
        raise ModuleError("0018", f"Module '{transformation.module}' makes no transformation that can be applied.")
    problems = list(_differences(transformation, dataset.schema))
    if problems:
        raise ModuleError(
            "0018", f"The dataset does not fit the transformation: {'; '.join(problems[:5])}.", parameter="Dataset"
        )
    frame: Frame = apply(transformation, dataset)
    return frame


def _differences(transformation: Transform, schema: Schema) -> Iterator[str]:
    for wanted in transformation.columns:
        if wanted.name not in schema:
            yield f"column '{wanted.name}' is missing"
        elif not _fits(schema[wanted.name].dtype, wanted.dtype):
            yield f"column '{wanted.name}' was {wanted.dtype.value} and is {schema[wanted.name].dtype.value}"


def _fits(have: DType, want: DType) -> bool:
    # The element type of a number depends on the rows that a file happens to hold.
    return have is want or (have.is_number and want.is_number)

"""Clean Missing Data (modules reference, 14).

Every mode comes down to a few things, which the transform remembers: cells to fill by column, columns to drop, columns
whose gaps drop the row, how to tell a cell from the others of its row. NaN in a Double column is a value, not a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.artifacts.values import Json, Transform
from restudio.core.cells import Cell, convert
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, real, text, when
from restudio.core.schema import Column, DType, Level, Schema, Superset
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import (
    Call,
    CannotLower,
    Constant,
    Convert,
    Expr,
    Fill,
    Frame,
    IsMissing,
    Predict,
    Vector,
)
from restudio.kernels.vectors import missing_mask
from restudio.modules.fitted_state import present_columns, reading
from restudio.modules.imputation import Imputation, can_be_told, learn_chained, learn_principal
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_ID = "clean-missing-data"
_COLUMNS = "Columns to be cleaned"
_CUSTOM, _MEAN, _MEDIAN, _MODE = (
    "Custom substitution value",
    "Replace with mean",
    "Replace with median",
    "Replace with mode",
)
_ROWS, _COLUMN = "Remove entire row", "Remove entire column"
_MICE, _PCA = "Replace using MICE", "Replace using Probabilistic PCA"
_LEARNED = (_MEAN, _MEDIAN, _MODE, _MICE, _PCA)
_TIMES = (DType.DATETIME, DType.TIMESPAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanMissingDataParams:
    selection: Selection = columns(_COLUMNS, Selection.everything())
    least: float = real(
        "Minimum missing value ratio", 0.0, ge=0, le=1, help="Columns with a smaller share of gaps are left alone."
    )
    most: float = real(
        "Maximum missing value ratio", 1.0, ge=0, le=1, help="Columns with a larger share of gaps are left alone."
    )
    cleaning: str = mode("Cleaning mode", (_CUSTOM, _MEAN, _MEDIAN, _MODE, _ROWS, _COLUMN, _MICE, _PCA))
    replacement: str = text(
        "Replacement value",
        "0",
        when=when("cleaning", _CUSTOM),
        help="Must be a value of every column's type; times may be ticks of 100 ns. Blank: gaps stay.",
    )
    indicator: bool = boolean(
        "Generate missing value indicator column", False, when=when("cleaning", _CUSTOM, *_LEARNED)
    )
    all_missing: str = choice("Cols with all missing values", ("Remove", "Propagate"), when=when("cleaning", *_LEARNED))
    rounds: int = integer("Number of iterations", 5, ge=1, le=10, when=when("cleaning", _MICE))
    iterations: int = integer("Number of iterations for PCA prediction", 10, ge=1, le=50, when=when("cleaning", _PCA))


@module(
    id=_ID,
    name="Clean Missing Data",
    category="Data Transformation / Manipulation",
    params=CleanMissingDataParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Cleaned dataset"), Port("Cleaning transformation", PortKind.TRANSFORM)),
    family="d2c5ca2f732341a39b7eda917c99f0c4",
    errors=("0002", "0003", "0007", "0008", "0014", "0017", "0018"),
)
def clean_missing_data(p: CleanMissingDataParams, dataset: Table, *, ctx: Context) -> tuple[Table, Transform]:
    """Fill missing cells, or remove rows or columns that have some. Each selected column is cleaned when its share of
    missing cells lies between the two ratios. **Replace using MICE** tells a cell from all other selected columns by
    chained linear regressions, **Replace using Probabilistic PCA** from what the columns have in common; both work on
    numbers, Booleans and categories and stay within the values seen. The transformation repeats the cleaning with what
    was learned here; it adds no indicator columns.

    Example:
      parameters: {Cleaning mode: Replace with mean}
      Dataset: {age: [40, null, 50], weight: [70.5, 80.5, null]}
      Cleaned dataset: {age: [40, 45, 50], weight: [70.5, 80.5, 75.5]}
    """
    chosen = _chosen(p, dataset.schema)
    shares = {c.name: dataset.column(c.name).null_count / max(dataset.num_rows, 1) for c in chosen}
    qualified = [c for c in chosen if p.least <= shares[c.name] <= p.most]
    transform = _plan(p, qualified, dataset, shares).to_transform(qualified)

    def clean(frame: Frame) -> Frame:
        cleaned = _apply(transform, frame)
        return _with_indicators(cleaned, frame, chosen, {c.name for c in qualified}) if p.indicator else cleaned

    return over(dataset, clean), transform


@clean_missing_data.lowers
def _lower(p: CleanMissingDataParams, frame: Frame, *, entry: Callable[[str], Entry]) -> tuple[Frame, Transform]:
    if p.cleaning not in (_CUSTOM, _ROWS) or (p.least, p.most) != (0.0, 1.0):
        raise CannotLower(
            "Clean Missing Data learns from the data that it cleans; use its saved transformation instead"
        )
    chosen = _chosen(p, frame.schema)
    plan = Plan(complete=[c.name for c in chosen]) if p.cleaning == _ROWS else Plan(_custom(p, chosen))
    transform = plan.to_transform(chosen)
    cleaned = _apply(transform, frame)
    if p.indicator:
        cleaned = _with_indicators(cleaned, frame, chosen, {c.name for c in chosen})
    return cleaned, transform


@clean_missing_data.tells_schema
def _schemas(p: CleanMissingDataParams, dataset: Schema) -> tuple[Schema | Superset, None]:
    """Whether a column is left out for its gaps, only the cells tell."""
    chosen = _chosen(p, dataset)
    added = [_indicator(column) for column in chosen] if p.indicator else []
    told = Schema.of([*dataset, *added])
    statistics = p.cleaning not in (_CUSTOM, _ROWS, _COLUMN)
    leaves_out = p.cleaning == _COLUMN or (statistics and p.all_missing == "Remove")
    return (Superset(told) if leaves_out else told), None


@dataclass(frozen=True, slots=True)
class Plan:
    """Value to fill by column, columns to drop, and columns that must be there for a row to stay."""

    fill: Mapping[str, Level] = field(default_factory=dict)
    drop: Sequence[str] = ()
    complete: Sequence[str] = ()
    told: Imputation | None = None

    def to_transform(self, fitted: Sequence[Column]) -> Transform:
        settings: dict[str, Json] = {
            "fill": cast("dict[str, Json]", dict(self.fill)),
            "drop": list(self.drop),
            "complete": list(self.complete),
        }
        if self.told is None:
            return Transform(_ID, tuple(fitted), settings)
        return Transform(_ID, self.told.columns, settings | self.told.settings(), self.told.arrays())

    @classmethod
    def of(cls, transform: Transform) -> Plan:
        """The plan of a transform; ``ValueError`` when it has none."""
        fill, drop, complete = (transform.settings[name] for name in ("fill", "drop", "complete"))
        if not isinstance(fill, dict) or not isinstance(drop, list) or not isinstance(complete, list):
            raise ValueError("'fill' must be an object, 'drop' and 'complete' lists")
        if not all(isinstance(value, (str, int, float, bool)) for value in fill.values()):
            raise ValueError("a value to fill must be plain")
        told = Imputation.of(transform) if transform.arrays else None
        return cls(cast("dict[str, Level]", fill), [str(name) for name in drop], [str(name) for name in complete], told)


@clean_missing_data.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    with reading(transform.module):
        plan = Plan.of(transform)
        fitted = {column.name: transform.columns[i] for i, column in present_columns(transform, frame)}
        told = plan.told.over(frame) if plan.told is not None else {}
    filled = []
    for column, expr in frame.columns:
        if column.name in plan.drop:
            continue
        if column.name in told:
            filled.append(told[column.name])
        elif column.name in plan.fill and column.name in fitted:
            filled.append(_filled(column, expr, fitted[column.name].dtype, plan.fill[column.name]))
        else:
            filled.append((column, expr))
    needed = tuple(frame.expr(name) for name in plan.complete if name in fitted)
    keep = (Predict(Call(CompleteRow(), needed), 0),) if needed else ()
    return Frame(tuple(filled), (*frame.keep, *keep))


class CompleteRow:
    """Whether all cells are there: the filter behind **Remove entire row**."""

    outputs: tuple[DType, ...] = (DType.BOOLEAN,)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        return (None not in cells,)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        complete = np.ones(rows, np.bool_)
        for column in columns:
            missing = missing_mask(column)
            if missing is not None:
                complete &= ~missing
        return (Vector(DType.BOOLEAN, complete),)


def _chosen(p: CleanMissingDataParams, schema: Schema) -> list[Column]:
    if p.least > p.most:
        raise ModuleError(
            "0007",
            f"'Minimum missing value ratio' must be at most the maximum {p.most:g}, got {p.least:g}.",
            parameter="Minimum missing value ratio",
        )
    names = dict.fromkeys(p.selection.resolve(schema, parameter=_COLUMNS))
    if not names:
        raise ModuleError("0003", "No columns are selected to be cleaned.", parameter=_COLUMNS)
    return [schema[name] for name in names]


def _plan(p: CleanMissingDataParams, qualified: list[Column], dataset: Table, shares: Mapping[str, float]) -> Plan:
    if p.cleaning == _ROWS:
        return Plan(complete=[c.name for c in qualified])
    if p.cleaning == _COLUMN:
        return Plan(drop=[c.name for c in qualified if shares[c.name] > 0])
    if p.cleaning == _CUSTOM:
        return Plan(_custom(p, qualified))
    for column in qualified:
        _ensure_supported(column, p.cleaning)
    if p.cleaning in (_MICE, _PCA):
        return _imputed(p, qualified, dataset)
    fill, empty = {}, []
    for column in qualified:
        value = _STATISTICS[p.cleaning](column, dataset.column(column.name))
        if value is None:
            empty.append(column.name)
        else:
            fill[column.name] = value
    return Plan(fill, empty if p.all_missing == "Remove" else ())


def _imputed(p: CleanMissingDataParams, qualified: Sequence[Column], dataset: Table) -> Plan:
    """All selected columns that can be told from take part, also those that are not cleaned themselves."""
    usable = [column for column in _chosen(p, dataset.schema) if can_be_told(column)]
    names = [column.name for column in qualified]
    if p.cleaning == _MICE:
        told = learn_chained(dataset, usable, names, p.rounds)
    else:
        told = learn_principal(dataset, usable, names, p.iterations)
    empty = [name for name in names if told is None or name not in told.names]
    return Plan(drop=empty if p.all_missing == "Remove" else (), told=told)


def _custom(p: CleanMissingDataParams, qualified: Sequence[Column]) -> dict[str, Level]:
    if not p.replacement.strip():
        return {}
    return {column.name: _plain(_replacement(p.replacement, column)) for column in qualified}


def _replacement(value: str, column: Column) -> Cell:
    try:
        return convert(value, column.dtype)
    except ValueError as cause:
        if column.dtype in _TIMES and value.strip().isdigit():
            return convert(int(value), column.dtype)
        raise ModuleError(
            "0002",
            f"The replacement value '{value[:80]}' cannot be used in column '{column.name}' of {column.dtype.value}; "
            "select only columns of one kind, or another value.",
            parameter="Replacement value",
            column=column.name,
        ) from cause


def _ensure_supported(column: Column, cleaning: str) -> None:
    averaged = column.dtype is not DType.STRING and not column.is_categorical
    if cleaning == _MODE or (averaged and (cleaning == _MEAN or column.dtype.is_number)):
        return
    if cleaning in (_MICE, _PCA):
        if can_be_told(column):
            return
        raise ModuleError(
            "0017",
            f"Column '{column.name}' is {column.dtype.value}, but numbers, Booleans and categories can be told from "
            "others. Make it categorical with Edit Metadata, or leave it out.",
            column=column.name,
        )
    kind = "categorical" if column.is_categorical else column.dtype.value
    raise ModuleError(
        "0017", f"Column '{column.name}' is {kind}, which has no {cleaning.rsplit(' ', 1)[1]}.", column=column.name
    )


def _mean(column: Column, values: pa.ChunkedArray) -> Level | None:
    numbers = _numbers(column, values)
    return _rounded(column, float(numbers.mean())) if len(numbers) else None


def _median(column: Column, values: pa.ChunkedArray) -> Level | None:
    numbers = _numbers(column, values)
    return _rounded(column, float(np.median(numbers))) if len(numbers) else None


def _most_frequent(column: Column, values: pa.ChunkedArray) -> Level | None:
    """The smallest of the most frequent values."""
    counts = {v: n for v, n in _counts(values) if v is not None and v == v}  # noqa: PLR0124  NaN is not a mode
    if not counts:
        return None
    top = max(counts.values())
    return _plain(min(v for v, n in counts.items() if n == top))


def _counts(values: pa.ChunkedArray) -> Iterator[tuple[Cell, int]]:
    for row in pc.value_counts(values).to_pylist():
        yield row["values"], row["counts"]


def _numbers(column: Column, values: pa.ChunkedArray) -> np.ndarray:
    """The finite cells as numbers, times as ticks."""
    cells = values.drop_null()
    if column.dtype in _TIMES:
        return np.array([convert(cell, DType.INTEGER) for cell in cells.to_pylist()], np.float64)
    numbers = np.asarray(cells.to_numpy(), np.float64)
    present: np.ndarray = numbers[np.isfinite(numbers)]
    return present


def _rounded(column: Column, value: float) -> Level:
    if column.dtype is DType.DOUBLE:
        return value
    return value >= 0.5 if column.dtype is DType.BOOLEAN else round(value)


def _plain(cell: Cell) -> Level:
    """A cell as JSON keeps it: times as ticks."""
    assert cell is not None
    value = cell if isinstance(cell, (str, int, float, bool)) else convert(cell, DType.INTEGER)
    return cast("Level", value)


_STATISTICS: Mapping[str, Callable[[Column, pa.ChunkedArray], Level | None]] = {
    _MEAN: _mean,
    _MEDIAN: _median,
    _MODE: _most_frequent,
}


def _filled(column: Column, expr: Expr, fitted: DType, value: Level) -> tuple[Column, Expr]:
    if fitted is DType.DOUBLE and column.dtype is DType.INTEGER:
        # A mean such as 38.5 does not fit into a column that holds whole numbers by chance.
        column, expr = column.with_(dtype=DType.DOUBLE), Convert(expr, DType.DOUBLE)
    if column.categories is not None and value not in column.categories:
        column = column.with_(categories=(*column.categories, value))
    return column.with_(nullable=False), Fill(expr, value)


def _with_indicators(cleaned: Frame, source: Frame, chosen: Sequence[Column], qualified: set[str]) -> Frame:
    added = [
        (
            _indicator(column),
            IsMissing(source.expr(column.name)) if column.name in qualified else Constant(False, DType.BOOLEAN),
        )
        for column in chosen
    ]
    return Frame((*cleaned.columns, *added), cleaned.keep)


def _indicator(column: Column) -> Column:
    return Column(f"{column.name}_IsMissing", DType.BOOLEAN, nullable=False)

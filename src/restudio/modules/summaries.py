"""Statistical Functions: Summarize Data and Compute Elementary Statistics (modules reference, 49 and 45)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from restudio.core.errors import ModuleError
from restudio.core.params import NoParams, columns, integer, mode, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import module, table_in, table_out
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.modules.chosen_columns import chosen_columns, ensure_numeric
from restudio.modules.column_statistics import ELEMENTARY, SUMMARY, central_moment, distinct
from restudio.seams.context import Context
from restudio.tables.table import Table

_CATEGORY = "Statistical Functions"
_COUNTS = ("Count", "Unique Value Count", "Missing Value Count")
_SUMMARY_SCHEMA = Schema.of(
    [
        Column("Feature", DType.STRING, nullable=False),
        *(Column(name, DType.INTEGER, nullable=False) for name in _COUNTS),
        *(Column(name, DType.DOUBLE) for name in SUMMARY),
    ]
)


@module(
    id="summarize-data",
    name="Summarize Data",
    category=_CATEGORY,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    family="2c57074f674f45dead85d84e4726f04e",
    errors=("0003", "0020", "0021"),
)
def summarize_data(p: NoParams, dataset: Table, *, ctx: Context) -> Table:
    """Describes every column in a row: how many values, distinct values and missing cells it has and, for numbers,
    where they lie and how they spread. Variance, skewness and kurtosis are those of a sample; NaN and infinite numbers
    are counted but not summed.

    Example:
      Dataset: {age: [40, 32, null, 48], city: [Oslo, Rome, Oslo, null]}
      Results dataset:
        Feature: [age, city]
        Count: [3, 3]
        Unique Value Count: [3, 2]
        Missing Value Count: [1, 1]
        Min: [32.0, null]
        Max: [48.0, null]
        Mean: [40.0, null]
        ...: []
    """
    if not dataset.names:
        raise ModuleError("0020", "The dataset has no columns.")
    if not dataset.num_rows:
        raise ModuleError("0021", "The dataset has no rows.")
    rows = []
    for done, column in enumerate(dataset.schema, 1):
        rows.append(_summary(dataset, column))
        ctx.progress(done / len(dataset.schema))
    cells = dict(zip(_SUMMARY_SCHEMA.names, zip(*rows, strict=True), strict=True))
    return Table.from_columns(cells, _SUMMARY_SCHEMA)


@summarize_data.tells_schema
def _summary_schema(p: NoParams, dataset: Schema) -> Schema:
    return _SUMMARY_SCHEMA


def _summary(dataset: Table, column: Column) -> list[object]:
    values = dataset.column(column.name)
    present = len(values) - values.null_count
    if not column.is_numeric:
        unique = pc.count_distinct(values, mode="only_valid").as_py()
        return [column.name, present, unique, values.null_count, *[None] * len(SUMMARY)]
    numbers = np.sort(_numbers(dataset, column))
    unique = distinct(numbers) if len(numbers) == present and present else _distinct(dataset, column)
    with np.errstate(all="ignore"):
        found = [_or_missing(statistic(numbers)) if len(numbers) else None for statistic in SUMMARY.values()]
    return [column.name, present, unique, values.null_count, *found]


def _distinct(dataset: Table, column: Column) -> int:
    count: int = pc.count_distinct(dataset.column(column.name), mode="only_valid").as_py()
    return count


def _numbers(dataset: Table, column: Column) -> np.ndarray:
    """The finite numbers of a column."""
    cells = as_doubles(from_arrow(dataset.column(column.name), column.dtype))
    finite: np.ndarray = cells[np.isfinite(cells)]
    return finite


def _or_missing(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


_MOMENT, _COLUMNS = "K-th central moment", "Column set"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementaryStatisticsParams:
    method: str = mode("Method", sorted((*ELEMENTARY, _MOMENT)))
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numeric columns.")
    order: int = integer("Order", 3, ge=1, when=when("method", _MOMENT))


@module(
    id="compute-elementary-statistics",
    name="Compute Elementary Statistics",
    category=_CATEGORY,
    params=ElementaryStatisticsParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    errors=("0001", "0003", "0011", "0017"),
)
def compute_elementary_statistics(p: ElementaryStatisticsParams, dataset: Table, *, ctx: Context) -> Table:
    """Gives one statistic of every chosen column, in one row of columns such as ``Max(mpg)``. Missing, NaN and infinite
    cells are passed over.

    Example:
      parameters: {Method: Max}
      Dataset: {mpg: [21.0, 33.9, 10.4]}
      Results dataset: {Max(mpg): [33.9]}
    """
    schema = _statistics_schema(p, dataset.schema)
    cells: dict[str, list[float | None]] = {}
    for result, column in zip(schema, chosen_columns(p.selection, dataset.schema, _COLUMNS), strict=True):
        numbers = _numbers(dataset, column)
        with np.errstate(all="ignore"):
            cells[result.name] = [_or_missing(_statistic(p, numbers)) if len(numbers) else None]
    return Table.from_columns(cells, schema)


@compute_elementary_statistics.tells_schema
def _statistics_schema(p: ElementaryStatisticsParams, dataset: Schema) -> Schema:
    chosen = chosen_columns(p.selection, dataset, _COLUMNS)
    for column in chosen:
        ensure_numeric(column, parameter=_COLUMNS)
    return Schema.of(Column(f"{p.method}({column.name})", DType.DOUBLE) for column in chosen)


def _statistic(p: ElementaryStatisticsParams, numbers: np.ndarray) -> float:
    return central_moment(numbers, p.order) if p.method == _MOMENT else ELEMENTARY[p.method](numbers)

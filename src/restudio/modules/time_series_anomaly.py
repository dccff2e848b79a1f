"""Time Series Anomaly Detection (modules reference, 78)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.params import choice, columns, integer, mode, real, when
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.selector import Selection
from restudio.core.spec import module, table_in, table_out
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.modules.learners.ranges import EPSILON
from restudio.modules.learners.training_data import ensure_finite
from restudio.modules.martingale import LONGEST, STRANGENESS, anomaly_scores
from restudio.seams.context import Context
from restudio.tables.naming import unique_names
from restudio.tables.table import Table

_DATA, _TIME = "Data Column", "Time Column"
_NUMBERS, _TIMES = Selection.types("Numeric"), Selection.types("DateTime")
_AVERAGE, _POWER = "PowerAvg", "Power"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeriesAnomalyParams:
    data: Selection = columns(_DATA, _NUMBERS, single=True, help="The values. Left alone: the first numeric column.")
    time: Selection = columns(
        _TIME, _TIMES, single=True, help="Their times, all different. Left alone: the first, else the order of rows."
    )
    martingale: str = mode("Martingale Type", (_AVERAGE, _POWER))
    epsilon: float = real("Epsilon", 0.1, ge=EPSILON, le=1, when=when("martingale", _POWER))
    strangeness: str = choice("Strangeness Function Type", tuple(STRANGENESS))
    bets: int = integer("Length of Martingale Values", 500, ge=0, le=LONGEST)
    history: int = integer("Length of Strangeness Values", 500, ge=0, le=LONGEST)
    threshold: float = real("Alert Threshold", 3.25, ge=0, le=100, help="Scores above it raise an alert.")


@module(
    id="time-series-anomaly-detection",
    name="Time Series Anomaly Detection",
    category="Time Series",
    params=TimeSeriesAnomalyParams,
    inputs=(table_in("Input data containing time stamps and values"),),
    outputs=(table_out("Time series annotated with anomaly scores"),),
    errors=("0001", "0003", "0008", "0017", "0018", "0022", "0033"),
)
def time_series_anomaly_detection(p: TimeSeriesAnomalyParams, dataset: Table, *, ctx: Context) -> Table:
    """Tell where a series of values changes: leaves its range, or begins to rise or to fall. Every row gets the
    strength of the evidence up to its time, and an alert (1) where that is above the threshold. Rows without a value
    get neither.

    Example:
      parameters: {Length of Martingale Values: 2, Length of Strangeness Values: 2}
      Input data containing time stamps and values: {day: [2024-01-01, 2024-01-02, 2024-01-03], load: [1.0, 1.1, 9.0]}
      Time series annotated with anomaly scores: {load: [1.0, 1.1, 9.0], Alert: [0, 0, 0], ...: []}
    """
    column = _one(p.data, _NUMBERS, dataset.schema, _DATA)
    if column is None or not column.dtype.is_number or column.is_categorical:
        named = "no numeric column" if column is None else f"'{column.name}' is not numeric"
        raise ModuleError("0017", f"The values must be numeric: {named}.", parameter=_DATA)
    values = as_doubles(from_arrow(dataset.column(column.name), column.dtype))
    ensure_finite(column, values)
    order = _order(_one(p.time, _TIMES, dataset.schema, _TIME), dataset)
    order = order[~np.isnan(values[order])]
    ctx.progress(0.1, f"judging {len(order)} values")
    epsilon = p.epsilon if p.martingale == _POWER else None
    scores = np.full(len(values), np.nan)
    scores[order] = anomaly_scores(values[order], STRANGENESS[p.strangeness], epsilon, p.bets, p.history)
    missing = np.isnan(scores)
    alerts = pa.array((scores > p.threshold).astype(np.int64), mask=missing)
    score, alert = _added(dataset.schema)
    return dataset.with_columns({score: pa.array(scores, mask=missing), alert: alerts})


@time_series_anomaly_detection.tells_schema
def _schema(p: TimeSeriesAnomalyParams, dataset: Schema) -> Schema:
    return Schema.of([*dataset, *_added(dataset)])


def _added(schema: Schema) -> tuple[Column, Column]:
    score, alert = unique_names([*schema.names, "Anomaly Score", "Alert"])[-2:]
    return Column(score, DType.DOUBLE, role=Role.NONE), Column(alert, DType.INTEGER, role=Role.NONE)


def _one(selection: Selection, default: Selection, schema: Schema, parameter: str) -> Column | None:
    """The one column selected; of the default selection the first, or None."""
    names = selection.resolve(schema, parameter=parameter)
    if selection == default:
        return schema[names[0]] if names else None
    if len(names) != 1:
        raise ModuleError("0022", f"'{parameter}' must be one column, got {len(names)}.", parameter=parameter)
    return schema[names[0]]


def _order(time: Column | None, dataset: Table) -> np.ndarray:
    """The rows by time."""
    if time is None:
        return np.arange(dataset.num_rows)
    if time.dtype is not DType.DATETIME:
        raise ModuleError("0017", f"Column '{time.name}' is {time.dtype.value}, not DateTime.", column=time.name)
    cells = dataset.column(time.name)
    if cells.null_count:
        raise ModuleError("0018", f"Column '{time.name}' has missing times.", column=time.name)
    ticks = np.asarray(cells.cast(pa.int64()))
    if len(np.unique(ticks)) < len(ticks):
        raise ModuleError("0018", f"Column '{time.name}' has a time twice; times must differ.", column=time.name)
    return np.argsort(ticks, kind="stable")

"""Data Transformation / Scale and Reduce: Clip Values (modules reference, 25)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from restudio.core.errors import ModuleError
from restudio.core.parallel import map_threads
from restudio.core.params import boolean, choice, columns, integer, mode, real, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, CannotLower, Convert, Expr, Frame, Predict
from restudio.kernels.vectors import from_arrow
from restudio.modules.chosen_columns import chosen_columns
from restudio.modules.clip_kernel import Bound, ClipKernel, as_numbers, from_ticks
from restudio.modules.placement import beside
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_COLUMNS = "List of columns"
_PEAKS, _SUBPEAKS, _BOTH = "ClipPeaks", "ClipSubPeaks", "ClipPeaksAndSubPeaks"
_CONSTANT, _PERCENTILE = "Constant", "Percentile"
_THRESHOLD, _MEAN, _MEDIAN, _MISSING = "Threshold", "Mean", "Median", "Missing"
_SUBSTITUTES = (_THRESHOLD, _MEAN, _MEDIAN, _MISSING)
_UPPER, _LOWER = when("clipped", _PEAKS, _BOTH), when("clipped", _SUBPEAKS, _BOTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipValuesParams:
    clipped: str = mode("Set of thresholds", (_PEAKS, _SUBPEAKS, _BOTH))
    upper: str = mode("Upper threshold", (_CONSTANT, _PERCENTILE), when=when("clipped", _PEAKS))
    lower: str = mode("Lower threshold", (_CONSTANT, _PERCENTILE), when=when("clipped", _SUBPEAKS))
    both: str = mode("Threshold", (_CONSTANT, _PERCENTILE), when=when("clipped", _BOTH))
    upper_constant: float = real("Constant value of upper threshold", 1.0, when=_UPPER)
    lower_constant: float = real("Constant value of lower threshold", -1.0, when=_LOWER)
    upper_percentile: int = integer("Percentile number of upper threshold", 99, ge=1, le=99, when=_UPPER)
    lower_percentile: int = integer("Percentile number of lower threshold", 1, ge=1, le=99, when=_LOWER)
    peaks: str = choice("Substitute value for peaks", _SUBSTITUTES, when=_UPPER, aliases=("Upper substitute value",))
    subpeaks: str = choice(
        "Substitute value for subpeaks", _SUBSTITUTES, when=_LOWER, aliases=("Lower substitute value",)
    )
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numbers and times; others are skipped.")
    overwrite: bool = boolean("Overwrite flag", True, help="Off: append the clipped columns.")
    indicators: bool = boolean("Add indicator columns", False, help="Tell in a column which cells were clipped.")

    @property
    def by_percentile(self) -> bool:
        chosen = {_PEAKS: self.upper, _SUBPEAKS: self.lower, _BOTH: self.both}[self.clipped]
        return chosen == _PERCENTILE

    @property
    def substitutes(self) -> tuple[str, ...]:
        """Of the thresholds in use."""
        return tuple(
            name for name, unused in ((self.peaks, _SUBPEAKS), (self.subpeaks, _PEAKS)) if self.clipped != unused
        )


@module(
    id="clip-values",
    name="Clip Values",
    category="Data Transformation / Scale and Reduce",
    params=ClipValuesParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    errors=("0001", "0003", "0007", "0011", "0017"),
)
def clip_values(p: ClipValuesParams, dataset: Table, *, ctx: Context) -> Table:
    """Replaces numbers beyond a threshold, given as a constant or as a percentile of each column, by the threshold, by
    the mean or the median of the column before clipping, or by a missing value. A number equal to the threshold stays.
    Constants for times are ticks of 100 ns. Columns of whole numbers become Double unless all new values are whole.

    Example:
      parameters: {Constant value of upper threshold: 100, Add indicator columns: true}
      Dataset: {load: [20.0, 250.0, 99.5]}
      Results dataset: {load: [20.0, 100.0, 99.5], load_clipped: [false, true, false]}
    """

    def fit(column: Column) -> tuple[Bound | None, Bound | None]:
        return _fitted(p, as_numbers(from_arrow(dataset.column(column.name).drop_null(), column.dtype)), column)

    columns = _clippable(p, dataset.schema)
    found = map_threads(fit, columns, cells=dataset.num_rows * len(columns))
    bounds = dict(zip((column.name for column in columns), found, strict=True))
    return over(dataset, lambda frame: _clip(p, frame, lambda column: bounds[column.name]))


@clip_values.lowers
def _lower(p: ClipValuesParams, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    if p.by_percentile or {_MEAN, _MEDIAN} & set(p.substitutes):
        raise CannotLower("Clip Values learns percentiles, means and medians from the data that it clips")
    return _clip(p, frame, lambda column: _fitted(p, np.empty(0), column))


@clip_values.tells_schema
def _schema(p: ClipValuesParams, dataset: Schema) -> Schema:
    return _clip(p, Frame.input("input", dataset), lambda column: (None, None)).schema


_Bounds = Callable[[Column], tuple[Bound | None, Bound | None]]


def _clip(p: ClipValuesParams, frame: Frame, bounds: _Bounds) -> Frame:
    if p.clipped == _BOTH and _low_above_high(p):
        raise ModuleError("0007", "The lower threshold must be at most the upper one.", parameter="Threshold")
    clipped: dict[str, tuple[Column, Expr]] = {}
    added: list[tuple[Column, Expr]] = []
    for column in _clippable(p, frame.schema):
        expr, dtype = frame.expr(column.name), _result_type(p, column)
        if dtype is not column.dtype:
            expr = Convert(expr, dtype)
        low, high = bounds(column)
        call = Call(ClipKernel(dtype, low, high), (expr,))
        clipped[column.name] = (column.with_(dtype=dtype, nullable=True), Predict(call, 0))
        if not p.overwrite:
            added.append((Column(f"Clip({column.name})", dtype), Predict(call, 0)))
        if p.indicators:
            added.append((Column(f"{column.name}_clipped", DType.BOOLEAN, nullable=False), Predict(call, 1)))
    kept = [clipped.get(c.name, (c, e)) if p.overwrite else (c, e) for c, e in frame.columns]
    return beside(kept, added, frame.keep)


def _clippable(p: ClipValuesParams, schema: Schema) -> list[Column]:
    chosen = chosen_columns(p.selection, schema, _COLUMNS)
    left = [c for c in chosen if not c.is_categorical and c.dtype not in (DType.STRING, DType.BOOLEAN)]
    if not left:
        raise ModuleError("0017", "None of the selected columns holds numbers or times.", parameter=_COLUMNS)
    return left


def _low_above_high(p: ClipValuesParams) -> bool:
    if p.by_percentile:
        return p.lower_percentile > p.upper_percentile
    return p.lower_constant > p.upper_constant


def _result_type(p: ClipValuesParams, column: Column) -> DType:
    """Follows from the parameters alone, so that it is known before running."""
    if column.dtype is not DType.INTEGER or (not p.by_percentile and _keeps_integers(p)):
        return column.dtype
    return DType.DOUBLE


def _keeps_integers(p: ClipValuesParams) -> bool:
    constants = [c for c, unused in ((p.upper_constant, _SUBPEAKS), (p.lower_constant, _PEAKS)) if p.clipped != unused]
    whole = all(c.is_integer() and abs(c) < 2**53 for c in constants)
    return whole and not {_MEAN, _MEDIAN} & set(p.substitutes)


def _fitted(p: ClipValuesParams, numbers: np.ndarray, column: Column) -> tuple[Bound | None, Bound | None]:
    """The lower and the upper bound of a column; none for a column without values to learn from."""
    finite = np.isfinite(numbers)
    values = numbers if finite.all() else numbers[finite]
    low = high = None
    if p.clipped != _PEAKS:
        at = p.lower_percentile if p.by_percentile else p.lower_constant
        low = _bound(at, p.by_percentile, p.subpeaks, values, column)
    if p.clipped != _SUBPEAKS:
        at = p.upper_percentile if p.by_percentile else p.upper_constant
        high = _bound(at, p.by_percentile, p.peaks, values, column)
    return low, high


def _bound(given: float, percentile: bool, substitute: str, values: np.ndarray, column: Column) -> Bound | None:
    if not len(values) and (percentile or substitute in (_MEAN, _MEDIAN)):
        return None
    timed = column.dtype in (DType.DATETIME, DType.TIMESPAN)
    at = float(np.percentile(values, given)) if percentile else given
    if timed:
        at = round(at) if percentile else from_ticks(at, column.dtype)
    new = _substitute(substitute, at, values)
    return Bound(at, round(new) if timed and new is not None else new)


def _substitute(name: str, threshold: float, values: np.ndarray) -> float | None:
    match name:
        case "Threshold":
            return threshold
        case "Missing":
            return None
        case "Mean":
            return float(values.mean())
    return float(np.median(values))

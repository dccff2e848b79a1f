"""Clean Missing Data (modules reference, module 14).

Of the documented cleaning modes, MICE and probabilistic PCA are not offered yet. Thresholds are applied column by
column: the original text contradicts itself, and this is what its designer successor does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.artifacts.values import Json, Transform
from restudio.core.cells import convert
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, mode, real, text, when
from restudio.core.schema import Column, DType, Level, Role
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import Convert, Expr, Fill, Frame, IsMissing, Scale
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

CLEAN = "clean-missing-data"
CUSTOM, MEAN, MEDIAN, MODE = (
    "Custom substitution value",
    "Replace with mean",
    "Replace with median",
    "Replace with mode",
)
DROP_ROW, DROP_COLUMN = "Remove entire row", "Remove entire column"
_LEARNED = (MEAN, MEDIAN, MODE)
_REPLACEMENT = "Replacement value"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanMissingParams:
    selection: Selection = columns("Columns to be cleaned", Selection.everything(), help="Columns to look at.")
    minimum: float = real(
        "Minimum missing value ratio", 0.0, ge=0, le=1, help="A column qualifies from this share of missing cells …"
    )
    maximum: float = real("Maximum missing value ratio", 1.0, ge=0, le=1, help="… up to this one.")
    mode: str = mode("Cleaning mode", (CUSTOM, MEAN, MEDIAN, MODE, DROP_ROW, DROP_COLUMN), help="What to do.")
    replacement: str | None = text(
        _REPLACEMENT, "0", optional=True, when=when("mode", CUSTOM), help="Must be readable as each column's type."
    )
    indicator: bool = boolean(
        "Generate missing value indicator column",
        False,
        when=when("mode", CUSTOM, *_LEARNED),
        help="Adds <name>_IsMissing for each column that qualifies.",
    )
    all_missing: str = choice(
        "Cols with all missing values",
        ("Remove", "Propagate"),
        when=when("mode", *_LEARNED),
        help="What becomes of columns without any value.",
    )


@dataclass(frozen=True, slots=True)
class _Cleaning:
    """What is done to which columns; the content of the transformation."""

    fills: Mapping[str, Level] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    """Rows with a missing cell in one of these are dropped."""


@module(
    id=CLEAN,
    name="Clean Missing Data",
    category="Data Transformation / Manipulation",
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Cleaned dataset"), Port("Cleaning transformation", PortKind.TRANSFORM)),
    params=CleanMissingParams,
    family="d2c5ca2f732341a39b7eda917c99f0c4",
    aliases=("Missing Values Scrubber",),
    errors=("0002", "0003", "0008", "0013", "0017", "0018", "0039", "0080"),
)
def clean_missing_data(p: CleanMissingParams, dataset: Table, *, ctx: Context) -> tuple[Table, Transform]:
    """Replaces missing cells, or removes rows or columns that have them.

    Of the selected columns, those qualify whose share of missing cells lies between the two ratios. The transformation
    remembers computed values, so that new data get the mean of the old; it adds no indicator columns. NaN in a Double
    column is a value, not a missing cell. For a web service prefer the modes that keep the row.
    """
    names = p.selection.resolve(dataset.schema, parameter="Columns to be cleaned")
    qualified = [n for n in dict.fromkeys(names) if p.minimum <= _ratio(dataset, n) <= p.maximum]
    cleaning = _MODES[p.mode](p, dataset, qualified)
    transform = Transform(CLEAN, tuple(dataset.schema[n] for n in qualified), _settings(cleaning))
    indicated = [n for n in qualified if n not in cleaning.dropped] if p.indicator else []
    return over(dataset, lambda frame: _indicate(_clean(cleaning, frame), frame, indicated)), transform


@clean_missing_data.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    return _clean(_cleaning(transform), frame)


def _clean(cleaning: _Cleaning, frame: Frame) -> Frame:
    kept = tuple(
        (column.with_(nullable=False), Fill(expr, cleaning.fills[column.name]))
        if column.name in cleaning.fills
        else (column, expr)
        for column, expr in frame.columns
        if column.name not in cleaning.dropped
    )
    return Frame(kept, (*frame.keep, *(_is_present(frame.expr(name)) for name in cleaning.required)))


def _is_present(expr: Expr) -> Expr:
    """The opposite of ``IsMissing``: 1 minus it, as a Boolean."""
    return Convert(Scale(IsMissing(expr), 1.0, -1.0), DType.BOOLEAN)


def _indicate(cleaned: Frame, frame: Frame, names: list[str]) -> Frame:
    added = (
        (Column(f"{name}_IsMissing", DType.BOOLEAN, role=Role.FEATURE, nullable=False), IsMissing(frame.expr(name)))
        for name in names
    )
    return Frame((*cleaned.columns, *added), cleaned.keep)


def _settings(cleaning: _Cleaning) -> dict[str, Json]:
    return {
        "fills": cast("Json", dict(cleaning.fills)),
        "dropped": list(cleaning.dropped),
        "required": list(cleaning.required),
    }


def _cleaning(transform: Transform) -> _Cleaning:
    settings = transform.settings
    fills = cast("dict[str, Level]", settings["fills"])
    return _Cleaning(
        fills, tuple(cast("list[str]", settings["dropped"])), tuple(cast("list[str]", settings["required"]))
    )


def _ratio(table: Table, name: str) -> float:
    return table.column(name).null_count / table.num_rows if table.num_rows else 0.0


def _custom(p: CleanMissingParams, table: Table, names: list[str]) -> _Cleaning:
    if p.replacement is None:
        raise ModuleError("0003", f"Parameter '{_REPLACEMENT}' must not be empty.", parameter=_REPLACEMENT)
    return _Cleaning({name: _replacement(p.replacement, table.schema[name]) for name in names})


def _replacement(given: str, column: Column) -> Level:
    try:
        if column.dtype in (DType.DATETIME, DType.TIMESPAN) and given.strip().lstrip("-").isdigit():
            convert(int(given), column.dtype)
            return int(given)
        cell = convert(given, column.dtype)
    except (ValueError, OverflowError) as cause:
        raise _unusable(given, column) from cause
    if cell is None:
        raise _unusable(given, column)
    return _plain(cell)


def _unusable(given: str, column: Column) -> ModuleError:
    return ModuleError(
        "0002",
        f"The replacement value {given!r} cannot be read as {column.dtype.value}, the type of column '{column.name}'.",
        parameter=_REPLACEMENT,
        column=column.name,
    )


def _plain(cell: str | int | float | bool | datetime | timedelta) -> Level:
    """Times as .NET ticks, which :class:`Fill` turns back."""
    if isinstance(cell, (datetime, timedelta)):
        return cast("int", convert(cell, DType.INTEGER))
    return cell


def _learned(p: CleanMissingParams, table: Table, names: list[str]) -> _Cleaning:
    measure, types = _MEASURES[p.mode]
    fills: dict[str, Level] = {}
    dropped: list[str] = []
    for name in names:
        column, values = table.schema[name], table.column(name)
        present = values.drop_null()
        if not len(present):
            if p.all_missing == "Remove" and table.num_rows:
                dropped.append(name)
        elif column.dtype in types or p.mode == MODE:
            fills[name] = measure(column, present)
        elif values.null_count:
            raise ModuleError(
                "0017",
                f"'{p.mode}' cannot be used for column '{name}' of type {column.dtype.value}; choose other columns or "
                "another cleaning mode.",
                parameter="Cleaning mode",
                column=name,
            )
    return _Cleaning(fills, tuple(dropped))


def _mean(column: Column, present: pa.ChunkedArray) -> Level:
    if column.dtype in (DType.DATETIME, DType.TIMESPAN):
        micros = float(np.mean(present.cast(pa.int64()).to_numpy()))
        shift = (datetime(1970, 1, 1) - datetime(1, 1, 1)) if column.dtype is DType.DATETIME else timedelta()  # noqa: DTZ001
        return _plain(shift + timedelta(microseconds=round(micros)))
    return _rounded(column, float(np.mean(present.to_numpy(zero_copy_only=False).astype(np.float64))))


def _median(column: Column, present: pa.ChunkedArray) -> Level:
    return _rounded(column, float(np.median(present.to_numpy(zero_copy_only=False).astype(np.float64))))


def _rounded(column: Column, value: float) -> Level:
    if column.dtype is DType.INTEGER:
        return round(value)
    return value >= 0.5 if column.dtype is DType.BOOLEAN else value


def _mode(column: Column, present: pa.ChunkedArray) -> Level:
    """The most frequent value; of several, the smallest."""
    counts = Counter({v["values"].as_py(): v["counts"].as_py() for v in pc.value_counts(present.combine_chunks())})
    most = max(counts.values())
    return _plain(min(value for value, count in counts.items() if count == most))


_NUMBERS = (DType.INTEGER, DType.DOUBLE)
_MEASURES: Mapping[str, tuple[Callable[[Column, pa.ChunkedArray], Level], tuple[DType, ...]]] = {
    MEAN: (_mean, (*_NUMBERS, DType.BOOLEAN, DType.DATETIME, DType.TIMESPAN)),
    MEDIAN: (_median, _NUMBERS),
    MODE: (_mode, tuple(DType)),
}


def _drop_rows(p: CleanMissingParams, table: Table, names: list[str]) -> _Cleaning:
    return _Cleaning(required=tuple(names))


def _drop_columns(p: CleanMissingParams, table: Table, names: list[str]) -> _Cleaning:
    return _Cleaning(dropped=tuple(name for name in names if table.column(name).null_count))


_MODES: Mapping[str, Callable[[CleanMissingParams, Table, list[str]], _Cleaning]] = {
    CUSTOM: _custom,
    MEAN: _learned,
    MEDIAN: _learned,
    MODE: _learned,
    DROP_ROW: _drop_rows,
    DROP_COLUMN: _drop_columns,
}

"""Training data: a table as the numbers that learners fit, under the catalog's rules for features and labels.

Features are the columns flagged so, without the label. Numbers and Booleans are doubles, times their ticks; string and
categorical columns are positions of their levels (a string column's levels are its values, sorted). Rows without a
label are left out (modules reference, section 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import convert, text_of
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Level, Role
from restudio.core.spec import Task
from restudio.kernels.expr import Vector
from restudio.kernels.levels import MISSING, Levels
from restudio.kernels.vectors import as_doubles, from_arrow, to_doubles
from restudio.tables.table import Table

MAX_LEVELS = 100_000
MAX_CLASSES = 1000
_TIMES = (DType.DATETIME, DType.TIMESPAN)
_TICKS_PER_MICROSECOND = 10
_TICKS_AT_1970 = 621_355_968_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """What a learner's ``fit`` gets.

    ``columns[i]`` holds feature ``i``, to be read only: doubles with NaN for missing, or for a feature with categories
    the int32 code of its level and ``MISSING``. ``label`` is None when there is nothing to tell. ``target`` is the
    position in ``classes``, or the value to predict. ``weight`` is the weight column, if the table has one.
    """

    features: tuple[Column, ...]
    columns: tuple[np.ndarray, ...]
    label: Column | None
    classes: tuple[Level, ...]
    target: np.ndarray
    weight: np.ndarray | None = None

    @property
    def rows(self) -> int:
        return len(self.target)

    def missing(self, i: int) -> np.ndarray:
        """Where feature ``i`` is missing."""
        column = self.columns[i]
        missing: np.ndarray = column == MISSING if self.features[i].is_categorical else np.isnan(column)
        return missing

    def filter(self, keep: np.ndarray) -> TrainingData:
        """Only the rows of a Boolean mask."""
        weight = None if self.weight is None else self.weight[keep]
        columns = tuple(column[keep] for column in self.columns)
        return TrainingData(self.features, columns, self.label, self.classes, self.target[keep], weight)


def prepare(table: Table, label_name: str, task: Task) -> TrainingData:
    """Training data for a learner of ``task`` that learns the column ``label_name``.

    Errors: 0047 no feature, 0134 no labelled row, 0023 label not suited, 0014 too many levels, 0122 and 0124 weights.
    """
    label = table.schema[label_name]
    names = [column.name for column in table.schema.features() if column.name != label_name]
    if not names:
        raise ModuleError("0047", "There is no feature column beside the label to learn from.", column=label_name)
    labelled = _labelled(table, label_name)
    if not labelled.num_rows:
        raise ModuleError("0134", f"No row has a value in the label column '{label_name}'.", column=label_name)
    classes, target = _learned(label, labelled.column(label_name), task)
    pairs = [_feature(labelled.schema[name], labelled.column(name)) for name in names]
    return TrainingData(
        features=tuple(column for column, _ in pairs),
        columns=tuple(values for _, values in pairs),
        label=label.with_(role=Role.LABEL),
        classes=classes,
        target=target,
        weight=_weight(labelled),
    )


def prepare_unlabelled(table: Table, names: Sequence[str]) -> TrainingData:
    """Training data of these columns without a label; ``target`` is zero. Errors: 0047 no column, 0021 no row, 0014."""
    if not names:
        raise ModuleError("0047", "There is no feature column to learn from.")
    if not table.num_rows:
        raise ModuleError("0021", "The dataset has no rows to learn from.")
    pairs = [_feature(table.schema[name], table.column(name)) for name in names]
    features, columns = tuple(column for column, _ in pairs), tuple(values for _, values in pairs)
    return TrainingData(features, columns, None, (), np.zeros(table.num_rows))


def levels_of(column: Column, values: pa.ChunkedArray) -> tuple[Level, ...]:
    """The declared categories, then values that occur besides, sorted."""
    found = pc.unique(values.filter(_present(values))).to_pylist()
    if len(found) > MAX_LEVELS:
        raise ModuleError(
            "0014",
            f"Column '{column.name}' has {len(found)} distinct values; a categorical feature may have {MAX_LEVELS}. "
            "Clear its feature flag with Edit Metadata, or group its values.",
            column=column.name,
        )
    declared = {} if column.categories is None else {convert(c, column.dtype): c for c in column.categories}
    plain: list[Level] = [text_of(v) if column.dtype in _TIMES else v for v in sorted(set(found) - set(declared))]
    return (*declared.values(), *plain)


def _labelled(table: Table, label_name: str) -> Table:
    """The rows that have a label; the table itself when all have."""
    present = _present(table.column(label_name))
    return table if pc.all(present, min_count=0).as_py() else table.filter(present)


def _present(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.invert(pc.is_null(values, nan_is_null=pa.types.is_floating(values.type)))


def _feature(column: Column, values: pa.ChunkedArray) -> tuple[Column, np.ndarray]:
    if column.is_categorical or column.dtype is DType.STRING:
        known = column.with_(categories=levels_of(column, values))
        assert known.categories is not None
        return known, Levels(known.categories, column.dtype).codes_of(from_arrow(values, column.dtype))
    if column.dtype in _TIMES:
        micros = values.cast(pa.int64())
        shift = _TICKS_AT_1970 if column.dtype is DType.DATETIME else 0
        ticks = as_doubles(from_arrow(pc.add(pc.multiply(micros, _TICKS_PER_MICROSECOND), shift), DType.INTEGER))
        return column, ticks
    return column, to_doubles(from_arrow(values, column.dtype))


def _learned(label: Column, values: pa.ChunkedArray, task: Task) -> tuple[tuple[Level, ...], np.ndarray]:
    if task is Task.REGRESSION:
        return (), _numeric_label(label, values)
    if label.dtype in _TIMES:
        raise _unsuited(label, "classes must be texts, numbers or Booleans")
    classes = tuple(sorted(pc.unique(values).to_pylist()))
    wanted = len(classes) == 2 if task is Task.BINARY else 2 <= len(classes) <= MAX_CLASSES
    if not wanted:
        expected = "exactly 2 classes" if task is Task.BINARY else f"2 to {MAX_CLASSES} classes"
        advice = " Use a multiclass learner." if task is Task.BINARY and len(classes) > 2 else ""
        shown = ", ".join(repr(c) for c in classes[:5])
        raise _unsuited(label, f"{expected} are needed, it has {len(classes)} ({shown}).{advice}")
    return classes, Levels(classes, label.dtype).codes_of(from_arrow(values, label.dtype)).astype(np.int64)


def _numeric_label(label: Column, values: pa.ChunkedArray) -> np.ndarray:
    if not label.dtype.is_number:
        raise _unsuited(label, f"a regression learns numbers, the column is {label.dtype.value}")
    target = as_doubles(from_arrow(values, label.dtype))
    ensure_finite(label, target)
    return target


def ensure_finite(column: Column, values: np.ndarray) -> None:
    """Error 0033 when a number is infinite."""
    if np.isinf(values).any():
        raise ModuleError("0033", f"Column '{column.name}' has infinite values.", column=column.name)


def _unsuited(label: Column, why: str) -> ModuleError:
    return ModuleError("0023", f"Column '{label.name}' is not suited as label: {why}", column=label.name)


def _weight(table: Table) -> np.ndarray | None:
    marked = [c for c in table.schema if c.role is Role.WEIGHT]
    if not marked:
        return None
    if len(marked) > 1:
        raise ModuleError("0122", f"Only one weight column is allowed, found {', '.join(c.name for c in marked)}.")
    column = marked[0]
    if not column.dtype.is_number:
        raise ModuleError("0124", f"The weight column '{column.name}' is {column.dtype.value}, not a number.")
    vector: Vector = from_arrow(table.column(column.name), column.dtype)
    ensure_finite(column, as_doubles(vector))
    weights: np.ndarray = np.clip(np.nan_to_num(as_doubles(vector), nan=0.0), 0.0, None)
    return weights

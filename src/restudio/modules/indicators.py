"""Data Transformation / Manipulation: Convert to Indicator Values (modules reference, 15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restudio.artifacts.values import Transform
from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.parallel import map_threads
from restudio.core.params import boolean, columns
from restudio.core.schema import Column, DType, Level, Schema, Superset
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, module, table_in, table_out
from restudio.kernels.expr import Call, Expr, Frame, Predict, Vector
from restudio.kernels.levels import MISSING, Levels
from restudio.modules.chosen_columns import chosen_columns
from restudio.modules.fitted_state import present_columns, reading
from restudio.modules.manipulation import CATEGORY
from restudio.modules.placement import beside
from restudio.modules.symbolic import over, schema_over
from restudio.seams.context import Context
from restudio.tables.codec import MAX_COLUMNS
from restudio.tables.table import Table

_ID = "convert-to-indicator-values"
_COLUMNS = "Categorical columns to convert"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorValuesParams:
    selection: Selection = columns(_COLUMNS, Selection.types("Categorical"), help="Categorical columns.")
    overwrite: bool = boolean("Overwrite categorical columns", False, help="Leave the converted columns out.")


@module(
    id=_ID,
    name="Convert to Indicator Values",
    category=CATEGORY,
    params=IndicatorValuesParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"), Port("Indicator values transformation", PortKind.TRANSFORM)),
    family="6ea59c36f283410eb34cedfabfac39b0",
    errors=("0001", "0003", "0011", "0056", "0129"),
)
def convert_to_indicator_values(p: IndicatorValuesParams, dataset: Table, *, ctx: Context) -> tuple[Table, Transform]:
    """Adds a column of zeros and ones for every level of each categorical column, called ``column-level``; a column
    with missing cells also gets ``column-Missing``. The transformation makes the same columns of other data; a level
    that it has not seen gives only zeros.

    Example:
      parameters: {Overwrite categorical columns: true}
      Dataset:
        module: edit-metadata
        parameters: {Column: plan, Categorical: Make categorical}
        Dataset: {plan: [gold, basic, gold], age: [41, 32, 50]}
      Results dataset: {age: [41, 32, 50], plan-basic: [0, 1, 0], plan-gold: [1, 0, 1]}
    """
    chosen = _chosen(p, dataset.schema)
    gaps = [dataset.column(column.name).null_count > 0 for column in chosen]
    transform = _transform(p, chosen, gaps)
    return over(dataset, lambda frame: _apply(transform, frame)), transform


@convert_to_indicator_values.tells_schema
def _schemas(p: IndicatorValuesParams, dataset: Schema) -> tuple[Schema | Superset, None]:
    """Whether there are columns for missing cells, only the cells tell."""
    chosen = _chosen(p, dataset)
    transform = _transform(p, chosen, [column.nullable for column in chosen])
    told = schema_over(dataset, lambda frame: _apply(transform, frame))
    return (Superset(told) if any(column.nullable for column in chosen) else told), None


def _transform(p: IndicatorValuesParams, chosen: Sequence[Column], gaps: Sequence[bool]) -> Transform:
    return Transform(_ID, tuple(chosen), {"overwrite": p.overwrite}, {"gaps": np.array(gaps, np.bool_)})


def _chosen(p: IndicatorValuesParams, schema: Schema) -> list[Column]:
    chosen = chosen_columns(p.selection, schema, _COLUMNS)
    for column in chosen:
        _ensure_categorical(column)
    width = len(schema) + sum(len(column.categories or ()) for column in chosen)
    if width > MAX_COLUMNS:
        raise ModuleError("0129", f"The result would have {width} columns; at most {MAX_COLUMNS} are supported.")
    return chosen


def _ensure_categorical(column: Column) -> None:
    if column.categories is None:
        raise ModuleError(
            "0056",
            f"Column '{column.name}' is not categorical; make it so with Edit Metadata.",
            parameter=_COLUMNS,
            column=column.name,
        )


@convert_to_indicator_values.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    added: list[tuple[Column, Expr]] = []
    with reading(_ID):
        overwrite, gaps = bool(transform.settings["overwrite"]), transform.arrays["gaps"].tolist()
        present = [(transform.columns[i], have, gaps[i]) for i, have in present_columns(transform, frame)]
        for fitted, have, with_missing in present:
            kernel = Indicators(fitted.categories or (), have.dtype, with_missing)
            call = Call(kernel, (frame.expr(have.name),))
            added += [
                (Column(f"{have.name}-{name}", DType.INTEGER, nullable=False), Predict(call, i))
                for i, name in enumerate(kernel.names)
            ]
    converted = {have.name for _, have, _ in present} if overwrite else set()
    return beside([(c, e) for c, e in frame.columns if c.name not in converted], added, frame.keep)


class Indicators:
    """One for the level that a cell is, zero for the others; the last output tells missing cells, if asked for."""

    def __init__(self, levels: Sequence[Level], dtype: DType, with_missing: bool) -> None:
        self._levels = Levels(levels, dtype)
        self._with_missing = with_missing
        self.names = [text_of(level) for level in levels] + ["Missing"] * with_missing
        self.outputs: tuple[DType, ...] = (DType.INTEGER,) * len(self.names)

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        found = [0] * len(self.names)
        at = self._levels.codes.get(cells[0])  # type: ignore[call-overload]  # a cell of the column's type
        if cells[0] is None and self._with_missing:
            found[-1] = 1
        elif at is not None:
            found[at] = 1
        return tuple(found)

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        codes = self._levels.codes_of(columns[0])
        wanted = [*range(len(self._levels)), *([MISSING] if self._with_missing else [])]

        def indicate(code: int) -> Vector:
            return Vector(DType.INTEGER, (codes == code).astype(np.int64))

        return tuple(map_threads(indicate, wanted, cells=rows * len(wanted)))

"""Data Transformation / Manipulation: Group Categorical Values (modules reference, 17)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from restudio.core.cells import Cell
from restudio.core.errors import ModuleError
from restudio.core.params import choice, columns, integer, text, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, Frame, Predict, Vector
from restudio.kernels.levels import Levels
from restudio.modules.chosen_columns import chosen_columns
from restudio.modules.manipulation import CATEGORY
from restudio.modules.placement import OUTPUT_MODES, Result, place
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.parsing import convert
from restudio.tables.table import Table

_COLUMNS = "Selected columns"
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingParams:
    selection: Selection = columns(_COLUMNS, Selection.types("Categorical"), help="Categorical columns.")
    output: str = choice("Output mode", OUTPUT_MODES, "ResultOnly")
    default: str = text("Default level name", "Other", help="For values that no list names.")
    count: int = integer("New number of levels", 2, ge=2, le=_MOST, help="With the default level.")

    def groups(self) -> Iterator[tuple[int, str, Sequence[str]]]:
        """Number, new level and old levels of every group that is filled in."""
        for number in range(1, self.count):
            name = str(getattr(self, f"name_{number}")).strip()
            old = [part.strip() for part in str(getattr(self, f"old_{number}")).split(",") if part.strip()]
            if name or old:
                yield number, name, old


def _group_fields() -> Iterator[tuple[str, Any, Any]]:
    for number in range(1, _MOST):
        shown = when("count", *range(number + 1, _MOST + 1))
        listed = f"Comma-separated list of old levels to map to new level {number}"
        yield f"name_{number}", "str", text(f"Name of new level {number}", when=shown)
        yield f"old_{number}", "str", text(listed, when=shown)


GroupCategoricalValuesParams = dataclasses.make_dataclass(
    "GroupCategoricalValuesParams", _group_fields(), bases=(GroupingParams,), frozen=True, slots=True, kw_only=True
)


@module(
    id="group-categorical-values",
    name="Group Categorical Values",
    category=CATEGORY,
    params=GroupCategoricalValuesParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    errors=("0001", "0003", "0011", "0028", "0056"),
)
def group_categorical_values(p: GroupingParams, dataset: Table, *, ctx: Context) -> Table:
    """Merges levels of categorical columns: each new level takes the old levels listed for it, the default level takes
    all others. Missing cells stay missing.

    Example:
      parameters:
        Output mode: Append
        Default level name: other
        Name of new level 1: paid
        Comma-separated list of old levels to map to new level 1: gold, pro
      Dataset:
        module: edit-metadata
        parameters: {Column: plan, Categorical: Make categorical}
        Dataset: {plan: [gold, basic, pro]}
      Results dataset: {plan: [gold, basic, pro], plan_grouped: [paid, other, paid]}
    """
    return over(dataset, lambda frame: _grouped(p, frame))


@group_categorical_values.lowers
def _lower(p: GroupingParams, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    return _grouped(p, frame)


@group_categorical_values.tells_schema
def _schema(p: GroupingParams, dataset: Schema) -> Schema:
    return _grouped(p, Frame.input("input", dataset)).schema


def _grouped(p: GroupingParams, frame: Frame) -> Frame:
    chosen = chosen_columns(p.selection, frame.schema, _COLUMNS)
    mapping, levels = _mapping(p)
    results: list[Result] = []
    for column in chosen:
        if not column.is_categorical:
            raise ModuleError(
                "0056", f"Column '{column.name}' is not categorical.", parameter=_COLUMNS, column=column.name
            )
        kernel = Regroup(mapping, p.default, column.dtype)
        made = Column(f"{column.name}_grouped", DType.STRING, levels, nullable=column.nullable)
        results.append((column.name, made, Predict(Call(kernel, (frame.expr(column.name),)), 0)))
    return place(frame, results, p.output)


def _mapping(p: GroupingParams) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """New level by the text of the old one, and all new levels."""
    if not p.default.strip():
        raise ModuleError("0003", "The default level needs a name.", parameter="Default level name")
    mapping: dict[str, str] = {}
    levels: dict[str, None] = {}
    for number, name, old in p.groups():
        if not name:
            raise ModuleError("0003", f"New level {number} needs a name.", parameter=f"Name of new level {number}")
        levels[name] = None
        for value in old:
            if mapping.setdefault(value, name) != name:
                raise ModuleError(
                    "0028",
                    f"The old level '{value}' is listed for '{mapping[value]}' and for '{name}'.",
                    parameter=f"Comma-separated list of old levels to map to new level {number}",
                )
    return mapping, tuple(dict.fromkeys((*levels, p.default)))


class Regroup:
    """The new level of a cell, or the default."""

    outputs: tuple[DType, ...] = (DType.STRING,)

    def __init__(self, mapping: Mapping[str, str], default: str, dtype: DType) -> None:
        cells = {cell: new for old, new in mapping.items() for cell in _cells(old, dtype)}
        self._levels = Levels(list(cells), dtype)  # type: ignore[arg-type]  # cells of the column's type
        self._new: dict[Cell, str | None] = {**cells, None: None}
        self._default = default
        self._by_code = pa.array([*cells.values(), None, default], pa.large_string())

    def one(self, cells: Sequence[object]) -> tuple[object, ...]:
        return (self._new.get(cells[0], self._default),)  # type: ignore[call-overload]  # a cell of any type may be asked for

    def many(self, columns: Sequence[Vector], rows: int) -> tuple[Vector, ...]:
        codes = self._levels.codes_of(columns[0]).astype(np.int64)
        codes[codes < 0] += len(self._by_code)
        return (Vector(DType.STRING, self._by_code.take(pa.array(codes))),)


def _cells(text_of_level: str, dtype: DType) -> Iterator[Cell]:
    """The cell that a listed level means; none when the column can hold no such value."""
    values = convert(pa.array([text_of_level], pa.large_string()), dtype)
    if values is not None:
        yield from (cell for cell in values.to_pylist() if cell is not None and cell == cell)  # noqa: PLR0124  NaN differs from itself

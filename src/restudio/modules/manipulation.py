"""Data Transformation — Manipulation: choosing columns and editing what they mean (modules reference, section 5.3).

Both modules only rearrange or convert columns, so they are described once, over symbolic tables; the table functions
evaluate that description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from restudio.core.errors import ModuleError
from restudio.core.params import choice, columns, text, when
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, Convert, Expr, Frame, Predict
from restudio.kernels.times import WrittenTimes
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

CATEGORY = "Data Transformation / Manipulation"
EntryOf = Callable[[str], Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectColumnsParams:
    selection: Selection = columns("Select columns", aliases=("Select Columns",), help="Columns to keep.")


@module(
    id="select-columns-in-dataset",
    name="Select Columns in Dataset",
    category=CATEGORY,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    params=SelectColumnsParams,
    family="1ec722fab6234e26a44ea50c6d726223",
    aliases=("Project Columns",),
    errors=("0001", "0003"),
)
def select_columns(p: SelectColumnsParams, dataset: Table, *, ctx: Context) -> Table:
    """Keeps some columns of a dataset.

    Rules are applied in order. Columns come in the order of the dataset, unless the selection allows duplicates and
    preserves its own order; a column that is named again gets a suffix such as ``(1)``.

    Example:
      parameters: {Select columns: '["AllColumns", {"exclude": true, "ColumnNames": ["note"]}]'}
      Dataset: {age: [41, 32], note: [x, y], city: [Oslo, Rome]}
      Results dataset: {age: [41, 32], city: [Oslo, Rome]}
    """
    return over(dataset, lambda frame: _select_frame(p, frame))


@select_columns.lowers
def _lower_select(p: SelectColumnsParams, dataset: Frame, *, entry: EntryOf) -> Frame:
    return _select_frame(p, dataset)


@select_columns.tells_schema
def _select_schema(p: SelectColumnsParams, dataset: Schema) -> Schema:
    return _unique(dataset, _selected(p, dataset))


def _select_frame(p: SelectColumnsParams, frame: Frame) -> Frame:
    names = _selected(p, frame.schema)
    schema = _unique(frame.schema, names)
    return Frame(tuple(zip(schema, (frame.expr(name) for name in names), strict=True)), frame.keep)


def _selected(p: SelectColumnsParams, schema: Schema) -> Sequence[str]:
    names = p.selection.resolve(schema, parameter="Select columns")
    if not names:
        raise ModuleError("0003", "The selection leaves no column.", parameter="Select columns")
    return names


def _unique(schema: Schema, names: Sequence[str]) -> Schema:
    """Columns by name, repeated ones with a suffix."""
    taken = set(schema.names)
    seen: set[str] = set()
    chosen: list[Column] = []
    for name in names:
        column = schema[name]
        if name in seen:
            number = 1
            while f"{name} ({number})" in taken:
                number += 1
            column = column.with_(name=f"{name} ({number})")
            taken.add(column.name)
        seen.add(name)
        chosen.append(column)
    return Schema(tuple(chosen))


UNCHANGED = "Unchanged"
_DTYPES: Mapping[str, DType] = {
    "String": DType.STRING,
    "Integer": DType.INTEGER,
    "Floating point": DType.DOUBLE,
    "Boolean": DType.BOOLEAN,
    "DateTime": DType.DATETIME,
    "TimeSpan": DType.TIMESPAN,
}
MAKE_CATEGORICAL, MAKE_PLAIN = "Make categorical", "Make non-categorical"
_FIELDS: Mapping[str, Callable[[Column], Column]] = {
    "Features": lambda c: c.with_(role=Role.FEATURE),
    "Labels": lambda c: c.with_(role=Role.LABEL),
    "Weight": lambda c: c.with_(role=Role.WEIGHT),
    "Clear feature": lambda c: c.with_(role=Role.NONE) if c.role is Role.FEATURE else c,
    "Clear label": lambda c: c.with_(role=Role.FEATURE) if c.role is Role.LABEL else c,
    "Clear score": lambda c: c.with_(score=None),
    "Clear weight": lambda c: c.with_(role=Role.FEATURE) if c.role is Role.WEIGHT else c,
}
_FIELD_ALIASES = {
    "Feature": "Features",
    "Label": "Labels",
    "Weights": "Weight",
    "Clear features": "Clear feature",
    "Clear labels": "Clear label",
    "Clear scores": "Clear score",
    "Clear weights": "Clear weight",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMetadataParams:
    selection: Selection = columns("Column", aliases=("Columns",), help="Columns to edit.")
    data_type: str = choice(
        "Data type",
        (UNCHANGED, *_DTYPES),
        choice_aliases={"Double": "Floating point", "Same": UNCHANGED, "Float": "Floating point"},
        help="Convert the values to this type.",
    )
    format: str = text(
        "Date and time format",
        "",
        aliases=("DateTime format",),
        when=when("data_type", "DateTime"),
        help="How texts write times, such as %d/%m/%Y %H:%M. Blank: year first, as in 2024-01-31 or 2024-01-31T17:05.",
    )
    categorical: str = choice(
        "Categorical",
        (UNCHANGED, MAKE_CATEGORICAL, MAKE_PLAIN),
        choice_aliases={"Categorical": MAKE_CATEGORICAL, "Non-categorical": MAKE_PLAIN, "NonCategorical": MAKE_PLAIN},
        help="Treat the values as levels of a category, or no longer.",
    )
    fields: str = choice(
        "Fields",
        (UNCHANGED, *_FIELDS),
        choice_aliases=_FIELD_ALIASES,
        help="What the columns are for.",
    )
    names: str = text(
        "New column names",
        "",
        aliases=("New column name",),
        help="Comma-separated; as many as columns are selected. Blank: keep.",
    )


@module(
    id="edit-metadata",
    name="Edit Metadata",
    category=CATEGORY,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    params=EditMetadataParams,
    family="370b6676c11c486fbf7335349f842a66",
    aliases=("Metadata Editor",),
    errors=("0003", "0020", "0027", "0028", "0031", "0037", "0042", "0122", "0124"),
)
def edit_metadata(p: EditMetadataParams, dataset: Table, *, ctx: Context) -> Table:
    """Changes what columns are: element type, categorical or not, feature or label, and names.

    Columns made categorical get the distinct values found, in order, as their levels.

    Example:
      parameters: {Column: '["AllColumns"]', New column names: "years, town"}
      Dataset: {age: [41, 32], city: [Oslo, Rome]}
      Results dataset: {years: [41, 32], town: [Oslo, Rome]}
    """
    edited = over(dataset, lambda frame: _edit_frame(p, frame))
    return edited.with_schema(Schema.of(_with_levels(edited, c) for c in edited.schema))


@edit_metadata.lowers
def _lower_edit(p: EditMetadataParams, dataset: Frame, *, entry: EntryOf) -> Frame:
    return _edit_frame(p, dataset)


@edit_metadata.tells_schema
def _edit_schema(p: EditMetadataParams, dataset: Schema) -> Schema:
    """Levels of columns that become categorical are known by running only; they are left empty."""
    return _edit_frame(p, Frame.input("input", dataset)).schema


def _edit_frame(p: EditMetadataParams, frame: Frame) -> Frame:
    if not frame.columns:
        raise ModuleError("0020", "The dataset has no columns to edit.")
    selected = p.selection.resolve(frame.schema, parameter="Column")
    if not selected:
        raise ModuleError("0031", "The selection contains no column to edit.", parameter="Column")
    names = _new_names(p, selected)
    edited = Frame(
        tuple(_edit(p, c, e, names[c.name]) if c.name in names else (c, e) for c, e in frame.columns), frame.keep
    )
    _ensure_roles(edited.schema)
    return edited


def _new_names(p: EditMetadataParams, selected: Sequence[str]) -> Mapping[str, str]:
    if not p.names.strip():
        return {name: name for name in selected}
    given = [name.strip() for name in p.names.split(",")]
    if len(given) != len(selected):
        raise ModuleError(
            "0027",
            f"{len(selected)} columns are selected but {len(given)} new names are given.",
            parameter="New column names",
        )
    if not all(given):
        raise ModuleError("0003", "A new column name is blank.", parameter="New column names")
    return dict(zip(selected, given, strict=True))


def _edit(p: EditMetadataParams, column: Column, expr: Expr, name: str) -> tuple[Column, Expr]:
    dtype = _DTYPES.get(p.data_type, column.dtype)
    levels = column.categories
    if dtype is not column.dtype:
        written = bool(p.format.strip()) and column.dtype is DType.STRING
        expr = (
            Predict(Call(WrittenTimes(p.format.strip(), column.name), (expr,)), 0) if written else Convert(expr, dtype)
        )
        levels = None if levels is None else ()
    if p.categorical == MAKE_CATEGORICAL and levels is None:
        levels = ()
    elif p.categorical == MAKE_PLAIN:
        levels = None
    edited = column.with_(name=name, dtype=dtype, categories=levels)
    return (_FIELDS[p.fields](edited) if p.fields != UNCHANGED else edited), expr


def _ensure_roles(schema: Schema) -> None:
    schema.label()
    weights = [c for c in schema if c.role is Role.WEIGHT]
    if len(weights) > 1:
        raise ModuleError("0122", f"Only one weight column is allowed, found {', '.join(c.name for c in weights)}.")
    if weights and not weights[0].is_numeric:
        raise ModuleError("0124", f"The weight column '{weights[0].name}' is not numeric.", column=weights[0].name)


def _with_levels(table: Table, column: Column) -> Column:
    """Levels of a column that became categorical: its distinct values in ascending order."""
    if column.categories != ():
        return column
    values = pc.unique(table.column(column.name)).drop_null()
    if column.dtype in (DType.DATETIME, DType.TIMESPAN):
        values = values.cast("string")
    return column.with_(categories=tuple(values.sort().to_pylist()))

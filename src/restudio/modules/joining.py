"""Data Transformation / Manipulation: two tables into one (modules reference, 11, 12 and 18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.errors import ModuleError
from restudio.core.params import NoParams, boolean, choice, columns
from restudio.core.schema import Column, DType, Level, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, CannotLower, Frame, Predict, inputs_of
from restudio.modules.chosen_columns import chosen_columns, kind_of
from restudio.modules.lookups import Key, Lookup, key_frame
from restudio.modules.manipulation import CATEGORY
from restudio.modules.placement import beside, joined_schema
from restudio.seams.context import Context
from restudio.tables.table import ARROW_TYPES, Table


@module(
    id="add-columns",
    name="Add Columns",
    category=CATEGORY,
    inputs=(table_in("Left dataset"), table_in("Right dataset")),
    outputs=(table_out("Combined dataset"),),
    family="5714a225befd438a9bb5f6fdc50a4efb",
    errors=("0003",),
)
def add_columns(p: NoParams, left: Table, right: Table, *, ctx: Context) -> Table:
    """Puts the columns of two datasets side by side. The shorter one is filled up with missing values; a name of the
    right one that the left one has too gets a suffix such as ``(1)``.

    Example:
      Left dataset: {age: [41, 32]}
      Right dataset: {age: [5, 6], city: [Oslo, Rome]}
      Combined dataset: {age: [41, 32], age (1): [5, 6], city: [Oslo, Rome]}
    """
    rows = max(left.num_rows, right.num_rows)
    arrays = [_padded(array, rows) for array in (*left.data.columns, *right.data.columns)]
    schema = joined_schema(_nullable(left.schema, left.num_rows < rows), _nullable(right.schema, right.num_rows < rows))
    return Table(schema, pa.Table.from_arrays(arrays, names=list(schema.names)))


@add_columns.tells_schema
def _add_columns_schema(p: NoParams, left: Schema, right: Schema) -> Schema:
    return joined_schema(_nullable(left, True), _nullable(right, True))


@add_columns.lowers
def _lower_columns(p: NoParams, left: object, right: object, *, entry: Callable[[str], Entry]) -> Frame:
    if not isinstance(left, Frame) or not isinstance(right, Frame):
        raise CannotLower("a saved dataset and a call have rows of their own, which do not belong together")
    if left.keep != right.keep or len(_ports(left) | _ports(right)) != 1:
        raise CannotLower("the rows of both sides are not the same rows of one input")
    return beside(left.columns, right.columns, left.keep)


def _ports(frame: Frame) -> set[str]:
    """The service inputs that the columns are made of."""
    return {port for port, _ in inputs_of([expr for _, expr in frame.columns])}


def _padded(array: pa.ChunkedArray, rows: int) -> pa.ChunkedArray:
    if len(array) == rows:
        return array
    return pa.chunked_array([*array.chunks, pa.nulls(rows - len(array), array.type)], array.type)


def _nullable(schema: Schema, gaps: bool) -> Schema:
    return Schema(tuple(c.with_(nullable=True) for c in schema)) if gaps else schema


@module(
    id="add-rows",
    name="Add Rows",
    category=CATEGORY,
    inputs=(table_in("Dataset1"), table_in("Dataset2")),
    outputs=(table_out("Results dataset"),),
    family="b2ebdabd217d491586cc5b05972f7270",
    errors=("0003", "0010", "0016", "0061"),
)
def add_rows(p: NoParams, first: Table, second: Table, *, ctx: Context) -> Table:
    """Appends the rows of the second dataset to the first. Both must have the same number of columns, with the same
    names and types in the same order. What a column is for (label, feature) is told by the first dataset; its levels
    are those of both.

    Example:
      Dataset1: {age: [41], city: [Oslo]}
      Dataset2: {age: [32], city: [Rome]}
      Results dataset: {age: [41, 32], city: [Oslo, Rome]}
    """
    schema = _stacked_schema(p, first.schema, second.schema)
    return Table(schema, pa.concat_tables([first.data, second.data]))


@add_rows.tells_schema
def _stacked_schema(p: NoParams, first: Schema, second: Schema) -> Schema:
    if len(first) != len(second):
        raise ModuleError("0061", f"Dataset1 has {len(first)} columns, but Dataset2 has {len(second)}.")
    return Schema.of(_stacked(a, b, at) for at, (a, b) in enumerate(zip(first, second, strict=True), 1))


def _stacked(a: Column, b: Column, position: int) -> Column:
    if a.name != b.name:
        raise ModuleError(
            "0010",
            f"Column {position} is '{a.name}' in Dataset1, but '{b.name}' in Dataset2; rename or reorder the columns.",
            column=b.name,
        )
    if a.dtype is not b.dtype:
        raise ModuleError(
            "0016",
            f"Column '{a.name}' is {a.dtype.value} in Dataset1, but {b.dtype.value} in Dataset2; convert one of them "
            "with Edit Metadata.",
            column=a.name,
        )
    return a.with_(categories=_both_levels(a, b), nullable=a.nullable or b.nullable)


def _both_levels(a: Column, b: Column) -> tuple[Level, ...] | None:
    """A column is categorical when it is in both tables."""
    if a.categories is None or b.categories is None:
        return None
    return tuple(dict.fromkeys((*a.categories, *b.categories)))


_LEFT_KEYS, _RIGHT_KEYS = "Join key columns for L", "Join key columns for R"
_INNER, _LEFT, _FULL, _SEMI = "Inner Join", "Left Outer Join", "Full Outer Join", "Left Semi-Join"
_HOW: dict[str, Literal["inner", "left", "full", "semi"]] = {
    _INNER: "inner",
    _LEFT: "left",
    _FULL: "full",
    _SEMI: "semi",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinDataParams:
    left_keys: Selection = columns(
        _LEFT_KEYS,
        aliases=(
            "Comma-separated case-sensitive names of join key columns for L",
            "Join key columns for left dataset",
        ),
        help="Key columns of the first dataset.",
    )
    right_keys: Selection = columns(
        _RIGHT_KEYS,
        aliases=(
            "Comma-separated case-sensitive names of join key columns for R",
            "Join key columns for right dataset",
        ),
        help="Key columns of the second dataset, in the same order.",
    )
    match_case: bool = boolean("Match case", True, help="Off: texts that differ only in case are equal keys.")
    join_type: str = choice(
        "Join type", tuple(_HOW), choice_aliases={"Inner": _INNER, "LeftOuter": _LEFT, "FullOuter": _FULL}
    )
    keep_right: bool = boolean(
        "Keep right key columns in joined table", True, aliases=("Keep right key columns",), help="Off: leave them out."
    )


@module(
    id="join-data",
    name="Join Data",
    category=CATEGORY,
    params=JoinDataParams,
    inputs=(table_in("Dataset1"), table_in("Dataset2")),
    outputs=(table_out("Results dataset"),),
    family="124865f7e9014656adacf4cb08248099",
    aliases=("Join",),
    errors=("0001", "0003", "0011", "0016", "0027"),
)
def join_data(p: JoinDataParams, left: Table, right: Table, *, ctx: Context) -> Table:
    """Brings together the rows of two datasets that have equal keys, in the order of the first dataset. A missing key
    is equal to none, as in SQL. Names of the second dataset that the first one has too get a suffix such as ``(1)``.
    When a full outer join leaves the right keys out, the left keys take their values where there is no left row.

    Example:
      parameters:
        Join key columns for L: id
        Join key columns for R: id
        Keep right key columns in joined table: false
      Dataset1: {id: [1, 2, 3], name: [Ann, Bob, Cid]}
      Dataset2: {id: [3, 1], age: [50, 41]}
      Results dataset: {id: [1, 3], name: [Ann, Cid], age: [41, 50]}
    """
    keys = _keys(p, left.schema, right.schema)
    schema = _joined_schema(p, left.schema, right.schema)
    left_rows, right_rows = _matches(p, left, right, keys)
    ours = left if _is_every_row(left_rows, left) else left.take(left_rows)
    if p.join_type == _SEMI:
        return ours.with_schema(schema)
    arrays = dict(zip(left.names, ours.data.columns, strict=True))
    taken = right.select(_kept(p, right.schema, keys)).take(right_rows).data
    if p.join_type == _FULL and not p.keep_right:
        for a, b in keys:
            held = ARROW_TYPES[schema[a.name].dtype]
            arrays[a.name] = pc.coalesce(arrays[a.name].cast(held), right.column(b.name).take(right_rows).cast(held))
    return Table(schema, pa.Table.from_arrays([*arrays.values(), *taken.columns], names=list(schema.names)))


@join_data.lowers
def _lower_join(p: JoinDataParams, left: object, right: object, *, entry: Callable[[str], Entry]) -> Frame:
    if not isinstance(left, Frame) or not isinstance(right, Table):
        raise CannotLower("the rows of a call can be looked up in a saved second dataset only")
    if p.join_type == _FULL:
        raise CannotLower("a full outer join adds rows of the second dataset to every call")
    keys = _keys(p, left.schema, right.schema)
    taken = [] if p.join_type == _SEMI else _kept(p, right.schema, keys)
    try:
        lookup = Lookup(right, [b.name for _, b in keys], *_compared(p, keys), taken)
    except ValueError as cause:
        raise CannotLower(f"one row may become several: {cause}") from cause
    call = Call(lookup, tuple(left.expr(a.name) for a, _ in keys))
    exprs = [expr for _, expr in left.columns] + [Predict(call, at) for at in range(1, len(taken) + 1)]
    keep = () if p.join_type == _LEFT else (Predict(call, 0),)
    schema = _joined_schema(p, left.schema, right.schema)
    return Frame(tuple(zip(schema, exprs, strict=True)), (*left.keep, *keep))


@join_data.tells_schema
def _joined_schema(p: JoinDataParams, left: Schema, right: Schema) -> Schema:
    keys = _keys(p, left, right)
    if p.join_type == _SEMI:
        return left
    ours = _nullable(left, p.join_type == _FULL)
    if p.join_type == _FULL and not p.keep_right:
        merged = {a.name: _merged_key(a, b) for a, b in keys}
        ours = Schema.of(merged.get(c.name, c) for c in ours)
    theirs = right.select(_kept(p, right, keys))
    return joined_schema(ours, _nullable(theirs, p.join_type != _INNER))


def _keys(p: JoinDataParams, left: Schema, right: Schema) -> list[tuple[Column, Column]]:
    ours = chosen_columns(p.left_keys, left, _LEFT_KEYS)
    theirs = chosen_columns(p.right_keys, right, _RIGHT_KEYS)
    if len(ours) != len(theirs):
        raise ModuleError(
            "0027",
            f"{len(ours)} key columns are selected on the left, but {len(theirs)} on the right.",
            parameter=_RIGHT_KEYS,
        )
    for a, b in zip(ours, theirs, strict=True):
        if a.dtype is not b.dtype and not (a.dtype.is_number and b.dtype.is_number):
            raise ModuleError(
                "0016",
                f"The key '{a.name}' is {kind_of(a)}, but '{b.name}' is {kind_of(b)}; convert one of them.",
                parameter=_RIGHT_KEYS,
                column=b.name,
            )
    return list(zip(ours, theirs, strict=True))


def _kept(p: JoinDataParams, right: Schema, keys: Sequence[tuple[Column, Column]]) -> list[str]:
    left_out = set() if p.keep_right else {b.name for _, b in keys}
    return [name for name in right.names if name not in left_out]


def _merged_key(a: Column, b: Column) -> Column:
    dtype = a.dtype if a.dtype is b.dtype else DType.DOUBLE
    return a.with_(dtype=dtype, categories=_both_levels(a, b), nullable=a.nullable or b.nullable)


def _matches(
    p: JoinDataParams, left: Table, right: Table, keys: Sequence[tuple[Column, Column]]
) -> tuple[pa.Array, pa.Array]:
    """Row numbers of both sides, beside each other; missing where a row has no partner."""
    # Only keys and row numbers pass through the join: the other columns are moved once.
    ours, theirs = _compared(p, keys)
    lefts = key_frame([left.column(a.name) for a, _ in keys], ours, "left")
    rights = key_frame([right.column(b.name) for _, b in keys], theirs, "right")
    names = [f"k{at}" for at in range(len(keys))]
    how = _HOW[p.join_type]
    order: Literal["left", "left_right"] = "left" if how == "semi" else "left_right"
    found = lefts.join(rights, on=names, how=how, nulls_equal=False, maintain_order=order)
    none = pa.nulls(len(found), pa.int64())
    return found["left"].to_arrow(), found["right"].to_arrow() if how != "semi" else none


def _compared(p: JoinDataParams, keys: Sequence[tuple[Column, Column]]) -> tuple[list[Key], list[Key]]:
    """How the keys of both sides are compared."""
    ours = [Key(a.dtype, b.dtype, p.match_case) for a, b in keys]
    return ours, [Key(key.other, key.dtype, p.match_case) for key in ours]


def _is_every_row(rows: pa.Array, table: Table) -> bool:
    """Whether these are just the rows of the table, as when each has one partner: then nothing needs to move."""
    return len(rows) == table.num_rows and not rows.null_count and bool((rows.to_numpy() == np.arange(len(rows))).all())

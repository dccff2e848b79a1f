"""Statistical Functions: Apply Math Operation (modules reference, 44)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restudio.core.cells import text_of
from restudio.core.errors import ModuleError
from restudio.core.params import choice, columns, mode, real, when
from restudio.core.schema import Column, DType, Level, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, Frame, Predict
from restudio.modules.chosen_columns import chosen_columns, kind_of
from restudio.modules.elementwise import ArrayFunction, Elementwise
from restudio.modules.math_functions import (
    BASIC,
    BASIC_OF_TWO,
    COMPARE,
    OPERATIONS,
    ROUNDING,
    SPECIAL,
    SPECIAL_OF_TWO,
    TRIGONOMETRIC,
)
from restudio.modules.placement import OUTPUT_MODES, place
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

_COLUMNS, _SECOND = "Column set", "Second argument"
_CONSTANT, _COLUMN_SET = "Constant", "ColumnSet"
_CATEGORIES = ("Basic", "Compare", "Operations", "Rounding", "Special", "Trigonometric")
_WITH_SECOND = when("category", *_CATEGORIES[:-1])
_ONE: Mapping[str, ArrayFunction] = {**BASIC, **SPECIAL, **TRIGONOMETRIC}
_TWO: Mapping[str, ArrayFunction] = {**BASIC_OF_TWO, **COMPARE, **OPERATIONS, **ROUNDING, **SPECIAL_OF_TWO}
_CIS = "Cis"
_SHOWN = {"Multiply": "Multiple", "EqualTo": "Equals"}
"""Names that the original writes into column names."""


def _function(name: str, category: str, *tables: Mapping[str, ArrayFunction], **options: Any) -> Any:
    names = sorted((n for table in tables for n in table), key=str.casefold)
    return choice(name, names, when=when("category", category), **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class MathOperationParams:
    category: str = mode("Category", _CATEGORIES)
    basic: str = _function("Basic math function", "Basic", BASIC, BASIC_OF_TWO)
    compare: str = _function("Comparison function", "Compare", COMPARE)
    operations: str = _function("Operation", "Operations", OPERATIONS)
    rounding: str = _function("Rounding function", "Rounding", ROUNDING)
    special: str = _function("Special function", "Special", SPECIAL, SPECIAL_OF_TWO)
    trigonometric: str = _function(
        "Trigonometric function",
        "Trigonometric",
        TRIGONOMETRIC,
        {_CIS: np.cos},
        choice_aliases={"AcosDegrees": "AcosDegree"},
    )
    second_type: str = mode(
        "Second argument type",
        (_CONSTANT, _COLUMN_SET),
        when=_WITH_SECOND,
        aliases=("Operation argument type", "Precision type"),
        help="What functions of two arguments take as the second one.",
    )
    constant: float = real(
        "Constant second argument",
        1.0,
        when=when("second_type", _CONSTANT),
        aliases=("Constant operation argument", "Constant precision"),
    )
    second: Selection = columns(
        _SECOND,
        Selection.types("Numeric"),
        when=when("second_type", _COLUMN_SET),
        aliases=("Operation argument", "Precision"),
        help="One column for all, or as many as in the column set.",
    )
    selection: Selection = columns(_COLUMNS, Selection.types("Numeric"), help="Numeric columns.")
    output: str = choice("Output mode", OUTPUT_MODES)

    @property
    def function(self) -> str:
        """The function of the chosen category."""
        name: str = getattr(self, self.category.lower())
        return name


@module(
    id="apply-math-operation",
    name="Apply Math Operation",
    category="Statistical Functions",
    params=MathOperationParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset"),),
    errors=("0001", "0003", "0011", "0017", "0027", "0039"),
)
def apply_math_operation(p: MathOperationParams, dataset: Table, *, ctx: Context) -> Table:
    """Applies a mathematical function to every column of a set. Functions of two arguments take a constant or other
    columns as the second one: **Subtract** gives column minus argument, **Divide** column by argument. Results are
    Double; comparisons give 1 and 0. Missing cells stay missing, a division by zero is infinite, and a number that the
    function is not defined for gives NaN. Complex results (**Cis**) are not supported.

    Example:
      parameters: {Category: Operations, Operation: Multiply, Constant operation argument: 2}
      Dataset: {load: [1.5, 2.0]}
      Results dataset: {load: [1.5, 2.0], Multiple(load_$2): [3.0, 4.0]}
    """
    return over(dataset, lambda frame: _result(p, frame))


@apply_math_operation.lowers
def _lower(p: MathOperationParams, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    return _result(p, frame)


@apply_math_operation.tells_schema
def _schema(p: MathOperationParams, dataset: Schema) -> Schema:
    return _result(p, Frame.input("input", dataset)).schema


def _result(p: MathOperationParams, frame: Frame) -> Frame:
    if p.function == _CIS and p.category == "Trigonometric":
        raise ModuleError("0039", "Cis gives complex numbers, which columns cannot hold.", parameter="Category")
    chosen = chosen_columns(p.selection, frame.schema, _COLUMNS)
    for column in chosen:
        _ensure_number(column)
    if p.function in _ONE:
        return _of_one(p, frame, chosen)
    if p.second_type == _COLUMN_SET:
        return _of_two(p, frame, chosen, _partners(p, frame.schema, chosen))
    constant = p.constant
    function = _TWO[p.function]
    kernel = Elementwise(lambda x: function(x, np.full(len(x), constant)), [(i,) for i in range(len(chosen))])
    return _placed(p, frame, chosen, Call(kernel, tuple(frame.expr(c.name) for c in chosen)), f"_${text_of(constant)}")


def _of_one(p: MathOperationParams, frame: Frame, chosen: Sequence[Column]) -> Frame:
    kernel = Elementwise(_ONE[p.function], [(i,) for i in range(len(chosen))])
    return _placed(p, frame, chosen, Call(kernel, tuple(frame.expr(c.name) for c in chosen)))


def _of_two(p: MathOperationParams, frame: Frame, chosen: Sequence[Column], seconds: Sequence[Column]) -> Frame:
    kernel = Elementwise(_TWO[p.function], [(i, len(chosen) + i) for i in range(len(chosen))])
    call = Call(kernel, tuple(frame.expr(c.name) for c in (*chosen, *seconds)))
    results = [
        (c.name, _column(f"{_shown(p)}({c.name}_{second.name})", c), Predict(call, i))
        for i, (c, second) in enumerate(zip(chosen, seconds, strict=True))
    ]
    return place(frame, results, p.output)


def _placed(p: MathOperationParams, frame: Frame, chosen: Sequence[Column], call: Call, argument: str = "") -> Frame:
    results = []
    for i, source in enumerate(chosen):
        column = _column(f"{_shown(p)}({source.name}{argument})", source)
        if source.categories is not None and not argument:
            column = column.with_(categories=_levels(_ONE[p.function], source.categories))
        results.append((source.name, column, Predict(call, i)))
    return place(frame, results, p.output)


def _partners(p: MathOperationParams, schema: Schema, chosen: Sequence[Column]) -> Sequence[Column]:
    """The second argument of every column."""
    seconds = chosen_columns(p.second, schema, _SECOND)
    for column in seconds:
        _ensure_number(column)
    if len(seconds) not in (1, len(chosen)):
        raise ModuleError(
            "0027",
            f"{len(seconds)} columns are selected as second argument of {len(chosen)}; select one, or as many.",
            parameter=_SECOND,
        )
    return seconds * len(chosen) if len(seconds) == 1 else seconds


def _ensure_number(column: Column) -> None:
    if not column.dtype.is_number:
        raise ModuleError("0017", f"Column '{column.name}' is {kind_of(column)}, not numeric.", column=column.name)


def _column(name: str, source: Column) -> Column:
    return Column(name, DType.DOUBLE, nullable=source.nullable)


def _shown(p: MathOperationParams) -> str:
    return _SHOWN.get(p.function, p.function)


def _levels(function: ArrayFunction, levels: Sequence[Level]) -> tuple[Level, ...]:
    """Levels of a categorical column after the function, without NaN."""
    with np.errstate(all="ignore"):
        values = function(np.array(levels, np.float64))
    return tuple(np.unique(values[~np.isnan(values)]).tolist())

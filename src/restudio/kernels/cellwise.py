"""Meaning of the simple expressions, cell by cell: what ``row`` binds and what ``chunk`` vectorises."""

from __future__ import annotations

import math
from collections.abc import Callable

from restudio.core.cells import Cell, convert
from restudio.core.errors import ModuleError
from restudio.core.schema import DType, Level
from restudio.kernels.expr import Constant, Convert, Expr, Fill, Function, Input, IsMissing, Predict, Scale


def dtype_of(expr: Expr) -> DType:
    """Element type of an expression."""
    match expr:
        case Input(_, column):
            return column.dtype
        case Constant(_, dtype) | Convert(_, dtype):
            return dtype
        case Fill(source, _):
            return dtype_of(source)
        case IsMissing():
            return DType.BOOLEAN
        case Scale() | Function():
            return DType.DOUBLE
        case Predict(call, output):
            return call.predictor.outputs[output]


def typed(value: Level | None, dtype: DType) -> Cell:
    """A plain value of a parameter or a model as a cell of a column; error 0002 when it is none."""
    if value is None:
        return None
    try:
        return convert(value, dtype)
    except ValueError as cause:
        raise ModuleError("0002", f"The value {value!r} cannot be used in a column of {dtype.value}.") from cause


def bind_scale(shift: float, divisor: float) -> Callable[[float], float]:
    """``(x - shift) / divisor`` with the IEEE result where Python refuses to divide by zero."""
    if divisor != 0.0:
        return lambda x: (x - shift) / divisor

    def by_zero(x: float) -> float:
        difference = x - shift
        if difference == 0.0 or math.isnan(difference):
            return math.nan
        return math.copysign(math.inf, difference) * math.copysign(1.0, divisor)

    return by_zero


def convert_or_fail(cell: Cell, dtype: DType, column: str | None, row: int | None = None) -> Cell:
    """As :func:`convert`; missing stays missing. Error 0042 when the cell has no such value."""
    if cell is None:
        return None
    try:
        return convert(cell, dtype)
    except ValueError as cause:
        named = f" of column '{column}'" if column else ""
        placed = f" in row {row}" if row is not None else ""
        text = f"The cell {cell!r}{named}{placed} cannot be converted to {dtype.value}."
        raise ModuleError("0042", text[:300], column=column, row=row) from cause


def source_name(expr: Expr) -> str | None:
    """Name of the input column that a chain of simple expressions starts from, for messages."""
    while not isinstance(expr, (Input, Constant, Predict)):
        expr = expr.source
    return expr.column.name if isinstance(expr, Input) else None

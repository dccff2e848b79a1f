r"""Conditions on rows, as Split Data writes them (modules reference, 24).

    pattern     \"Column" regular-expression          (RE2 syntax: linear time, no look-around)
    expression  \"Column" > 30 & < 80                 comparisons of one column, joined by & (and) or | (or)
                (\2) <= 10:30:00                      a column by zero-based index; numbers, dates, time spans

``&`` binds closer than ``|``; there are no brackets. A missing cell matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.cells import PARSERS, Cell
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType
from restudio.tables.table import Table

_PATTERN_NAME = "Regular expression"
_EXPRESSION_NAME = "Relational expression"
_OPERAND = r'(?:\\?"(?P<name>[^"]+)"|\(\\(?P<index>\d{1,9})\))'
_PATTERN = re.compile(rf"\s*{_OPERAND}\s(?P<pattern>.+)\Z", re.DOTALL)
_COMPARISON = re.compile(rf"\s*(?:{_OPERAND}\s*)?(?P<operator><=|>=|==|!=|<|>)\s*(?P<literal>[^&|]+?)\s*\Z")
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": pc.less,
    ">": pc.greater,
    "<=": pc.less_equal,
    ">=": pc.greater_equal,
    "==": pc.equal,
    "!=": pc.not_equal,
}


def matches_pattern(text: str, table: Table) -> np.ndarray:
    """Where the cells of a string column contain the pattern. Errors: 0002 unreadable, 0001 column, 0017 its type."""
    match = _PATTERN.match(text)
    if match is None:
        raise _unreadable(_PATTERN_NAME, text, '\\"column name" ^start')
    column = _column(match, table)
    if column.dtype is not DType.STRING:
        raise ModuleError(
            "0017",
            f"Column '{column.name}' is {column.dtype.value}; a pattern needs a string column.",
            column=column.name,
        )
    try:
        found = pc.match_substring_regex(table.column(column.name), match["pattern"])
    except pa.ArrowInvalid as cause:
        raise ModuleError(
            "0002", f"The regular expression '{match['pattern'][:200]}' is not valid: {cause}", parameter=_PATTERN_NAME
        ) from cause
    return _mask(found)


def matches_expression(text: str, table: Table) -> np.ndarray:
    """Where the comparison holds. Errors: 0002 unreadable, 0001 or 0060 column, 0017 its type."""
    column: Column | None = None
    result = np.zeros(table.num_rows, np.bool_)
    for alternative in text.split("|"):
        holds = np.ones(table.num_rows, np.bool_)
        for part in alternative.split("&"):
            match = _COMPARISON.match(part)
            if match is None:
                raise _unreadable(_EXPRESSION_NAME, text, '\\"column name" > 3 & < 10')
            named = _column(match, table) if match["name"] or match["index"] else column
            if named is None:
                raise _unreadable(_EXPRESSION_NAME, text, 'a column first, such as \\"column name" > 3')
            if column is not None and named != column:
                raise ModuleError(
                    "0002",
                    f"The expression compares two columns, '{column.name}' and '{named.name}'; only one is allowed.",
                    parameter=_EXPRESSION_NAME,
                )
            column = named
            holds &= _compare(match, column, table)
        result |= holds
    return result


def _compare(match: re.Match[str], column: Column, table: Table) -> np.ndarray:
    return _mask(_OPERATORS[match["operator"]](table.column(column.name), _literal(match["literal"], column)))


def _literal(text: str, column: Column) -> Cell:
    if column.dtype in (DType.STRING, DType.BOOLEAN):
        raise ModuleError(
            "0017",
            f"Column '{column.name}' is {column.dtype.value}; only numbers, dates and time spans can be compared.",
            column=column.name,
        )
    # An integer column compares with 2.5 as well.
    dtype = DType.DOUBLE if column.dtype.is_number else column.dtype
    try:
        return PARSERS[dtype](text.strip("'\""))
    except ValueError as cause:
        raise ModuleError(
            "0002",
            f"'{text[:80]}' is not a {dtype.value} to compare column '{column.name}' with.",
            parameter=_EXPRESSION_NAME,
        ) from cause


def _column(match: re.Match[str], table: Table) -> Column:
    if match["name"]:
        return table.schema[match["name"]]
    index = int(match["index"])
    if index >= len(table.schema):
        raise ModuleError(
            "0060", f"Column index {index} is out of bounds; the table has columns 0 to {len(table.schema) - 1}."
        )
    return table.schema.columns[index]


def _mask(found: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(found, False), np.bool_)


def _unreadable(parameter: str, text: str, example: str) -> ModuleError:
    return ModuleError("0002", f"'{text[:200]}' cannot be read; write for example {example}", parameter=parameter)

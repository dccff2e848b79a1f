"""Where the results of a column-wise module go: the parameter **Output mode** of several modules."""

from __future__ import annotations

from collections.abc import Sequence

from restudio.core.schema import Column, Schema
from restudio.kernels.expr import Expr, Frame
from restudio.tables.naming import unique_names

APPEND, INPLACE, RESULT_ONLY = "Append", "Inplace", "ResultOnly"
OUTPUT_MODES = (APPEND, INPLACE, RESULT_ONLY)

Result = tuple[str, Column, Expr]
"""The column that a result was made of, and the result under the name that it has when it is appended."""


def place(frame: Frame, results: Sequence[Result], output: str) -> Frame:
    """The results after all columns, instead of the columns they were made of (under their names and in their
    roles), or alone.

    A column that is new gets a suffix when its name is taken.
    """
    if output == INPLACE:
        instead = {
            source: (column.with_(name=source, role=frame.schema[source].role), expr)
            for source, column, expr in results
        }
        return Frame(tuple(instead.get(column.name, (column, expr)) for column, expr in frame.columns), frame.keep)
    kept = frame.columns if output == APPEND else ()
    return beside(kept, [(column, expr) for _, column, expr in results], frame.keep)


def beside(
    left: Sequence[tuple[Column, Expr]], right: Sequence[tuple[Column, Expr]], keep: tuple[Expr, ...] = ()
) -> Frame:
    """Columns side by side; names on the right that are taken get a suffix such as `` (1)``."""
    both = [*left, *right]
    names = unique_names(column.name for column, _ in both)
    return Frame(tuple((c.with_(name=name), e) for (c, e), name in zip(both, names, strict=True)), keep)


def joined_schema(left: Schema, right: Schema) -> Schema:
    """The columns of two tables side by side, under the same rule for names."""
    columns = (*left, *right)
    names = unique_names(column.name for column in columns)
    return Schema(tuple(column.with_(name=name) for column, name in zip(columns, names, strict=True)))

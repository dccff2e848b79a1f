"""One description, two speeds: table functions that evaluate what their module lowers to."""

from __future__ import annotations

from collections.abc import Callable

from restudio.core.schema import Schema
from restudio.kernels.chunk import evaluate
from restudio.kernels.expr import Frame
from restudio.tables.table import Table

_PORT = "input"


def over(table: Table, describe: Callable[[Frame], Frame]) -> Table:
    """The table that ``describe`` makes of the symbolic form of ``table``."""
    frame = describe(Frame.input(_PORT, table.schema))
    return Table(frame.schema, evaluate(frame, {_PORT: table.data}))


def schema_over(schema: Schema, describe: Callable[[Frame], Frame]) -> Schema:
    """The columns of what :func:`over` gives for a table with these columns."""
    return describe(Frame.input(_PORT, schema)).schema

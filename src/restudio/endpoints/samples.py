"""Tables at the ports of a service, and the few rows of them that its description keeps."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pyarrow as pa

from restudio.core.cells import convert, text_of
from restudio.core.schema import DType
from restudio.endpoints.description import Cell, TablePort
from restudio.scoring.compile import KnownInput
from restudio.scoring.scorer import InputSpec, Row
from restudio.tables.table import ARROW_TYPES, Table

SAMPLE_ROWS = 20
"""Enough to find out by trying what a script makes of them."""


def input_port(name: str, spec: InputSpec, beside: Table | None) -> TablePort:
    """An input with sample rows from the data that stands beside it."""
    return TablePort(name, spec.schema, _rows(spec, beside), spec.ignored)


def output_port(name: str, table: Table) -> TablePort:
    """An output that was seen in a run."""
    return TablePort(name, table.schema, _rows(InputSpec(table.schema), table))


def known_input(port: TablePort) -> KnownInput:
    """What a scorer needs to know of an input."""
    spec = InputSpec(port.schema, port.ignored)
    if not port.sample:
        return KnownInput(spec)
    columns = zip(port.schema, zip(*typed_rows(port), strict=True), strict=True)
    arrays = [pa.array(cells, ARROW_TYPES[column.dtype]) for column, cells in columns]
    return KnownInput(spec, Table(port.schema, pa.Table.from_arrays(arrays, names=list(port.schema.names))))


def typed_rows(port: TablePort) -> list[Row]:
    """The sample rows of a port as a scorer takes them."""
    types = [column.dtype for column in port.schema]
    return [[_typed(cell, dtype) for cell, dtype in zip(row, types, strict=True)] for row in port.sample]


def _rows(spec: InputSpec, table: Table | None) -> tuple[tuple[Cell, ...], ...]:
    names = spec.schema.names
    if table is None or not names or not all(name in table.schema for name in names):
        return ()
    head = table.data.slice(0, SAMPLE_ROWS)
    columns = [head.column(name).to_pylist() for name in names]
    return tuple(tuple(_cell(value) for value in row) for row in zip(*columns, strict=True))


def _cell(value: object) -> Cell:
    if isinstance(value, (datetime, timedelta)):
        return text_of(value)
    if isinstance(value, float) and not math.isfinite(value):
        return text_of(value)  # JSON has no such numbers
    assert value is None or isinstance(value, (str, int, float, bool))
    return value


def _typed(cell: Cell, dtype: DType) -> object:
    if isinstance(cell, str) and dtype is not DType.STRING:
        return convert(cell, dtype)
    return float(cell) if isinstance(cell, int) and dtype is DType.DOUBLE else cell

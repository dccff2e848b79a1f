"""Queries and tables of SQL databases as tables of ours, by batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.databases.address import DatabaseAddress
from restudio.databases.cells import Fit, fit_for
from restudio.databases.connection import Reach, connect
from restudio.databases.statements import run_query, split_name
from restudio.tables.growing import GrowingTable
from restudio.tables.naming import unique_names
from restudio.tables.table import Table

_BATCH = 10_000


def insert_table(
    address: DatabaseAddress, name: str, targets: Sequence[str], dataset: Table, rows: int, reach: Reach
) -> None:
    """Insert all rows into a table that exists, ``rows`` in each statement, or none after an error.

    Error 0121 when there is no such table, 0001 for a column that it does not have.
    """
    with connect(address, reach) as connection:
        table = _existing(connection, name)
        columns = [_target(table, target) for target in targets]
        fits = [fit_for(column.type) for column in columns]
        statement = sa.insert(table)
        keys = [column.key for column in columns]
        for batch in dataset.data.to_batches(max_chunksize=rows):
            connection.execute(statement, _rows(keys, fits, [column.to_pylist() for column in batch.columns]))
        connection.commit()


def _rows(keys: Sequence[str], fits: Sequence[Fit], columns: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    fitted = [[None if v is None else fit(v) for v in cells] for fit, cells in zip(fits, columns, strict=True)]
    return [dict(zip(keys, row, strict=True)) for row in zip(*fitted, strict=True)]


def read_query(address: DatabaseAddress, query: str, reach: Reach, on_rows: Callable[[int], None]) -> Table:
    """What a query gives, streamed where the driver can; error 0156 when that is no rows. ``on_rows`` is told how many
    came."""
    with connect(address, reach) as connection:
        result = run_query(connection, query, _BATCH)
        if not result.returns_rows:
            raise ModuleError("0156", "The query gives no rows; expected a SELECT.")
        names = unique_names(name or f"Col{at}" for at, name in enumerate(result.keys(), start=1))
        growing = GrowingTable(dict(zip(names, _declared(result), strict=True)))
        for rows in result.partitions(_BATCH):
            growing.add(len(rows), dict(zip(names, zip(*rows, strict=True), strict=True)))
            on_rows(growing.rows)
    return growing.finish()


_PG_TYPES = {
    DType.BOOLEAN: (16,),
    DType.INTEGER: (20, 21, 23),
    DType.DOUBLE: (700, 701),
    DType.DATETIME: (1082, 1114, 1184),
    DType.TIMESPAN: (1083, 1186),
}
_PG_BY_OID = {oid: dtype for dtype, oids in _PG_TYPES.items() for oid in oids}


def _declared(result: sa.CursorResult[Any]) -> list[DType]:
    """Types for columns without a value, where the driver tells them by PostgreSQL's numbers."""
    described = result.cursor.description if result.cursor is not None else ()
    known = _PG_BY_OID if result.dialect.name == "postgresql" else {}
    return [known.get(one[1], DType.STRING) if isinstance(one[1], int) else DType.STRING for one in described]


def _existing(connection: sa.Connection, name: str) -> sa.Table:
    schema, bare = split_name(name)
    if not sa.inspect(connection).has_table(bare, schema=schema):
        raise ModuleError("0121", f"There is no table '{name}' in the database; make it first.")
    return sa.Table(bare, sa.MetaData(), schema=schema, autoload_with=connection)


def _target(table: sa.Table, name: str) -> sa.Column[Any]:
    """A column by its exact name, else in any case."""
    folded = {column.name.casefold(): column for column in table.c}
    column = table.c.get(name, folded.get(name.casefold()))
    if column is None:
        known = ", ".join(f"'{each.name}'" for each in table.c)
        raise ModuleError(
            "0001",
            f"The table '{table.name}' has no column '{name}'. It has {known}.",
            column=name,
        )
    return column

"""Queries and tables of SQL databases, read and written by batches."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.databases.address import MSSQL, POSTGRESQL, SQLITE, DatabaseAddress, from_url
from restudio.databases.connection import connect
from restudio.databases.errors import AddressInvalid, DatabaseError
from restudio.databases.statements import run_query, split_name
from restudio.modules.places.files import given
from restudio.modules.places.growing import GrowingTable
from restudio.modules.places.sql import DATABASE, SERVER, USER
from restudio.modules.places.sql_cells import Fit, fit_for
from restudio.seams.context import Context
from restudio.tables.naming import unique_names
from restudio.tables.table import Table

_BATCH = 10_000


def write(address: DatabaseAddress, name: str, targets: Sequence[str], dataset: Table, rows: int, ctx: Context) -> None:
    """Insert all rows into a table that exists, ``rows`` in each statement, or none after an error."""
    with _told("0121"), connect(address, ctx) as connection:
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


def read(address: DatabaseAddress, query: str, ctx: Context) -> Table:
    """What a query gives, streamed where the driver can."""
    with _told("0156"), connect(address, ctx) as connection:
        result = run_query(connection, query, _BATCH)
        if not result.returns_rows:
            raise ModuleError("0156", "The query gives no rows; expected a SELECT.", parameter="Database query")
        names = unique_names(name or f"Col{at}" for at, name in enumerate(result.keys(), start=1))
        growing = GrowingTable(dict(zip(names, _declared(result), strict=True)))
        for rows in result.partitions(_BATCH):
            growing.add(len(rows), dict(zip(names, zip(*rows, strict=True), strict=True)))
            ctx.progress(0.0, f"{growing.rows} rows")
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
    return [_PG_BY_OID.get(one[1], DType.STRING) if isinstance(one[1], int) else DType.STRING for one in described]


def address_of(server: str, database: str, user: str, password: str, *, trusts: bool) -> DatabaseAddress:
    """A SQL Server's host, or the address of any database, with the other parts; errors 0002, 0003 and 0029."""
    host, database, user = given(server, SERVER), database.strip(), user.strip()
    with _told("0015"):
        address = from_url(host) if "://" in host else DatabaseAddress(MSSQL, _sql_server(host))
    if address.url.password is not None:
        raise ModuleError(
            "0002", "The address must not hold a password; give it by its own parameter.", parameter=SERVER
        )
    url = address.url.set(
        username=user or address.url.username, password=password or None, database=database or address.url.database
    )
    if not url.database:
        given("", DATABASE)
    if address.driver is MSSQL:
        given(url.username or "", USER)
    if address.driver is SQLITE:
        url = url.set(username=None, password=None)
    options = {"sslmode": "require", **address.options} if trusts and address.driver is POSTGRESQL else address.options
    return replace(address, url=url, options=options)


def _sql_server(host: str) -> sa.URL:
    """``tcp:host,1433``."""
    name, _, port = host.removeprefix("tcp:").partition(",")
    return sa.URL.create(MSSQL.name, host=name.strip(), port=int(port) if port.strip().isdecimal() else None)


def listed(text: str) -> list[str]:
    """Names between commas, in quotes where they hold one."""
    found = next(csv.reader([text.strip()], skipinitialspace=True), [])
    return [name.strip() for name in found if name.strip()]


def _existing(connection: sa.Connection, name: str) -> sa.Table:
    schema, bare = split_name(name)
    if not sa.inspect(connection).has_table(bare, schema=schema):
        raise ModuleError(
            "0121", f"There is no table '{name}' in the database; make it first.", parameter="Data table name"
        )
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
            parameter="Comma separated list of datatable columns",
            column=name,
        )
    return column


@contextmanager
def _told(number: str) -> Iterator[None]:
    """What the database or its driver refuses, by ``number``; 0015 when no connection came about."""
    try:
        yield
    except AddressInvalid as error:
        raise ModuleError("0029", error.message, parameter=SERVER) from error
    except DatabaseError as error:
        raise ModuleError("0015" if error.is_connecting else number, error.message) from error

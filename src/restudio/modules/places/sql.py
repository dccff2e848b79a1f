"""SQL databases: what a query gives, and tables that exist.

Beside SQL Server hosts, an address such as ``postgresql://host/database`` or ``sqlite:////srv/lake/data.db`` may be
given as the server; queries are then in its language.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, integer, script, secret, text, when
from restudio.databases.errors import AddressInvalid, DatabaseError
from restudio.modules.places.files import given
from restudio.modules.places.selection import ON_PREMISES, SQL, Destination, Source
from restudio.seams.context import Context
from restudio.tables.table import Table

if TYPE_CHECKING:
    from restudio.databases.address import DatabaseAddress

SERVER, DATABASE, USER = "Database server name", "Database name", "Server user account name"
_SERVER_HELP = (
    "A SQL Server host, or an address without a password: `postgresql://host/database`, `sqlite:////srv/lake/data.db`."
)
_TRUST_HELP = (
    "Encrypt, and take any certificate. To have it verified, end a PostgreSQL address in ?sslmode=verify-full."
)
_AT_SOURCE = when("source", SQL)
_AT_EITHER = when("source", SQL, ON_PREMISES)
_AT_PREMISES = when("source", ON_PREMISES)
_AT_DESTINATION = when("destination", SQL)


@dataclass(frozen=True, kw_only=True)
class SqlSource(Source):
    """Parameters of :func:`read_sql` and :func:`read_on_premises`."""

    gateway: str = text("Data gateway", "", when=_AT_PREMISES, help="Leave it blank: databases are reached directly.")
    server: str = text(SERVER, "", when=_AT_EITHER, help=_SERVER_HELP)
    database: str = text(DATABASE, "", when=_AT_EITHER)
    user: str = text(USER, "", when=_AT_SOURCE)
    password: str = secret("Server user account password", "", when=_AT_SOURCE)
    trusts: bool = boolean("Trust server certificate", False, when=_AT_SOURCE, help=_TRUST_HELP)
    login: str = secret("User name and password", "", when=_AT_PREMISES, help="The name, a colon, and the password.")
    query: str = script("Database query", "", when=_AT_EITHER, help="A statement that gives rows.")


@dataclass(frozen=True, kw_only=True)
class SqlDestination(Destination):
    """Parameters of :func:`write_sql`."""

    server: str = text(SERVER, "", when=_AT_DESTINATION, help=_SERVER_HELP)
    database: str = text(DATABASE, "", when=_AT_DESTINATION)
    user: str = text(USER, "", when=_AT_DESTINATION)
    password: str = secret("Server user account password", "", when=_AT_DESTINATION)
    trusts: bool = boolean("Trust any server certificate", False, when=_AT_DESTINATION, help=_TRUST_HELP)
    columns: str = text(
        "Comma separated list of columns to be saved",
        "",
        when=_AT_DESTINATION,
        help="Names of the dataset, in quotes where they hold a comma; blank for all.",
    )
    table: str = text("Data table name", "", when=_AT_DESTINATION, help="A table that exists, as `dbo.cars` or `cars`.")
    table_columns: str = text(
        "Comma separated list of datatable columns",
        "",
        when=_AT_DESTINATION,
        help="Where they go, in the same order; blank for the same names.",
    )
    rows: int = integer("Number of rows written per SQL Azure operation", 50, ge=1, when=_AT_DESTINATION)


def read_sql(p: SqlSource, ctx: Context) -> Table:
    """Errors 0002, 0003, 0015, 0029, 0048, 0126, 0154, and 0156 for a query that fails."""
    return _read(_address(p.server, p.database, p.user, p.password, trusts=p.trusts), p.query, ctx)


def read_on_premises(p: SqlSource, ctx: Context) -> Table:
    """As :func:`read_sql`; error 0039 for a gateway, which nothing here needs."""
    if p.gateway.strip():
        raise ModuleError(
            "0039",
            "Data gateways are not used: the server reaches the database itself. Leave 'Data gateway' blank and give "
            f"the database in '{SERVER}'.",
            parameter="Data gateway",
        )
    user, _, password = p.login.partition(":")
    return _read(_address(p.server, p.database, user, password, trusts=False), p.query, ctx)


def _read(address: DatabaseAddress, query: str, ctx: Context) -> Table:
    from restudio.databases.rows import read_query

    statement = given(query, "Database query")
    with _told("0156"):
        return read_query(address, statement, ctx, lambda rows: ctx.progress(0.0, f"{rows} rows"))


def write_sql(p: SqlDestination, dataset: Table, ctx: Context) -> None:
    """All rows or, after an error, none. Errors 0001, 0003, 0015, 0027, 0029, 0154, and 0121 for a table that is not
    there or does not take them."""
    from restudio.databases.rows import insert_table

    address = _address(p.server, p.database, p.user, p.password, trusts=p.trusts)
    name = given(p.table, "Data table name")
    saved = _listed(p.columns) or list(dataset.names)
    chosen = dataset.select(saved)
    targets = _listed(p.table_columns) or saved
    if len(targets) != len(saved):
        raise ModuleError(
            "0027",
            f"{len(saved)} columns are to be saved into {len(targets)} columns of the table; name as many of both.",
            parameter="Comma separated list of datatable columns",
        )
    with _told("0121"):
        insert_table(address, name, targets, chosen, p.rows, ctx)
    ctx.log(f"{dataset.num_rows} rows were written to '{name}'.")


def _address(server: str, database: str, user: str, password: str, *, trusts: bool) -> DatabaseAddress:
    """A SQL Server's host, or the address of any database, with the other parts; errors 0002, 0003 and 0029."""
    from restudio.databases.address import MSSQL, POSTGRESQL, SQLITE, from_host, from_url

    host, database, user = given(server, SERVER), database.strip(), user.strip()
    with _told("0015"):
        address = from_url(host) if "://" in host else from_host(host, MSSQL)
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


def _listed(text: str) -> list[str]:
    """Names between commas, in quotes where they hold one."""
    found = next(csv.reader([text.strip()], skipinitialspace=True), [])
    return [name.strip() for name in found if name.strip()]


@contextmanager
def _told(number: str) -> Iterator[None]:
    """What the database or its driver refuses, by ``number``; 0015 when no connection came about."""
    try:
        yield
    except AddressInvalid as error:
        raise ModuleError("0029", error.message, parameter=SERVER) from error
    except DatabaseError as error:
        raise ModuleError("0015" if error.is_connecting else number, error.message) from error

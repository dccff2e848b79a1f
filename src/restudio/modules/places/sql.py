"""SQL databases: what a query gives, and tables that exist.

Beside SQL Server hosts, an address such as ``postgresql://host/database`` or ``sqlite:////srv/lake/data.db`` may be
given as the server; queries are then in its language.
"""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, integer, script, secret, text, when
from restudio.modules.places.files import given
from restudio.modules.places.selection import ON_PREMISES, SQL, Destination, Source
from restudio.seams.context import Context
from restudio.tables.table import Table

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
    from restudio.modules.places.sql_tables import address_of, read

    address = address_of(p.server, p.database, p.user, p.password, trusts=p.trusts)
    return read(address, given(p.query, "Database query"), ctx)


def read_on_premises(p: SqlSource, ctx: Context) -> Table:
    """As :func:`read_sql`; error 0039 for a gateway, which nothing here needs."""
    from restudio.modules.places.sql_tables import address_of, read

    if p.gateway.strip():
        raise ModuleError(
            "0039",
            "Data gateways are not used: the server reaches the database itself. Leave 'Data gateway' blank and give "
            f"the database in '{SERVER}'.",
            parameter="Data gateway",
        )
    user, _, password = p.login.partition(":")
    address = address_of(p.server, p.database, user, password, trusts=False)
    return read(address, given(p.query, "Database query"), ctx)


def write_sql(p: SqlDestination, dataset: Table, ctx: Context) -> None:
    """All rows or, after an error, none. Errors 0001, 0003, 0015, 0027, 0029, 0154, and 0121 for a table that is not
    there or does not take them."""
    from restudio.modules.places.sql_tables import address_of, listed, write

    address = address_of(p.server, p.database, p.user, p.password, trusts=p.trusts)
    name = given(p.table, "Data table name")
    saved = listed(p.columns) or list(dataset.names)
    chosen = dataset.select(saved)
    targets = listed(p.table_columns) or saved
    if len(targets) != len(saved):
        raise ModuleError(
            "0027",
            f"{len(saved)} columns are to be saved into {len(targets)} columns of the table; name as many of both.",
            parameter="Comma separated list of datatable columns",
        )
    write(address, name, targets, chosen, p.rows, ctx)
    ctx.log(f"{dataset.num_rows} rows were written to '{name}'.")

"""SQL databases. Every type also takes an address such as ``postgresql://…`` as its connection string, so that a
pipeline made for one database runs on another."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from restudio.databases.address import (
    MSSQL,
    MYSQL,
    POSTGRESQL,
    SQLITE,
    DatabaseAddress,
    Driver,
    from_parts,
    from_url,
    ssl_mode,
)
from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service, text
from restudio.factory.platform import Platform
from restudio.factory.sql.place import SqlPlace, named

_CONNECTION = LinkedProperty(
    "connectionString",
    secret=True,
    help="`Server=…;Database=…;User ID=…;Password=…`, or an address: `postgresql://user:password@host/database`, "
    "`sqlite:////srv/lake/data.db`.",
)
_PARTS = (
    LinkedProperty("server", help="Host, in the place of a connection string."),
    LinkedProperty("database", help="Name of the database."),
    LinkedProperty("userName", help="Name to sign in with."),
    LinkedProperty("password", secret=True, help="Password that the connection string leaves out."),
    LinkedProperty("authenticationType", choices=("SQL",), help="Only names and passwords of the database."),
)
_AZURE = (_CONNECTION, *_PARTS, LinkedProperty("encrypt", help="Decided by the driver."))


@linked_service(type="AzureSqlDatabase", properties=_AZURE, aliases=("AzureSqlMI",))
def azure_sql_database(service: LinkedService, platform: Platform) -> SqlPlace:
    """A SQL database. To use PostgreSQL or SQLite in its place, give their address as the connection string; statements
    are then in their language. SQL Server itself needs the Python package `pymssql` beside the server; none is part of
    this product's tests, so try your statements first."""
    return _place(service, platform, MSSQL)


@linked_service(type="AzureSqlDW", properties=_AZURE)
def azure_sql_dw(service: LinkedService, platform: Platform) -> SqlPlace:
    """A SQL data warehouse; as `AzureSqlDatabase`."""
    return _place(service, platform, MSSQL)


@linked_service(type="SqlServer", properties=_AZURE)
def sql_server(service: LinkedService, platform: Platform) -> SqlPlace:
    """A SQL Server; as `AzureSqlDatabase`. Windows authentication is not offered."""
    return _place(service, platform, MSSQL)


@linked_service(
    type="PostgreSqlV2",
    aliases=("PostgreSql", "AzurePostgreSql"),
    properties=(
        _CONNECTION,
        LinkedProperty("server", help="Host."),
        LinkedProperty("port", help="5432 when absent."),
        LinkedProperty("username", help="Name to sign in with."),
        LinkedProperty("password", secret=True, help="Its password."),
        LinkedProperty("database", help="Name of the database."),
        LinkedProperty("schema", help="Where tables without a schema are."),
        LinkedProperty("sslMode", help="0 disable, 1 allow, 2 prefer, 3 require, 4 verify-ca, 5 verify-full."),
        LinkedProperty("authenticationType", choices=("Basic",), help="Only names and passwords."),
    ),
)
def postgresql(service: LinkedService, platform: Platform) -> SqlPlace:
    """A PostgreSQL database, by its parts or by a connection string."""
    place = _place(service, platform, POSTGRESQL)
    mode = service.properties.get("sslMode")
    if mode is not None:
        with named():
            options = {**place.address.options, "sslmode": ssl_mode(mode)}
        place = replace(place, address=replace(place.address, options=options))
    return replace(place, schema=text(service, "schema"))


@linked_service(type="MySql", properties=(_CONNECTION, *_PARTS), aliases=("AzureMySql", "MariaDB"))
def mysql(service: LinkedService, platform: Platform) -> SqlPlace:
    """A MySQL or MariaDB database; tested with MariaDB. Needs the Python package `pymysql` beside the server. JSON
    columns of MariaDB come as text; parameters of procedures are given by name and handed over in their order."""
    return _place(service, platform, MYSQL)


@linked_service(
    type="Sqlite",
    properties=(LinkedProperty("path", required=True, help="A file below a folder that the operator opened."),),
)
def sqlite(service: LinkedService, platform: Platform) -> SqlPlace:
    """A SQLite file in one of the folders of the operator's setting `pipeline_folders`."""
    url = sa.URL.create("sqlite", database=get_text(service, "path"))
    return SqlPlace(DatabaseAddress(SQLITE, url), platform)


def _place(service: LinkedService, platform: Platform, driver: Driver) -> SqlPlace:
    with named():
        return SqlPlace(_address(service, driver), platform)


def _address(service: LinkedService, driver: Driver) -> DatabaseAddress:
    connection, password = text(service, "connectionString"), text(service, "password")
    if connection is not None and "://" in connection.partition(";")[0]:
        address = from_url(connection.strip())
        return replace(address, url=address.url.set(password=password)) if password else address
    if connection is not None:
        return from_parts(connection, driver, password)
    host, comma, port = get_text(service, "server").removeprefix("tcp:").partition(",")
    given = service.properties.get("port")
    url = sa.URL.create(
        driver.name,
        username=text(service, "userName"),
        password=password,
        host=host,
        port=_port(given if given is not None else (port if comma else None)),
        database=text(service, "database"),
    )
    return DatabaseAddress(driver, url)


def _port(given: object) -> int | None:
    if given is None or given == "":
        return None
    if not str(given).strip().isdecimal() or not 0 < int(str(given)) < 65_536:
        raise ActivityFailed.wrong_type("port", "int")
    return int(str(given))

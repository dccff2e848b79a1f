"""Calls of stored procedures and functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from restudio.databases.address import MSSQL, POSTGRESQL
from restudio.databases.statements import split_name
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.conversion import Conversion, NotConvertible, interim_type
from restudio.factory.sql.place import SqlPlace

_KIND = (
    "SELECT p.prokind FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = :name AND "
    "(n.nspname = :schema OR (CAST(:schema AS text) IS NULL AND pg_function_is_visible(p.oid))) LIMIT 1"
)
_NAME = re.compile(r"@?[A-Za-z_][A-Za-z0-9_$#]*\Z")


def call_procedure(
    connection: sa.Connection, place: SqlPlace, name: str, parameters: Properties
) -> sa.CursorResult[Any]:
    """Call by name with named parameters. On PostgreSQL a procedure is called, a function selected from."""
    schema, bare = split_name(name)
    quote = connection.dialect.identifier_preparer.quote
    full = ".".join(quote(part) for part in (schema, bare) if part)
    values = {_checked(each): parameter_value(parameters[each], each) for each in parameters}
    if place.driver is MSSQL:
        arguments = ", ".join(f"@{key} = :{key}" for key in values)
        return connection.execute(sa.text(f"EXEC {full} {arguments}"), values)
    if place.driver is POSTGRESQL:
        arguments = ", ".join(f"{quote(key)} => :{key}" for key in values)
        kind = connection.scalar(sa.text(_KIND), {"name": bare, "schema": schema})
        verb = "CALL" if kind in ("p", b"p") else "SELECT * FROM"
        return connection.execute(sa.text(f"{verb} {full}({arguments})"), values)
    if connection.dialect.name in ("mysql", "oracle"):
        arguments = ", ".join(f":{key}" for key in values)
        return connection.execute(sa.text(f"CALL {full}({arguments})"), values)
    raise ActivityFailed("2110", f"{place.driver.title} has no stored procedures.")


def parameter_value(given: Json, name: str) -> Any:
    """The value of ``{value, type}``, in its type."""
    if not isinstance(given, Mapping):
        return given
    p = Properties(given)
    value, kind = p.get("value"), p.get("type")
    if kind is None or value is None:
        return value
    wanted = {"int": "Int32", "guid": "Guid", "timespan": "TimeSpan"}.get(str(kind).casefold(), str(kind))
    try:
        return Conversion().convert(value, interim_type(wanted, f"the parameter '{name}'"))
    except NotConvertible as cause:
        raise ActivityFailed("2104", f"The value of the parameter '{name}' is wrong: {cause}.") from cause


def _checked(name: str) -> str:
    if _NAME.match(name) is None:
        raise ActivityFailed("2104", f"'{name[:60]}' is no name of a parameter.")
    return name.removeprefix("@")

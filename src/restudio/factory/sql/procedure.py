"""Calls of stored procedures and functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from restudio.core.errors import nearest
from restudio.databases.address import MSSQL, MYSQL, ORACLE, POSTGRESQL
from restudio.databases.statements import split_name
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.conversion import Conversion, NotConvertible, interim_type
from restudio.factory.sql.place import SqlPlace

_KIND = (
    "SELECT p.prokind FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = :name AND "
    "(n.nspname = :schema OR (CAST(:schema AS text) IS NULL AND pg_function_is_visible(p.oid))) LIMIT 1"
)
_PARAMETERS = (
    "SELECT parameter_name FROM information_schema.parameters WHERE routine_type = 'PROCEDURE' AND "
    "specific_name = :name AND specific_schema = COALESCE(:schema, DATABASE()) ORDER BY ordinal_position"
)
_NAME = re.compile(r"@?[A-Za-z_][A-Za-z0-9_$#]*\Z")


def call_procedure(
    connection: sa.Connection, place: SqlPlace, name: str, parameters: Properties
) -> sa.CursorResult[Any]:
    """Call by name with named parameters. On PostgreSQL a procedure is called, a function selected from.
    ActivityFailed 2103, 2104 for parameters that the procedure lacks or does not have, where that is known before."""
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
    if place.driver is ORACLE:
        arguments = ", ".join(f"{key} => :{key}" for key in values)
        return connection.execute(sa.text(f"CALL {full}({arguments})"), values)
    if place.driver is MYSQL:
        ordered = _in_order(connection, schema, bare, values)
        arguments = ", ".join(f":{key}" for key in ordered)
        return connection.execute(sa.text(f"CALL {full}({arguments})"), ordered)
    raise ActivityFailed("2110", f"{place.driver.title} has no stored procedures.")


def _in_order(
    connection: sa.Connection, schema: str | None, procedure: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Values in the order in which a procedure declares its parameters: MySQL knows no names in a call."""
    declared = connection.scalars(sa.text(_PARAMETERS), {"name": procedure, "schema": schema}).all()
    names = {str(name).casefold(): name for name in declared}
    given = {key.casefold(): value for key, value in values.items()}
    for key in values:
        if key.casefold() not in names:
            message = f"'{procedure}' has no parameter '{key[:60]}'.{nearest(key[:60], list(names.values()))}"
            raise ActivityFailed("2104", message)
    missing = next((name for folded, name in names.items() if folded not in given), None)
    if missing is not None:
        raise ActivityFailed.missing(f"storedProcedureParameters.{missing}")
    return {names[folded]: given[folded] for folded in names}


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

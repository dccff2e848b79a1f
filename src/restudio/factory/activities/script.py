"""Script: statements on a database (Data Factory reference, 6.8)."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import sqlalchemy as sa

from restudio.databases.address import SQLITE
from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import reach
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.json_value import MAX_BYTES, MAX_ROWS, json_value
from restudio.factory.sql.place import SqlPlace, answered
from restudio.factory.sql.procedure import parameter_value

TYPE = "Script"
SQL_SERVICES = ("AzureSqlDatabase", "AzureSqlDW", "SqlServer", "PostgreSqlV2", "MySql", "Sqlite")


@activity(
    type=TYPE,
    linked_services=SQL_SERVICES,
    properties=(
        Property("scripts", "array", required=True, help="`[{text, type: Query | NonQuery, parameters}]`, in order."),
        Property("scriptBlockExecutionTimeout", "string", help="Not used: `policy.timeout` limits the activity."),
        Property("logSettings", "object", help="Not used."),
        Property("returnMultistatementResult", "bool", default=False, help="Results of every statement of a block."),
    ),
)
def script(p: Properties, ctx: ActivityContext) -> Output:
    """Runs blocks of statements one after another, each in a transaction of its own. Rows of `Query` blocks are the
    output: 5,000 of each result, 4 MB together."""
    place = reach(ctx.linked_service(), ctx.platform, SqlPlace, TYPE)
    results = _Results()
    blocks = [Properties(each) for each in p.list("scripts") if isinstance(each, Mapping)]
    if not blocks:
        raise ActivityFailed.missing("scripts")
    with place.connect() as connection:
        for number, block in enumerate(blocks):
            ctx.pause(0)
            text = block.get("text")
            if not isinstance(text, str) or not text.strip():
                raise ActivityFailed.missing(f"scripts[{number}].text")
            is_query = str(block.get("type") or "Query").casefold() == "query"
            with connection.begin():
                _run_block(connection, place, text, block.list("parameters"), results if is_query else None, results)
    return results.output()


class _Results:
    """What the blocks gave, within limits."""

    def __init__(self) -> None:
        self.sets: list[dict[str, Json]] = []
        self.affected = 0
        self.truncated = False
        self._size = 0

    def add(self, rows: Iterator[Mapping[str, Any]]) -> None:
        kept: list[Json] = []
        for row in rows:
            found = json_value(dict(row))
            self._size += len(json.dumps(found).encode())
            if len(kept) == MAX_ROWS or self._size > MAX_BYTES:
                self.truncated = True
                break
            kept.append(found)
        self.sets.append({"rowCount": len(kept), "rows": kept})

    def count(self, affected: int) -> None:
        self.affected += max(affected, 0)

    def output(self) -> dict[str, Json]:
        return {
            "resultSetCount": len(self.sets),
            "recordsAffected": self.affected,
            "resultSets": self.sets,
            "outputParameters": {},
            "outputLogs": "",
            "outputLogsLocation": "",
            "outputTruncated": self.truncated,
            "effectiveIntegrationRuntime": "Restudio",
            "executionDuration": 0,
        }


def _run_block(
    connection: sa.Connection,
    place: SqlPlace,
    text: str,
    parameters: list[Json],
    rows: _Results | None,
    counts: _Results,
) -> None:
    values = _values(parameters)
    statements = _statements(text) if place.driver is SQLITE else [text]
    for statement in statements:
        if values:
            results = [connection.execute(sa.text(named(statement, values)), values)]
            for result in results:
                with closing(result):
                    _take(result, rows, counts)
        else:
            _run_plain(connection, place, statement, rows, counts)


def _run_plain(
    connection: sa.Connection, place: SqlPlace, statement: str, rows: _Results | None, counts: _Results
) -> None:
    """On the driver's own cursor, which gives the results of every statement in the text."""
    dbapi: Any = connection.dialect.loaded_dbapi
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(statement)
        while True:
            if cursor.description:
                names = [column[0] for column in cursor.description]
                if rows is not None:
                    rows.add(dict(zip(names, row, strict=True)) for row in cursor)
            else:
                counts.count(cursor.rowcount)
            if not (hasattr(cursor, "nextset") and cursor.nextset()):
                return
    except dbapi.Error as error:
        raise answered(place.driver, error) from None
    finally:
        cursor.close()


def _take(result: sa.CursorResult[Any], rows: _Results | None, counts: _Results) -> None:
    if not result.returns_rows:
        counts.count(result.rowcount)
    elif rows is not None:
        rows.add(iter(result.mappings()))  # type: ignore[arg-type]  # rows by names, which are texts here


def _values(parameters: list[Json]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, each in enumerate(parameters):
        p = Properties(each if isinstance(each, Mapping) else {})
        name = str(p.get("name") or "").removeprefix("@")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ActivityFailed.missing(f"parameters[{number}].name")
        if str(p.get("direction") or "Input").casefold() != "input":
            raise ActivityFailed("2104", f"The parameter '{name}' is an output; only inputs are offered here.")
        found[name] = parameter_value({"value": p.get("value"), "type": p.get("type")}, name)
    return found


def named(text: str, values: Mapping[str, Any]) -> str:
    """A text with ``@name`` of given parameters as ``:name``.

    >>> named("SELECT @a, a@a.b, @@version", {"a": 1})
    'SELECT :a, a@a.b, @@version'
    """
    for name in values:
        text = re.sub(rf"(?<![@\w])@{name}\b", f":{name}", text)
    return text


def _statements(text: str) -> Iterator[str]:
    """SQLite takes one statement at a time."""
    statement = ""
    for piece in re.split(r"(?<=;)", text):
        statement += piece
        if sqlite3.complete_statement(statement):
            if statement.strip(" \t\r\n;"):
                yield statement
            statement = ""
    if statement.strip(" \t\r\n;"):
        yield statement

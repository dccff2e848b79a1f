"""Tables, queries and procedures as records, streamed from the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import sqlalchemy as sa

from restudio.databases.statements import run_query
from restudio.factory.activity import ActivityContext
from restudio.factory.dataset import TableData
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Properties
from restudio.factory.rows.conversion import type_of
from restudio.factory.rows.record import BATCH, BadRecord, Column, Record, Records
from restudio.factory.sql.place import told
from restudio.factory.sql.procedure import call_procedure
from restudio.seams.engine import Cancelled

_QUERIES = ("sqlReaderQuery", "query")


@contextmanager
def sql_records(ctx: ActivityContext, data: TableData, settings: Properties) -> Iterator[Records]:
    """What a source reads: its query, its procedure, or the whole table; while the context lasts."""
    query = next((settings[name] for name in _QUERIES if settings.get(name)), None)
    procedure = settings.get("sqlReaderStoredProcedureName")
    if query is not None and not isinstance(query, str):
        raise ActivityFailed.wrong_type("sqlReaderQuery", "string")
    with data.place.connect() as connection:
        if query is not None:
            result = run_query(connection, query, BATCH)
        elif procedure:
            parameters = settings.object("storedProcedureParameters")
            result = call_procedure(connection, data.place, str(procedure), parameters)
        else:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=BATCH)
            result = streaming.execute(sa.select(sa.text("*")).select_from(_table(data)))
        if not result.returns_rows:
            raise ActivityFailed("2200", "ErrorCode=UserErrorNoResultSet: The query gives no result set.")
        with closing(result):
            yield _records(ctx, data, result)


def _table(data: TableData) -> sa.TableClause:
    if not data.table:
        raise ActivityFailed.missing("table")
    return sa.table(data.table, schema=data.schema)


def _records(ctx: ActivityContext, data: TableData, result: sa.CursorResult[Any]) -> Records:
    names = list(result.keys())
    rows = result.mappings().partitions(BATCH)
    with told(data.place.driver):
        first = next(rows, [])
    columns = tuple(Column(name, _type([row[name] for row in first])) for name in names)

    def batches() -> Iterator[list[Record | BadRecord]]:
        batch: Any = first
        while batch:
            if ctx.is_cancelled():
                raise Cancelled
            yield [dict(row) for row in batch]
            with told(data.place.driver):
                batch = next(rows, [])

    return Records(columns, batches())


def _type(values: list[Any]) -> str:
    """The type that a column's values have; text when they differ or are all missing."""
    found = {type_of(value) for value in values if value is not None}
    return found.pop() if len(found) == 1 else "String"

"""A table as a sink: one transaction, so that a copy that fails, or is done again, leaves nothing half."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql as pg_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect

from restudio.core.errors import nearest
from restudio.factory.dataset import TableData
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Properties
from restudio.factory.rows.conversion import Conversion, NotConvertible
from restudio.factory.rows.record import BadRecord, Column, Record
from restudio.factory.sql.place import told

Skip = Callable[[BadRecord], None]
Fit = Callable[[Any], Any]
_CREATED: dict[str, sa.types.TypeEngine[Any]] = {
    "Boolean": sa.Boolean(),
    "Byte": sa.SmallInteger(),
    "SByte": sa.SmallInteger(),
    "Int16": sa.SmallInteger(),
    "Int32": sa.Integer(),
    "UInt16": sa.Integer(),
    "UInt32": sa.BigInteger(),
    "Int64": sa.BigInteger(),
    "UInt64": sa.Numeric(20, 0),
    "Single": sa.Float(),
    "Double": sa.Double(),
    "Decimal": sa.Numeric(38, 18),
    "DateTime": sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"),
    "DateTimeOffset": sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql"),
    "TimeSpan": sa.Interval(),
    "Guid": sa.Uuid(),
    "Byte[]": sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql"),
}
_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")


@contextmanager
def open_sql_sink(data: TableData, settings: Properties) -> Iterator[SqlSink]:
    """Committed when the context ends without an error."""
    if not data.table:
        raise ActivityFailed.missing("table")
    behaviour = str(settings.get("writeBehavior") or "insert").casefold()
    if behaviour not in ("insert", "upsert") or settings.get("sqlWriterStoredProcedureName"):
        raise ActivityFailed("2104", "The sink can insert or upsert; writing by a stored procedure is not offered.")
    with data.place.connect() as connection, told(data.place.driver), connection.begin():
        script = settings.get("preCopyScript")
        if script:
            connection.exec_driver_sql(str(script), execution_options={"no_parameters": True})
        yield SqlSink(connection, data, settings, upserts=behaviour == "upsert")


class SqlSink:
    """For one copy, on one connection."""

    def __init__(self, connection: sa.Connection, data: TableData, settings: Properties, *, upserts: bool) -> None:
        self._connection = connection
        self._data = data
        self._settings = settings
        self._upserts = upserts
        self._table: sa.Table | None = None
        self._targets: dict[str, tuple[str, Fit]] = {}
        """By the name in the records: the column, and how a value becomes one of it."""
        self.rows = 0

    def write(self, records: Sequence[Record], columns: Sequence[Column], first: int, skip: Skip) -> None:
        """``first`` is the number of the first record. The table is made with the first batch, if that is asked for."""
        table = self._table if self._table is not None else self._prepare(columns)
        rows: list[tuple[int, dict[str, Any]]] = []
        for number, record in enumerate(records, first):
            try:
                rows.append((number, self._converted(record, table)))
            except NotConvertible as error:
                skip(BadRecord(number, str(list(record.values()))[:1000], str(error)))
        self._store(rows, table, skip)

    def close(self, columns: Sequence[Column]) -> None:
        if self._table is None and columns:
            self._prepare(columns)

    def _prepare(self, columns: Sequence[Column]) -> sa.Table:
        name, schema = self._data.table, self._data.schema
        metadata = sa.MetaData()
        inspector = sa.inspect(self._connection)
        if inspector.has_table(name, schema=schema):
            self._table = sa.Table(name, metadata, schema=schema, autoload_with=self._connection)
            _ensure_known(columns, self._table)
        elif str(self._settings.get("tableOption") or "none").casefold() == "autocreate":
            made = [sa.Column(column.name, _CREATED.get(column.type, _TEXT)) for column in columns]
            self._table = sa.Table(name, metadata, *made, schema=schema)
            self._table.create(self._connection)
        else:
            raise ActivityFailed(
                "2200",
                f"ErrorCode=UserErrorInvalidTable: The table '{name}' does not exist. Set tableOption to autoCreate to "
                "have it made.",
            )
        return self._table

    def _converted(self, record: Record, table: sa.Table) -> dict[str, Any]:
        row: dict[str, Any] = {}
        targets = self._targets
        for name, value in record.items():
            target, fit = targets.get(name) or self._find_target(name, table)
            try:
                row[target] = None if value is None else fit(value)
            except NotConvertible as error:
                raise NotConvertible(f"column '{name}': {error}") from error
        return row

    def _find_target(self, name: str, table: sa.Table) -> tuple[str, Fit]:
        column = _column(table, name)
        if column is None:
            raise NotConvertible(f"the table has no column '{name}'")
        self._targets[name] = (column.name, _fit(column.type))
        return self._targets[name]

    def _store(self, rows: list[tuple[int, dict[str, Any]]], table: sa.Table, skip: Skip) -> None:
        if not rows:
            return
        try:
            with self._connection.begin_nested():
                self._execute([row for _, row in rows], table)
            self.rows += len(rows)
        except (sa.exc.IntegrityError, sa.exc.DataError) as error:
            if len(rows) == 1:
                reason = str(error.orig).strip().splitlines()[0][:300]
                skip(BadRecord(rows[0][0], str(list(rows[0][1].values()))[:1000], reason))
                return
            # Halves, so that one bad row among many is found in few attempts.
            half = len(rows) // 2
            self._store(rows[:half], table, skip)
            self._store(rows[half:], table, skip)

    def _execute(self, rows: list[dict[str, Any]], table: sa.Table) -> None:
        if not self._upserts:
            self._connection.execute(sa.insert(table), rows)
            return
        keys = self._keys(table)
        if _is_unique(self._connection, table, keys) and self._connection.dialect.name in ("postgresql", "sqlite"):
            self._connection.execute(_upsert(self._connection.dialect.name, table, keys, list(rows[0])), rows)
            return
        others = [name for name in rows[0] if name not in keys]
        for row in rows:
            where = sa.and_(*(table.c[key] == row[key] for key in keys))
            values = {name: row[name] for name in others} or {key: row[key] for key in keys}
            if self._connection.execute(sa.update(table).where(where).values(values)).rowcount == 0:
                self._connection.execute(sa.insert(table), row)

    def _keys(self, table: sa.Table) -> list[str]:
        given = [str(key) for key in self._settings.object("upsertSettings").list("keys")]
        found = given or [column.name for column in table.primary_key]
        if not found:
            raise ActivityFailed.missing("upsertSettings.keys")
        for key in found:
            if _column(table, key) is None:
                raise ActivityFailed("2104", f"The key '{key}' of 'upsertSettings' is no column of the table.")
        return [column.name for key in found if (column := _column(table, key)) is not None]


def _upsert(dialect: str, table: sa.Table, keys: Sequence[str], names: Sequence[str]) -> Any:
    insert: Any = pg_dialect.insert(table) if dialect == "postgresql" else sqlite_dialect.insert(table)
    changes = {name: insert.excluded[name] for name in names if name not in keys}
    if not changes:
        return insert.on_conflict_do_nothing(index_elements=list(keys))
    return insert.on_conflict_do_update(index_elements=list(keys), set_=changes)


def _is_unique(connection: sa.Connection, table: sa.Table, keys: Sequence[str]) -> bool:
    inspector, wanted = sa.inspect(connection), set(keys)
    if {column.name for column in table.primary_key} == wanted:
        return True
    found = inspector.get_unique_constraints(table.name, schema=table.schema)
    return any(set(each["column_names"]) == wanted for each in found)


def _column(table: sa.Table, name: str) -> sa.Column[Any] | None:
    """By its exact name, else in any case."""
    if name in table.c:
        return table.c[name]
    return next((column for column in table.c if column.name.casefold() == name.casefold()), None)


def _ensure_known(columns: Sequence[Column], table: sa.Table) -> None:
    for column in columns:
        if _column(table, column.name) is None:
            known = nearest(column.name, [each.name for each in table.c])
            raise ActivityFailed(
                "2200",
                f"ErrorCode=UserErrorColumnNotFound: The table '{table.name}' has no column '{column.name}'.{known} "
                "Map the columns by a translator.",
            )


def _fit(held: sa.types.TypeEngine[Any]) -> Fit:
    """How a value becomes one that a column of the type takes."""
    how = Conversion()
    for kind, interim in _INTERIM:
        if isinstance(held, kind):
            wanted = "DateTimeOffset" if interim == "DateTime" and getattr(held, "timezone", False) else interim
            return lambda value: how.convert(value, wanted)
    if isinstance(held, sa.Date):
        return lambda value: how.convert(value, "DateTime").date()
    if isinstance(held, sa.Time):
        return lambda value: how.convert(f"2000-01-01 {value}", "DateTime").time() if isinstance(value, str) else value
    if isinstance(held, sa.JSON):
        return lambda value: value
    if isinstance(held, sa.String):
        return how.text
    return lambda value: how.text(value) if isinstance(value, (dict, list)) else value


_INTERIM: tuple[tuple[type, str], ...] = (
    (sa.Boolean, "Boolean"),
    (sa.SmallInteger, "Int16"),
    (sa.BigInteger, "Int64"),
    (sa.Integer, "Int64"),
    (sa.Float, "Double"),
    (sa.Numeric, "Decimal"),
    (sa.DateTime, "DateTime"),
    (sa.Interval, "TimeSpan"),
    (sa.Uuid, "Guid"),
    (sa.LargeBinary, "Byte[]"),
)

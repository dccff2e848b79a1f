"""The database: SQLite in a file, or PostgreSQL through psycopg."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from restudio.core.errors import Kind, RestudioError
from restudio.seams.database import metadata

_WAIT_S = 30
"""How long a transaction waits for the write lock before it gives up."""
_IDLE_S = 2.0
"""Connections that rested longer are asked whether they still live."""
_WRITE_LOCK = 0x7265_7374
"""Advisory lock of PostgreSQL that serialises our write transactions as SQLite's write lock does."""


class SqlDatabase:
    """See :class:`restudio.seams.database.Database`. Transactions must not be nested in one thread: the inner one would
    wait for the outer one's write lock."""

    def __init__(self, engine: sa.Engine) -> None:
        readonly = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
        self._engine = engine
        self._reading = engine.execution_options(**readonly)
        self._writing = engine.execution_options(restudio_write=True)
        self._alone = self._writing.execution_options(restudio_alone=True)

    @property
    def url(self) -> str:
        """The address, with the password: for parts that connect themselves, never for logs."""
        return self._engine.url.render_as_string(hide_password=False)

    @contextmanager
    def begin(self, *, alone: bool = True) -> Iterator[sa.Connection]:
        with _told_plainly(), (self._alone if alone else self._writing).begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        with _told_plainly(), self._reading.begin() as connection:
            yield connection

    def create_all(self) -> None:
        """Create the tables that the imported domains declare; for tests. An installation uses :meth:`migrate`."""
        with self.begin() as connection:
            metadata.create_all(connection)

    def migrate(self) -> None:
        """Bring the tables to the newest version. Safe to call from several processes at once."""
        from restudio.storage.migrations.run import upgrade

        with self.begin() as connection:
            upgrade(connection)

    def close(self) -> None:
        """Give back all connections."""
        dispose(self._engine)


def open_database(url: str) -> SqlDatabase:
    """Open ``sqlite:///path/to/file`` (created when missing) or ``postgresql://user:password@host/name``."""
    address = sa.make_url(url)
    backend = address.get_backend_name()
    if backend == "sqlite":
        return SqlDatabase(_open_sqlite(address))
    if backend == "postgresql":
        return SqlDatabase(_open_postgresql(address))
    raise ValueError(f"a database URL starts with sqlite:/// or postgresql://, got {backend!r}")


def _open_sqlite(address: sa.URL) -> sa.Engine:
    if not address.database or address.database == ":memory:":
        raise ValueError("SQLite needs a file (sqlite:///path/to/file): a database in memory is lost in a crash")
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, connect_args={"timeout": _WAIT_S}, pool_size=8, max_overflow=32)

    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        _ensure_wal(connection)
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: sa.Connection) -> None:
        write = connection.get_execution_options().get("restudio_write", False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if write else 'ON'}")
        # The lock is taken at the start: a read that becomes a write later could fail as stale without waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine


def _ensure_wal(connection: DBAPIConnection) -> None:
    """Switch a new file to write-ahead logging. SQLite does not wait by itself when several processes do so at once."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _open_postgresql(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_size=8, max_overflow=32)

    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # Not by ``options`` of the connection: those of the operator's address would be lost.
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SET lock_timeout = '{_WAIT_S}s'")
        connection.commit()

    def on_begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("restudio_alone", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    ping_after_idleness(engine)
    return engine


def dispose(engine: sa.Engine) -> None:
    """Close all connections of an engine: those in use when they come back, which nobody would do otherwise."""
    sa.event.listen(engine.pool, "checkin", lambda _, record: record.invalidate())
    engine.dispose()


def ping_after_idleness(engine: sa.Engine) -> None:
    """Ask connections of a pool that rested whether they still live, before they are used. Asking each time, as
    SQLAlchemy's own ``pool_pre_ping`` does, would cost a round trip for every transaction."""

    def on_checkin(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    def on_checkout(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) > _IDLE_S:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise sa.exc.DisconnectionError from error  # the pool tries another one

    sa.event.listen(engine, "checkin", on_checkin)
    sa.event.listen(engine, "checkout", on_checkout)


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except sa.exc.OperationalError as error:
        message = f"The database did not do what it was asked: {error.orig}. Try again; if it stays so, see its log."
        raise RestudioError(Kind.UNAVAILABLE, "DatabaseUnavailable", message) from error
    except sa.exc.DataError as error:  # PostgreSQL keeps no null characters, and no text that is longer than its column
        message = f"A value is none that the database keeps or looks for: {error.orig}."
        raise RestudioError(Kind.BAD_ARGUMENT, "BadArgument", message) from error


if TYPE_CHECKING:
    from restudio.seams.database import Database

    _fits: Database = open_database("")

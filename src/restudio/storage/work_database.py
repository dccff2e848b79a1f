"""Where durable work is kept, beside our own tables but apart from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from restudio.seams.clock import Clock
from restudio.storage.db import ping_after_idleness
from restudio.storage.leases import FileLeases, Leases, PostgresLeases

_WAIT_S = 30


def open_work_database(url: str, clock: Clock, migrate: Callable[[str], None]) -> tuple[sa.Engine, Leases]:
    """The engine and the leases that go with our database at ``url``; ``migrate`` makes the tables at an address."""
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        migrate(plain)
        engine = sa.create_engine(address.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=30)
        ping_after_idleness(engine)
        return engine, PostgresLeases(plain, clock)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise ValueError(f"durable work needs sqlite:///file or postgresql://, got {address.get_backend_name()!r}")
    path = Path(address.database)
    return _open_sqlite(path.with_name(f"{path.stem}-work{path.suffix}"), migrate), FileLeases(
        path.with_name(f"{path.stem}-workers")
    )


def workflows_of(engine: sa.Engine) -> sa.TableClause:
    """The few columns of DBOS's table of workflows that this package looks at."""
    names = (
        "workflow_uuid",
        "status",
        "executor_id",
        "queue_name",
        "queue_partition_key",
        "created_at",
        "completed_at",
    )
    schema = "dbos" if engine.dialect.name == "postgresql" else None
    return sa.table("workflow_status", *(sa.column(name) for name in names), schema=schema)


def reading_engine(engine: sa.Engine) -> sa.Engine:
    """The same database for transactions that only read: they wait for nobody."""
    return engine.execution_options(restudio_read=True)


def _open_sqlite(path: Path, migrate: Callable[[str], None]) -> sa.Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=_WAIT_S)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
    migrate(f"sqlite:///{path}")
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": _WAIT_S}, pool_size=10, max_overflow=30)

    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON").close()

    def on_begin(connection: sa.Connection) -> None:
        # DBOS counts what runs and then claims more: both must see one state, also with several processes.
        reads = connection.get_execution_options().get("restudio_read", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine

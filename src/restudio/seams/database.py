"""Database: transactions on SQLite or PostgreSQL through SQLAlchemy Core.

Each domain declares its tables on the shared :data:`metadata` in its ``store.py`` and writes its queries there, in
the common subset of both databases. Migrations live in ``restudio.storage.migrations``; a test proves that they give
exactly this metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Protocol

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables of the product. Times are stored as ISO 8601 UTC text or epoch floats, JSON as text."""


def execute_many(conn: sa.Connection, statement: sa.Insert | sa.Update, rows: Sequence[Mapping[str, object]]) -> None:
    """Execute a statement for each of many rows; nothing for none.

    All rows have the same members, two or more, which name columns or parameters, and values that the drivers take as
    they are: thousands of rows go past what SQLAlchemy does for each.
    """
    if not rows:
        return
    compiled = statement.compile(conn.engine, column_keys=list(rows[0]))
    order = getattr(compiled, "positiontup", None)
    values = rows if order is None else list(map(itemgetter(*order), rows))
    conn.exec_driver_sql(compiled.string, values)


class Database(Protocol):
    """Thread-safe. ``begin`` gives a connection in a transaction: committed on normal exit, rolled back on an error.

    Committed work survives a crash. Write transactions are serialised (SQLite takes the write lock at the start;
    PostgreSQL retries nothing by itself): read and write in one ``begin`` to decide and act atomically. ``read`` is for
    queries only. ``begin(alone=False)`` is for a transaction that decides nothing by what it reads, such as one that
    appends under keys that are unique: others may write beside it, and their commits need not wait for each other.
    Driver errors stay inside: a broken unique constraint is ``sqlalchemy.exc.IntegrityError``; a value not to be kept,
    such as a text with null characters on PostgreSQL, is a ``RestudioError`` of kind ``BAD_ARGUMENT``.
    """

    def begin(self, *, alone: bool = True) -> AbstractContextManager[sa.Connection]: ...

    def read(self) -> AbstractContextManager[sa.Connection]: ...

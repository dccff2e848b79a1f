"""Database: transactions on SQLite or PostgreSQL through SQLAlchemy Core.

Each domain declares its tables on the shared :data:`metadata` in its ``store.py`` and writes its queries there, in
the common subset of both databases. Migrations live in ``restudio.storage.migrations``; a test proves that they give
exactly this metadata.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
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


class Database(Protocol):
    """Thread-safe. ``begin`` gives a connection in a transaction: committed on normal exit, rolled back on an error.

    Committed work survives a crash. Write transactions are serialised (SQLite takes the write lock at the start;
    PostgreSQL retries nothing by itself): read and write in one ``begin`` to decide and act atomically. ``read`` is for
    queries only. Driver errors stay inside: a broken unique constraint is ``sqlalchemy.exc.IntegrityError``.
    """

    def begin(self) -> AbstractContextManager[sa.Connection]: ...

    def read(self) -> AbstractContextManager[sa.Connection]: ...

"""Databases with all tables, as copies of one that is made once: making tables takes longer than most tests do."""

from __future__ import annotations

import tempfile
import uuid
from functools import cache
from pathlib import Path

import psycopg

from restudio.seams.database import metadata
from restudio.storage.db import SqlDatabase, open_database


def make_sqlite(file: Path) -> SqlDatabase:
    """A new SQLite database with the tables of the domains imported by now."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_sqlite_with(frozenset(metadata.tables)))
    return open_database(f"sqlite:///{file}")


class PostgresqlServer:
    """Makes databases on a server, and drops them."""

    def __init__(self, address: str) -> None:
        """``address`` has no database name."""
        self._address = address
        self._with_tables: dict[frozenset[str], str] = {}

    def make(self) -> str:
        """Address of a new, empty database."""
        return self._make("template1")

    def make_with_tables(self) -> str:
        """Address of a new database with the tables of the domains imported by now."""
        tables = frozenset(metadata.tables)
        if tables not in self._with_tables:
            url = self.make()
            _create_tables(url)
            self._with_tables[tables] = url.rpartition("/")[2]
        return self._make(self._with_tables[tables])

    def drop(self, url: str) -> None:
        self._do(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def _make(self, template: str) -> str:
        name = f"t{uuid.uuid4().hex}"
        # Copying files takes a quarter of the time of writing every page to the log.
        self._do(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return f"{self._address}/{name}"

    def _do(self, statement: str) -> None:
        with psycopg.connect(f"{self._address}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@cache
def _sqlite_with(tables: frozenset[str]) -> bytes:
    """Content of a database file with these tables, which are all that are declared."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "tables.db")
        _create_tables(f"sqlite:///{file}")
        return file.read_bytes()


def _create_tables(url: str) -> None:
    database = open_database(url)
    database.create_all()
    database.close()

"""The promises of the Database seam on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.seams.database import execute_many
from restudio.storage.db import SqlDatabase, open_database

tables = sa.MetaData()
parents = sa.Table("parents", tables, sa.Column("id", sa.String(32), primary_key=True), sa.Column("n", sa.Integer))
children = sa.Table("children", tables, sa.Column("parent", sa.ForeignKey("parents.id"), nullable=False))


@pytest.fixture
def opened(database_url: str) -> Iterator[SqlDatabase]:
    database = open_database(database_url)
    with database.begin() as connection:
        tables.create_all(connection)
    yield database
    database.close()


def count(database: SqlDatabase) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(parents)).scalar_one()


def test_a_transaction_is_committed(opened: SqlDatabase) -> None:
    with opened.begin() as connection:
        connection.execute(parents.insert().values(id="a", n=1))
    other = open_database(opened.url)
    assert count(other) == 1
    other.close()


def test_an_error_rolls_back(opened: SqlDatabase) -> None:
    def fail() -> None:
        with opened.begin() as connection:
            connection.execute(parents.insert().values(id="a", n=1))
            raise LookupError("changed my mind")

    with pytest.raises(LookupError):
        fail()
    assert count(opened) == 0


def test_a_value_that_cannot_be_kept_is_the_fault_of_who_gave_it(make_postgresql: Callable[[], str]) -> None:
    database = open_database(make_postgresql())
    with database.begin() as connection:
        tables.create_all(connection)
    for wrong in ("a\0", "a" * 33):
        with pytest.raises(RestudioError) as refused, database.begin() as connection:
            connection.execute(parents.insert().values(id=wrong))
        assert refused.value.kind is Kind.BAD_ARGUMENT
    with pytest.raises(RestudioError, match="NUL"), database.read() as connection:
        connection.execute(sa.select(parents).where(parents.c.id == "a\0"))
    with pytest.raises(RestudioError), database.begin() as connection:
        execute_many(connection, parents.insert(), [{"id": "a\0", "n": 1}])
    assert count(database) == 0
    database.close()


def test_unique_and_foreign_keys_are_kept(opened: SqlDatabase) -> None:
    with opened.begin() as connection:
        connection.execute(parents.insert().values(id="a"))
    with pytest.raises(sa.exc.IntegrityError), opened.begin() as connection:
        connection.execute(parents.insert().values(id="a"))
    with pytest.raises(sa.exc.IntegrityError), opened.begin() as connection:
        connection.execute(children.insert().values(parent="nobody"))


def test_reading_cannot_write(opened: SqlDatabase) -> None:
    with pytest.raises((RestudioError, sa.exc.InternalError)), opened.read() as connection:
        connection.execute(parents.insert().values(id="a"))
    assert count(opened) == 0


def test_deciding_and_acting_is_one_step(opened: SqlDatabase) -> None:
    """Eight writers add one each, reading first; no update is lost and none fails."""
    with opened.begin() as connection:
        connection.execute(parents.insert().values(id="a", n=0))

    def add() -> None:
        for _ in range(10):
            with opened.begin() as connection:
                n = connection.execute(sa.select(parents.c.n)).scalar_one()
                connection.execute(parents.update().values(n=n + 1))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened.read() as connection:
        assert connection.execute(sa.select(parents.c.n)).scalar_one() == 80


def test_readers_do_not_wait_for_a_writer(opened: SqlDatabase) -> None:
    with opened.begin() as connection:
        connection.execute(parents.insert().values(id="a"))
        assert count(opened) == 0
    assert count(opened) == 1


def test_a_transaction_that_is_not_alone_waits_for_nobody(opened: SqlDatabase) -> None:
    """Both are open at the same time on PostgreSQL; SQLite has one writer, and the inner one is left out there."""
    with opened.begin() as connection:
        connection.execute(parents.insert().values(id="a"))
        if opened.url.startswith("postgresql"):
            with opened.begin(alone=False) as other:
                other.execute(parents.insert().values(id="b"))
            assert count(opened) == 1
    assert count(opened) == (2 if opened.url.startswith("postgresql") else 1)


def test_many_rows_at_once(opened: SqlDatabase) -> None:
    with opened.begin() as connection:
        execute_many(connection, parents.insert(), [])
        execute_many(connection, parents.insert(), [{"id": f"{i:%}", "n": None} for i in range(3)])
        changed = parents.update().where(parents.c.id == sa.bindparam("of")).values(n=sa.bindparam("to"))
        execute_many(connection, changed, [{"of": f"{i:%}", "to": i} for i in (1, 2)])
    with opened.read() as connection:
        found = connection.execute(sa.select(parents.c.id, parents.c.n).order_by(parents.c.id)).all()
    assert [tuple(each) for each in found] == [("0.000000%", None), ("100.000000%", 1), ("200.000000%", 2)]


def test_a_connection_that_was_cut_while_it_rested_is_replaced(
    make_postgresql: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file has no connections to cut."""
    monkeypatch.setattr("restudio.storage.db._IDLE_S", -1.0)  # every connection has rested long enough
    url = make_postgresql()
    database = open_database(url)
    with database.begin() as connection:
        tables.create_all(connection)
    assert count(database) == 0
    with psycopg.connect(url, autocommit=True) as other:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
        assert other.execute(cut, (sa.make_url(url).database,)).rowcount >= 1
    assert count(database) == 0
    database.close()


def test_a_driver_failure_is_an_error_of_ours(database_url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:/// or postgresql://"):
        open_database("mysql://localhost/x")
    nowhere = open_database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(RestudioError) as raised, nowhere.read():
        raise AssertionError("there is no server")
    assert raised.value.kind is Kind.UNAVAILABLE
    nowhere.close()


def test_sqlite_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="file"):
        open_database("sqlite://")


def test_options_of_an_operators_address_stay(make_postgresql: Callable[[], str]) -> None:
    address = sa.make_url(make_postgresql()).update_query_dict({"options": "-c work_mem=5MB"})
    database = open_database(address.render_as_string(hide_password=False))
    with database.begin() as connection:
        assert connection.scalar(sa.text("SHOW work_mem")) == "5MB"
        assert connection.scalar(sa.text("SHOW lock_timeout")) == "30s"
    database.close()


def test_a_connection_in_use_at_the_close_is_closed_when_it_comes_back(opened: SqlDatabase) -> None:
    with opened.read() as connection:
        driver = connection.connection.dbapi_connection
        opened.close()
        connection.execute(sa.text("SELECT 1"))
    assert driver is not None
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        driver.cursor().execute("SELECT 1")

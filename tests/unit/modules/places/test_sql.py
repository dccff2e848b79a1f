"""Import Data and Export Data on real databases."""

from __future__ import annotations

import datetime as dt
import resource
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from tests.conformance.context import FolderContext
from tests.unit.modules.places.conftest import Read, Write

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.tables.table import Table

Raw = dict[str, object]


@pytest.fixture
def postgresql(make_postgresql: Callable[[], str]) -> str:
    """The address of an empty database."""
    return make_postgresql()


def source(server: str, query: str, **more: object) -> Raw:
    return {"Data source": "SqlAzure", "Database server name": server, "Database query": query, **more}


def destination(server: str, **more: object) -> Raw:
    return {"Please specify data destination": "Azure SQL Database", "Database server name": server, **more}


def dtypes(table: Table) -> Mapping[str, DType]:
    return {column.name: column.dtype for column in table.schema}


def test_out_to_mariadb_and_back(read: Read, write: Write, make_mariadb: Callable[[], str]) -> None:
    address = make_mariadb()
    columns = "i INT, d DOUBLE, s VARCHAR(20), at DATETIME(6), gone BIT"
    engine = sa.create_engine(address.replace("mysql://", "mysql+pymysql://"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE t ({columns})")
        connection.execute(sa.text("INSERT INTO t VALUES (1, 2.5, 'ä%😀', '2020-02-29 01\\:02\\:03.456789', NULL)"))
    first = read(source(address, "SELECT * FROM t"))
    assert dtypes(first) == {
        "i": DType.INTEGER, "d": DType.DOUBLE, "s": DType.STRING, "at": DType.DATETIME, "gone": DType.STRING
    }  # fmt: skip
    names = "i,d,s,at"
    place = {"Data table name": "t", "Comma separated list of columns to be saved": names}
    write(first, destination(address, **place))
    again = read(source(address, "SELECT * FROM t"))
    assert again.data.to_pylist() == first.data.to_pylist() * 2


def test_types_of_postgresql(read: Read, postgresql: str) -> None:
    query = """
        SELECT true AS b, 7::int8 AS i, 1.5::float8 AS d, 'é%' AS s, DATE '2020-02-29' AS day,
            TIMESTAMPTZ '2020-01-01 02:00:00+02' AS at, TIME '01:02:03' AS clock, INTERVAL '1 day' AS span,
            '00000000-0000-0000-0000-000000000001'::uuid AS id, '{"a": 1}'::jsonb AS doc
        UNION ALL SELECT NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL"""
    table = read(source(postgresql, query))
    assert dtypes(table) == {
        "b": DType.BOOLEAN, "i": DType.INTEGER, "d": DType.DOUBLE, "s": DType.STRING, "day": DType.DATETIME,
        "at": DType.DATETIME, "clock": DType.TIMESPAN, "span": DType.TIMESPAN, "id": DType.STRING, "doc": DType.STRING,
    }  # fmt: skip
    first, second = table.data.to_pylist()
    assert first == {
        "b": True, "i": 7, "d": 1.5, "s": "é%", "day": dt.datetime(2020, 2, 29), "at": dt.datetime(2020, 1, 1),
        "clock": dt.timedelta(hours=1, minutes=2, seconds=3), "span": dt.timedelta(days=1),
        "id": "00000000-0000-0000-0000-000000000001", "doc": '{"a": 1}',
    }  # fmt: skip
    assert second["d"] != second["d"]
    assert [name for name, cell in second.items() if cell is not None] == ["d"]


def test_no_rows_still_have_types(read: Read, postgresql: str) -> None:
    table = read(source(postgresql, "SELECT 1 AS n, now() AS t, 'x' AS s WHERE false"))
    assert table.num_rows == 0
    assert dtypes(table) == {"n": DType.INTEGER, "t": DType.DATETIME, "s": DType.STRING}


def test_repeated_names_are_made_unique(read: Read, postgresql: str) -> None:
    assert read(source(postgresql, "SELECT 1 AS a, 2 AS a")).data.to_pylist() == [{"a": 1, "a (1)": 2}]


def test_decimals_are_refused_with_the_way_out(read: Read, postgresql: str) -> None:
    with pytest.raises(ModuleError, match=r"0126.*Decimal is not supported: column 'price'.*CAST") as caught:
        read(source(postgresql, "SELECT 1.5::numeric AS price"))
    assert caught.value.column == "price"


def test_batches_of_different_types_widen(read: Read, context: FolderContext) -> None:
    with sqlite3.connect(context.world / "data.db") as base:
        base.execute("CREATE TABLE t (n, x, late)")
        base.executemany("INSERT INTO t VALUES (?, ?, ?)", [(1, 1, None)] * 10_001 + [(2.5, "two", 7)])
    table = read(source(f"sqlite:///{context.world / 'data.db'}", "SELECT * FROM t"))
    assert dtypes(table) == {"n": DType.DOUBLE, "x": DType.STRING, "late": DType.INTEGER}
    assert table.slice(10_000).data.to_pylist() == [
        {"n": 1.0, "x": "1", "late": None}, {"n": 2.5, "x": "two", "late": 7}
    ]  # fmt: skip


def test_many_rows_stream(read: Read, postgresql: str) -> None:
    read(source(postgresql, "SELECT 1"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table = read(source(postgresql, "SELECT n, n / 2.0::float8 AS half FROM generate_series(1, 400000) AS n"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    assert table.num_rows == 400_000
    # As Python rows alone they would take more than 150 bytes each.
    assert grown < 4 * table.data.nbytes + (20 << 20)


def test_export_to_postgresql_and_back(read: Read, write: Write, postgresql: str) -> None:
    with psycopg.connect(postgresql) as connection:
        connection.execute('CREATE TABLE cars (maker text, price int, "Sold, on" date, took interval, note text)')
    at = dt.datetime(2020, 5, 1)
    table = Table.from_columns(
        {
            "make": ["alfa", "honda", None] * 60, "price": [1.0, 2.0, None] * 60, "sold": [at, None, at] * 60,
            "took": [dt.timedelta(hours=30)] * 180, "year": [1987] * 180,
        }
    )  # fmt: skip
    write(
        table,
        destination(
            postgresql,
            **{
                "Data table name": "public.cars",
                "Comma separated list of columns to be saved": "make, price, sold, took, year",
                "Comma separated list of datatable columns": 'MAKER,price,"Sold, on",took,note',
            },
        ),
    )
    back = read(source(postgresql, "SELECT * FROM cars"))
    assert back.data.to_pylist()[:2] == [
        {"maker": "alfa", "price": 1, "Sold, on": at, "took": dt.timedelta(hours=30), "note": "1987"},
        {"maker": "honda", "price": 2, "Sold, on": None, "took": dt.timedelta(hours=30), "note": "1987"},
    ]
    assert back.num_rows == 180


def test_a_row_that_is_refused_leaves_nothing(read: Read, write: Write, postgresql: str) -> None:
    with psycopg.connect(postgresql) as connection:
        connection.execute("CREATE TABLE t (x int NOT NULL)")
    with pytest.raises(ModuleError, match=r"0121.*PostgreSQL answered.*null value"):
        write(Table.from_columns({"x": [*range(120), None]}), destination(postgresql, **{"Data table name": "t"}))
    assert read(source(postgresql, "SELECT * FROM t")).num_rows == 0


def test_rows_of_one_statement(write: Write, postgresql: str, context: FolderContext) -> None:
    path = context.world / "data.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE t (x INTEGER, day DATE)")
    table = Table.from_columns({"x": list(range(7)), "day": [dt.datetime(2020, 1, 1)] * 7})
    raw = {"Data table name": "T", "Number of rows written per SQL Azure operation": 3}
    write(table, destination(f"sqlite:///{path}", **raw))
    with sqlite3.connect(path) as base:
        assert base.execute("SELECT x, day FROM t").fetchall() == [(x, "2020-01-01") for x in range(7)]


@pytest.mark.parametrize(
    ("more", "number", "said"),
    [
        ({"Data table name": "nowhere"}, "0121", "no table 'nowhere'"),
        ({"Data table name": ""}, "0003", "Data table name"),
        ({"Comma separated list of columns to be saved": "x, z"}, "0001", "'z' was not found"),
        ({"Comma separated list of datatable columns": "x, y"}, "0027", "1 columns are to be saved into 2"),
        ({"Comma separated list of datatable columns": "z"}, "0001", "has no column 'z'. It has 'x', 'y'"),
        ({"Number of rows written per SQL Azure operation": 0}, "0005", "at least 1"),
    ],
)
def test_what_cannot_be_exported(
    write: Write, context: FolderContext, more: dict[str, object], number: str, said: str
) -> None:
    with sqlite3.connect(context.world / "data.db") as base:
        base.execute("CREATE TABLE t (x, y)")
    with pytest.raises(ModuleError, match=said) as caught:
        write(
            Table.from_columns({"x": [1]}),
            destination(f"sqlite:///{context.world / 'data.db'}", **{"Data table name": "t", **more}),
        )
    assert caught.value.number == number


@pytest.mark.parametrize(
    ("server", "query", "more", "number", "said"),
    [
        ("", "SELECT 1", {}, "0003", "Database server name"),
        ("redis://h/d", "SELECT 1", {}, "0029", "begins with one of"),
        ("postgresql://u:secret@127.0.0.1/d", "SELECT 1", {}, "0002", "must not hold a password"),
        ("postgresql://127.0.0.1", "SELECT 1", {}, "0003", "Database name"),
        ("sql.example", "SELECT 1", {"Database name": "d"}, "0003", "Server user account name"),
        ("sql.example", "SELECT 1", {"Database name": "d", "Server user account name": "u"}, "0154", "not found"),
        ("127.0.0.1,9", "SELECT 1", {"Database name": "d", "Server user account name": "u"}, "0015", "pymssql"),
        ("postgresql://127.0.0.1:9/d", "SELECT 1", {}, "0015", "PostgreSQL answered"),
        ("sqlite:////etc/data.db", "SELECT 1", {}, "0048", "outside"),
        ("WORLD", "", {}, "0003", "Database query"),
        ("WORLD", "SELECT * FROM nowhere", {}, "0156", "SQLite answered: no such table"),
        ("WORLD", "CREATE TABLE t (x)", {}, "0156", "gives no rows"),
        ("WORLD", "SELECT x'00' AS raw", {}, "0126", "Type Binary is not supported: column 'raw'"),
    ],
)
def test_what_cannot_be_imported(
    read: Read, context: FolderContext, server: str, query: str, more: Raw, number: str, said: str
) -> None:
    address = f"sqlite:///{context.world / 'data.db'}" if server == "WORLD" else server
    with pytest.raises(ModuleError, match=said) as caught:
        read(source(address, query, **more))
    assert (caught.value.number, "secret" in caught.value.message) == (number, False)


def test_on_premises_databases_need_no_gateway(read: Read, postgresql: str) -> None:
    raw: Raw = {
        "Data source": "On-Premises SQL Database", "Database server name": postgresql.replace("restudio@", ""),
        "User name and password": "restudio:p:w", "Database query": "SELECT current_user::text AS who",
    }  # fmt: skip
    assert read(raw).column("who").to_pylist() == ["restudio"]
    with pytest.raises(ModuleError, match=r"0039.*Leave 'Data gateway' blank"):
        read({**raw, "Data gateway": "office"})


def test_any_certificate_means_encrypted(read: Read, postgresql: str, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"0015.*SSL"):
        read(source(postgresql, "SELECT 1", **{"Trust server certificate": True}))

"""Script and SqlServerStoredProcedure on real databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.factory.activities.test_copy import DATABASES, make_database, query
from tests.unit.factory.small_factory import SmallFactory, reference

from restudio.factory.activity import Output
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest, factory: SmallFactory, tmp_path: Path) -> sa.Engine:
    made = make_database(request, factory, tmp_path)
    query(made, "CREATE TABLE t (n INTEGER, s VARCHAR(50))")
    return made


def script(factory: SmallFactory, *blocks: dict[str, Json]) -> Output:
    return factory.run(
        {
            "name": "Script",
            "type": "Script",
            "linkedServiceName": reference("Db"),
            "typeProperties": {"scripts": list(blocks)},
        }
    )


def test_blocks_run_in_order(factory: SmallFactory, engine: sa.Engine) -> None:
    output = script(
        factory,
        {"type": "NonQuery", "text": "INSERT INTO t VALUES (1, 'a;b'); INSERT INTO t VALUES (2, NULL);"},
        {"type": "Query", "text": "SELECT n, s FROM t ORDER BY n"},
        {"type": "Query", "text": "SELECT COUNT(*) AS c FROM t"},
    )
    assert output["resultSetCount"] == 2
    assert output["resultSets"] == [
        {"rowCount": 2, "rows": [{"n": 1, "s": "a;b"}, {"n": 2, "s": None}]},
        {"rowCount": 1, "rows": [{"c": 2}]},
    ]
    assert output["recordsAffected"] == 2
    assert output["outputTruncated"] is False


def test_parameters_are_values_and_never_text(factory: SmallFactory, engine: sa.Engine) -> None:
    evil = "x'); DROP TABLE t; --"
    parameters = [
        {"name": "n", "type": "Int32", "value": "7"},
        {"name": "@s", "type": "String", "value": evil, "direction": "Input"},
    ]
    text = "INSERT INTO t VALUES (@n, @s)"
    script(factory, {"type": "NonQuery", "text": text, "parameters": parameters})
    assert query(engine, "SELECT n, s FROM t") == [(7, evil)]


def test_a_block_that_fails_leaves_no_half(factory: SmallFactory, engine: sa.Engine) -> None:
    good = {"type": "NonQuery", "text": "INSERT INTO t VALUES (1, 'kept')"}
    bad = {"type": "NonQuery", "text": "INSERT INTO t VALUES (2, 'gone'); INSERT INTO nowhere VALUES (1)"}
    with pytest.raises(ActivityFailed, match=r"answered: .*nowhere") as failed:
        script(factory, good, bad)
    assert "gone" not in failed.value.message
    assert query(engine, "SELECT n FROM t") == [(1,)]


def test_large_results_are_cut(factory: SmallFactory, engine: sa.Engine) -> None:
    eighty = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 80)"
    counting = f"{eighty} SELECT a.n FROM c a CROSS JOIN c b"
    output = script(factory, {"type": "Query", "text": counting})
    assert output["outputTruncated"] is True
    assert output["resultSets"][0]["rowCount"] == 5000


@pytest.mark.parametrize(
    ("block", "code", "said"),
    [
        ({"type": "Query", "text": ""}, "2103", r"scripts\[0\]\.text"),
        ({"text": "SELECT 1", "parameters": [{"name": "a b"}]}, "2103", "name"),
        ({"text": "SELECT @a", "parameters": [{"name": "a", "direction": "Output"}]}, "2104", "only inputs"),
        ({"text": "SELECT @a", "parameters": [{"name": "a", "type": "Int32", "value": "x"}]}, "2104", "'x' cannot"),
    ],
)
def test_mistakes(factory: SmallFactory, engine: sa.Engine, block: dict[str, Json], code: str, said: str) -> None:
    with pytest.raises(ActivityFailed, match=said) as failed:
        script(factory, block)
    assert failed.value.code == code


def call(factory: SmallFactory, name: str, **parameters: Json) -> Output:
    return factory.run(
        {
            "name": "Call",
            "type": "SqlServerStoredProcedure",
            "linkedServiceName": reference("Db"),
            "typeProperties": {"storedProcedureName": name, "storedProcedureParameters": parameters},
        }
    )


def test_procedures_and_functions_are_called(factory: SmallFactory, make_postgresql: Callable[[], str]) -> None:
    url = make_postgresql()
    factory.add_linked_service("Db", "PostgreSqlV2", connectionString=url)
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    query(engine, "CREATE TABLE t (n INTEGER, s VARCHAR(50))")
    query(engine, "CREATE PROCEDURE put(n INTEGER, s TEXT) LANGUAGE sql AS 'INSERT INTO t VALUES (n, s)'")
    query(engine, "CREATE FUNCTION put2(n INTEGER) RETURNS VOID LANGUAGE sql AS 'INSERT INTO t VALUES (n, NULL)'")
    call(factory, "[public].[put]", n={"value": "5", "type": "Int32"}, s={"value": "x", "type": "String"})
    call(factory, "put2", n={"value": 6})
    assert query(engine, "SELECT n, s FROM t ORDER BY n") == [(5, "x"), (6, None)]
    with pytest.raises(ActivityFailed, match="PostgreSQL answered"):
        call(factory, "none")
    with pytest.raises(ActivityFailed, match="is no name of a parameter"):
        call(factory, "put2", **{"n); DROP TABLE t; --": {"value": 1}})


def test_procedures_get_their_parameters_by_name_where_calls_have_none(
    factory: SmallFactory, make_mariadb: Callable[[], str]
) -> None:
    url = make_mariadb()
    factory.add_linked_service("Db", "MySql", connectionString=url)
    engine = sa.create_engine(url.replace("mysql://", "mysql+pymysql://"), poolclass=sa.NullPool)
    query(engine, "CREATE TABLE t (n INTEGER, s VARCHAR(50))")
    query(engine, "CREATE PROCEDURE put(IN n INTEGER, IN s VARCHAR(50)) INSERT INTO t VALUES (n, s)")
    query(engine, "CREATE PROCEDURE rows_of(IN least INTEGER) SELECT * FROM t WHERE t.n >= least")
    call(factory, "put", S={"value": "7", "type": "String"}, n={"value": "5", "type": "Int32"})
    assert query(engine, "SELECT n, s FROM t") == [(5, "7")]
    with pytest.raises(ActivityFailed, match=r"'storedProcedureParameters\.s'"):
        call(factory, "put", n={"value": 1})
    with pytest.raises(ActivityFailed, match=r"'put' has no parameter 't'.*'s'"):
        call(factory, "put", n={"value": 1}, t={"value": 1})
    with pytest.raises(ActivityFailed, match=r"MySQL answered: .*none does not exist \(1305\)"):
        call(factory, "none")
    factory.add_dataset("T", "MySqlTable", "Db", table="t")
    source = {
        "type": "AzureSqlSource",
        "sqlReaderStoredProcedureName": "rows_of",
        "storedProcedureParameters": {"least": {"value": 5, "type": "Int32"}},
    }
    asked = {"dataset": reference("T", "DatasetReference"), "source": source}
    assert factory.run({"name": "L", "type": "Lookup", "typeProperties": asked})["firstRow"] == {"n": 5, "s": "7"}


def test_sqlite_has_no_procedures(factory: SmallFactory, tmp_path: Path) -> None:
    factory.add_linked_service("Db", "Sqlite", path=str(tmp_path / "open" / "d.db"))
    with pytest.raises(ActivityFailed, match="SQLite has no stored procedures"):
        call(factory, "put")

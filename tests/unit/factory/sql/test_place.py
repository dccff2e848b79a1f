"""Databases by connection string, address and parts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.factory.small_factory import SmallFactory

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.outgoing import Outgoing
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import reach
from restudio.factory.properties import Json
from restudio.factory.sql.place import SqlPlace


def place(factory: SmallFactory, type: str, **properties: Json) -> SqlPlace:
    factory.add_linked_service("Db", type, **properties)
    service = factory.context({}).linked_service({"referenceName": "Db"})
    return reach(service, factory.platform, SqlPlace, "Script")


CASES: list[tuple[str, dict[str, Json], str]] = [
    (
        "AzureSqlDatabase",
        {"connectionString": "Server=tcp:h.example,1433;Initial Catalog=d;User ID=u;Password='p;w=1';Encrypt=True"},
        "mssql+pymssql://u:p;w=1@h.example:1433/d",
    ),
    ("SqlServer", {"server": "h", "database": "d", "userName": "u", "password": "p"}, "mssql+pymssql://u:p@h/d"),
    (
        "PostgreSqlV2",
        {"server": "h", "port": 5433, "database": "d", "username": "u", "password": "p", "sslMode": 0},
        "postgresql+psycopg://u:p@h:5433/d",
    ),
    (
        "AzurePostgreSql",
        {"connectionString": "host=h;port=1;database=d;uid=u;password=p"},
        "postgresql+psycopg://u:p@h:1/d",
    ),
    ("AzureSqlDatabase", {"connectionString": "postgresql://u:p@h/d"}, "postgresql+psycopg://u:p@h/d"),
    ("AzureSqlDatabase", {"connectionString": "postgres://u@h/d", "password": "x"}, "postgresql+psycopg://u:x@h/d"),
    ("AzureMySql", {"connectionString": "Server=h;Port=3307;Database=d;UID=u;PWD=p"}, "mysql+pymysql://u:p@h:3307/d"),
]


@pytest.mark.parametrize(("type", "properties", "url"), CASES)
def test_every_way_to_name_a_database(factory: SmallFactory, type: str, properties: dict[str, Json], url: str) -> None:
    found = place(factory, type, **properties)
    assert found.address.url.render_as_string(hide_password=False).replace("%3B", ";").replace("%3D", "=") == url
    assert "p@" not in repr(found)


@pytest.mark.parametrize(
    ("type", "properties", "code"),
    [
        ("SqlServer", {"connectionString": "nonsense"}, "2106"),
        ("SqlServer", {"connectionString": "Server=h;Database=d;Integrated Security=True"}, "2106"),
        ("SqlServer", {}, "2103"),
        ("AzureSqlDatabase", {"connectionString": "redis://h/d"}, "2106"),
        ("AzureSqlDatabase", {"connectionString": "postgresql://h/d?passfile=/etc/passwd"}, "2106"),
        ("AzureSqlDatabase", {"connectionString": "Server=h", "authenticationType": "ServicePrincipal"}, "2104"),
        ("PostgreSqlV2", {"server": "h", "sslMode": 9}, "2106"),
        ("PostgreSqlV2", {"server": "h", "port": "many"}, "2104"),
        ("Web", {"url": "http://h"}, "2110"),
    ],
)
def test_what_names_no_database(factory: SmallFactory, type: str, properties: dict[str, Json], code: str) -> None:
    with pytest.raises(ActivityFailed) as failed:
        place(factory, type, **properties)
    assert failed.value.code == code
    assert "/etc/passwd" not in failed.value.message


def test_postgresql_answers(factory: SmallFactory, make_postgresql: Callable[[], str]) -> None:
    found = place(factory, "AzureSqlDatabase", connectionString=make_postgresql())
    with found.connect() as connection:
        assert connection.execute(sa.text("SELECT 41 + 1")).scalar_one() == 42
    with pytest.raises(ActivityFailed, match=r"PostgreSQL answered: .*nowhere"), found.connect() as connection:
        connection.execute(sa.text("SELECT * FROM nowhere"))


def test_a_missing_driver_is_named_with_its_remedy(factory: SmallFactory) -> None:
    found = place(factory, "SqlServer", connectionString="Server=127.0.0.1;Database=d;User ID=u;Password=p")
    with pytest.raises(ActivityFailed, match="pip install pymssql"), found.connect():
        pass


def test_private_hosts_are_closed_like_for_http(factory: SmallFactory) -> None:
    closed = Outgoing(EgressPolicy(), factory.platform.clock)
    factory.platform = replace(factory.platform, outgoing=closed)
    for host in ("127.0.0.1", "localhost", "169.254.169.254"):
        found = place(factory, "PostgreSqlV2", server=host, database="d")
        with pytest.raises(ActivityFailed, match="not a public address"), found.connect():
            pass
    closed.close()


def test_sqlite_stays_in_the_folders_of_the_operator(factory: SmallFactory, tmp_path: Path) -> None:
    outside = tmp_path / "outside.db"
    sqlite3.connect(outside).execute("CREATE TABLE secret (x)").connection.close()
    with pytest.raises(ActivityFailed, match="pipeline_folders"), place(factory, "Sqlite", path=str(outside)).connect():
        pass
    inside = place(factory, "AzureSqlDatabase", connectionString=f"sqlite:///{tmp_path / 'open' / 'data.db'}")
    with inside.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    for statement in (f"ATTACH '{outside}' AS o", f"VACUUM INTO '{tmp_path / 'copy.db'}'"):
        with pytest.raises(ActivityFailed, match="SQLite answered"), inside.connect() as connection:
            connection.execute(sa.text(statement))
    assert not (tmp_path / "copy.db").exists()

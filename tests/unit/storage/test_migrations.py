"""A new database and a migrated one are the same, whichever domain declares the tables."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

import restudio
from restudio.seams.database import metadata
from restudio.storage.db import SqlDatabase, open_database
from restudio.storage.migrations.generate import import_tables
from restudio.storage.migrations.run import config, newest

import_tables()


@pytest.fixture(params=["sqlite", "postgresql"])
def make_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """The address of a fresh database for each name."""
    if request.param == "sqlite":
        return lambda name: f"sqlite:///{tmp_path / name}.db"
    make: Callable[[], str] = request.getfixturevalue("make_postgresql")
    return lambda _: make()


def describe(database: SqlDatabase) -> dict[str, object]:
    """Everything the database says of our tables."""
    with database.read() as connection:
        inspector = sa.inspect(connection)
        return {
            name: {
                "columns": [
                    (c["name"], str(c["type"]), c["nullable"], str(c["default"])) for c in inspector.get_columns(name)
                ],
                "key": inspector.get_pk_constraint(name),
                "foreign": sorted(map(str, inspector.get_foreign_keys(name))),
                "unique": sorted(map(str, inspector.get_unique_constraints(name))),
                "checks": sorted(map(str, inspector.get_check_constraints(name))),
                "indexes": sorted(
                    (
                        i["name"] or "",
                        i["column_names"],
                        i["unique"],
                        str(i.get("dialect_options", {}).get(f"{inspector.dialect.name}_where")),
                    )
                    for i in inspector.get_indexes(name)
                ),
            }
            for name in sorted(inspector.get_table_names())
            if name != "alembic_version"
        }


def test_a_migrated_database_is_like_a_new_one(make_url: Callable[[str], str]) -> None:
    new, migrated = open_database(make_url("new")), open_database(make_url("migrated"))
    new.create_all()
    migrated.migrate()
    assert describe(migrated) == describe(new)
    assert set(describe(new)) == set(metadata.tables)
    migrated.migrate()
    new.close()
    migrated.close()


def test_the_initial_version_written_anew_is_the_one_that_is_there(tmp_path: Path) -> None:
    package = Path(restudio.__file__).parent
    shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "restudio.storage.migrations.generate", "initial", "--initial"]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, check=True)
    [written] = (tmp_path / "restudio/storage/migrations/versions").glob("*.py")
    there = package / "storage/migrations/versions" / written.name
    assert ast.dump(ast.parse(written.read_text())) == ast.dump(ast.parse(there.read_text()))


def test_processes_that_start_together_migrate_once(make_url: Callable[[str], str]) -> None:
    url = make_url("shared")
    failures: list[BaseException] = []

    def migrate() -> None:
        database = open_database(url)
        try:
            database.migrate()
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_newest_version_is_what_alembic_takes_for_it(make_url: Callable[[str], str]) -> None:
    database = open_database(make_url("head"))
    with database.begin() as connection:
        assert newest() == ScriptDirectory.from_config(config(connection)).get_current_head()
    database.close()


def test_a_database_of_an_older_version_is_brought_up(make_url: Callable[[str], str]) -> None:
    database = open_database(make_url("older"))
    with database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    database.migrate()
    assert set(describe(database)) == set(metadata.tables)
    database.close()

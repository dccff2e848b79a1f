"""Fixtures for all tests: real databases, object stores, secrets and a clock that stands still."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in module processes; before any library reads it

import pytest
import sqlalchemy as sa
from hypothesis import settings
from tests.databases import PostgresqlServer, make_sqlite
from tests.mariadb import running_mariadb
from tests.postgresql import running_postgresql

from restudio.cli.examples import Example, write_data
from restudio.seams.objects import Objects
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase, open_database
from restudio.storage.objects import FileObjects, MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

TESTS = Path(__file__).parent
REPOSITORY = TESTS.parent
Written = Callable[[Example, Path | None], Path]

# Laws are about results. How long an example takes depends on what else the machine does.
settings.register_profile("restudio", deadline=None)
settings.load_profile("restudio")


ORDER = ("acceptance", "e2e", "wire", "seams", "conformance", "unit")
"""Folders with long tests before those with many short ones, so that all processes of a run end together."""

TOGETHER: Mapping[str, str] = {
    "tests/acceptance/test_restart.py": "a server of its own",
    "tests/acceptance/test_trigger_year.py": "no server",
    "tests/acceptance/": "servers of acceptance tests",
    "tests/conformance/": "examples of modules",
    "tests/e2e/test_factory_cli.py": "home of end-to-end tests",
    "tests/e2e/test_roles.py": "home of end-to-end tests",
    "tests/e2e/test_scripts.py": "home of end-to-end tests",
    "tests/wire/factory/": "server of the management client",
}
"""Beginnings of paths and what their tests share that takes long to make: one process runs them. The first one counts;
other files are by themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the folders."""
    items.sort(key=lambda item: ORDER.index(item.path.relative_to(TESTS).parts[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Gives each process what is to run together; marks for that are lost between xdist 3.8 and pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", maxsplit=1)[0]
            return next((what for path, what in TOGETHER.items() if file.startswith(path)), file)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server of our own on a free loopback port."""
    with running_postgresql() as address:
        yield PostgresqlServer(address)


@pytest.fixture
def make_postgresql(postgresql_server: PostgresqlServer) -> Iterator[Callable[[], str]]:
    """Makes fresh databases, dropped after the test."""
    urls: list[str] = []

    def make() -> str:
        urls.append(postgresql_server.make())
        return urls[-1]

    yield make
    for url in urls:
        postgresql_server.drop(url)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """Address of a MariaDB server of our own."""
    with running_mariadb() as address:
        yield address


@pytest.fixture
def make_mariadb(mariadb_server: str) -> Iterator[Callable[[], str]]:
    """Makes fresh databases, dropped after the test."""
    engine = sa.create_engine(mariadb_server.replace("mysql://", "mysql+pymysql://"), poolclass=sa.NullPool)
    names: list[str] = []

    def make() -> str:
        names.append(f"t{uuid.uuid4().hex}")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {names[-1]} CHARACTER SET utf8mb4")
        return f"{mariadb_server}/{names[-1]}"

    yield make
    with engine.connect() as connection:
        for name in names:
            connection.exec_driver_sql(f"DROP DATABASE {name}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'restudio.db'}"
    make: Callable[[], str] = request.getfixturevalue("make_postgresql")
    return make()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> SqlDatabase:
    """A fresh database of each kind with all tables of the imported domains."""
    kind = "sqlite_database" if request.param == "sqlite" else "postgresql_database"
    opened: SqlDatabase = request.getfixturevalue(kind)
    return opened


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[SqlDatabase]:
    """A fresh database of the quick kind, for tests that are about something else."""
    opened = make_sqlite(tmp_path / "restudio.db")
    yield opened
    opened.close()


@pytest.fixture
def postgresql_database(postgresql_server: PostgresqlServer) -> Iterator[SqlDatabase]:
    """A fresh database of the other kind."""
    opened = open_database(postgresql_server.make_with_tables())
    yield opened
    opened.close()
    postgresql_server.drop(opened.url)


@pytest.fixture(params=["memory", "files"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return MemoryObjects() if request.param == "memory" else FileObjects(tmp_path / "objects")


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Gives a folder with the data of an example, written once for all examples of one program; from the public file in
    the given folder, or made."""
    known: dict[tuple[str, Path | None], Path] = {}

    def write(example: Example, real: Path | None) -> Path:
        key = example.data, real
        if key not in known:
            known[key] = tmp_path_factory.mktemp(example.data)
            write_data(example, known[key], real)
        return known[key]

    return write


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def secrets() -> MasterKeySecrets:
    return MasterKeySecrets(bytes(range(32)))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the repository."""
    return REPOSITORY.parent / "shared" / "data"

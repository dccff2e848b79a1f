"""Fixtures for all tests: real databases, object stores, secrets and a clock that stands still."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in module processes; before any library reads it

import psycopg
import pytest

from restudio.seams.objects import Objects
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase, open_database
from restudio.storage.objects import FileObjects, MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address (without a database name) of a PostgreSQL server of our own on a free loopback port."""
    binaries = _find_postgresql()
    folder = Path(f"/tmp/restudio-pg-{uuid.uuid4().hex[:12]}")  # short: the path of a Unix socket has 107 bytes
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)  # initdb refuses to run as root
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "restudio", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        user=user,
        cwd="/",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", "max_connections=200")
    command = [
        str(binaries / "postgres"),
        "-D",
        str(data),
        "-p",
        str(port),
        *(part for o in options for part in ("-c", o)),
    ]
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, user=user, cwd="/")
    try:
        address = f"postgresql://restudio@127.0.0.1:{port}"
        _wait_until_up(f"{address}/postgres", server, log)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown
        server.wait(30)
        shutil.rmtree(folder)


@pytest.fixture
def make_postgresql(postgresql_server: str) -> Iterator[Callable[[], str]]:
    """Makes fresh databases, dropped after the test."""
    names: list[str] = []

    def make() -> str:
        names.append(f"t{uuid.uuid4().hex}")
        with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {names[-1]}".encode())
        return f"{postgresql_server}/{names[-1]}"

    yield make
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'restudio.db'}"
    make: Callable[[], str] = request.getfixturevalue("make_postgresql")
    return make()


@pytest.fixture
def database(database_url: str) -> Iterator[SqlDatabase]:
    """A fresh database of each kind with all tables of the imported domains."""
    opened = open_database(database_url)
    opened.create_all()
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[SqlDatabase]:
    """A fresh database of the quick kind, for tests that are about something else."""
    opened = open_database(f"sqlite:///{tmp_path / 'restudio.db'}")
    opened.create_all()
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "files"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return MemoryObjects() if request.param == "memory" else FileObjects(tmp_path / "objects")


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


def _find_postgresql() -> Path:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not installed:
        pytest.fail("these tests need PostgreSQL: install your system's package 'postgresql'")
    return installed[-1].parent


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start:\n{log.read_text()}")
            time.sleep(0.05)
        else:
            return

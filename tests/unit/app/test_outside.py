"""Modules learn what keeps them from an address by the numbers of the catalog."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.databases import make_sqlite

from restudio.app.outside import FetchedOutside
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.core.errors import ModuleError
from restudio.core.spec import table_out
from restudio.engine.processes import ProcessEngine
from restudio.engine.values import ValueStore
from restudio.seams.context import HttpRequest
from restudio.seams.engine import Execution
from restudio.storage.clock import SystemClock
from restudio.storage.objects import FileObjects, MemoryObjects
from restudio.storage.secrets import MasterKeySecrets


@pytest.fixture
def outside(tmp_path: Path, secrets: MasterKeySecrets) -> Iterator[FetchedOutside]:
    db, clock = make_sqlite(tmp_path / "blobs.db"), SystemClock()
    outgoing = Outgoing(EgressPolicy(), clock)
    fetcher = Fetcher(BlobService(db, MemoryObjects(), secrets, clock, "http://studio"), outgoing, clock)
    yield FetchedOutside(fetcher, outgoing, (tmp_path / "open",))
    outgoing.close()
    db.close()


@pytest.mark.parametrize(
    ("url", "credential", "number"),
    [
        ("http://127.0.0.1:9/cars.csv", None, "0029"),
        ("ftp://example.org/cars.csv", None, "0029"),
        ("cars/cars.csv", "AccountName=", "0064"),
        ("cars.csv", "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5a2V5", "0009"),
    ],
)
def test_failures_have_numbers(
    outside: FetchedOutside, tmp_path: Path, url: str, credential: str | None, number: str
) -> None:
    with pytest.raises(ModuleError) as reading:
        outside.fetch(url, credential=credential, folder=tmp_path)
    source = tmp_path / "source.csv"
    source.write_bytes(b"a\n1\n")
    with pytest.raises(ModuleError) as writing:
        outside.deliver(url, source, credential=credential, overwrite=True, scope="")
    assert (reading.value.number, writing.value.number) == (number, number)


def test_hosts_inside_are_closed_to_requests_and_connections(outside: FetchedOutside, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"0029.*not a public address"):
        outside.exchange(HttpRequest("GET", "http://127.0.0.1:9/feed"), folder=tmp_path)
    with pytest.raises(ModuleError, match=r"0029.*not a public address"):
        outside.resolve("localhost", 5432)
    with pytest.raises(ModuleError, match=r"0154.*'no host.invalid' was not found"):
        outside.resolve("no host.invalid", 5432)


def test_files_lie_in_folders_that_the_operator_opened(outside: FetchedOutside, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "out.db").symlink_to(tmp_path / "secret.db")
    assert outside.open_file(tmp_path / "open" / "new.db") == tmp_path / "open" / "new.db"
    for closed in (tmp_path / "secret.db", tmp_path / "open" / "out.db", tmp_path / "open" / ".." / "secret.db"):
        with pytest.raises(ModuleError, match=r"0048.*pipeline_folders"):
            outside.open_file(closed)


def test_a_module_process_reads_a_database_that_is_open_to_it(outside: FetchedOutside, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    for folder in ("open", "."):
        with sqlite3.connect(tmp_path / folder / "cars.db") as base:
            base.execute("CREATE TABLE cars (make TEXT, price INTEGER)")
            base.execute("INSERT INTO cars VALUES ('alfa', 13495)")
    engine = ProcessEngine({"url": f"file://{tmp_path / 'objects'}"}, workers=1, outside=outside)

    def read(place: str) -> None:
        raw = {
            "Data source": "Azure SQL Database",
            "Database server name": place,
            "Database query": "SELECT make, price FROM cars",
        }
        engine.execute(Execution("e", "import-data", raw, {}, {"Results dataset": "found"}), lambda _: None)

    try:
        read(f"sqlite:///{tmp_path / 'open' / 'cars.db'}")
        with pytest.raises(ModuleError, match=r"0048.*pipeline_folders"):
            read(f"sqlite:///{tmp_path / 'cars.db'}")
        with pytest.raises(ModuleError, match=r"0029.*not a public address"):
            read("postgresql://127.0.0.1/cars")
    finally:
        engine.close()
    table = ValueStore(FileObjects(tmp_path / "objects"), tmp_path).load("found", table_out("Results dataset"))
    assert table.data.to_pylist() == [{"make": "alfa", "price": 13495}]  # type: ignore[attr-defined]

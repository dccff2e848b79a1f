"""A bench on which Import Data and Export Data run with raw parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.context import FolderContext

from restudio.app.outside import FetchedOutside
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.seams.context import HttpAnswer, HttpRequest
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.tables.table import Table

CATALOG = Registry.collect("restudio.modules")
Read = Callable[..., Table]
Write = Callable[..., None]


class OpenContext(FolderContext):
    """Asks real servers, on loopback too; ``asked`` tells what it asked for."""

    outgoing: Outgoing
    fetcher: Fetcher
    asked: list[HttpRequest]

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request)
        return FetchedOutside(self.fetcher, self.outgoing).exchange(request, folder=self.scratch)


@pytest.fixture
def context(tmp_path: Path, sqlite_database: SqlDatabase, secrets: MasterKeySecrets) -> Iterator[OpenContext]:
    (tmp_path / "world").mkdir()
    (tmp_path / "scratch").mkdir()
    made, clock = OpenContext(CATALOG, tmp_path / "scratch", tmp_path / "world"), SystemClock()
    made.asked = []
    made.outgoing = Outgoing(EgressPolicy(allow_private=True), clock)
    blobs = BlobService(sqlite_database, MemoryObjects(), secrets, clock, "http://studio.example")
    made.fetcher = Fetcher(blobs, made.outgoing, clock)
    yield made
    made.outgoing.close()


@pytest.fixture
def read(context: FolderContext) -> Read:
    """Import Data with raw parameters."""

    def run(raw: dict[str, object]) -> Table:
        entry = CATALOG["import-data"]
        table: Table = entry.run(parse_params(entry.spec.params, raw), ctx=context)
        return table

    return run


@pytest.fixture
def write(context: FolderContext) -> Write:
    """Export Data of a table with raw parameters."""

    def run(table: Table, raw: dict[str, object]) -> None:
        entry = CATALOG["export-data"]
        entry.run(parse_params(entry.spec.params, raw), table, ctx=context)

    return run

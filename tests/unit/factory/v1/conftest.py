"""Benches over each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.factory.v1.bench import FIRST, Bench

from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects


@pytest.fixture
def make_bench(sqlite_database: SqlDatabase, tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    """Makes the next process over the same database, storage and clock."""
    objects, clock, made = MemoryObjects(), ManualClock(FIRST), list[Bench]()

    def make() -> Bench:
        if made:
            made[-1].stop()
        made.append(Bench(sqlite_database, objects, tmp_path, clock))
        return made[-1]

    make().make_lake()
    made[-1].put_lake()
    yield make
    made[-1].stop()


@pytest.fixture
def bench(make_bench: Callable[[], Bench]) -> Bench:
    return make_bench()


@pytest.fixture
def any_bench(database: SqlDatabase, tmp_path: Path) -> Iterator[Bench]:
    """One process over each kind of database."""
    made = Bench(database, MemoryObjects(), tmp_path, ManualClock(FIRST))
    made.make_lake()
    made.put_lake()
    yield made
    made.stop()

"""Version 1 as a server runs it: real database, storage, pipeline loop and trigger loop; a clock moved by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from restudio.app.data_factory import open_data_factory
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.factory.pipeline_target import KIND
from restudio.factory.platform import Platform
from restudio.factory.runs import store as run_store
from restudio.factory.types import Factory
from restudio.factory.v1.slices import Wanted
from restudio.factory.v1.types import Slice, V1Kind
from restudio.identity.types import SYSTEM
from restudio.seams.objects import Objects
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work_memory import MemoryWork
from restudio.triggers import store as trigger_store
from restudio.triggers.loop import TriggerLoop

ACCOUNT, CONTAINER = "lake", "data"
WEEK = timedelta(days=7)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
States = dict[str, tuple[str, str]]


class Bench:
    """One server; started under the same database and objects again it is the next process."""

    def __init__(self, db: SqlDatabase, objects: Objects, folder: Path, clock: ManualClock) -> None:
        self.db, self.clock = db, clock
        secrets = MasterKeySecrets(bytes(range(32)))
        self.work = MemoryWork()
        self.blobs = BlobService(db, objects, secrets, clock, "http://studio.example")
        self._outgoing = Outgoing(EgressPolicy(allow_private=True), clock)
        fetcher = Fetcher(self.blobs, self._outgoing, clock)
        platform = Platform("http://studio.example", fetcher, self._outgoing, self.blobs, clock, (folder,))
        self.parts = open_data_factory(db, secrets, self.work, platform, folder)
        self.v1, self.slices = self.parts.v1, self.parts.slices
        self.loop = TriggerLoop(db, clock, {KIND: self.parts.target})
        self.parts.factories.ensure("w", "group", "factory")
        self.work.start()
        self.parts.runs.recover()

    @property
    def factory(self) -> Factory:
        return self.parts.factories.get_factory("w", "group", "factory")

    def stop(self) -> None:
        self.work.rest()
        self.parts.loop.stop()
        self.work.stop()
        self._outgoing.close()

    # Documents

    def make_lake(self) -> None:
        self.blobs.accounts.create(ACCOUNT)
        self.blobs.create_container(ACCOUNT, CONTAINER)

    def put_lake(self) -> None:
        connection = self.blobs.accounts.connection_string(ACCOUNT)
        self.put("linkedService", "Lake", {"type": "AzureStorage", "typeProperties": {"connectionString": connection}})

    def put(self, kind: V1Kind, name: str, properties: Mapping[str, Any]) -> None:
        self.v1.put(SYSTEM, self.factory, kind, name, properties)

    def upload(self, name: str, text: str = "a,b\n1,2\n") -> None:
        self.blobs.put_blob(BlobPath(ACCOUNT, CONTAINER, name), [text.encode()])

    # Running

    def settle(self, seconds: float = 60.0) -> None:
        """Do what is due until nothing changes any more at this instant."""
        deadline, before = time.monotonic() + seconds, None
        while (now := self._marks()) != before:
            assert time.monotonic() < deadline, now
            before = now
            self.loop.tick()
            self.rest(deadline - time.monotonic())
            self.loop.tick()

    def rest(self, seconds: float = 60.0) -> None:
        """Until no run is under way."""
        deadline = time.monotonic() + seconds
        while self._running():
            assert time.monotonic() < deadline, self._running()
            time.sleep(0.002)

    def settle_until_running(self, dataset: str) -> None:
        """Until a slice of a dataset has been started; whether its run has ended is not noticed."""
        while "InProgress" not in {state for state, _ in self.states(dataset).values()}:
            self.loop.tick()
            self.rest()

    def advance(self, by: timedelta) -> None:
        self.clock.advance(by.total_seconds())

    def states(self, dataset: str, begin: datetime = EVER[0], end: datetime = EVER[1]) -> States:
        """States and substates by the day on which a slice begins."""
        return {f"{each.start:%m-%d}": (each.state, each.substate) for each in self.list_slices(dataset, begin, end)}

    def wait_for(self, dataset: str, state: tuple[str, str], seconds: float = 30.0) -> None:
        """Until all slices of a dataset are at this."""
        deadline = time.monotonic() + seconds
        while set(found := self.states(dataset).values()) != {state}:
            assert time.monotonic() < deadline, found
            time.sleep(0.005)

    def list_slices(self, dataset: str, begin: datetime = EVER[0], end: datetime = EVER[1]) -> list[Slice]:
        return list(self.slices.list_dataset(self.factory, dataset, begin, end).slices)

    def set(self, dataset: str, day: datetime, wanted: Wanted, *, upstream: bool = False) -> int:
        end = day + timedelta(seconds=1)
        return self.slices.set_status(SYSTEM, self.factory, dataset, day, end, wanted, upstream=upstream)

    def _running(self) -> list[str]:
        with self.db.read() as conn:
            return run_store.list_unfinished(conn)

    def _marks(self) -> list[tuple[str, str, int]]:
        with self.db.read() as conn:
            found = trigger_store.list_firings(conn, KIND, self.factory.id, limit=10_000)
        return [(each.id, each.state.value, each.attempt) for each in found]


def dataset(folder: str, frequency: str = "Week", **more: Any) -> dict[str, Any]:
    """A file for each slice, named by its day."""
    day = {"name": "day", "value": {"type": "DateTime", "date": "SliceStart", "format": "yyyyMMdd"}}
    return {
        "type": "AzureBlob",
        "linkedServiceName": "Lake",
        "typeProperties": {"folderPath": f"{CONTAINER}/{folder}", "fileName": "{day}.csv", "partitionedBy": [day]},
        "availability": {"frequency": frequency, "interval": 1},
        **more,
    }


def copy(name: str, source: str, sink: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "Copy",
        "inputs": [{"name": source}],
        "outputs": [{"name": sink}],
        "typeProperties": {"source": {"type": "BlobSource"}, "sink": {"type": "BlobSink"}},
        **more,
    }


def pipeline(*activities: Mapping[str, Any], start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "activities": list(activities), **more}


def put_chain(bench: Bench, end: str = "2024-01-29", **more: Any) -> None:
    """Raw (external) → Middle → Last, week by week."""
    bench.put("dataset", "Raw", dataset("raw", external=True))
    bench.put("dataset", "Middle", dataset("middle"))
    bench.put("dataset", "Last", dataset("last"))
    activities = copy("second", "middle", "LAST"), copy("first", "raw", "Middle")
    bench.put("pipeline", "Weeks", pipeline(*activities, start="2024-01-01", end=end, **more))

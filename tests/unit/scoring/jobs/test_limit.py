"""Forty jobs of an endpoint at a time, on the durable work that servers use."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from tests.unit.scoring.jobs.conftest import ENDPOINT, OneEndpoint

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.scoring.jobs.service import MAX_RUNNING, JobService
from restudio.scoring.jobs.types import Deployment, IsCancelled, JobFiles, JobState, Progress
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work import DbosWork

JOBS = MAX_RUNNING + 5


class Counting(OneEndpoint):
    """Holds its jobs until they may end, and knows the most that ran at once."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.now = self.most = 0
        self._lock = threading.Lock()

    def execute(
        self,
        deployment: Deployment,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.go.wait(60)
        super().execute(deployment, files, parameters, progress, is_cancelled)
        with self._lock:
            self.now -= 1


@pytest.fixture
def endpoint() -> Counting:
    return Counting()


@pytest.fixture
def jobs(
    sqlite_database: SqlDatabase, secrets: MasterKeySecrets, tmp_path: Path, endpoint: Counting
) -> Iterator[JobService]:
    clock = SystemClock()
    blobs = BlobService(sqlite_database, MemoryObjects(), secrets, clock, "http://studio.example")
    blobs.accounts.create("acme")
    blobs.create_container("acme", "incoming")
    blobs.put_blob(BlobPath("acme", "incoming", "x.csv"), b"x\n1\n")
    outgoing = Outgoing(EgressPolicy(), clock)
    work = DbosWork(database_url=sqlite_database.url, executor_id="worker")
    made = JobService(
        sqlite_database,
        blobs,
        Fetcher(blobs, outgoing, clock),
        secrets,
        clock,
        work,
        endpoint,
        tmp_path / "scratch",
    )
    made.register()
    work.start()
    place = {"ConnectionString": blobs.accounts.connection_string("acme"), "RelativeLocation": "incoming/x.csv"}
    for _ in range(JOBS):
        made.start(ENDPOINT, made.submit(ENDPOINT, {"Input": place}))
    yield made
    endpoint.go.set()
    work.stop()
    outgoing.close()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.05)


def test_the_rest_waits(jobs: JobService, endpoint: Counting) -> None:
    def states() -> Counter[JobState]:
        return Counter(job.state for job in jobs.list_jobs("a" * 32))

    wait_until(lambda: states()[JobState.RUNNING] == MAX_RUNNING)
    assert states()[JobState.QUEUED] == JOBS - MAX_RUNNING
    assert {job.state.shown for job in jobs.list_jobs("a" * 32) if job.state is JobState.QUEUED} == {"NotStarted"}
    endpoint.go.set()
    wait_until(lambda: states()[JobState.FINISHED] == JOBS)
    assert endpoint.most == MAX_RUNNING
    assert len(endpoint.ran) == JOBS

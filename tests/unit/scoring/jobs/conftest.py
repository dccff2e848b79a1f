"""Jobs over a real scorer, real blobs and threads as durable work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.reference import BlobReference
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.graph.model import GraphParameter
from restudio.kernels.expr import Frame, Scale
from restudio.scoring.jobs.scoring import run_scoring
from restudio.scoring.jobs.service import JobService
from restudio.scoring.jobs.types import Deployment, IsCancelled, Job, JobFiles, JobState, OutputPort, Progress
from restudio.scoring.scorer import InputSpec, KernelScorer
from restudio.seams.engine import Cancelled
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work_memory import MemoryWork

WORKSPACE = "a" * 32
ENDPOINT = "e" * 32
LARGE = 64 << 20
"""More than the buffers of a connection hold."""
X = Column("x", DType.DOUBLE)


def halving() -> KernelScorer:
    """Gives half of x."""
    frame = Frame.input("input1", Schema.of([X]))
    half = Frame(((Column("half", DType.DOUBLE), Scale(frame.expr("x"), 0.0, 2.0)),))
    return KernelScorer({"input1": InputSpec(Schema.of([X]))}, {"output1": half})


@dataclass
class OneEndpoint:
    """Deployments of a single endpoint. With parameter ``mode`` it blocks until cancelled, fails or breaks."""

    revision: str = "r1"
    running: threading.Event = field(default_factory=threading.Event)
    ran: list[str] = field(default_factory=list)

    def deployment(self, endpoint_id: str, revision: str | None = None) -> Deployment:
        if endpoint_id != ENDPOINT:
            raise RestudioError.not_found("WebServiceNotFound", "Endpoint", endpoint_id)
        return Deployment(
            WORKSPACE,
            "5" * 32,
            ENDPOINT,
            revision or self.revision,
            ("input1",),
            (OutputPort("output1"),),
            (GraphParameter("mode", "score"),),
        )

    def execute(
        self,
        deployment: Deployment,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        self.ran.append(deployment.revision)
        match parameters.get("mode", "score"):
            case "block":
                progress("blocking")
                self.running.set()
                while not is_cancelled():
                    threading.Event().wait(0.005)
                raise Cancelled
            case "large":
                files.outputs["output1"].write_bytes(bytes(LARGE))
            case "stop":
                raise Cancelled
            case "fail":
                raise ModuleError("1000", "it is broken", module="Train Model", node="n1")
            case "crash":
                raise ZeroDivisionError("secret detail")
            case _:
                run_scoring(halving(), files, progress, is_cancelled)


@dataclass
class World:
    """Everything a test touches."""

    jobs: JobService
    blobs: BlobService
    endpoint: OneEndpoint
    work: MemoryWork
    clock: ManualClock
    database: SqlDatabase
    restart: Callable[[], JobService]

    @property
    def connection_string(self) -> str:
        return self.blobs.accounts.connection_string("acme")

    def reference(self, relative: str) -> dict[str, str]:
        return {"ConnectionString": self.connection_string, "RelativeLocation": relative}

    def put(self, name: str, data: bytes) -> None:
        self.blobs.put_blob(BlobPath("acme", "incoming", name), data)

    def read(self, path: BlobPath) -> bytes:
        return b"".join(self.blobs.read(self.blobs.open(path)))

    def submit(self, name: str = "x.csv", **body: object) -> str:
        return self.jobs.submit(ENDPOINT, {"Input": self.reference(f"/incoming/{name}"), **body})

    def result(self, job_id: str) -> BlobReference:
        """Where the only output of a finished job is."""
        results = self.jobs.status(ENDPOINT, job_id).results
        assert results is not None
        return results["output1"]

    def wait(self, job_id: str, *states: JobState) -> Job:
        """The job once it is in one of these states (by default: ended)."""
        deadline = time.monotonic() + 20
        while True:
            job = self.jobs.get(ENDPOINT, job_id)
            if (job.state in states) if states else job.state.is_final:
                return job
            assert time.monotonic() < deadline, f"still {job.state} ({job.details})"
            threading.Event().wait(0.01)


@pytest.fixture
def world(database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock, tmp_path: Path) -> Iterator[World]:
    blobs = BlobService(database, MemoryObjects(), secrets, clock, "http://studio.example")
    blobs.accounts.create("acme")
    blobs.create_container("acme", "incoming")
    outgoing = Outgoing(EgressPolicy(allow_private=True), clock)
    fetcher = Fetcher(blobs, outgoing, clock)
    endpoint = OneEndpoint()

    def start() -> tuple[JobService, MemoryWork]:
        work = MemoryWork()
        jobs = JobService(database, blobs, fetcher, secrets, clock, work, endpoint, tmp_path / "scratch")
        jobs.register()
        work.start()
        return jobs, work

    jobs, work = start()
    made = World(jobs, blobs, endpoint, work, clock, database, lambda: start()[0])
    made.put("x.csv", b"x\n1\n4\n")
    yield made
    work.stop()
    outgoing.close()

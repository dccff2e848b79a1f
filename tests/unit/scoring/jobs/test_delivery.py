"""Results on their way to an address of somebody else."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.unit.scoring.jobs.conftest import ENDPOINT, LARGE

from restudio.scoring.jobs.types import JobState

if TYPE_CHECKING:
    from tests.unit.scoring.jobs.conftest import World


@dataclass
class Slow:
    """A blob store that takes nothing until it is told to."""

    url: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    received: int = 0


@pytest.fixture
def slow() -> Iterator[Slow]:
    state = Slow()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            state.asked.set()
            state.go.wait(20)
            while data := self.rfile.read(min(1 << 20, int(self.headers["content-length"]) - state.received)):
                state.received += len(data)
            self.send_response(201)
            self.send_header("content-length", "0")
            self.end_headers()
            state.ended.set()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    state.go.set()
    server.shutdown()
    server.server_close()


def deliver(world: World, slow: Slow) -> str:
    place = {"BaseLocation": f"{slow.url}/", "RelativeLocation": "results/out.csv", "SasBlobToken": "?sv=x&sig=y"}
    job_id = world.submit(GlobalParameters={"mode": "large"}, Outputs={"output1": place})
    world.jobs.start(ENDPOINT, job_id)
    assert slow.asked.wait(20)
    return job_id


def test_cancelling_ends_a_delivery_halfway(world: World, slow: Slow) -> None:
    job_id = deliver(world, slow)
    world.jobs.cancel(ENDPOINT, job_id)
    slow.go.set()
    assert slow.ended.wait(20)
    assert slow.received < LARGE
    assert world.wait(job_id).state is JobState.CANCELLED


def test_a_delivery_that_nobody_cancels_arrives_whole(world: World, slow: Slow) -> None:
    job_id = deliver(world, slow)
    slow.go.set()
    assert world.wait(job_id).state is JobState.FINISHED
    assert slow.received == LARGE

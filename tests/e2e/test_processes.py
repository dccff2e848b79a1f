"""Web and worker processes side by side on one database: what one accepts another does, what one changes all serve."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.e2e.answering import wait_for_processes
from tests.e2e.server import started
from tests.e2e.soak_load import Load
from tests.e2e.soak_server import SoakServer

from restudio.cli.demo_server import LOG_NAME
from restudio.cli.loop import ENDPOINT
from restudio.client.credentials import read_credentials
from restudio.client.scoring import Scoring
from restudio.client.types import Run

Start = Callable[..., SoakServer]
SLOW_S = 8.0
SLOW = f"""\
restudio: experiment/1
title: Slow
nodes:
  data: {{module: enter-data-manually, parameters: {{Data: "x\\n1\\n2\\n"}}}}
  script:
    module: execute-python-script
    inputs: {{Dataset1: data / dataset}}
    parameters:
      Python script: |
        import time
        def azureml_main(dataframe1=None, dataframe2=None):
            time.sleep({SLOW_S})
            return dataframe1
"""


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Start]:
    """Starts processes of a role on one home and database."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "restudio.toml").write_text(f'database_url = "{database_url}"\nengine_workers = 1\n')
    running: list[SoakServer] = []

    def run(role: str) -> SoakServer:
        running.append(SoakServer(home, "--role", role))
        running[-1].wait_until_ready()
        return running[-1]

    yield run
    for server in running:
        if server.process.poll() is None:
            server.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_work_goes_to_workers_and_changes_to_all(start: Start) -> None:
    web, worker = start("web"), start("worker")
    load = Load(read_credentials(web.home))
    assert load.client.url == web.url, "the worker told clients to come to it"
    assert not web.descendants(), "the web process ran modules"
    assert worker.descendants()

    other = start("web")
    elsewhere = Scoring(_at(load.fresh_location, other.url), load.fresh_key)
    delays = [_seconds_until_seen(load, elsewhere) for _ in range(5)]
    assert statistics.median(delays) < 1.0, delays

    workers = [worker, start("worker")]
    run = load.client.experiments.run(load.client.experiments.import_yaml(SLOW).id)
    _wait(load, run.id, lambda view: view.nodes["script"].state == "Running")
    begun = load.client.runs.get(run.id).nodes["script"].started
    busy = max(workers, key=lambda one: len(one.descendants()))  # the script is one process more
    busy.process.kill()
    busy.process.wait()
    killed = time.time()
    view = _wait(load, run.id, lambda view: view.nodes["script"].started not in (None, begun))
    assert (view.nodes["script"].started or 0.0) - killed < 10
    assert load.client.runs.wait(run.id, timeout=60).state == "Finished"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_several_web_processes_answer_with_one_revision_each(tmp_path: Path) -> None:
    server = SoakServer(tmp_path / "home")
    try:
        server.wait_until_ready()
        load = Load(read_credentials(server.home))
        server.restart("--web-workers", "3")
        wait_for_processes(server.url, 3)
        answers: defaultdict[str, set[str]] = defaultdict(set)
        stop, lock = threading.Event(), threading.Lock()
        failures: list[str] = []

        def score() -> None:
            while not stop.is_set():
                endpoint = Scoring(load.fresh_location, load.fresh_key)  # a connection of its own: any process
                try:
                    for _ in range(10):
                        revision, answer = load.score(endpoint)
                        with lock:
                            answers[revision].add(answer)
                except Exception as error:
                    failures.append(repr(error))
                endpoint.close()

        clients = [threading.Thread(target=score) for _ in range(6)]
        for client in clients:
            client.start()
        patched = [load.patch() for _ in range(20)]
        stop.set()
        for client in clients:
            client.join()
        assert not failures
        known = {line.id for line in load.client.services.ledger(load.service, ENDPOINT)}
        assert set(patched) <= known
        assert set(answers) <= known
        assert {len(found) for found in answers.values()} == {1}
    finally:
        server.stop()
    assert not server.survivors()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_web_processes_share_a_free_port_are_replaced_and_stop_together(tmp_path: Path) -> None:
    server = started(tmp_path / "home", "--web-workers", "2")
    try:
        url, first = read_credentials(server.home).url, server.process.pid
        [replica] = wait_for_processes(url, 2) - {first}
        os.kill(replica, signal.SIGKILL)
        answering = wait_for_processes(url, 2)
        assert replica not in answering
        assert first in answering
        log = (server.home / LOG_NAME).read_text()
        assert f"a web process ({replica}) was killed by signal 9" in log
    finally:
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(30) == 0
        server.stop()
    assert not [pid for pid in answering if Path(f"/proc/{pid}").exists()]
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/health/live", timeout=2)


def _at(location: str, url: str) -> str:
    """The same address at another server."""
    return url + urlsplit(location).path


def _seconds_until_seen(load: Load, elsewhere: Scoring) -> float:
    revision = load.patch()
    patched = time.monotonic()
    while load.score(elsewhere)[0] != revision:
        assert time.monotonic() - patched < 20, "the other process never took the patch over"
        time.sleep(0.01)
    return time.monotonic() - patched


def _wait(load: Load, run_id: str, reached: Callable[[Run], bool]) -> Run:
    deadline = time.monotonic() + 60
    while True:
        view = load.client.runs.get(run_id)
        if "script" in view.nodes and reached(view):
            return view
        assert time.monotonic() < deadline, view
        time.sleep(0.05)

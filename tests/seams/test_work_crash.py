"""Durable work survives kill -9 of a worker process, on both databases."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("durable_worker.py")
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts worker processes; those left are killed after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*keys: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, WORKER, database_url, tmp_path, *keys]))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


class Log:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "log"

    def lines(self, verb: str) -> list[tuple[str, int]]:
        """Key and process of each line, in order."""
        if not self._path.exists():
            return []
        rows = (line.split() for line in self._path.read_text().splitlines())
        return [(key, int(pid)) for what, key, pid in rows if what == verb]

    def keys(self, verb: str) -> Counter[str]:
        return Counter(key for key, _ in self.lines(verb))


def wait_until(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.mark.timeout(120)
def test_interrupted_work_is_begun_again_and_finished_work_is_not(start: Start, tmp_path: Path) -> None:
    log = Log(tmp_path)
    first = start("quick", "slow1", "slow2", "slow3")
    # Three may run at once: that the fourth has begun shows that the end of the first is on record.
    wait_until(lambda: log.keys("end") == {"quick": 1} and log.keys("begin").total() == 4)
    first.kill()
    first.wait()
    second = start("quick", "slow1")
    wait_until(lambda: {(f"slow{n}", second.pid) for n in (1, 2, 3)} <= set(log.lines("begin")))
    (tmp_path / "go").touch()
    wait_until(lambda: log.keys("end").total() == 4)
    assert log.keys("end") == {"quick": 1, "slow1": 1, "slow2": 1, "slow3": 1}
    assert log.keys("begin") == {"quick": 1, "slow1": 2, "slow2": 2, "slow3": 2}


@pytest.mark.timeout(120)
def test_a_living_worker_takes_over_from_a_dead_one_only(start: Start, tmp_path: Path) -> None:
    log = Log(tmp_path)
    first = start("slow1", "slow2")
    wait_until(lambda: log.keys("begin") == {"slow1": 1, "slow2": 1})
    second = start("probe")
    wait_until(lambda: log.keys("end") == {"probe": 1})
    watched = time.monotonic() + 4  # several rounds of its janitor
    wait_until(lambda: time.monotonic() > watched or log.keys("begin").total() > 3)
    assert log.keys("begin") == {"slow1": 1, "slow2": 1, "probe": 1}
    first.kill()
    first.wait()
    died = time.monotonic()
    wait_until(lambda: {("slow1", second.pid), ("slow2", second.pid)} <= set(log.lines("begin")))
    assert time.monotonic() - died < 10
    (tmp_path / "go").touch()
    wait_until(lambda: log.keys("end") == {"slow1": 1, "slow2": 1, "probe": 1})

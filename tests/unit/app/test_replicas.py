"""Replicas: replaced when they end, with growing pauses, and gone after stop."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from restudio.app.replicas import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, Replicas, next_pause


class Made:
    """Real processes, as many as were started."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.processes: list[subprocess.Popen[bytes]] = []

    def __call__(self) -> subprocess.Popen[bytes]:
        self.processes.append(subprocess.Popen([sys.executable, "-c", self.code], stdin=subprocess.PIPE))
        return self.processes[-1]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_one_is_replaced_and_all_end_with_stop(caplog: pytest.LogCaptureFixture) -> None:
    made = Made("import sys; sys.stdin.read()")
    replicas = Replicas(made, 2)
    try:
        wait_until(lambda: len(made.processes) == 2)
        made.processes[0].kill()
        wait_until(lambda: len(made.processes) == 3)
    finally:
        replicas.stop()
    assert all(process.poll() is not None for process in made.processes)
    assert f"({made.processes[0].pid}) was killed by signal 9; another one starts in 0.5 s" in caplog.text


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    made = Made(
        "import pathlib, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(deaf)!r}).touch(); sys.stdin.read()"
    )
    replicas = Replicas(made, 1)
    wait_until(deaf.exists)
    replicas.stop(patience=0.2)
    assert made.processes[0].poll() == -9


def test_stop_does_not_wait_for_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    made = Made("raise SystemExit(3)")
    replicas = Replicas(made, 1)
    wait_until(lambda: "ended with 3; another one starts in 1.0 s" in caplog.text)
    replicas.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("replica-")]


def test_one_that_cannot_be_started_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tried = threading.Event()

    def start() -> subprocess.Popen[bytes]:
        if tried.is_set():
            return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        tried.set()
        raise OSError("no more processes")

    replicas = Replicas(start, 1)
    wait_until(lambda: "could not be started (no more processes)" in caplog.text)
    replicas.stop()


def test_pauses_double_up_to_a_limit_and_begin_anew_after_a_steady_life() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(next_pause(pauses[-1], 1.0))
    assert pauses[1:4] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert next_pause(LONGEST_PAUSE_S, STEADY_S) == FIRST_PAUSE_S

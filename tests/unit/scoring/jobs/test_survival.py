"""Batch jobs on the real durable work survive a kill -9 in the middle."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

SERVER = [sys.executable, str(Path(__file__).with_name("survivor.py"))]


def test_a_job_killed_in_its_execution_is_finished_once_by_the_next_start(tmp_path: Path) -> None:
    hold, ran = tmp_path / "hold", tmp_path / "ran"
    hold.touch()
    with subprocess.Popen([*SERVER, str(tmp_path)]) as first:
        deadline = time.monotonic() + 60
        while not (ran.exists() and ran.read_text()) and time.monotonic() < deadline and first.poll() is None:
            threading.Event().wait(0.02)
        first.kill()
    assert ran.read_text() == "begun\n"
    hold.unlink()
    second = subprocess.run([*SERVER, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)
    assert second.stdout.splitlines()[-1:] == ["Finished 2 [4]"], second.stderr
    assert ran.read_text() == "begun\nbegun\n"
    third = subprocess.run([*SERVER, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)
    assert third.stdout.splitlines()[-1:] == ["Finished 2 [4]"], third.stderr
    assert not list((tmp_path / "scratch").iterdir())

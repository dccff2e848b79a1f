"""Children do not outlive their parent, however it dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

_PARENT = """
import sys
from restudio.engine.processes import ProcessEngine
from restudio.seams.engine import Execution
engine = ProcessEngine({"files": sys.argv[1]}, workers=1, child_command=(sys.executable, sys.argv[2]))
engine.execute(Execution("e", "hang", {}, {}, {}), lambda told: print(told.text, flush=True))
"""


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_kill_9_of_the_parent_ends_a_working_child_and_what_it_started(tmp_path: Path) -> None:
    child = str(Path(__file__).parent / "child_catalog.py")
    command = (sys.executable, "-c", _PARENT, str(tmp_path), child)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(part) for part in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(_lives, pids))
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(map(_lives, pids)):
        assert time.monotonic() < deadline, f"{pids} outlived their parent"
        time.sleep(0.01)

"""A real ``restudio serve`` that is killed and started again on one home folder and port."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from restudio.client.connection import Connection, ServerError, Unreachable


class SoakServer:
    """One server at a time. ``log`` gathers what all of them said."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.log = home / "soak-serve.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.slowest_start = 0.0
        self.seen: set[int] = set()
        self.process = self._start()

    def wait_until_ready(self, timeout: float = 90.0) -> None:
        """Until it says that it is ready; ``TimeoutError`` when it does not."""
        begun = time.monotonic()
        connection = Connection(self.url, timeout=5)
        while True:
            if self.process.poll() is not None:
                raise TimeoutError(f"the server ended with {self.process.returncode}; see {self.log}")
            try:
                connection.send("GET", "/health/ready")
                break
            except (Unreachable, ServerError):
                if time.monotonic() - begun > timeout:
                    raise TimeoutError(f"the server was not ready after {timeout:.0f} s; see {self.log}") from None
                time.sleep(0.05)
        connection.close()
        self.slowest_start = max(self.slowest_start, time.monotonic() - begun)

    def kill_something(self, chance: random.Random) -> str:
        """Kill -9 the server, and start it again, or one of its children; says which."""
        children = self._children()
        self.seen |= set(children)
        if children and chance.random() < 0.4:
            victim = chance.choice(children)
            _kill(victim)
            return f"child {victim}"
        victim = self.process.pid
        self.process.kill()
        self.process.wait()
        self.process = self._start()
        self.wait_until_ready()
        return f"server {victim}"

    def stop(self) -> None:
        """The polite way."""
        self.seen |= set(self._children())
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def survivors(self) -> list[int]:
        """Children of servers gone that still live some seconds later."""
        deadline = time.monotonic() + 15
        while (left := [pid for pid in self.seen if _is_alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-m",
            "restudio",
            "serve",
            "--home",
            str(self.home),
            "--port",
            str(self.port),
        ]
        with self.log.open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)

    def _children(self) -> list[int]:
        # Each thread has the children that it started.
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return sorted(int(pid) for path in tasks for pid in path.read_text().split())


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"

"""A server of the demo's own: a child process on a free port, with its home in a folder of choice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from restudio.client.connection import Connection, ServerError, Unreachable
from restudio.client.credentials import read_credentials
from restudio.core.credentials import FILE_NAME
from restudio.core.errors import Kind, RestudioError

LOG_NAME = "serve.log"


class DemoServer:
    """A running ``restudio serve``."""

    def __init__(self, home: Path, *arguments: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self._before = self._written()
        self._log = (home / LOG_NAME).open("ab")
        command = [sys.executable, "-m", "restudio", "serve", "--home", str(home), "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Until it answers; an error with the end of its log when it does not."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self._is_ready():
                return
            time.sleep(0.05)
        raise RestudioError(Kind.UNAVAILABLE, "NotStarted", f"The server did not start:\n{self._end_of_log()}")

    def advance(self, step: timedelta) -> None:
        """Move the clock of a server that was started with ``--clock-shift``."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{step.total_seconds()}\n".encode())
        self.process.stdin.flush()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._log.close()

    def _written(self) -> int:
        """When the credentials were written last; each start writes them, with the new address."""
        path = self.home / FILE_NAME
        return path.stat().st_mtime_ns if path.exists() else 0

    def _is_ready(self) -> bool:
        if self._written() == self._before:
            return False
        try:
            with Connection(read_credentials(self.home).url, timeout=5) as connection:
                connection.send("GET", "/health/ready")
        except (Unreachable, ServerError):
            return False
        return True

    def _end_of_log(self) -> str:
        return "\n".join((self.home / LOG_NAME).read_text(errors="replace").splitlines()[-15:])


@contextmanager
def demo_server(home: Path, *arguments: str, keep: bool) -> Iterator[DemoServer]:
    """Start it, and stop it at the end unless it is to be kept and all went well; signals end it too."""
    with _ending_on_termination():
        server = DemoServer(home, *arguments)
        try:
            server.wait_until_ready()
            yield server
        except BaseException:
            server.stop()
            raise
        if not keep:
            server.stop()


@contextmanager
def _ending_on_termination() -> Iterator[None]:
    """Let SIGTERM raise, as SIGINT does, so that what was started is stopped on the way out."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

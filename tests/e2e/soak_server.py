"""A real ``restudio serve`` that is killed and started again on one home folder and port."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from restudio.client.connection import Connection, ServerError, Unreachable

Death = Literal["group", "server", "child", "stop"]
_DEATHS: tuple[Death, ...] = ("group", "group", "server", "server", "child", "child", "child", "stop")
_CRASH = "Fatal Python error"
"""How faulthandler begins what it writes."""


class SoakServer:
    """One server at a time. ``log`` gathers what all of them said, stacks of native crashes included."""

    def __init__(self, home: Path, *arguments: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.log = home / "soak-serve.log"
        self.temporary = home / "soak-tmp"
        self.temporary.mkdir(exist_ok=True)
        self._arguments = arguments
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.slowest_start = 0.0
        self._seen: dict[int, str] = {}
        self.process = self._start()

    def wait_until_ready(self, timeout: float = 90.0) -> None:
        """Until it says that it is ready; ``AssertionError`` when it dies or takes too long."""
        begun = time.monotonic()
        with Connection(self.url, timeout=5) as connection:
            while not _answers(connection):
                assert self.process.poll() is None, f"the server died with {self.process.returncode}: {self.tail()}"
                assert time.monotonic() - begun < timeout, f"not ready after {timeout:.0f} s: {self.tail()}"
                time.sleep(0.05)
        self.slowest_start = max(self.slowest_start, time.monotonic() - begun)

    def kill_something(self, chance: random.Random) -> Death:
        """Kill -9 the server's group, the server alone, or one of the processes below it; then all is up again.

        Now and then it is stopped in good order, which must lose nothing either.
        """
        death = chance.choice(_DEATHS)
        assert self.process.poll() is None, f"the server died by itself with {self.process.returncode}: {self.tail()}"
        below = sorted(self._note_descendants())
        if death == "child" and below:
            _kill(chance.choice(below))
            return death
        if death == "stop":
            self.restart()
            return death
        if death == "group":
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()
        self.process = self._start()
        self.wait_until_ready()
        return death

    def restart(self, *arguments: str) -> None:
        """End politely and start again, with more arguments from now on."""
        self.stop()
        self._arguments += arguments
        self.process = self._start()
        self.wait_until_ready()

    def stop(self) -> None:
        """The polite way; ``AssertionError`` when it does not end well."""
        self._note_descendants()
        self.process.terminate()
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end in a minute: {self.tail()}") from None
        assert status == 0, f"the server ended with {status}: {self.tail()}"

    def survivors(self) -> list[int]:
        """Processes of servers gone that still live some seconds later."""
        deadline = time.monotonic() + 15
        now = set(self.descendants()) | {self.process.pid}
        while True:
            left = [pid for pid, born in self._seen.items() if pid not in now and _birth(pid) == born]
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.1)

    def crashes(self) -> int:
        """Deaths of our processes in native code so far."""
        return self.log.read_text(errors="replace").count(_CRASH)

    def age_files(self, seconds: float) -> None:
        """Make what is of temporary use look as if nobody had touched it for so long, instead of waiting."""
        then = time.time() - seconds
        for path in self._temporary_files():
            with suppress(FileNotFoundError):
                os.utime(path, (then, then))

    def left_files(self, before: float) -> list[str]:
        """Files aside and folders of temporary use that nobody touched since that time."""
        found = (path for path in self._temporary_files() if path.name != ".lock" and _modified(path) < before)
        return sorted(str(path.relative_to(self.home)) for path in found)

    def _temporary_files(self) -> list[Path]:
        """Deepest first: what is changed below a folder changes its time."""
        folders = [self.home / "scratch", self.home / "objects" / "@incoming", self.temporary]
        return sorted((path for folder in folders if folder.exists() for path in folder.rglob("*")), reverse=True)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "restudio", "serve", "--home", str(self.home), "--port", str(self.port)]
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [*command, *self._arguments], stdout=output, stderr=output, env=environment, start_new_session=True
            )

    def _note_descendants(self) -> list[int]:
        """Processes below the server, remembered with their birth, so that a reused id is not taken for one."""
        found = self.descendants()
        self._seen.update({pid: born for pid in found if (born := _birth(pid)) is not None})
        return found

    def descendants(self) -> list[int]:
        """Processes below the server."""
        found: list[int] = []
        waiting = [self.process.pid]
        while waiting:
            for path in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):  # each thread has its own children
                try:
                    below = [int(pid) for pid in path.read_text().split()]
                except OSError:
                    continue
                found += below
                waiting += below
        return found


def _answers(connection: Connection) -> bool:
    try:
        connection.send("GET", "/health/ready")
    except (Unreachable, ServerError):
        return False
    return True


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _birth(pid: int) -> str | None:
    """When a living process began, in ticks; None for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()

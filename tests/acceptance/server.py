"""A real server as a child process, started as the README says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from restudio.client import Client
from restudio.client.credentials import read_credentials
from restudio.core.credentials import Credentials


class Server:
    """``restudio serve`` on a free loopback port with its own home folder."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_seconds = 0.0

    @property
    def credentials(self) -> Credentials:
        return read_credentials(self.home)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self) -> Client:
        return Client.from_home(self.home)

    def start(self, timeout: float = 60.0) -> Server:
        """Start and wait until it is ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        known = (self.home / "credentials.json").stat().st_mtime_ns if (self.home / "credentials.json").exists() else 0
        command = [sys.executable, "-m", "restudio", "serve", "--home", str(self.home), "--port", "0", *self._arguments]
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = begun + timeout
        while not self._is_ready(known):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.home / "server.log").read_text()[-4000:])
            time.sleep(0.02)
        self.ready_seconds = time.monotonic() - begun
        return self

    def _is_ready(self, known: int) -> bool:
        path = self.home / "credentials.json"
        if not path.exists() or path.stat().st_mtime_ns == known:
            return False
        try:
            return httpx.get(f"{self.credentials.url}/health/ready", timeout=5.0).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """``kill -9`` of the whole process group, workers included."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """An orderly end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


def small_server(home: Path) -> Server:
    """A server to be started, with one process for modules: each loads its libraries anew after every start."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "restudio.toml").write_text("engine_workers = 1\n")
    return Server(home)

"""A real server as a child process, in a home folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from restudio.cli.demo_server import DemoServer

RESTUDIO = (sys.executable, "-m", "restudio")


def restudio(*arguments: str | Path, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [*RESTUDIO, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def started(home: Path, *arguments: str) -> DemoServer:
    """A server that is ready."""
    server = DemoServer(home, *arguments)
    server.wait_until_ready()
    return server

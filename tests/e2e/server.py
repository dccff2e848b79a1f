"""A real server as a child process, in a home folder of its own."""

from __future__ import annotations

from pathlib import Path

from restudio.cli.demo_server import DemoServer


def started(home: Path, *arguments: str) -> DemoServer:
    """A server that is ready."""
    server = DemoServer(home, *arguments)
    server.wait_until_ready()
    return server

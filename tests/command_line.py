"""The command line: as a process of its own, or in this one, which spares a second of imports a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from restudio.cli.main import build_app

RESTUDIO = (sys.executable, "-m", "restudio")
Told = subprocess.CompletedProcess[str]


def restudio(*arguments: str | Path, timeout: float = 240) -> Told:
    """Run it to its end in a process of its own."""
    command = [*RESTUDIO, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


def restudio_here(*arguments: str | Path, typed: str = "") -> Told:
    """Run it to its end in this process. An error that a process would die of is raised."""
    words = [str(each) for each in arguments]
    done = CliRunner().invoke(build_app(words), words, input=typed, catch_exceptions=False)
    return Told([*RESTUDIO, *words], done.exit_code, done.stdout, done.stderr)

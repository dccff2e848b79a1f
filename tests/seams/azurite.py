"""Where Azurite is, the emulator of Azure Blob."""

from __future__ import annotations

import shutil
from pathlib import Path


def find_azurite() -> str | None:
    """The emulator's program, if there is one."""
    cached = Path(__file__).parents[2] / ".cache/azurite/node_modules/.bin/azurite-blob"
    return str(cached) if cached.exists() else shutil.which("azurite-blob")

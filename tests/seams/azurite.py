"""Where Azurite is, the emulator of Azure Blob and Azure Table."""

from __future__ import annotations

import shutil
from pathlib import Path


def find_azurite(service: str = "blob") -> str | None:
    """The emulator's program for ``blob`` or ``table``, if there is one."""
    cached = Path(__file__).parents[2] / f".cache/azurite/node_modules/.bin/azurite-{service}"
    return str(cached) if cached.exists() else shutil.which(f"azurite-{service}")

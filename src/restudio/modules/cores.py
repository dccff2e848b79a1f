"""The processor cores that training may use."""

from __future__ import annotations

import os


def cores() -> list[int]:
    """The cores that this thread may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity is not None else list(range(os.cpu_count() or 1))

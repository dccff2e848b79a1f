"""The machine that a benchmark ran on, in one sentence."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def describe_machine() -> str:
    """Processor, cores, Python, load and date; absolute figures mean nothing without them."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    today = datetime.now(UTC).date().isoformat()
    return (
        f"Machine: {os.cpu_count()} cores of {model}, shared with other work (load average at the end {load});"
        f" Python {platform.python_version()}, {platform.system()}; {today}."
    )

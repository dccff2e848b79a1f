"""One measured call in a process of its own: ``python -m bench.modules.once FOLDER SCENARIO ours|plain``.

Prints seconds and peak memory (bytes above what was held before) as JSON: of short calls the median of some, and the
peak of the first.
"""

from __future__ import annotations

import gc
import json
import mmap
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench.modules.rows import LARGE, SMALL
from bench.modules.scenario import Frames, Modules, Scenario, Scenarios

from restudio.app.child import PACKAGES
from restudio.core.registry import Registry
from restudio.tables.table import Table

_CALLS, _PATIENCE_S = 9, 2.0
"""So many calls count, as long as they take no longer together: single short ones tell of other work."""


def main() -> None:
    folder, name, side = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    chosen = Scenarios().by_name[name]
    with tempfile.TemporaryDirectory(prefix="restudio-bench-") as scratch:
        ready = _ours(chosen, Path(scratch)) if side == "ours" else _plain(chosen)
        ready(Frames(folder / SMALL))()  # loads what is imported on first use, as in a warm worker
        call = ready(Frames(folder / LARGE))
        gc.collect()
        before = _reset_peak()
        times = [_timed(call)]
        peak = _status("VmHWM") - before
        while len(times) < _CALLS and sum(times) < _PATIENCE_S:
            times.append(_timed(call))
    print(json.dumps({"seconds": statistics.median(times), "bytes": max(0, peak)}))


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    kept = call()
    seconds = time.perf_counter() - begun
    del kept  # that takes time as well, which is not the call's
    return seconds


Ready = Callable[[Frames], Callable[[], object]]
"""From inputs to the call that is measured."""


def _ours(chosen: Scenario, scratch: Path) -> Ready:
    modules = Modules(Registry.collect(*PACKAGES), scratch)

    def ready(frames: Frames) -> Callable[[], object]:
        arguments = chosen.arguments(frames, modules)
        for each in arguments:
            if isinstance(each, Table):
                _touch(each)
        return lambda: modules.run(chosen.module, chosen.raw, *arguments)

    return ready


def _touch(table: Table) -> None:
    """Bring mapped pages in: the plain side holds its frames in memory before the call, too."""
    for column in table.data.columns:
        for chunk in column.chunks:
            for buffer in filter(None, chunk.buffers()):
                np.frombuffer(buffer, np.uint8)[:: mmap.PAGESIZE].max(initial=0)


def _plain(chosen: Scenario) -> Ready:
    def ready(frames: Frames) -> Callable[[], object]:
        for name in chosen.inputs:
            frames.polars(name)
            frames.pandas(name)
        if chosen.warm:
            chosen.warm(frames)
        return lambda: chosen.peer(frames)

    return ready


def _reset_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


if __name__ == "__main__":
    main()

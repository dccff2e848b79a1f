from __future__ import annotations

import subprocess
import sys

CHILD = """
from restudio.tables.memory import release_memory

def held():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

before = held()
cells = [b"x" * 10_000 for _ in range(10_000)]
last = b"y" * 10_000  # stands behind them in the heap
del cells
kept = held()
release_memory()
print(kept - before, held() - before)
"""


def test_what_was_freed_goes_back_to_the_system() -> None:
    told = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True).stdout
    kept, left = map(int, told.split())
    assert left < max(kept / 2, 16 << 20)

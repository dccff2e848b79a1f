"""What a script and everything that it started use together; the kernel's own limits count each process alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_PROCESSES = 256
MAX_FOLDER_BYTES = 8 << 30
_SHARES = re.compile(r"^Pss_(?:Anon|Shmem): +(\d+) kB", re.MULTILINE)
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes of memory that no file backs, number of processes, bytes in the private folder."""

    memory: int
    processes: int
    folder: int

    def excess(self, memory_mb: int) -> str | None:
        """What was used up; None while all is within limits."""
        if self.memory > memory_mb << 20:
            return f"its memory of {memory_mb} MB"
        if self.processes > MAX_PROCESSES:
            return f"its {MAX_PROCESSES} processes"
        if self.folder > MAX_FOLDER_BYTES:
            return f"its {MAX_FOLDER_BYTES >> 30} GB of files"
        return None


def measure(root: int, folder: Path) -> Usage:
    """The usage of process ``root`` with all its descendants, and of a folder."""
    tree = list(descendants(root))
    return Usage(sum(map(_memory, tree)), len(tree), _size(folder))


def descendants(root: int) -> Iterator[int]:
    """``root`` and the processes below it, as far as they are alive and still attached."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += children.get(process, ())


def _parent(process: int) -> int | None:
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:  # it ended meanwhile
        return None
    return int(text.rpartition(")")[2].split()[1])


def _memory(process: int) -> int:
    """Memory of its own; of pages that several processes share after a fork, its part."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return _resident(process)
    return sum(int(size) << 10 for size in _SHARES.findall(text))


def _resident(process: int) -> int:
    try:
        fields = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * _PAGE if len(fields) > 2 else 0


def _size(folder: Path) -> int:
    """Bytes on disk below a folder; links are not followed."""
    total, waiting = 0, [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:  # the script removed it meanwhile
            continue
    return total

"""Which processes answer at an address that several share."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

_AT_ONCE = 16
_METRIC = "restudio_process_id "


def wait_for_processes(url: str, number: int, *, seconds: float = 60) -> set[int]:
    """Ids of so many processes, as soon as they have answered.

    Many are asked at once: the kernel gives a single connection to whichever process wakes first, which may be the same
    one for long.
    """
    found: set[int] = set()
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while len(found) < number:
            assert time.monotonic() < deadline, f"only {len(found)} of {number} processes answer at {url}"
            found.update(pool.map(_process, [url] * _AT_ONCE))
    return found


def _process(url: str) -> int:
    lines = httpx.get(f"{url}/metrics", timeout=60).text.splitlines()
    return int(float(next(line for line in lines if line.startswith(_METRIC)).split()[1]))

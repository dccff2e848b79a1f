"""Memory that allocators keep for later."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def release_memory() -> None:
    """Give unused memory back to the system: a process that idles between tables should hold none of them.

    Arrow's and the C library's allocators keep what was freed, as much as the largest table needed at its peak.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)

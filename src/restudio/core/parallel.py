"""Work of which every piece is large, on all cores.

Arrow and NumPy let other threads run while they compute, so threads are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

_WORTH_THREADS = 1_000_000
"""Cells; starting threads for fewer costs more than it saves."""

A = TypeVar("A")
B = TypeVar("B")


def map_threads(function: Callable[[A], B], items: Iterable[A], *, cells: int) -> list[B]:
    """``function`` of every item, in order; ``cells`` is how many values all of it computes."""
    if cells < _WORTH_THREADS:
        return [function(item) for item in items]
    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        return list(pool.map(function, items))


def map_columns(table: pa.Table, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    """The columns changed, under the same schema."""
    changed = map_threads(change, table.columns, cells=table.num_rows * table.num_columns)
    return pa.Table.from_arrays(changed, schema=table.schema)

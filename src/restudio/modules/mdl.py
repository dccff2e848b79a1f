"""Edges that tell most about a label: Fayyad and Irani's minimum description length, best split first."""

from __future__ import annotations

import heapq

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def mdl_edges(numbers: np.ndarray, label: pa.ChunkedArray, bins: int) -> np.ndarray:
    """At most ``bins - 1`` ascending edges. Rows without a finite number or without a label do not count."""
    encoded = pc.dictionary_encode(label).combine_chunks()
    known = np.isfinite(numbers) & np.asarray(pc.is_valid(label))
    codes = np.asarray(pc.fill_null(encoded.indices, 0))[known]
    order = np.argsort(numbers[known], kind="stable")
    values = numbers[known][order]
    counts = np.zeros((len(values) + 1, len(encoded.dictionary)))
    counts[np.arange(1, len(values) + 1), codes[order]] = 1
    np.cumsum(counts, axis=0, out=counts)
    edges: list[float] = []
    waiting: list[tuple[float, int, int, int]] = []
    _offer(waiting, values, counts, 0, len(values))
    while waiting and len(edges) < bins - 1:
        _, start, cut, end = heapq.heappop(waiting)
        edges.append(float(values[cut - 1] / 2 + values[cut] / 2))
        _offer(waiting, values, counts, start, cut)
        _offer(waiting, values, counts, cut, end)
    return np.unique(edges) if edges else np.empty(0)


def _offer(
    waiting: list[tuple[float, int, int, int]], values: np.ndarray, counts: np.ndarray, start: int, end: int
) -> None:
    """Note the best cut of the rows from ``start`` to ``end``, when it is worth its description."""
    cuts = start + 1 + np.flatnonzero(values[start + 1 : end] > values[start : end - 1])
    if not len(cuts):
        return
    size = end - start
    left, right = counts[cuts] - counts[start], counts[end] - counts[cuts]
    inside = (left.sum(axis=1) * _entropy(left) + right.sum(axis=1) * _entropy(right)) / size
    best = int(inside.argmin())
    whole = counts[end : end + 1] - counts[start]
    gain = float(_entropy(whole)[0] - inside[best])
    if gain > _price(size, whole[0], left[best], right[best]):
        heapq.heappush(waiting, (-gain * size, start, int(cuts[best]), end))


def _price(size: int, whole: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    """Bits per row that a cut must save."""
    classes, in_left, in_right = ((part > 0).sum() for part in (whole, left, right))
    bits = classes * _entropy(whole[None])[0] - in_left * _entropy(left[None])[0] - in_right * _entropy(right[None])[0]
    return float((np.log2(size - 1) + np.log2(3.0 ** int(classes) - 2) - bits) / size)


def _entropy(counts: np.ndarray) -> np.ndarray:
    """Entropy in bits of every row of class counts."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    logarithms = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy: np.ndarray = -(shares * logarithms).sum(axis=1)
    return entropy

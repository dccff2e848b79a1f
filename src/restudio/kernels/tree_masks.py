"""Many rows through many small trees at once: leaves as bits, splits as masks (the QuickScorer method).

The leaves of a tree are numbered from left to right, one bit each. A split that a row fails rules out the leaves below
its left side; the lowest bit left after all splits is the row's leaf. Which splits of a feature a cell fails depends
only on where the cell stands among their thresholds, so each feature has a table: position of the cell -> one mask for
every tree. A row costs one gather and one AND per feature instead of a walk per tree, and its leaves are summed tree by
tree in LightGBM's order: the sums are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAX_LEAVES = 64
MAX_SPLITS = 30_000
MAX_TABLE_BYTES = 32 << 20
BLOCK = 512
"""Rows at a time: what they need stays in the processor's cache."""
ZERO = float(np.float32(1e-35))
"""LightGBM reads numbers up to this size as 0."""


@dataclass(frozen=True, slots=True)
class Splits:
    """The splits of one tree as LightGBM writes them; ``leaves`` are the leaf values."""

    leaves: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    decision: np.ndarray
    left: np.ndarray
    right: np.ndarray
    sets: tuple[np.ndarray, ...]
    """For every categorical split's number the codes that go left."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Masks of one feature: a row for every position, the last two for missing cells and for zeros (of a number) or
    unknown levels (of a category)."""

    feature: int
    thresholds: np.ndarray | None
    masks: np.ndarray

    def positions(self, cells: np.ndarray) -> np.ndarray:
        last = len(self.masks) - 1
        if self.thresholds is None:
            return np.where(cells >= 0, cells, cells + last + 1)
        found = np.searchsorted(self.thresholds, cells, side="left")
        found[np.abs(cells) <= ZERO] = last
        found[np.isnan(cells)] = last - 1
        return found


class TreeMasks:
    """Sums of leaf values. ``levels[i]`` is the number of levels of feature ``i``, None for a number."""

    def __init__(self, trees: Sequence[Splits], levels: Sequence[int | None]) -> None:
        self._width = max(len(tree.leaves) for tree in trees)
        self._dtype = np.uint32 if self._width <= 32 else np.uint64
        self._all = np.iinfo(self._dtype).max
        self._leaves = np.zeros((len(trees), self._width))
        for row, tree in zip(self._leaves, trees, strict=True):
            row[: len(tree.leaves)] = tree.leaves[_order(tree)]
        self._starts = np.arange(len(trees), dtype=np.int32) * self._width
        splits: dict[int, list[tuple[int, Splits, int, int]]] = {}
        for number, tree in enumerate(trees):
            for node, mask in enumerate(_left_masks(tree)):
                splits.setdefault(int(tree.feature[node]), []).append((number, tree, node, mask))
        self._tables = [self._table(feature, found, levels[feature]) for feature, found in sorted(splits.items())]

    def sums(self, columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
        """One sum a row. A column holds doubles, or codes (``levels.UNKNOWN``, ``levels.MISSING``) of a category."""
        result = np.empty(rows)
        positions = [table.positions(columns[table.feature]) for table in self._tables]
        shape = (min(rows, BLOCK), len(self._leaves))
        alive, masks = np.empty(shape, self._dtype), np.empty(shape, self._dtype)
        for start in range(0, rows, BLOCK):
            size = min(BLOCK, rows - start)
            left, mask = alive[:size], masks[:size]
            left.fill(self._all)
            for table, found in zip(self._tables, positions, strict=True):
                table.masks.take(found[start : start + size], axis=0, out=mask, mode="clip")
                left &= mask
            result[start : start + size] = self._sum(left)
        return result

    def _sum(self, alive: np.ndarray) -> np.ndarray:
        lowest = alive & (~alive + self._dtype(1))
        bits = (lowest.astype(np.float32).view(np.int32) >> 23) - 127  # the exponent of a power of two
        bits += self._starts
        values = np.ascontiguousarray(self._leaves.ravel().take(bits.T))
        # Along the first of two axes NumPy adds in order, along a single one in pairs. LightGBM starts with 0.
        total: np.ndarray = np.add.reduce(values, axis=0) if len(bits) > 1 else np.cumsum(values, axis=0)[-1]
        return total + 0.0

    def _table(self, feature: int, splits: list[tuple[int, Splits, int, int]], levels: int | None) -> _Table:
        thresholds = None
        if levels is None:
            thresholds = np.unique([tree.threshold[node] for _, tree, node, _ in splits])
            probes = np.array([*thresholds, np.inf, np.nan, 0.0])
        else:
            probes = np.array([*range(levels), np.nan, -1.0])
        masks = np.full((len(probes), len(self._leaves)), self._all, self._dtype)
        for number, tree, node, mask in splits:
            masks[_fails(tree, node, probes, levels), number] &= self._dtype(mask ^ int(self._all))
        return _Table(feature, thresholds, masks)


def table_bytes(trees: Sequence[Splits], levels: Sequence[int | None]) -> int:
    """Memory that the masks of these trees would take, from above."""
    size = 4 if max(len(tree.leaves) for tree in trees) <= 32 else 8
    splits = sum(len(tree.feature) for tree in trees)
    rows = splits + sum(3 if count is None else count + 2 for count in levels)
    return size * rows * len(trees)


def _fails(tree: Splits, node: int, probes: np.ndarray, levels: int | None) -> np.ndarray:
    """Which of the probes go right. The last two are the special ones of :class:`_Table`."""
    decision = int(tree.decision[node])
    if decision & 1:
        known = tree.sets[int(tree.threshold[node])]
        return ~np.isin(probes, known)
    kind, to_right = decision >> 2, not decision & 2
    threshold = tree.threshold[node]
    fails: np.ndarray = probes > threshold
    zero_fails = to_right if kind == 1 else bool(threshold < 0.0)
    fails[-2] = to_right if kind == 2 else zero_fails
    if levels is None:
        fails[-1] = zero_fails
    elif levels:
        fails[0] = zero_fails
    return fails


def _order(tree: Splits) -> list[int]:
    """Leaves from left to right."""
    if not len(tree.feature):
        return [0]
    found, pending = [], [0]
    while pending:
        node = pending.pop()
        if node < 0:
            found.append(~node)
        else:
            pending += [int(tree.right[node]), int(tree.left[node])]
    return found


def _left_masks(tree: Splits) -> list[int]:
    """For every split the bits of the leaves below its left side. Children stand after their parents."""
    bit = {leaf: 1 << place for place, leaf in enumerate(_order(tree))}
    below = [0] * len(tree.feature)
    lefts = [0] * len(tree.feature)
    for node in reversed(range(len(below))):
        left, right = (
            bit[~child] if child < 0 else below[child] for child in (int(tree.left[node]), int(tree.right[node]))
        )
        lefts[node] = left
        below[node] = left | right
    return lefts

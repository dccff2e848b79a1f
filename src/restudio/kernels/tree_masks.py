"""Many rows through many small trees at once: leaves as bits, splits as masks (the QuickScorer method).

The leaves of a tree are numbered from left to right, one bit each. A split that a row fails rules out the leaves below
its left side; the lowest bit left after all splits is the row's leaf. Which splits of a feature a cell fails depends
only on where the cell stands among their thresholds, so each feature has a table: position of the cell -> one mask for
every tree. A row costs one gather and one AND per feature instead of a walk per tree, and its leaves are summed tree by
tree in LightGBM's order: the sums are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from restudio.kernels.tree_text import Splits

MAX_LEAVES = 64
MAX_SPLITS = 30_000
MAX_TABLE_BYTES = 32 << 20
BLOCK = 512
"""Rows at a time: what they need stays in the processor's cache."""
ZERO = float(np.float32(1e-35))
"""LightGBM reads numbers up to this size as 0."""


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
        nodes = []
        for number, tree in enumerate(trees):
            order = _order(tree)
            self._leaves[number, : len(order)] = tree.leaves[order]
            nodes.append(_Nodes.of(number, tree, _left_masks(tree, order)))
        self._starts = np.arange(len(trees), dtype=np.int32) * self._width
        every = _Nodes.joined(nodes)
        self._tables = [
            self._table(feature, every.taken(every.feature == feature), levels[feature])
            for feature in np.unique(every.feature).tolist()
        ]

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

    def _table(self, feature: int, nodes: _Nodes, levels: int | None) -> _Table:
        thresholds = None if levels is not None else np.unique(nodes.threshold)
        rows = levels if thresholds is None else len(thresholds) + 1
        assert rows is not None
        masks = np.full((rows + 2, len(self._leaves)), self._all, self._dtype)
        # A row that fails a split loses the leaves on the left of it.
        lost = np.invert(nodes.left.astype(self._dtype))
        by_set = (nodes.decision & 1) == 1
        for i in np.flatnonzero(by_set):
            fails = np.ones(len(masks), np.bool_)
            known = nodes.sets[i]
            fails[known[known < rows]] = False
            masks[fails, nodes.tree[i]] &= lost[i]
        if not by_set.all():
            self._number_splits(masks, nodes, lost, ~by_set, thresholds)
        return _Table(feature, thresholds, masks)

    def _number_splits(
        self, masks: np.ndarray, nodes: _Nodes, lost: np.ndarray, here: np.ndarray, thresholds: np.ndarray | None
    ) -> None:
        """Splits by a threshold: a cell that fails one fails it at every later position too."""
        threshold, decision, lost, tree = (part[here] for part in (nodes.threshold, nodes.decision, lost, nodes.tree))
        kind, to_right = decision >> 2, (decision & 2) == 0
        zero_fails = np.where(kind == 1, to_right, threshold < 0.0)
        missing_fails = np.where(kind == 2, to_right, zero_fails)
        plain = masks[:-2]
        failing = np.full((len(plain) + 1, masks.shape[1]), self._all, self._dtype)
        positions = np.arange(len(plain)) if thresholds is None else np.array([*thresholds, np.inf])
        first = np.searchsorted(positions, threshold, side="right")
        np.bitwise_and.at(failing, (first, tree), lost)
        if thresholds is None and len(plain):
            # Code 0 is the number 0, which has a rule of its own.
            zero = np.full(masks.shape[1], self._all, self._dtype)
            np.bitwise_and.at(zero, tree[zero_fails], lost[zero_fails])
            failing[1] &= failing[0]
            plain[0] &= zero
            plain[1:] &= np.bitwise_and.accumulate(failing[1:-1], axis=0)
        else:
            plain &= np.bitwise_and.accumulate(failing[:-1], axis=0)
        np.bitwise_and.at(
            masks, (np.full(int(missing_fails.sum()), len(masks) - 2), tree[missing_fails]), lost[missing_fails]
        )
        # The last row: zeros of a number; unknown levels of a category are -1.
        last_fails = zero_fails if thresholds is not None else threshold < -1.0
        np.bitwise_and.at(masks, (np.full(int(last_fails.sum()), len(masks) - 1), tree[last_fails]), lost[last_fails])


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """Splits of many trees side by side; ``left`` has the bits of the leaves on the left, ``sets`` the codes that go
    left."""

    tree: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    decision: np.ndarray
    left: np.ndarray
    sets: np.ndarray

    @classmethod
    def of(cls, number: int, tree: Splits, left: list[int]) -> _Nodes:
        sets = np.empty(len(left), object)
        for i in np.flatnonzero(tree.decision & 1).tolist():
            sets[i] = tree.sets[int(tree.threshold[i])]
        bits = np.array(left, np.uint64)
        return cls(np.full(len(left), number), tree.feature, tree.threshold, tree.decision, bits, sets)

    @classmethod
    def joined(cls, parts: Sequence[_Nodes]) -> _Nodes:
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def taken(self, here: np.ndarray) -> _Nodes:
        return _Nodes(*(getattr(self, field.name)[here] for field in fields(self)))


def table_bytes(trees: Sequence[Splits], levels: Sequence[int | None]) -> int:
    """Memory that the masks of these trees would take, from above."""
    size = 4 if max(len(tree.leaves) for tree in trees) <= 32 else 8
    splits = sum(len(tree.feature) for tree in trees)
    rows = splits + sum(3 if count is None else count + 2 for count in levels)
    return size * rows * len(trees)


def _order(tree: Splits) -> list[int]:
    """Leaves from left to right."""
    if not len(tree.feature):
        return [0]
    left, right = tree.left.tolist(), tree.right.tolist()
    found, pending = [], [0]
    while pending:
        node = pending.pop()
        if node < 0:
            found.append(~node)
        else:
            pending += [right[node], left[node]]
    return found


def _left_masks(tree: Splits, order: Sequence[int]) -> list[int]:
    """For every split the bits of the leaves below its left side. Children stand after their parents."""
    count = len(tree.feature)
    # Leaf ~n stands at index n from the end, where a child's negative number finds it.
    below = [0] * (count + len(order))
    for place, leaf in enumerate(order):
        below[~leaf] = 1 << place
    lefts = [0] * count
    left, right = tree.left.tolist(), tree.right.tolist()
    for node in reversed(range(count)):
        lefts[node] = below[left[node]]
        below[node] = below[left[node]] | below[right[node]]
    return lefts

"""A checked tree model as arrays, for models whose values are simple functions of a sum of leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from restudio.kernels.functions import map_doubles
from restudio.kernels.tree_masks import MAX_LEAVES, MAX_SPLITS, MAX_TABLE_BYTES, Splits, TreeMasks, table_bytes
from restudio.kernels.tree_text import TreeText

_PLAIN = frozenset({"none", "regression", "regression_l1", "huber", "fair", "mape", "quantile"})
"""Objectives whose value is the sum."""


@dataclass(frozen=True, slots=True)
class MaskedTrees:
    """Predicts what LightGBM's library does for the same text, to the bit."""

    masks: TreeMasks
    divisor: float | None
    link: Callable[[np.ndarray], np.ndarray]

    def predict(self, columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
        """One value a row; for columns see :meth:`TreeMasks.sums`."""
        sums = self.masks.sums(columns, rows)
        return self.link(sums if self.divisor is None else sums / self.divisor)


def mask_trees(checked: TreeText, levels: Sequence[int | None]) -> MaskedTrees | None:
    """The trees as masks; None where they are too large for it, or where the value is no simple function of a sum."""
    if checked.classes != 1:
        return None
    header, *blocks = checked.canonical.rstrip().removesuffix("end of trees").rstrip().split("\n\n")
    link = _link(checked.objective, _keys(header).get("objective", ""))
    trees = [_splits(_keys(block)) for block in blocks if block.strip()]
    if (
        link is None
        or max(len(tree.leaves) for tree in trees) > MAX_LEAVES
        or sum(len(tree.feature) for tree in trees) > MAX_SPLITS
        or table_bytes(trees, levels) > MAX_TABLE_BYTES
    ):
        return None
    averaged = "average_output" in header.split("\n")
    return MaskedTrees(TreeMasks(trees, levels), float(len(trees)) if averaged else None, link)


def _link(objective: str, line: str) -> Callable[[np.ndarray], np.ndarray] | None:
    if objective == "binary":
        slope = float(line.partition("sigmoid:")[2])
        return lambda sums: map_doubles(lambda z: _sigmoid(slope, z), sums)
    if objective in _PLAIN and "sqrt" not in line:
        return lambda sums: sums
    return None


def _sigmoid(slope: float, z: float) -> float:
    """As LightGBM writes it, infinities included."""
    exponent = -slope * z
    return 1.0 / (1.0 + math.exp(exponent)) if exponent < 709.0 else 0.0


def _keys(block: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in block.split("\n"))


def _splits(keys: dict[str, str]) -> Splits:
    def ints(key: str) -> np.ndarray:
        return np.array(keys[key].split(" ") if key in keys else [], np.int64)

    thresholds = np.array(keys["threshold"].split(" ") if "threshold" in keys else [], np.float64)
    bounds, words = ints("cat_boundaries"), ints("cat_threshold")
    return Splits(
        leaves=np.array(keys["leaf_value"].split(" "), np.float64),
        feature=ints("split_feature"),
        threshold=thresholds,
        decision=ints("decision_type"),
        left=ints("left_child"),
        right=ints("right_child"),
        sets=tuple(_codes(words[start:end]) for start, end in pairwise(bounds)),
    )


def _codes(words: np.ndarray) -> np.ndarray:
    """The numbers of the bits that are set."""
    bits = (words[:, None] >> np.arange(32)) & 1
    return np.flatnonzero(bits.ravel())

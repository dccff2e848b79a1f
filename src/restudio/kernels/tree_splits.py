"""A checked tree model as arrays, for models whose values are simple functions of a sum of leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from restudio.kernels.functions import map_doubles
from restudio.kernels.tree_masks import MAX_LEAVES, MAX_SPLITS, MAX_TABLE_BYTES, TreeMasks, table_bytes
from restudio.kernels.tree_text import TreeText

_exp = math.exp
_PLAIN = frozenset({"", "regression", "regression_l1", "huber", "fair", "mape", "quantile"})
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
    link = _link(checked.objective)
    trees = checked.trees
    if (
        link is None
        or max(len(tree.leaves) for tree in trees) > MAX_LEAVES
        or sum(len(tree.feature) for tree in trees) > MAX_SPLITS
        or table_bytes(trees, levels) > MAX_TABLE_BYTES
    ):
        return None
    return MaskedTrees(TreeMasks(trees, levels), float(len(trees)) if checked.averaged else None, link)


def _link(objective: str) -> Callable[[np.ndarray], np.ndarray] | None:
    name, *parameters = objective.split(" ")
    if name == "binary":
        slope = float(objective.partition("sigmoid:")[2])
        return lambda sums: map_doubles(_sigmoid, sums * -slope)
    if name in _PLAIN and "sqrt" not in parameters:
        return lambda sums: sums
    return None


def _sigmoid(exponent: float) -> float:
    """As LightGBM writes it, infinities included."""
    return 1.0 / (1.0 + _exp(exponent)) if exponent < 709.0 else 0.0

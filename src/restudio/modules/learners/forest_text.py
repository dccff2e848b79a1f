"""A forest of scikit-learn as a LightGBM model text, whose kernel scores it (``restudio.kernels.trees``).

A text holds one number a leaf. A forest that gives several numbers a row (class probabilities) becomes several trees
with the same splits; the model averages over the trees of each. Sending missing cells left or right is learned for
each split and kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restudio.core.errors import ModuleError
from restudio.kernels.tree_text import MAX_BYTES

_MISSING_IS_NAN = 2 << 2
_DEFAULT_LEFT = 2


@dataclass(frozen=True, slots=True, eq=False)
class GrownTree:
    """One tree: ``splits`` is scikit-learn's node structure, ``values`` a row of results for each of its nodes.

    ``shift`` and ``divisor`` tell how each feature was scaled before; thresholds are told of unscaled cells.
    """

    splits: Any
    values: np.ndarray


def forest_text(trees: Sequence[GrownTree], features: int, shift: np.ndarray, divisor: np.ndarray) -> str:
    """The text of a forest that averages the results of its trees, one or several numbers a row."""
    width = trees[0].values.shape[1]
    head = [
        "tree",
        "version=v4",
        f"num_class={width}",
        f"num_tree_per_iteration={width}",
        "label_index=0",
        f"max_feature_idx={features - 1}",
        "average_output",
        "feature_names=" + " ".join(f"f{i}" for i in range(features)),
        "feature_infos=" + " ".join(["none"] * features),
        "",
    ]
    parts, size = ["\n".join(head)], 0
    for part in _trees(trees, shift, divisor):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES - 4096:
            raise ModuleError(
                "0138",
                f"The forest takes more than {MAX_BYTES >> 20} MB. Raise 'Minimum number of samples per leaf node', or "
                "lower the depth or the number of trees.",
            )
    return "\n".join([*parts, "end of trees", ""])


def _trees(trees: Sequence[GrownTree], shift: np.ndarray, divisor: np.ndarray) -> Iterator[str]:
    number = 0
    for tree in trees:
        structure, leaves = _structure(tree.splits, shift, divisor)
        for column in tree.values.T:
            body = [*structure, "leaf_value=" + _floats(column[leaves]), "is_linear=0", "shrinkage=1"]
            yield f"Tree={number}\n" + "\n".join(body) + "\n\n"
            number += 1


def _structure(splits: Any, shift: np.ndarray, divisor: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The lines of the splits, and the nodes that are leaves in the order of the text."""
    inner = splits.children_left != -1
    leaves = np.flatnonzero(~inner)
    head = [f"num_leaves={len(leaves)}", "num_cat=0"]
    if len(leaves) == 1:
        return head, leaves
    # Nodes stand before their children, in scikit-learn and in the text. Leaves count down from -1.
    position = np.where(inner, np.cumsum(inner) - 1, -np.cumsum(~inner))
    feature = splits.feature[inner]
    threshold = splits.threshold[inner] * divisor[feature] + shift[feature]
    # An infinite threshold separates missing cells from all others; so does the largest double.
    threshold = np.clip(threshold, -sys.float_info.max, sys.float_info.max)
    left = splits.missing_go_to_left[inner].astype(np.int64)
    return [
        *head,
        "split_feature=" + _ints(feature),
        "threshold=" + _floats(threshold),
        "decision_type=" + _ints(_MISSING_IS_NAN + _DEFAULT_LEFT * left),
        "left_child=" + _ints(position[splits.children_left[inner]]),
        "right_child=" + _ints(position[splits.children_right[inner]]),
    ], leaves


def _ints(numbers: np.ndarray) -> str:
    return " ".join(map(str, numbers.tolist()))


def _floats(numbers: np.ndarray) -> str:
    return " ".join(map(repr, numbers.tolist()))

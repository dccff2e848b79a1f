"""LightGBM model text: strict reading, and writing of exactly what was understood.

A model file is untrusted, and LightGBM trusts its own format: wrong lengths or indices make it read outside its arrays.
So the text is checked to the last number here, and the library is given a text that is written anew from the checked
parts (:attr:`TreeText.canonical`), never the original. What prediction does not use is dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

import numpy as np

from restudio.core.errors import Kind, RestudioError

MAX_BYTES = 256 << 20
MAX_TREES = 100_000
MAX_LEAVES = 1 << 17
MAX_CLASSES = 1000

_INTS = re.compile(r"-?\d{1,10}(?: -?\d{1,10})*\Z", re.ASCII)
_FLOAT = r"-?\d{1,30}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?"
_FLOATS = re.compile(rf"{_FLOAT}(?: {_FLOAT})*\Z", re.ASCII)
_THRESHOLDS = re.compile(rf"(?:inf|{_FLOAT})(?: (?:inf|{_FLOAT}))*\Z", re.ASCII)
"""An infinite threshold parts missing cells from all numbers."""
_POSITIVE = re.compile(r"\d{1,15}(?:\.\d{1,17})?(?:e[+-]?\d{1,3})?\Z", re.ASCII)
_HEADER_KEYS = frozenset(
    {
        "version",
        "num_class",
        "num_tree_per_iteration",
        "label_index",
        "max_feature_idx",
        "objective",
        "feature_names",
        "monotone_constraints",
        "feature_infos",
        "tree_sizes",
    }
)
_TREE_KEYS = frozenset(
    {
        "num_leaves",
        "num_cat",
        "split_feature",
        "split_gain",
        "threshold",
        "decision_type",
        "left_child",
        "right_child",
        "leaf_value",
        "leaf_weight",
        "leaf_count",
        "internal_value",
        "internal_weight",
        "internal_count",
        "cat_boundaries",
        "cat_threshold",
        "is_linear",
        "shrinkage",
    }
)
_OBJECTIVES: Mapping[str, frozenset[str]] = {
    "binary": frozenset({"sigmoid"}),
    "cross_entropy": frozenset(),
    "multiclass": frozenset({"num_class"}),
    "multiclassova": frozenset({"num_class", "sigmoid"}),
    "regression": frozenset({"sqrt"}),
    "regression_l1": frozenset(),
    "huber": frozenset(),
    "fair": frozenset(),
    "mape": frozenset(),
    "quantile": frozenset(),
    "poisson": frozenset(),
    "gamma": frozenset(),
    "tweedie": frozenset(),
}
"""Objectives and the parameters of theirs that change a prediction; others are left out."""
_IGNORED_PARAMETERS = frozenset({"alpha", "tweedie_variance_power", "max_delta_step", "c"})


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
class TreeText:
    """A checked model. ``objective`` is the canonical line without its key, empty for raw sums; ``classes`` is 1 unless
    it is multiclass; ``averaged`` says that the trees' mean counts; ``categorical`` are the features that some split
    reads as a set of codes."""

    objective: str
    features: int
    classes: int
    averaged: bool
    trees: tuple[Splits, ...]
    categorical: frozenset[int]
    canonical: str


def parse_trees(text: str) -> TreeText:
    """Check a model text. ``RestudioError`` (``BadArgument``/``InvalidBlob``) names the first place that is wrong."""
    if len(text) > MAX_BYTES:
        _refuse("the text", f"at most {MAX_BYTES} bytes", str(len(text)))
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    header, averaged = _read_header(lines)
    features = _int(header, "max_feature_idx", 0, 1_000_000) + 1
    per_iteration = _int(header, "num_tree_per_iteration", 1, MAX_CLASSES)
    classes = _int(header, "num_class", 1, MAX_CLASSES)
    objective = _objective(header.get("objective"), classes)
    if per_iteration != classes:
        _refuse("num_tree_per_iteration", f"{classes}, the number of classes", str(per_iteration))
    categorical: set[int] = set()
    read = [_tree(i, block, features, categorical) for i, block in enumerate(_tree_blocks(lines))]
    if not read or len(read) % per_iteration:
        _refuse("the trees", f"a positive multiple of {per_iteration}", str(len(read)))
    canonical = _write(features, classes, objective, averaged, [body for body, _ in read])
    trees = tuple(tree for _, tree in read)
    return TreeText(objective, features, classes, averaged, trees, frozenset(categorical), canonical)


def _refuse(where: str, expected: str, got: str) -> NoReturn:
    shown = got if len(got) <= 60 else got[:60] + "…"
    raise RestudioError(
        Kind.BAD_ARGUMENT,
        "InvalidBlob",
        f"The tree model is not valid: {where} must be {expected}, got {shown!r}. Save the model again or retrain it.",
    )


def _read_header(lines: Iterator[str]) -> tuple[dict[str, str], bool]:
    """Everything before the first tree; whether ``average_output`` (a random forest) stands there."""
    first = next(lines, "")
    if first != "tree":
        _refuse("the first line", "'tree'", first)
    header: dict[str, str] = {}
    averaged = False
    for line in lines:
        if not line:
            break
        if line == "average_output":
            averaged = True
            continue
        _put(header, line, _HEADER_KEYS, "the header")
    if header.get("version") not in ("v3", "v4"):
        _refuse("version", "'v3' or 'v4'", header.get("version", ""))
    return header, averaged


def _put(target: dict[str, str], line: str, known: frozenset[str], where: str) -> None:
    key, equals, value = line.partition("=")
    if not equals or key not in known:
        _refuse(f"a line of {where}", "a known key and '='", line)
    if key in target:
        _refuse(f"key {key} of {where}", "there once", "twice")
    target[key] = value


def _tree_blocks(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """The key-value block of every tree, in order, up to ``end of trees``; what follows is not read."""
    for line in lines:
        if not line:
            continue
        if line == "end of trees":
            return
        yield _block(line, lines)
    _refuse("the end", "'end of trees'", "the end of the text")


def _block(first: str, lines: Iterator[str]) -> dict[str, str]:
    block = {"Tree": first}
    for line in lines:
        if not line:
            return block
        _put(block, line, _TREE_KEYS, first)
    _refuse(first, "followed by an empty line", "the end of the text")


def _int(block: Mapping[str, str], key: str, low: int, high: int, where: str = "") -> int:
    value = block.get(key, "")
    if not re.fullmatch(r"-?[0-9]{1,10}", value) or not low <= int(value) <= high:
        _refuse(where + key, f"an integer from {low} to {high}", value)
    return int(value)


def _ints(block: Mapping[str, str], key: str, size: int, where: str) -> np.ndarray:
    value = block.get(key, "")
    if not _INTS.match(value) or value.count(" ") != size - 1:
        _refuse(where + key, f"{size} integers", value)
    return np.fromstring(value, np.int64, sep=" ")


def _floats(block: Mapping[str, str], key: str, size: int, where: str) -> np.ndarray:
    value = block.get(key, "")
    if not _FLOATS.match(value) or value.count(" ") != size - 1:
        _refuse(where + key, f"{size} finite numbers", value)
    numbers = np.array(value.split(" "), np.float64)
    if not np.isfinite(numbers).all():
        _refuse(where + key, f"{size} finite numbers", value)
    return numbers


def _thresholds(block: Mapping[str, str], size: int, where: str) -> np.ndarray:
    value = block.get("threshold", "")
    if not _THRESHOLDS.match(value) or value.count(" ") != size - 1:
        _refuse(where + "threshold", f"{size} numbers", value)
    numbers = np.array(value.split(" "), np.float64)
    if np.isinf(numbers).sum() != value.count("inf"):
        _refuse(where + "threshold", f"{size} numbers that a double holds", value)
    return numbers


_NONE = np.empty(0, np.int64)


def _tree(number: int, block: Mapping[str, str], features: int, categorical: set[int]) -> tuple[str, Splits]:
    """Check one tree and write it anew."""
    where = f"Tree={number}: "
    if number >= MAX_TREES:
        _refuse("the number of trees", f"at most {MAX_TREES}", "more")
    if block["Tree"] != f"Tree={number}":
        _refuse("a tree's first line", f"'Tree={number}'", block["Tree"])
    if block.get("is_linear", "0") != "0":
        _refuse(where + "is_linear", "0 (linear leaves are not supported)", block["is_linear"])
    leaves = _int(block, "num_leaves", 1, MAX_LEAVES, where)
    cats = _int(block, "num_cat", 0, leaves - 1, where)
    tree = Splits(_floats(block, "leaf_value", leaves, where), _NONE, np.empty(0), _NONE, _NONE, _NONE, ())
    written = [f"Tree={number}", f"num_leaves={leaves}", f"num_cat={cats}"]
    if leaves > 1:
        tree = _splits(block, tree.leaves, cats, features, where)
        categorical.update(np.unique(tree.feature[(tree.decision & 1) == 1]).tolist())
        keys = ["split_feature", "threshold", "decision_type", "left_child", "right_child"]
        keys += ["cat_boundaries", "cat_threshold"] if cats else []
        written += [f"{key}={block[key]}" for key in keys]
    return "\n".join([*written, f"leaf_value={block['leaf_value']}", "is_linear=0", "shrinkage=1"]) + "\n", tree


def _splits(block: Mapping[str, str], leaves: np.ndarray, cats: int, features: int, where: str) -> Splits:
    nodes = len(leaves) - 1
    split = _ints(block, "split_feature", nodes, where)
    if split.min() < 0 or split.max() >= features:
        _refuse(where + "split_feature", f"indices from 0 to {features - 1}", block["split_feature"])
    threshold = _thresholds(block, nodes, where)
    decision = _ints(block, "decision_type", nodes, where)
    # Bit 0: categorical, bit 1: default left, bits 2 and 3: kind of missing values (none, zero, NaN).
    if decision.min() < 0 or decision.max() > 11:
        _refuse(where + "decision_type", "numbers from 0 to 11", block["decision_type"])
    left, right = _children(block, len(leaves), where)
    sets = _sets(block, cats, where) if cats else ()
    used = threshold[(decision & 1) == 1]
    if used.size and (used.min() < 0 or used.max() >= cats or (used != np.floor(used)).any()):
        _refuse(where + "threshold", f"indices of {cats} sets of categories at categorical splits", block["threshold"])
    return Splits(leaves, split, threshold, decision, left, right, sets)


def _children(block: Mapping[str, str], leaves: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Every leaf and every inner node but the root is the child of exactly one node that stands before it."""
    nodes = leaves - 1
    parents = np.arange(nodes)
    children = []
    for key in ("left_child", "right_child"):
        side = _ints(block, key, nodes, where)
        inner = side >= 0
        if side.min() < -leaves or side.max() >= nodes or (side[inner] <= parents[inner]).any():
            _refuse(where + key, f"later nodes below {nodes} or leaves down to {-leaves}", block[key])
        children.append(side)
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, nodes)])
    if not np.array_equal(np.sort(np.concatenate(children)), expected):
        _refuse(where + "left_child and right_child", "a tree: every node reached once", block["left_child"])
    return children[0], children[1]


def _sets(block: Mapping[str, str], cats: int, where: str) -> tuple[np.ndarray, ...]:
    boundaries = _ints(block, "cat_boundaries", cats + 1, where)
    if boundaries[0] != 0 or (np.diff(boundaries) <= 0).any() or boundaries[-1] > MAX_LEAVES * 32:
        _refuse(where + "cat_boundaries", "increasing from 0", block["cat_boundaries"])
    words = _ints(block, "cat_threshold", int(boundaries[-1]), where)
    if words.min() < 0 or words.max() >= 1 << 32:
        _refuse(where + "cat_threshold", "unsigned 32-bit numbers", block["cat_threshold"])
    bits = (words[:, None] >> np.arange(32)) & 1
    return tuple(np.flatnonzero(bits[start:end]) for start, end in pairwise(boundaries.tolist()))


def _objective(line: str | None, classes: int) -> str:
    """The canonical line of the objective; empty without one (raw sums)."""
    if line is None:
        return ""
    name, *parts = line.split(" ")
    if name not in _OBJECTIVES:
        _refuse("objective", "one of " + ", ".join(sorted(_OBJECTIVES)), line)
    kept = [name]
    for part in parts:
        key, _, value = part.partition(":")
        if key in _OBJECTIVES[name]:
            kept.append(part)
            _check_objective_parameter(key, value, classes)
        elif key not in _IGNORED_PARAMETERS:
            _refuse("objective", f"parameters of {name}", part)
    needed = _OBJECTIVES[name] - {"sqrt"}
    if {p.partition(":")[0] for p in kept[1:]} < needed or len(set(kept)) != len(kept):
        _refuse("objective", f"{name} with {', '.join(sorted(needed)) or 'no parameters'}", line)
    if (name in ("multiclass", "multiclassova")) != (classes > 1):
        _refuse("num_class", f"what {name} needs", str(classes))
    return " ".join(kept)


def _check_objective_parameter(key: str, value: str, classes: int) -> None:
    if key == "num_class" and value != str(classes):
        _refuse("objective num_class", str(classes), value)
    if key == "sigmoid" and not (_POSITIVE.match(value) and 0.0 < float(value) < math.inf):
        _refuse("objective sigmoid", "a positive number", value)
    if key == "sqrt" and value:
        _refuse("objective sqrt", "without a value", value)


def _write(features: int, classes: int, objective: str, averaged: bool, bodies: list[str]) -> str:
    head = [
        "tree",
        "version=v4",
        f"num_class={classes}",
        f"num_tree_per_iteration={classes}",
        "label_index=0",
        f"max_feature_idx={features - 1}",
        *([f"objective={objective}"] if objective else []),
        *(["average_output"] if averaged else []),
        "feature_names=" + " ".join(f"f{i}" for i in range(features)),
        "feature_infos=" + " ".join(["none"] * features),
        "tree_sizes=" + " ".join(str(len(body) + 2) for body in bodies),
        "",
        "",
    ]
    return "\n".join(head) + "".join(body + "\n\n" for body in bodies) + "end of trees\n"

"""LightGBM model text: strict reading, and writing of exactly what was understood.

A model file is untrusted, and LightGBM trusts its own format: wrong lengths or indices make it read outside its arrays.
So the text is checked to the last number here, and the library is given a text that is written anew from the checked
parts (:attr:`TreeText.canonical`), never the original. What prediction does not use is dropped.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, NoReturn

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
    blocks = list(_tree_blocks(lines))
    if not blocks or len(blocks) % per_iteration:
        _refuse("the trees", f"a positive multiple of {per_iteration}", str(len(blocks)))
    read = _read_trees(blocks, features)
    canonical = _write(features, classes, objective, averaged, list(map(_written, itertools.count(), blocks, read)))
    categorical = {int(feature) for tree in read for feature in tree.feature[(tree.decision & 1) == 1]}
    return TreeText(objective, features, classes, averaged, tuple(read), frozenset(categorical), canonical)


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
    number = 0
    for line in lines:
        if not line:
            continue
        if line == "end of trees":
            return
        if number >= MAX_TREES:
            _refuse("the number of trees", f"at most {MAX_TREES}", "more")
        if line != f"Tree={number}":
            _refuse("a tree's first line", f"'Tree={number}'", line)
        yield _block(line, lines)
        number += 1
    _refuse("the end", "'end of trees'", "the end of the text")


def _block(first: str, lines: Iterator[str]) -> dict[str, str]:
    block: dict[str, str] = {}
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


class _Trees(NamedTuple):
    """Some of the trees: their ``numbers`` and how many elements each has in the columns that are read of them. The
    elements of all stand end to end, because a look at each tree by itself would cost many times more."""

    blocks: Sequence[Mapping[str, str]]
    numbers: np.ndarray
    sizes: np.ndarray

    def texts(self, key: str, pattern: re.Pattern[str], what: str) -> list[str]:
        """The elements of a key as they are written, each of them well-formed."""
        found = []
        for number, size in zip(self.numbers.tolist(), self.sizes.tolist(), strict=True):
            value = self.blocks[number].get(key, "")
            if not pattern.match(value) or value.count(" ") != size - 1:
                _refuse(f"Tree={number}: {key}", f"{size} {what}", value)
            found.append(value)
        return " ".join(found).split(" ") if found else []

    def ints(self, key: str) -> np.ndarray:
        return np.array(list(map(int, self.texts(key, _INTS, "integers"))), np.int64)

    def floats(self, key: str, pattern: re.Pattern[str] = _FLOATS) -> np.ndarray:
        """Doubles; an infinite one only where the pattern allows ``inf`` and it is written so."""
        texts = self.texts(key, pattern, "finite numbers" if pattern is _FLOATS else "numbers")
        numbers = np.array(texts, np.float64)
        overflown = [place for place in np.flatnonzero(np.isinf(numbers)).tolist() if texts[place] != "inf"]
        if overflown:
            number = int(self.owners()[overflown[0]])
            _refuse(f"Tree={number}: {key}", "numbers that a double holds", self.blocks[number][key])
        return numbers

    def owners(self) -> np.ndarray:
        """The number of the tree of each element."""
        return np.repeat(self.numbers, self.sizes)

    def parts(self, column: np.ndarray) -> list[np.ndarray]:
        """The elements of each tree."""
        return np.split(column, np.cumsum(self.sizes)[:-1])

    def ensure(self, good: np.ndarray, key: str, expected: Callable[[int], str]) -> None:
        """Refuse the first tree that has an element of ``key`` that is not good."""
        if not good.all():
            number = int(self.owners()[np.argmin(good)])
            _refuse(f"Tree={number}: {key}", expected(number), self.blocks[number][key])


_NONE = np.empty(0, np.int64)


def _read_trees(blocks: Sequence[Mapping[str, str]], features: int) -> list[Splits]:
    leaves, cats = np.array([_shape(number, block) for number, block in enumerate(blocks)]).T
    every = _Trees(blocks, np.arange(len(blocks)), leaves)
    stumps = [
        Splits(values, _NONE, np.empty(0), _NONE, _NONE, _NONE, ())
        for values in every.parts(every.floats("leaf_value"))
    ]
    inner = np.flatnonzero(leaves > 1)
    if inner.size:
        for number, read in zip(inner.tolist(), _read_splits(blocks, leaves, cats, inner, features), strict=True):
            stumps[number] = Splits(stumps[number].leaves, *read)
    return stumps


def _shape(number: int, block: Mapping[str, str]) -> tuple[int, int]:
    """How many leaves and how many categorical splits a tree has."""
    where = f"Tree={number}: "
    if block.get("is_linear", "0") != "0":
        _refuse(where + "is_linear", "0 (linear leaves are not supported)", block["is_linear"])
    leaves = _int(block, "num_leaves", 1, MAX_LEAVES, where)
    return leaves, _int(block, "num_cat", 0, leaves - 1, where)


_Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]


def _read_splits(
    blocks: Sequence[Mapping[str, str]], leaves: np.ndarray, cats: np.ndarray, inner: np.ndarray, features: int
) -> Iterator[_Split]:
    """Of the trees that split at all (``inner``), what :class:`Splits` has after the leaves."""
    trees = _Trees(blocks, inner, leaves[inner] - 1)
    feature = trees.ints("split_feature")
    trees.ensure((feature >= 0) & (feature < features), "split_feature", lambda _: f"indices from 0 to {features - 1}")
    decision = trees.ints("decision_type")
    # Bit 0: categorical, bit 1: default left, bits 2 and 3: kind of missing values (none, zero, NaN).
    trees.ensure((decision >= 0) & (decision <= 11), "decision_type", lambda _: "numbers from 0 to 11")
    threshold = trees.floats("threshold", _THRESHOLDS)
    index = (threshold >= 0) & (threshold < cats[trees.owners()]) & (threshold == np.floor(threshold))
    trees.ensure(
        index | ((decision & 1) == 0),
        "threshold",
        lambda number: f"indices of {cats[number]} sets of categories at categorical splits",
    )
    left, right = _children(trees)
    sets = (_sets(blocks, number, int(cats[number])) if cats[number] else () for number in inner.tolist())
    return zip(*map(trees.parts, (feature, threshold, decision, left, right)), sets, strict=True)


def _children(trees: _Trees) -> tuple[np.ndarray, np.ndarray]:
    """Every leaf and every inner node but the root is the child of exactly one node that stands before it."""
    nodes, starts = np.repeat(trees.sizes, trees.sizes), np.cumsum(trees.sizes) - trees.sizes
    first = np.repeat(starts, trees.sizes)
    parents = np.arange(nodes.size) - first
    sides, reached = [], np.zeros(2 * nodes.size, np.int64)
    for key in ("left_child", "right_child"):
        side = trees.ints(key)
        good = (side >= -nodes - 1) & (side < nodes) & ((side < 0) | (side > parents))
        trees.ensure(good, key, _expected_children(trees))
        # A tree has two places for each of its nodes: first for the leaves, then for the nodes but the root.
        np.add.at(reached, 2 * first + np.where(side < 0, -side - 1, nodes + side), 1)
        sides.append(side)
    if (reached != 1).any():
        number = int(trees.numbers[np.searchsorted(2 * starts, np.argmax(reached != 1), "right") - 1])
        _refuse(
            f"Tree={number}: left_child and right_child",
            "a tree: every node reached once",
            trees.blocks[number]["left_child"],
        )
    return sides[0], sides[1]


def _expected_children(trees: _Trees) -> Callable[[int], str]:
    nodes = dict(zip(trees.numbers.tolist(), trees.sizes.tolist(), strict=True))
    return lambda number: f"later nodes below {nodes[number]} or leaves down to {-nodes[number] - 1}"


def _sets(blocks: Sequence[Mapping[str, str]], number: int, cats: int) -> tuple[np.ndarray, ...]:
    """The codes that go left at each of a tree's ``cats`` categorical splits."""
    tree = _Trees(blocks, np.array([number]), np.array([cats + 1]))
    ends = tree.ints("cat_boundaries")
    good = np.append(ends[0] == 0, np.diff(ends) > 0) & (ends <= MAX_LEAVES * 32)
    tree.ensure(good, "cat_boundaries", lambda _: "increasing from 0")
    tree = _Trees(blocks, tree.numbers, ends[-1:])
    words = tree.ints("cat_threshold")
    tree.ensure((words >= 0) & (words < 1 << 32), "cat_threshold", lambda _: "unsigned 32-bit numbers")
    bits = (words[:, None] >> np.arange(32)) & 1
    return tuple(np.flatnonzero(bits[start:end]) for start, end in pairwise(ends.tolist()))


def _written(number: int, block: Mapping[str, str], tree: Splits) -> str:
    """A checked tree written anew."""
    cats = len(tree.sets)
    keys = ["split_feature", "threshold", "decision_type", "left_child", "right_child"] if tree.feature.size else []
    keys += ["cat_boundaries", "cat_threshold"] if cats else []
    head = [f"Tree={number}", f"num_leaves={len(tree.leaves)}", f"num_cat={cats}"]
    values = [f"{key}={block[key]}" for key in [*keys, "leaf_value"]]
    return "\n".join([*head, *values, "is_linear=0", "shrinkage=1"]) + "\n"


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

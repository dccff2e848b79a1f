"""Tree models: equal to LightGBM's own predictions, and hostile texts are refused before the C library sees them."""

from __future__ import annotations

import functools
import random
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.random_cells import same

from restudio.core.cells import Cell
from restudio.core.errors import RestudioError
from restudio.core.schema import Column, DType
from restudio.kernels.scores import BinaryScores, ClassScores, Scores, ValueScores
from restudio.kernels.tree_text import parse_trees
from restudio.kernels.trees import TreePredictor
from restudio.kernels.vectors import from_cells, to_cells

LEVELS = tuple(f"level {i}" for i in range(40))
FEATURES = (Column("a", DType.DOUBLE), Column("b", DType.STRING, LEVELS), Column("c", DType.INTEGER))
ROWS = 400


@functools.cache
def training_data() -> np.ndarray:
    generator = np.random.default_rng(5)
    data = np.column_stack(
        [generator.normal(size=ROWS), generator.integers(0, 40, ROWS), generator.integers(-50, 50, ROWS)]
    ).astype(float)
    data[::7, 0] = np.nan
    data[::11, 1] = np.nan
    return data


@functools.cache
def trained(objective: str, **options: object) -> lightgbm.Booster:
    data = training_data()
    target = (np.nan_to_num(data[:, 1]) % 3) + (data[:, 2] > 0)
    if objective == "binary":
        target = (target > 1).astype(float)
    elif objective.startswith("multiclass"):
        target = target % 3
    settings_ = {"objective": objective, "num_leaves": 12, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    dataset = lightgbm.Dataset(data, target, categorical_feature=[1])
    return lightgbm.train({**settings_, **options}, dataset, 8)


def cells_of(data: np.ndarray) -> list[list[Cell]]:
    return [
        [None if np.isnan(x) else float(x) for x in data[:, 0]],
        [None if np.isnan(x) else LEVELS[int(x)] if x >= 0 else "never seen" for x in data[:, 1]],
        [int(x) for x in data[:, 2]],
    ]


CASES: list[tuple[str, dict[str, object], Scores]] = [
    ("binary", {}, BinaryScores(["no", "yes"], DType.STRING)),
    ("binary", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, BinaryScores([0, 1], DType.INTEGER)),
    ("binary", {"boosting": "dart"}, BinaryScores([False, True], DType.BOOLEAN)),
    ("binary", {"num_leaves": 2, "learning_rate": 1e-30}, BinaryScores([0, 1], DType.INTEGER)),
    ("multiclass", {"num_class": 3}, ClassScores(["x", "y", "z"], DType.STRING)),
    ("multiclassova", {"num_class": 3}, ClassScores([1, 2, 3], DType.INTEGER)),
    ("regression", {}, ValueScores()),
    ("regression", {"reg_sqrt": True}, ValueScores()),
    ("poisson", {}, ValueScores()),
    ("tweedie", {}, ValueScores()),
    ("quantile", {"alpha": 0.3}, ValueScores()),
]


@pytest.mark.parametrize(("objective", "options", "scores"), CASES, ids=lambda v: str(v)[:40])
def test_rows_and_chunks_give_what_lightgbm_gives(objective: str, options: dict[str, object], scores: Scores) -> None:
    booster = trained(objective, **options)
    data = training_data().copy()
    data[::13, 1] = -1
    cells = cells_of(data)
    predictor = TreePredictor(booster.model_to_string(), FEATURES, scores)
    columns = [from_cells(c, f.dtype) for c, f in zip(cells, FEATURES, strict=True)]
    by_chunk = [to_cells(v) for v in predictor.many(columns, ROWS)]
    by_row = [list(c) for c in zip(*(predictor.one(row) for row in zip(*cells, strict=True)), strict=True)]
    assert all(
        same(a, b) for left, right in zip(by_row, by_chunk, strict=True) for a, b in zip(left, right, strict=True)
    )
    reference = np.asarray(booster.predict(data)).reshape(ROWS, -1)
    numbers = [c for c, dtype in zip(by_chunk, predictor.outputs, strict=True) if dtype is DType.DOUBLE]
    assert np.array_equal(np.array(numbers, float).T, reference)


def test_many_threads_score_single_rows_at_once() -> None:
    predictor = TreePredictor(trained("binary").model_to_string(), FEATURES, BinaryScores([0, 1], DType.INTEGER))
    rows = list(zip(*cells_of(training_data()), strict=True))
    expected = [predictor.one(row) for row in rows]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [predictor.one(row) for row in rows], range(16)):
            assert found == expected


def test_an_empty_chunk() -> None:
    predictor = TreePredictor(trained("regression").model_to_string(), FEATURES, ValueScores())
    (result,) = predictor.many([from_cells([], f.dtype) for f in FEATURES], 0)
    assert to_cells(result) == []


def test_a_model_of_leaves_only() -> None:
    text = trained("regression", min_data_in_leaf=1000).model_to_string()
    assert TreePredictor(text, FEATURES, ValueScores()).one((1.0, None, 3)) == TreePredictor(
        text, FEATURES, ValueScores()
    ).one((None, "level 1", 5))


TEXT = trained("binary").model_to_string()


def replaced(key: str, change: str, *, tree: bool = True) -> str:
    """The first line of that key with another value; ``{}`` in the change is the old one."""
    head, body = TEXT.split("Tree=0\n", 1)
    part = body if tree else head
    lines = part.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(key + "="))
    old = lines[at].split("=", 1)[1]
    lines[at] = key + "=" + change.replace("{}", old).replace("{rest}", old.partition(" ")[2])
    changed = "\n".join(lines)
    return head + "Tree=0\n" + changed if tree else changed + "Tree=0\n" + body


HOSTILE = {
    "empty": "",
    "no trees": TEXT.split("Tree=0")[0] + "end of trees\n",
    "cut": TEXT[: len(TEXT) // 2].split("end of trees")[0],
    "first line": TEXT.replace("tree\n", "forest\n", 1),
    "version": replaced("version", "v9", tree=False),
    "huge feature index": replaced("max_feature_idx", "99999999", tree=False),
    "negative feature index": replaced("max_feature_idx", "-1", tree=False),
    "classes": replaced("num_class", "1000000", tree=False),
    "more classes than trees": replaced("num_tree_per_iteration", "3", tree=False),
    "objective": replaced("objective", "custom", tree=False),
    "objective parameter": replaced("objective", "binary sigmoid:-1", tree=False),
    "objective without its parameter": replaced("objective", "binary", tree=False),
    "unknown key": TEXT.replace("num_class=1", "num_class=1\nrun=this", 1),
    "key twice": TEXT.replace("num_class=1", "num_class=1\nnum_class=1", 1),
    "leaves": replaced("num_leaves", "100000"),
    "no leaves": replaced("num_leaves", "0"),
    "leaf values": replaced("leaf_value", "{} 1"),
    "leaf NaN": replaced("leaf_value", "nan {rest}"),
    "leaf overflow": replaced("leaf_value", "1e999 {rest}"),
    "threshold text": replaced("threshold", "x {rest}"),
    "split feature": replaced("split_feature", "3 {rest}"),
    "negative split feature": replaced("split_feature", "-1 {rest}"),
    "child beyond": replaced("left_child", "5000 {rest}"),
    "leaf beyond": replaced("left_child", "-5000 {rest}"),
    "loop": replaced("left_child", "0 {rest}"),
    "shared child": replaced("left_child", "2 {rest}"),
    "decision": replaced("decision_type", "255 {rest}"),
    "too many sets": replaced("num_cat", "11"),
    "negative sets": replaced("num_cat", "-1"),
    "boundaries": replaced("cat_boundaries", "0 100000000"),
    "words": replaced("cat_threshold", "-5"),
    "linear leaves": replaced("is_linear", "1"),
    "unicode digits": replaced("num_leaves", "\u0661\u0662"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(RestudioError, match="The tree model is not valid") as caught:
        parse_trees(text)
    assert caught.value.detail == "InvalidBlob"


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_mutated_texts_never_crash(seed: int, changes: int) -> None:
    """Whatever is still accepted can be scored: no index leads outside."""
    chance = random.Random(seed)
    text = list(TEXT[: TEXT.index("end of trees") + 13])
    for _ in range(changes):
        at = chance.randrange(len(text))
        kind = chance.randrange(4)
        if kind == 0:
            text[at] = chance.choice("0123456789-. =\ne")
        elif kind == 1:
            del text[at : at + chance.randrange(1, 30)]
        elif kind == 2:
            text.insert(at, chance.choice(["9", "-", " ", "\n", "1e308", "-1 "]))
        else:
            end = min(len(text), at + chance.randrange(1, 200))
            text[at:at] = text[at:end]
    try:
        predictor = TreePredictor("".join(text), FEATURES, BinaryScores([0, 1], DType.INTEGER))
    except RestudioError:
        return
    for row in ((None, None, None), (1e308, "level 39", 2**62), (-1.0, "?", 0)):
        predictor.one(row)


def test_a_model_that_reads_other_features_does_not_fit() -> None:
    binary = BinaryScores([0, 1], DType.INTEGER)
    for features, scores in (
        (FEATURES[:2], binary),
        ((*FEATURES[:1], Column("b", DType.INTEGER), FEATURES[2]), binary),
        ((Column("a", DType.STRING), *FEATURES[1:]), binary),
        (FEATURES, ClassScores([1, 2, 3], DType.INTEGER)),
    ):
        with pytest.raises(RestudioError, match="does not fit"):
            TreePredictor(TEXT, features, scores)

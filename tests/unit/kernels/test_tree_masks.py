"""Trees as masks: equal to LightGBM to the bit, for random models and cells of every kind."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.core.schema import Column, DType
from restudio.kernels.lightgbm_library import Booster
from restudio.kernels.scores import BinaryScores
from restudio.kernels.tree_masks import ZERO
from restudio.kernels.tree_splits import mask_trees
from restudio.kernels.tree_text import parse_trees
from restudio.kernels.trees import TreePredictor

LEVELS = (None, 40, None, 3, None, None)
SPECIAL = np.array([0.0, -0.0, ZERO, -ZERO, ZERO * 1.1, 1e-300, np.nan, np.inf, -np.inf, 1e300, -1.0, 1.0])


def random_data(generator: np.random.Generator, rows: int) -> np.ndarray:
    """Normal numbers, codes with unknown and missing ones, small whole numbers with zeros, holes."""
    data = np.column_stack(
        [
            generator.normal(size=rows),
            generator.integers(-1, 40, rows),
            generator.integers(-3, 4, rows),
            generator.integers(0, 3, rows),
            np.exp(generator.normal(size=rows) * 20),
            generator.choice(SPECIAL, rows),
        ]
    ).astype(float)
    data[generator.random(data.shape) < 0.1] = np.nan
    return data


def train(generator: np.random.Generator, objective: str, **options: object) -> str:
    data = random_data(generator, 600)
    target = np.nan_to_num(data[:, 0]) + np.nan_to_num(data[:, 1]) % 5 + np.nan_to_num(data[:, 2]) * (data[:, 3] == 1)
    if objective == "binary":
        target = (target > 2).astype(float)
    data[:, 1] = np.where(data[:, 1] < 0, np.nan, data[:, 1])
    fixed = {"objective": objective, "min_data_in_leaf": 2, "verbose": -1, "num_threads": 1, "bagging_freq": 1}
    dataset = lightgbm.Dataset(np.clip(data, -1e12, 1e12), target, categorical_feature=[1, 3])
    return lightgbm.train({**fixed, "bagging_fraction": 0.9, **options}, dataset, 12).model_to_string()


@given(
    seed=st.integers(0, 10**6),
    objective=st.sampled_from(["binary", "regression", "regression_l1", "huber"]),
    leaves=st.sampled_from([2, 3, 31, 32, 33, 64]),
    use_missing=st.booleans(),
    zero_as_missing=st.booleans(),
    boosting=st.sampled_from(["gbdt", "rf"]),
    one_hot=st.sampled_from([1, 4, 50]),
    rows=st.sampled_from([1, 2, 511, 512, 513, 1500]),
)
@settings(max_examples=60, deadline=None)
def test_equal_to_lightgbm_to_the_bit(
    seed: int,
    objective: str,
    leaves: int,
    use_missing: bool,
    zero_as_missing: bool,
    boosting: str,
    one_hot: int,
    rows: int,
) -> None:
    generator = np.random.default_rng(seed)
    text = train(
        generator,
        objective,
        num_leaves=leaves,
        use_missing=use_missing,
        zero_as_missing=zero_as_missing,
        boosting=boosting,
        max_cat_to_onehot=one_hot,
    )
    checked = parse_trees(text)
    masked = mask_trees(checked, LEVELS)
    assert masked is not None
    data = random_data(generator, rows)
    columns = [
        column if levels is None else np.where(np.isnan(column), -2, column).astype(np.int32)
        for column, levels in zip(data.T, LEVELS, strict=True)
    ]
    expected = Booster(checked.canonical, checked.features, 1).predict(np.ascontiguousarray(data))[:, 0]
    assert masked.predict(columns, rows).tobytes() == expected.tobytes()


def test_leaves_alone() -> None:
    generator = np.random.default_rng(1)
    checked = parse_trees(train(generator, "regression", min_data_in_leaf=600))
    masked = mask_trees(checked, LEVELS)
    assert masked is not None
    data = random_data(generator, 5)
    expected = Booster(checked.canonical, checked.features, 1).predict(data)[:, 0]
    assert masked.predict(list(data.T), 5).tobytes() == expected.tobytes()
    assert masked.predict([column[:0] for column in data.T], 0).tolist() == []


def test_rows_together_are_as_rows_one_by_one() -> None:
    generator = np.random.default_rng(3)
    levels = [None if n is None else tuple(f"level {i}" for i in range(n)) for n in LEVELS]
    columns = [Column(f"c{i}", DType.STRING if names else DType.DOUBLE, names) for i, names in enumerate(levels)]
    predictor = TreePredictor(train(generator, "binary"), columns, BinaryScores(["no", "yes"], DType.STRING))
    rows = [
        [
            None if np.isnan(x) else x if names is None else names[int(x)] if x >= 0 else "?"
            for x, names in zip(row, levels, strict=True)
        ]
        for row in random_data(generator, 100).tolist()
    ]
    for number in (0, 1, 19, 20, 100):
        assert list(predictor.rows(rows[:number])) == [predictor.one(row) for row in rows[:number]]


@pytest.mark.parametrize(
    ("objective", "options"),
    [("regression", {"num_leaves": 65}), ("poisson", {}), ("regression", {"reg_sqrt": True})],
)
def test_what_stays_with_the_library(objective: str, options: dict[str, object]) -> None:
    generator = np.random.default_rng(2)
    data = random_data(generator, 800)
    target = np.abs(np.nan_to_num(data[:, 0]))
    fixed = {"objective": objective, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
    text = lightgbm.train({**fixed, **options}, lightgbm.Dataset(data, target), 3).model_to_string()
    assert mask_trees(parse_trees(text), [None] * 6) is None

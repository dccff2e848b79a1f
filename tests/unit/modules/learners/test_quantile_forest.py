"""Fast Forest Quantile Regression: scores are quantiles of the labels that share the row's leaves."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss
from tests.unit.modules.catalog import CATALOG, run, score, train

from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import Role, Score
from restudio.kernels.quantiles import QuantileScores
from restudio.tables.table import Table

LEARNER = "fast-forest-quantile-regression"


def spread(rows: int, seed: int = 0) -> Table:
    """Labels whose spread grows with ``x``: the quantile q of a row is x * (1 + q)."""
    random = np.random.default_rng(seed)
    x = 1.0 + random.random(rows)
    return Table.from_columns(
        {
            "x": [None if i % 50 == 7 else v for i, v in enumerate(x.tolist())],
            "kind": [("a", "b")[i % 2] for i in range(rows)],
            "y": (x * (1.0 + random.random(rows))).tolist(),
        }
    )


def test_scores_are_the_quantiles_of_rows_like_this() -> None:
    model = train(LEARNER, spread(4000), "y", Quantiles_to_be_estimated="0.1;0.5;0.9")
    test = spread(2000, seed=1)
    scored = score(model, test)
    names = scored.names[-3:]
    assert names == ("Scores for quantile :0.1", "Scores for quantile :0.5", "Scores for quantile :0.9")
    assert {scored.schema[name].score for name in names} == {Score.QUANTILE}
    truth = np.array(test.column("y").to_pylist())
    low, middle, high = (np.array(scored.column(name).to_pylist()) for name in names)
    assert (low <= middle).all()
    assert (middle <= high).all()
    shares = [float((truth <= predicted).mean()) for predicted in (low, middle, high)]
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.06)


def test_they_are_measured_by_their_loss() -> None:
    test = spread(500, seed=2)
    marked = test.with_schema(
        type(test.schema).of(c.with_(role=Role.LABEL) if c.name == "y" else c for c in test.schema)
    )
    scored = score(train(LEARNER, spread(1000), "y"), marked)
    measured = run(CATALOG["evaluate-model"], scored, None)
    assert isinstance(measured, Table)
    (row,) = measured.data.to_pylist()
    truth = test.column("y").to_pylist()
    losses = []
    for quantile in (0.25, 0.5, 0.75):
        predicted = scored.column(f"Scores for quantile :{quantile}").to_pylist()
        losses.append(mean_pinball_loss(truth, predicted, alpha=quantile))
        assert row[f"Quantile Loss:{quantile}"] == pytest.approx(losses[-1])
    assert row["Average Quantile Loss"] == pytest.approx(np.mean(losses))
    assert row["Mean Absolute Error"] == pytest.approx(2 * losses[1])
    beside = run(CATALOG["evaluate-model"], scored, score(train("linear-regression", spread(1000), "y"), marked))
    assert isinstance(beside, Table)
    assert beside.column("Average Quantile Loss").to_pylist()[1] is None


def test_leaves_hold_the_labels_that_fell_into_them() -> None:
    model = train(LEARNER, spread(300), "y", Number_of_Trees=3, Bagging_fraction=1, Quantile_sample_count=1000)
    ends, leaves = model.arrays["ends"], model.arrays["leaves"]

    assert len(ends) == leaves.sum()
    sizes = np.diff(ends, prepend=0)
    assert sizes.sum() == 3 * 300, "each label is in one leaf of every tree"
    few = train(LEARNER, spread(300), "y", Number_of_Trees=3, Quantile_sample_count=2)
    assert np.diff(few.arrays["ends"], prepend=0).max() == 2


@given(st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=4), min_size=1, max_size=4), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_a_quantile_is_the_least_value_that_reaches_its_share(held: list[list[float]], quantile: float) -> None:
    samples = np.array([value for leaf in held for value in sorted(leaf)])
    ends = np.cumsum([len(leaf) for leaf in held])
    kernel = QuantileScores([quantile], samples, ends, np.ones(len(held), np.int64))
    (found,) = cast("tuple[float]", kernel.one([0.0] * len(held)))
    weight = {value: 0.0 for leaf in held for value in leaf}
    for leaf in held:
        for value in leaf:
            weight[value] += 1.0 / len(leaf) / len(held)
    below = sum(w for value, w in weight.items() if value < found)
    assert below < quantile + 1e-9
    assert below + weight[found] > quantile - 1e-9
    (many,) = kernel.many([np.zeros(3)] * len(held))
    assert cast("np.ndarray", many.values).tolist() == [found] * 3


def test_odd_training_data() -> None:
    constant = Table.from_columns({"x": [1.0] * 30, "y": [5.0] * 30})
    assert set(score(train(LEARNER, constant, "y"), constant).column("Scores for quantile :0.5").to_pylist()) == {5.0}


@pytest.mark.parametrize(
    ("listed", "number"), [("a;b", "0002"), ("", "0008"), ("0;0.5", "0008"), ("1.5", "0008"), ("nan", "0008")]
)
def test_quantiles_must_be_shares(listed: str, number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        run(CATALOG[LEARNER], Quantiles_to_be_estimated=listed)
    assert (caught.value.number, caught.value.parameter) == (number, "Quantiles to be estimated")


@pytest.mark.parametrize(
    "changed",
    [
        {"samples": np.array([math.nan])},
        {"ends": np.array([], np.int64)},
        {"leaves": np.array([0])},
        {"quantiles": np.array([2.0])},
    ],
)
def test_a_damaged_model_is_refused(changed: dict[str, Any]) -> None:
    model = train(LEARNER, spread(100), "y", Number_of_Trees=2)
    damaged: Model = replace(model, arrays={**model.arrays, **changed})
    with pytest.raises(RestudioError, match="Train it again"):
        score(damaged, spread(5))

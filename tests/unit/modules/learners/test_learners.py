"""Learners against their reference: scikit-learn's optimum, LightGBM itself, closed forms."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from tests.unit.modules.catalog import CATALOG, run, score, train

from restudio.artifacts.values import UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.modules.learners.boosted_trees import BoostedTreeParams
from restudio.modules.learners.ranges import single
from restudio.tables.table import Table

RNG = np.random.default_rng(11)
X = RNG.random((400, 3))
LEARNERS = [i for i in CATALOG if CATALOG[i].fit is not None and not CATALOG[i].spec.inputs]
STANDARD = (X - X.mean(axis=0)) / X.std(axis=0)  # scaling changes nothing


def table(target: np.ndarray, matrix: np.ndarray = X) -> Table:
    return Table.from_columns(
        {"a": matrix[:, 0].tolist(), "b": matrix[:, 1].tolist(), "c": matrix[:, 2].tolist(), "y": target.tolist()}
    )


def logistic(l1: float, l2: float, **options: Any) -> LogisticRegression:
    return LogisticRegression(
        C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), solver="saga", tol=1e-10, max_iter=100_000, **options
    )


@pytest.mark.parametrize(("l1", "l2"), [(1.0, 1.0), (0.0, 1.0), (2.0, 0.5), (5.0, 0.0)])
def test_two_class_logistic_regression_is_the_optimum_of_scikit_learn(l1: float, l2: float) -> None:
    target = (X @ [3, -2, 0] + RNG.normal(size=400) / 2 > 0.5).astype(int)
    raw = {"Optimization tolerance": 1e-14, "L1 regularization weight": l1, "L2 regularization weight": l2}
    model = train("two-class-logistic-regression", table(target, STANDARD), "y", **raw)
    expected = logistic(l1, l2).fit(STANDARD, target)
    np.testing.assert_allclose(model.arrays["weights"], expected.coef_, atol=2e-4)
    np.testing.assert_allclose(model.arrays["intercepts"], expected.intercept_, atol=2e-4)


def test_multiclass_logistic_regression_is_the_optimum_of_scikit_learn() -> None:
    target = np.digitize(X @ [3, -2, 0] + RNG.normal(size=400) / 2, [0, 1])
    model = train("multiclass-logistic-regression", table(target, STANDARD), "y", Optimization_tolerance=1e-14)
    scored = score(model, table(target, STANDARD))
    found = np.array([scored.column(name).to_pylist() for name in scored.names[-4:-1]]).T
    np.testing.assert_allclose(found, logistic(1.0, 1.0).fit(STANDARD, target).predict_proba(STANDARD), atol=2e-4)


def test_l1_gives_exact_zeros() -> None:
    target = (X[:, 0] > 0.5).astype(int)
    model = train("two-class-logistic-regression", table(target), "y", L1_regularization_weight=20.0)
    assert (model.arrays["weights"][0, 1:] == 0.0).all()


@pytest.mark.parametrize(("l2", "intercept"), [(0.001, True), (10.0, True), (10.0, False), (0.0, True)])
def test_least_squares_is_ridge(l2: float, intercept: bool) -> None:
    big = X * [1.0, 1e6, 1e-3] + [0, 1e9, 0]  # as times in ticks: far from zero
    target = X @ [1, 2, 3] + RNG.normal(size=400)
    data = table(target, big)
    raw = {"L2 regularization weight": l2, "Include intercept term": intercept}
    found = score(train("linear-regression", data, "y", **raw), data).column("Scored Labels").to_numpy()
    expected = Ridge(alpha=l2, fit_intercept=intercept, solver="svd").fit(big, target).predict(big)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_online_gradient_descent_comes_near_least_squares() -> None:
    target = X @ [1, 2, 3] + 100
    options = {"Solution method": "Online Gradient Descent", "L2 regularization weight": 0.0}
    steady = {"Average final hypothesis": False, "Decrease learning rate": False}
    for more, error in (({}, 1.5), (steady, 1e-6)):
        model = train("linear-regression", table(target), "y", **options, **more)
        found = score(model, table(target)).column("Scored Labels").to_numpy()
        assert np.sqrt(np.mean((found - target) ** 2)) < error
    none = train("linear-regression", table(target), "y", **options, **{"Number of training epochs": 0})
    np.testing.assert_allclose(score(none, table(target)).column("Scored Labels").to_numpy(), target.mean())


def test_divergence_is_told() -> None:
    huge = Table.from_columns({"a": (X[:, 0] * 1e9).tolist(), "y": X[:, 1].tolist()})
    raw = {"Solution method": "Online Gradient Descent", "Normalize features": False, "Learning rate": 10.0}
    with pytest.raises(ModuleError, match="Error 0039: Training diverged"):
        train("linear-regression", huge, "y", **raw)


@pytest.mark.parametrize(
    ("learner", "objective"),
    [("two-class-boosted-decision-tree", "binary"), ("boosted-decision-tree-regression", "regression")],
)
def test_boosted_trees_are_those_of_lightgbm(learner: str, objective: str) -> None:
    target = X @ [3, -2, 0] + RNG.normal(size=400) / 2
    target = (target > 0.5).astype(int) if objective == "binary" else target
    scored = score(train(learner, table(target), "y", Number_of_trees_constructed=20), table(target))
    settings = {"objective": objective, "num_leaves": 20, "min_data_in_leaf": 10, "learning_rate": 0.2}
    settings |= {"verbosity": -1, "deterministic": True, "force_row_wise": True, "seed": 42}
    booster = lightgbm.train(settings, lightgbm.Dataset(X, target), 20)
    np.testing.assert_allclose(scored.data.columns[-1].to_numpy(), booster.predict(X), rtol=1e-12)


def test_boosted_trees_learn_from_levels_and_gaps() -> None:
    city = RNG.choice(["Rome", "Oslo", "Lima"], 400)
    gaps = [None if i % 3 == 0 else float(i % 7) for i in range(400)]
    target = np.where(city == "Oslo", 5.0, 0.0) + [1.0 if g is None else 0.0 for g in gaps]
    data = Table.from_columns({"city": city.tolist(), "gaps": gaps, "y": target.tolist()})
    found = score(train("boosted-decision-tree-regression", data, "y"), data).column("Scored Labels").to_numpy()
    np.testing.assert_allclose(found, target, atol=1e-3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_tiny_data_trains(learner: str) -> None:
    data = Table.from_columns({"x": [1.0, 2.0], "y": [0, 1]})
    assert score(train(learner, data, "y"), data).num_rows == 2


def test_train_model_takes_the_first_value_of_ranges() -> None:
    raw = {"Create trainer mode": "ParameterRange", "Range for learning rate": "0.3; 0.9"}
    chosen = single(parse_params(BoostedTreeParams, raw))
    assert (chosen.leaves, chosen.leaf_rows, chosen.learning_rate, chosen.trees) == (2, 1, 0.3, 20)
    assert isinstance(chosen.leaves, int)


@pytest.mark.parametrize(
    ("learner", "name", "value", "number"),
    [
        ("two-class-logistic-regression", "Optimization tolerance", 0, "0005"),
        ("two-class-logistic-regression", "L1 regularizaton weight", -1, "0005"),
        ("two-class-logistic-regression", "Memory size for L-BFGS", 0, "0005"),
        ("two-class-boosted-decision-tree", "The learning rate", 1.5, "0008"),
        ("boosted-decision-tree-regression", "Total number of trees constructed", 0, "0008"),
        ("linear-regression", "L2 regularization weight", "nan", "0032"),
        ("linear-regression", "Solution method", "Guessing", "0002"),
    ],
)
def test_parameters_are_checked(learner: str, name: str, value: object, number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        run(CATALOG[learner], **{name: value})
    assert caught.value.number == number


@pytest.mark.parametrize("learner", LEARNERS)
def test_untrained_model_carries_plain_parameters(learner: str) -> None:
    untrained = run(CATALOG[learner])
    assert isinstance(untrained, UntrainedModel)
    assert parse_params(CATALOG[learner].spec.params, untrained.params) == parse_params(
        CATALOG[learner].spec.params, {}
    )

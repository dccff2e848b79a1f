"""Decision forests against scikit-learn's own predictions."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from tests.unit.modules.catalog import score, train

from restudio.core.errors import RestudioError
from restudio.modules.learners.decision_forest import two_class_decision_forest
from restudio.tables.table import Table

RNG = np.random.default_rng(3)
X = RNG.normal(size=(300, 3))
X[::7, 1] = np.nan
NEW = RNG.normal(size=(300, 3))
NEW[::5, 2] = np.nan


def table(matrix: np.ndarray, target: np.ndarray) -> Table:
    cells = {name: [None if np.isnan(x) else x for x in column] for name, column in zip("abc", matrix.T, strict=True)}
    return Table.from_columns({**cells, "y": target.tolist()})


def probabilities(scored: Table) -> np.ndarray:
    names = [name for name in scored.names if name.startswith("Scored Probabilities")]
    return np.array([scored.column(name).to_pylist() for name in names]).T


@pytest.mark.parametrize(("method", "bootstrap"), [("Bagging Resampling", True), ("Replicate", False)])
def test_classes_are_those_of_scikit_learn(method: str, bootstrap: bool) -> None:
    strength = X[:, 0] + np.nan_to_num(X[:, 1]) + RNG.normal(size=300)
    reference = RandomForestClassifier(8, max_depth=32, max_features=2, bootstrap=bootstrap, random_state=5)
    raw = {"Resampling method": method, "Number of random splits per node": 2, "Random number seed": 5}
    for learner, target in (
        ("two-class-decision-forest", (strength > 0).astype(int)),
        ("multiclass-decision-forest", np.digitize(strength, [-1, 1])),
    ):
        found = probabilities(score(train(learner, table(X, target), "y", **raw), table(NEW, target)))
        expected = reference.fit(X, target).predict_proba(NEW)
        np.testing.assert_allclose(found, expected[:, -found.shape[1] :], rtol=1e-12)


def test_regression_is_that_of_scikit_learn_with_the_deviation_of_all_leaves() -> None:
    target = 1e6 + X[:, 0] + RNG.normal(size=300)
    raw = {"Minimum number of samples per leaf node": 6, "Maximum depth of the decision trees": 4}
    scored = score(train("decision-forest-regression", table(X, target), "y", **raw), table(NEW, target))
    assert scored.names[-2:] == ("Scored Label Mean", "Scored Label Standard Deviation")
    forest = RandomForestRegressor(8, max_depth=4, min_samples_leaf=6, random_state=0).fit(X, target)
    found = [scored.column(name).to_numpy() for name in scored.names[-2:]]
    np.testing.assert_allclose(found[0], forest.predict(NEW), rtol=1e-12)
    leaves = [(tree.tree_, tree.apply(NEW.astype(np.float32))) for tree in forest.estimators_]
    means = np.array([tree.value[at, 0, 0] for tree, at in leaves])
    variance = np.array([tree.impurity[at] for tree, at in leaves])
    np.testing.assert_allclose(found[1] ** 2, variance.mean(axis=0) + means.var(axis=0), rtol=1e-3)


def test_times_and_levels_tell_rows_apart() -> None:
    start = datetime(2024, 1, 1)
    target = [float(i % 2) for i in range(60)]
    data = Table.from_columns(
        {
            "when": [start + timedelta(milliseconds=i) for i in range(60)],
            "city": [("Rome", "Oslo")[i % 2] for i in range(60)],
            "y": target,
        }
    )
    deep = {"Maximum depth of the decision trees": 64}
    for used in (["when", "y"], ["city", "y"]):
        few = data.select(used)
        model = train("decision-forest-regression", few, "y", Resampling_method="Replicate", **deep)
        np.testing.assert_allclose(score(model, few).column("Scored Label Mean").to_numpy(), target, atol=1e-12)


def test_a_wrong_file_is_refused() -> None:
    model = train("two-class-decision-forest", table(X, (X[:, 0] > 0).astype(int)), "y")
    assert two_class_decision_forest.predictor is not None
    two_class_decision_forest.predictor(model)
    object.__setattr__(model, "texts", {})
    with pytest.raises(RestudioError, match="Train it again"):
        two_class_decision_forest.predictor(model)

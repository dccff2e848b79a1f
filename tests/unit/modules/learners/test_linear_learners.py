"""Poisson Regression and Two-Class Averaged Perceptron against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import PoissonRegressor, SGDClassifier
from tests.unit.modules.catalog import score, train

from restudio.core.errors import ModuleError
from restudio.modules.learners.calibration import fit_sigmoid
from restudio.tables.table import Table

RNG = np.random.default_rng(4)
X = RNG.random((500, 3))
UNIT = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
STANDARD = (X - X.mean(axis=0)) / X.std(axis=0)


def table(target: np.ndarray) -> Table:
    return Table.from_columns({**dict(zip("abc", X.T.tolist(), strict=True)), "y": target.tolist()})


def test_poisson_regression_is_the_optimum_of_scikit_learn() -> None:
    counts = RNG.poisson(np.exp(X @ [1, -1, 0.5] + 1))
    raw = {"L1 regularization weight": 0, "L2 regularization weight": 2, "Optimization tolerance": 1e-14}
    data = table(counts)
    found = score(train("poisson-regression", data, "y", **raw), data).column("Scored Labels").to_numpy()
    expected = PoissonRegressor(alpha=2 / 500, tol=1e-10, max_iter=10_000).fit(STANDARD, counts).predict(STANDARD)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_l1_gives_exact_zeros() -> None:
    counts = RNG.poisson(np.exp(X[:, 0] * 2))
    model = train("poisson-regression", table(counts), "y", L1_regularization_weight=60.0)
    assert model.arrays["weights"][0, 0] > 0
    assert (model.arrays["weights"][0, 1:] == 0.0).all()


@pytest.mark.parametrize("wrong", [-1.0, 0.5])
def test_poisson_regression_learns_counts_only(wrong: float) -> None:
    counts = np.ones(500)
    counts[7] = wrong
    with pytest.raises(ModuleError, match="Error 0023: Column 'y' must hold counts"):
        train("poisson-regression", table(counts), "y")


def test_the_sigmoid_is_that_of_scikit_learn() -> None:
    raw = RNG.normal(size=400)
    positive = raw + RNG.normal(size=400) > 0.3
    judge = FrozenEstimator(_Identity().fit(raw[:, None], positive))
    calibrated = CalibratedClassifierCV(judge, method="sigmoid").fit(raw[:, None], positive)
    a, b = fit_sigmoid(raw, positive)
    expected = calibrated.predict_proba(raw[:, None])[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-a * raw - b)), expected, atol=1e-3)


class _Identity(SGDClassifier):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier whose score is its feature."""

    def decision_function(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[:, 0]


def test_averaged_perceptron_orders_rows_as_that_of_scikit_learn() -> None:
    target = (X @ [3, -2, 1] + RNG.normal(size=500) / 2 > 1).astype(int)
    data = table(target)
    found = score(train("two-class-averaged-perceptron", data, "y", Learning_rate=0.5), data)
    ones = np.column_stack([UNIT, np.ones(500)])
    options = {"loss": "perceptron", "penalty": None, "learning_rate": "constant", "eta0": 0.5, "max_iter": 10}
    reference = SGDClassifier(**options, tol=None, average=True, fit_intercept=False, random_state=0).fit(ones, target)
    raw = reference.decision_function(ones)
    a, b = fit_sigmoid(raw, target == 1)
    probabilities = found.column("Scored Probabilities").to_numpy()
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-a * raw - b)), rtol=1e-9)
    assert np.mean((probabilities >= 0.5) == target) > 0.85


@pytest.mark.parametrize("sphere", [False, True])
def test_support_vector_machine_is_that_of_scikit_learn_calibrated(sphere: bool) -> None:
    target = (X @ [3, -2, 1] + RNG.normal(size=500) / 2 > 1).astype(int)
    data = table(target)
    raw = {"Number of iterations": 10, "Lambda": 0.01, "Project to the unit-sphere": sphere}
    found = score(train("two-class-support-vector-machine", data, "y", **raw), data)
    matrix = UNIT / np.sqrt((UNIT**2).sum(axis=1, keepdims=True)) if sphere else UNIT
    ones = np.column_stack([matrix, np.ones(500)])
    reference = SGDClassifier(alpha=0.01, max_iter=10, tol=None, fit_intercept=False, random_state=0).fit(ones, target)
    decision = reference.decision_function(ones)
    a, b = fit_sigmoid(decision, target == 1)
    probabilities = found.column("Scored Probabilities").to_numpy()
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-a * decision - b)), rtol=1e-9)
    assert np.mean((probabilities >= 0.5) == target) > 0.8

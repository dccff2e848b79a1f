"""Alternating least squares reaches the optimum it aims at."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from restudio.modules.factorization import PRIOR, factorize, predict, regress


def test_each_side_is_the_best_answer_to_the_other() -> None:
    """At the end no user's factors can be improved while the items stay: they are a ridge regression on them."""
    random = np.random.default_rng(0)
    user, item = (a.ravel() for a in np.meshgrid(np.arange(6), np.arange(5), indexing="ij"))
    value = random.normal(size=30)
    found = factorize(user, item, value, (6, 5), 2, 2000)
    for u in range(6):
        design = np.column_stack([found.items[:, :2], np.ones(5)])
        left = value[user == u] - value.mean() - found.items[:, 2]
        twin = Ridge(alpha=PRIOR, fit_intercept=False).fit(design, left)
        assert found.users[u] == pytest.approx(twin.coef_, abs=1e-6)


def test_predictions_are_mean_biases_and_product() -> None:
    assert predict(3.0, np.array([[2.0, 0.5]]), np.array([[4.0, 0.25]])).tolist() == [3.0 + 0.5 + 0.25 + 8.0]


def test_regression_from_features_equals_scikit_learn() -> None:
    random = np.random.default_rng(1)
    features, factors = random.normal(size=(20, 3)), random.normal(size=(20, 2))
    design = np.column_stack([features, np.ones(20)])
    twin = Ridge(alpha=PRIOR, fit_intercept=False).fit(design, factors)
    assert regress(features, factors) == pytest.approx(twin.coef_.T, abs=1e-9)

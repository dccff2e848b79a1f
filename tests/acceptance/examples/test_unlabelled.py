"""Clusters, recommendations and anomalies: what was planted is found."""

from __future__ import annotations

import numpy as np
import pytest
from examples.data.ratings import SPREAD
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, mean_squared_error, roc_auc_score
from tests.acceptance.examples.conftest import Plays
from tests.acceptance.examples.played import first_part


def test_clusters_of_iris_are_those_of_scikit_learn(plays: Plays) -> None:
    played = plays("iris-clusters")
    flowers = played.data("iris.csv")
    cells, first = flowers.drop("kind").to_numpy(), first_part(150, 0.5, 4)
    low, high = cells[first].min(axis=0), cells[first].max(axis=0)
    cells = (cells - low) / (high - low)
    best = KMeans(3, n_init=20, random_state=0).fit(cells[first])
    assigned = played.output("assign", "Results dataset")
    expected = best.transform(cells[~first])
    distances = np.sort(assigned.select([f"DistancesToClusterCenter no.{at}" for at in range(3)]).to_numpy(), axis=1)
    np.testing.assert_allclose(distances, np.sort(expected, axis=1), atol=1e-9)
    assert adjusted_rand_score(expected.argmin(axis=1), assigned["Assignments"]) == 1.0
    assert adjusted_rand_score(flowers["kind"].to_numpy()[~first], assigned["Assignments"]) >= 0.6


def test_ratings_are_predicted_near_the_limit_of_chance(plays: Plays) -> None:
    played = plays("restaurant-recommender")
    unique = played.output("one rating for each pair", "Results dataset")
    assert unique.height == unique.select("userID", "placeID").n_unique() == played.data("ratings.csv").height - 40
    test, found = played.output("split", "Results dataset2"), played.output("predict", "Scored dataset")
    error = mean_squared_error(test["rating"], found["Rating"]) ** 0.5
    assert played.metrics["RMSE"] == pytest.approx(error, abs=1e-9)
    # Rounding costs a twelfth of a square unit on average; the rest is chance and what is not learned of tastes.
    limit = (SPREAD**2 + 1 / 12) ** 0.5
    assert error <= 1.25 * limit
    known = {(user, item) for user, item, _ in played.output("split", "Results dataset1").rows()}
    recommended = played.output("recommend", "Scored dataset")
    for user, *items in recommended.rows():
        assert not {(user, item) for item in items} & known


def test_fraud_is_told_from_honest_payments(plays: Plays) -> None:
    played = plays("payment-anomalies")
    payments = played.data("payments.csv")
    first = first_part(len(payments), 0.6, 4)
    cells, fraud = payments.drop("class").to_numpy(), payments["class"].to_numpy()
    honest = cells[first & (fraud == 0)]
    components = PCA(3, svd_solver="full").fit(honest)
    centred = cells[~first] - honest.mean(axis=0)
    off = centred - centred @ components.components_.T @ components.components_
    expected = np.linalg.norm(off, axis=1) / np.linalg.norm(centred, axis=1)
    scored = played.output("score", "Scored dataset")
    best = roc_auc_score(fraud[~first], expected)
    for row in played.shown("evaluate / Evaluation results"):
        assert row["AUC"] >= 0.98
    assert played.metrics["AUC"] == pytest.approx(
        roc_auc_score(fraud[~first], scored["Scored Probabilities"]), abs=1e-9
    )
    assert played.metrics["AUC"] == pytest.approx(best, abs=5e-3)

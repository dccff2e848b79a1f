"""Sweep Clustering finds the number of clusters that is there; its measures equal their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import davies_bouldin_score
from tests.unit.modules.everything import execute

from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError
from restudio.modules.metrics import clustering
from restudio.tables.table import Table

RNG = np.random.default_rng(3)
CENTRES = np.array([[0.0, 0.0], [9.0, 1.0], [1.0, 9.0], [9.0, 9.0]])
TRUE = RNG.integers(0, 4, 200)
X = CENTRES[TRUE] + RNG.normal(size=(200, 2)) / 2
DATA = Table.from_columns({"a": X[:, 0].tolist(), "b": X[:, 1].tolist()})
COLUMNS = {"isFilter": True, "rules": [{"ruleType": "AllColumns", "exclude": False}]}


def sweep(data: Table = DATA, learner: dict[str, object] | None = None, **raw: object) -> tuple[Model, Table, Table]:
    untrained = execute("k-means-clustering", **(learner or {}))
    found: Any = execute("sweep-clustering", untrained, data, **{"Column_Set": COLUMNS, **raw})
    model, results, tried = found
    return model, results, tried


@pytest.mark.parametrize("metric", ["Simplified Silhouette", "Davies-Bouldin", "Dunn"])
def test_the_number_of_clusters_is_found(metric: str) -> None:
    ranges: dict[str, object] = {"Create_trainer_mode": "Parameter Range", "Number_of_seeds_to_sweep": 3}
    whole: dict[str, Any] = {
        "Specify_parameter_sweeping_mode": "Entire grid",
        "Metric_for_measuring_clustering_result": metric,
    }
    model, results, tried = sweep(learner=ranges, **whole)
    assert len(model.arrays["centres"]) == 4
    assert tried.num_rows == 4 * 3
    assert tried.column("Number of centroids").to_pylist()[0] == 4
    values = tried.column("Cluster metric").to_pylist()
    assert values == sorted(values, reverse=metric != "Davies-Bouldin")
    groups = {(t, a) for t, a in zip(TRUE.tolist(), results.column("Assignments").to_pylist(), strict=True)}
    assert len(groups) == 4


def test_a_random_sweep_is_the_same_for_the_same_seed() -> None:
    first, second = sweep(Random_seed=5), sweep(Random_seed=5)
    assert first[1].equals(second[1])
    assert first[2].equals(second[2])
    assert first[2].num_rows == 5
    other = sweep(Random_seed=6, Maximum_number_of_runs_on_random_sweep=2)[2]
    assert other.num_rows == 2


@pytest.fixture
def found() -> clustering.Clustering:
    four: dict[str, object] = {"Create_trainer_mode": "Parameter Range", "Range_for_Number_of_Centroids": "4"}
    model, results, _ = sweep(learner=four)
    names = [name for name in results.names if name.startswith("DistancesTo")]
    distances = np.array([results.column(name).to_pylist() for name in names]).T
    centres = model.arrays["centres"]
    apart = np.linalg.norm(centres[:, None] - centres[None, :], axis=2)
    return clustering.Clustering(np.array(results.column("Assignments").to_pylist()), distances, apart)


def test_measures_equal_their_definitions(found: clustering.Clustering) -> None:
    rows = list(zip(found.assigned.tolist(), found.distances.tolist(), strict=True))
    unit = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
    assert clustering.davies_bouldin(found) == pytest.approx(davies_bouldin_score(unit, found.assigned))
    own = [d[k] for k, d in rows]
    assert clustering.average_deviation(found) == pytest.approx(np.mean(own))
    silhouettes = []
    for k, d in rows:
        nearest = min(value for j, value in enumerate(d) if j != k)
        silhouettes.append((nearest - d[k]) / max(nearest, d[k]))
    assert clustering.simplified_silhouette(found) == pytest.approx(np.mean(silhouettes))
    apart = [found.centres[i, j] for i in range(len(found.centres)) for j in range(i)]
    assert clustering.dunn(found) == pytest.approx(min(apart) / max(own))


def test_a_single_cluster_cannot_be_measured_against_others() -> None:
    alone = clustering.Clustering(np.zeros(3, np.int64), np.ones((3, 2)), np.zeros((2, 2)))
    assert np.isnan(clustering.dunn(alone))
    assert np.isnan(clustering.davies_bouldin(alone))


def test_errors() -> None:
    with pytest.raises(ModuleError, match="0013"):
        execute("sweep-clustering", execute("linear-regression"), DATA, Column_Set=COLUMNS)
    with pytest.raises(ModuleError, match="0021"):
        sweep(DATA.slice(0, 1))

"""K-Means against scikit-learn, assignments, and their evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from tests.unit.modules.catalog import one_by_one
from tests.unit.modules.everything import EVERYTHING, WholeContext, execute

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Role, Schema
from restudio.kernels.expr import Frame
from restudio.tables.table import Table

RNG = np.random.default_rng(6)
CENTRES = np.array([[0.0, 0.0], [5.0, 1.0], [1.0, 6.0]])
TRUE = RNG.integers(0, 3, 240)
X = CENTRES[TRUE] + RNG.normal(size=(240, 2)) / 2
UNIT = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
DATA = Table.from_columns({"a": X[:, 0].tolist(), "b": X[:, 1].tolist()})


def cluster(data: Table, **raw: object) -> tuple[Model, Table]:
    untrained = execute("k-means-clustering", **raw)
    picked = {"rules": [{"ruleType": "ColumnNames", "exclude": False, "columns": ["a", "b"]}]}
    found = execute("train-clustering-model", untrained, data, Column_Set={"isFilter": True, **picked})
    assert isinstance(found, tuple)
    model, results = found
    stored = read_artifact(write_artifact(model))
    assert isinstance(stored, Model)
    return stored, results


def distances(results: Table) -> np.ndarray:
    return np.array([results.column(n).to_pylist() for n in results.names if n.startswith("DistancesTo")]).T


@pytest.mark.parametrize(
    ("start", "init"),
    [
        ("K-Means++", "k-means++"),
        ("K-Means++ Fast", "k-means++"),
        ("Random", "random"),
        ("First N", UNIT[:3]),
        ("Evenly", UNIT[[0, 80, 160]]),
    ],
)
def test_clusters_are_those_of_scikit_learn(start: str, init: Any) -> None:
    _, results = cluster(DATA, Number_of_Centroids=3, Initialization=start, Random_number_seed=4)
    expected = KMeans(3, init=init, n_init=1, max_iter=100, random_state=4).fit(UNIT)
    assert results.column("Assignments").to_pylist() == expected.predict(UNIT).tolist()
    np.testing.assert_allclose(distances(results), expected.transform(UNIT), rtol=1e-9)


def test_cosine_tells_directions_apart() -> None:
    angles = np.where(np.arange(60) % 2, 0.1, 1.4) + RNG.normal(size=60) / 50
    matrix = np.column_stack([np.cos(angles), np.sin(angles)]) * RNG.uniform(1, 99, 60)[:, None]
    data = Table.from_columns({"a": matrix[:, 0].tolist(), "b": matrix[:, 1].tolist()})
    _, results = cluster(data, Metric="Cosine", Normalize_features=False)
    assigned = results.column("Assignments").to_numpy()
    assert len(set(assigned[::2])) == len(set(assigned[1::2])) == 1
    assert assigned[0] != assigned[1]
    centre = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True))[assigned == 0].mean(axis=0)
    cosines = matrix @ centre / np.linalg.norm(matrix, axis=1) / np.linalg.norm(centre)
    np.testing.assert_allclose(distances(results)[:, 0], 1 - cosines, atol=1e-12)


@pytest.mark.parametrize("metric", ["Euclidean", "Cosine"])
def test_levels_gaps_and_single_rows(metric: str) -> None:
    city = [("Rome", "Oslo", None)[i % 3] for i in range(30)]
    data = Table.from_columns({"a": [None if i % 7 == 0 else i / 3 for i in range(30)], "b": city})
    model, results = cluster(data, Metric=metric)
    new = Table.from_columns({"a": [1.0, None, 4.0, 0.5], "b": ["Oslo", "Rome", "Lima", None]})
    lower = EVERYTHING["assign-data-to-clusters"].lower
    assert lower is not None
    frame = lower(
        parse_params(EVERYTHING["assign-data-to-clusters"].spec.params, {}),
        model,
        Frame.input("in", new.schema),
        entry=WholeContext().entry,
    )
    table = execute("assign-data-to-clusters", model, new)
    assert isinstance(table, Table)
    assert repr(one_by_one(frame, new)) == repr(table.data.to_pylist())
    assert [k is None for k in table.column("Assignments").to_pylist()] == [False, True, False, True]
    assert results.num_rows == 30


def test_results_alone() -> None:
    model, _ = cluster(DATA)
    table = execute("assign-data-to-clusters", model, DATA, Check_for_Append_or_Uncheck_for_Result_Only=False)
    assert isinstance(table, Table)
    assert table.names == ("Assignments", "DistancesToClusterCenter no.0", "DistancesToClusterCenter no.1")


def labelled() -> Table:
    names = [None if i % 10 == 0 else "xyz"[k] for i, k in enumerate(TRUE)]
    schema = Schema.of([*DATA.schema, Column("kind", DType.STRING, role=Role.LABEL)])
    return Table.from_columns({"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "kind": names}, schema)


def test_labels_start_and_name_clusters() -> None:
    options = {"Number_of_Centroids": 3, "Initialization": "Use label column"}
    _, filled = cluster(labelled(), Assign_Label_Mode="Fill missing values", **options)
    assert filled.column("kind").to_pylist() == ["xyz"[k] for k in TRUE]
    assert filled.column("Assignments").to_pylist() == TRUE.tolist()
    wrong = labelled()
    _, overwritten = cluster(wrong, Assign_Label_Mode="Overwrite from closest to center", **options)
    assert overwritten.column("kind").to_pylist() == ["xyz"[k] for k in TRUE]
    _, ignored = cluster(wrong, **options)
    assert ignored.column("kind").to_pylist() == wrong.column("kind").to_pylist()


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Number of Centroids": 300}, "0021"),
        ({"Initialization": "Use label column"}, "0083"),
    ],
)
def test_impossible_settings(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        cluster(DATA, **raw)
    assert caught.value.number == number


def test_ranges_give_their_first_value() -> None:
    model, _ = cluster(DATA, Create_trainer_mode="Parameter Range", Range_for_Number_of_Centroids="4; 5")
    assert model.arrays["centres"].shape == (4, 2)


def test_evaluation() -> None:
    model, results = cluster(DATA, Number_of_Centroids=3)
    table = execute("evaluate-model", results, None)
    assert isinstance(table, Table)
    found, assigned = distances(results), results.column("Assignments").to_numpy()
    own = found[np.arange(240), assigned]
    first, *clusters = table.data.to_pylist()
    assert [row["Result Description"] for row in clusters] == [f"Evaluation For Cluster No.{k}" for k in range(3)]
    assert first["Result Description"] == "Combined Evaluation"
    assert first["Average Distance to Cluster Center"] == pytest.approx(own.mean())
    assert first["Average Distance to Other Center"] == pytest.approx((found.sum(axis=1) - own).mean() / 2)
    assert [row["Number of Points"] for row in clusters] == np.bincount(assigned).tolist()
    assert clusters[1]["Maximal Distance To Cluster Center"] == pytest.approx(own[assigned == 1].max())
    two = execute("evaluate-model", results, execute("assign-data-to-clusters", model, DATA.slice(0, 9)))
    assert isinstance(two, Table)
    assert two.num_rows == 8


def test_a_wrong_file_is_refused() -> None:
    model, _ = cluster(DATA)
    object.__setattr__(model, "arrays", {**model.arrays, "centres": np.zeros((2, 3))})
    with pytest.raises(RestudioError, match="Train it again"):
        execute("assign-data-to-clusters", model, DATA)


def test_other_models_have_no_clusters() -> None:
    untrained = execute("two-class-logistic-regression")
    with pytest.raises(ModuleError, match=r"0013.*does not find clusters"):
        execute("train-clustering-model", untrained, DATA)

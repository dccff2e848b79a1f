"""Matchbox recommender: what it learns, its four ways of scoring, and the metrics of each."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.linear_model import Ridge
from tests.unit.modules.catalog import run

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema, Score
from restudio.core.spec import Task
from restudio.modules.recommender import score_matchbox_recommender, train_matchbox_recommender
from restudio.modules.recommender_evaluation import evaluate_recommender
from restudio.tables.table import Table

KIND = "Recommender prediction kind"
USERS, ITEMS = 30, 20


def planted() -> Table:
    """Two tastes of users and two kinds of items; ratings follow from them, some are left out."""
    random = np.random.default_rng(0)
    pairs = [(u, i) for u in range(USERS) for i in range(ITEMS) if random.random() < 0.6]
    return Table.from_columns(
        {
            "who": [f"u{u}" for u, _ in pairs],
            "what": [f"i{i}" for _, i in pairs],
            "stars": [5.0 if u % 2 == i % 2 else 1.0 for u, i in pairs],
        }
    )


def train(triples: Table, *features: Table | None, **raw: object) -> Model:
    model = run(train_matchbox_recommender, triples, *(features or (None, None)), **raw)
    assert isinstance(model, Model)
    stored = read_artifact(write_artifact(model))
    assert isinstance(stored, Model)
    return stored


def score(model: Model, dataset: Table, *others: Table | None, **raw: object) -> Table:
    return cast("Table", run(score_matchbox_recommender, model, dataset, *(others or (None,) * 3), **raw))


def judge(test: Table, scored: Table, **raw: object) -> dict[str, float | None]:
    (row,) = cast("Table", run(evaluate_recommender, test, scored, **raw)).data.to_pylist()
    return cast("dict[str, float | None]", row)


@pytest.fixture(scope="module")
def model() -> Model:
    return train(planted(), **{"Number of traits": 3, "Number of recommendation algorithm iterations": 20})


def test_without_traits_it_is_a_ridge_regression_on_who_and_what() -> None:
    random = np.random.default_rng(1)
    pairs = [(u, i) for u in range(8) for i in range(6) if random.random() < 0.7]
    values = random.normal(size=len(pairs)) + 3
    triples = Table.from_columns({"u": [u for u, _ in pairs], "i": [i for _, i in pairs], "r": values.tolist()})
    found = train(triples, **{"Number of traits": 0, "Number of recommendation algorithm iterations": 500})
    hot = np.zeros((len(pairs), 14))
    for row, (u, i) in enumerate(pairs):
        hot[row, u] = hot[row, 8 + i] = 1
    twin = Ridge(alpha=1.0, fit_intercept=False).fit(hot, values - values.mean())
    expected = np.clip(twin.predict(hot) + values.mean(), values.min(), values.max())
    predicted = score(found, triples, **{KIND: "Rating Prediction"})
    assert predicted.column("Rating").to_numpy() == pytest.approx(expected, abs=1e-9)


def test_tastes_are_found(model: Model) -> None:
    every = Table.from_columns(
        {"u": [f"u{u}" for u in range(USERS) for _ in range(ITEMS)], "i": [f"i{i}" for i in range(ITEMS)] * USERS}
    )
    predicted = score(model, every, **{KIND: "Rating Prediction"})
    assert predicted.names == ("User", "Item", "Rating")
    assert predicted.schema["Rating"].score is Score.REGRESSION_LABEL
    truth = np.array([5.0 if u % 2 == i % 2 else 1.0 for u in range(USERS) for i in range(ITEMS)])
    assert np.abs(predicted.column("Rating").to_numpy() - truth).max() < 1.0
    assert model.task is Task.RECOMMENDATION


def test_items_for_users(model: Model) -> None:
    asked = Table.from_columns({"u": ["u0", "u1"]})
    raw = {"Recommended item selection": "From All Items", "Maximum number of items to recommend to a user": 3}
    found = score(model, asked, **raw)
    assert found.names == ("User", "Item 1", "Item 2", "Item 3")
    for parity, row in enumerate(found.data.to_pylist()):
        assert {int(row[f"Item {n}"][1:]) % 2 for n in (1, 2, 3)} == {parity}
    fresh = score(model, asked, None, None, planted(), **raw)
    rated = {(r["who"], r["what"]) for r in planted().data.to_pylist()}
    given = {(r["User"], r[f"Item {n}"]) for r in fresh.data.to_pylist() for n in (1, 2, 3)}
    assert not given & rated


def test_rated_items_in_order_for_evaluation(model: Model) -> None:
    test = planted()
    found = score(model, test)
    assert found.names == ("User", *(f"Item {n}" for n in range(1, 6)))
    assert found.num_rows == USERS
    raw = {"Minimum size of the recommendation pool for a single user": ITEMS + 1}
    assert score(model, test, **raw).num_rows == 0


def test_item_gains_equal_scikit_learn() -> None:
    random = np.random.default_rng(2)
    rows = [(u, i, float(random.integers(1, 6))) for u in range(6) for i in range(8)]
    test = Table.from_columns({"u": [r[0] for r in rows], "i": [r[1] for r in rows], "r": [r[2] for r in rows]})
    found = train(test, **{"Number of traits": 2})
    scored = score(found, test, **{"Maximum number of items to recommend to a user": 4})
    predicted = score(found, test, **{KIND: "Rating Prediction"}).column("Rating").to_numpy().reshape(6, 8)
    truth = np.array([r[2] for r in rows]).reshape(6, 8)
    assert judge(test, scored)["NDCG"] == pytest.approx(
        reference.ndcg_score(truth, predicted, k=4, ignore_ties=True), rel=1e-9
    )


def test_rating_errors_equal_scikit_learn(model: Model) -> None:
    test = planted().slice(0, 100)
    scored = score(model, test, **{KIND: "Rating Prediction"})
    truth, predicted = test.column("stars").to_numpy(), scored.column("Rating").to_numpy()
    assert judge(test, scored) == {
        "MAE": pytest.approx(reference.mean_absolute_error(truth, predicted), rel=1e-9),
        "RMSE": pytest.approx(reference.root_mean_squared_error(truth, predicted), rel=1e-9),
    }


@pytest.mark.parametrize(
    ("kind", "selection", "everything", "one", "column"),
    [
        ("Related Users", "Related user selection", "From All Users", "u4", "Related User"),
        ("Related Items", "Related item selection", "From All Items", "i4", "Related Item"),
    ],
)
def test_relatives(model: Model, kind: str, selection: str, everything: str, one: str, column: str) -> None:
    alone = score(model, Table.from_columns({"id": [one]}), **{KIND: kind, selection: everything})
    (row,) = alone.data.to_pylist()
    relatives = [row[f"{column} {n}"] for n in range(1, 6)]
    assert one not in relatives
    assert {int(r[1:]) % 2 for r in relatives} == {0}
    test = planted()
    judged = judge(test, score(model, test, **{KIND: kind}))
    assert set(judged) == {"L1 Sim NDCG", "L2 Sim NDCG"}
    assert all(value == pytest.approx(1.0, abs=0.05) for value in judged.values())


def test_likeness_by_hand() -> None:
    test = Table.from_columns(
        {"u": ["a", "a", "b", "b", "c", "c"], "i": ["x", "y"] * 3, "r": [1.0, 5.0, 1.0, 4.0, 5.0, 1.0]}
    )
    scored = Table.from_columns({"User": ["a"], "Related User 1": ["c"], "Related User 2": ["b"]})
    best, worst = 1 - (0 + 1) / 2 / 4, 1 - (4 + 4) / 2 / 4
    gain = (worst + best / np.log2(3)) / (best + worst / np.log2(3))
    assert judge(test, scored)["L1 Sim NDCG"] == pytest.approx(gain, rel=1e-12)
    best = 1 - np.sqrt(1 / 2) / 4
    assert judge(test, scored)["L2 Sim NDCG"] == pytest.approx((best / np.log2(3)) / best, rel=1e-12)


def test_new_users_are_judged_by_their_features() -> None:
    tastes = Table.from_columns(
        {"id": [f"u{u}" for u in range(USERS)], "taste": ["even" if u % 2 == 0 else "odd" for u in range(USERS)]}
    )
    found = train(planted(), tastes, None, **{"Number of recommendation algorithm iterations": 20})
    new = Table.from_columns({"id": ["new", "u0"], "taste": ["odd", "even"]})
    asked = Table.from_columns({"u": ["new", "new"], "i": ["i3", "i4"]})
    odd, even = score(found, asked, new, None, None, **{KIND: "Rating Prediction"}).column("Rating").to_pylist()
    assert odd > 4
    assert even < 2
    with pytest.raises(ModuleError, match="0035"):
        score(found, asked, tastes, None, None, **{KIND: "Rating Prediction"})
    plain = score(found, asked, **{KIND: "Rating Prediction"}).column("Rating").to_pylist()
    assert all(2 < rating < 4 for rating in plain)


def test_categorical_ratings_come_back_as_levels() -> None:
    table = planted()
    words = ["good" if stars == 5.0 else "bad" for stars in table.column("stars").to_pylist()]
    schema = Schema.of([*table.schema.columns[:2], Column("stars", DType.STRING, ("bad", "good"))])
    named = Table.from_columns(
        {"who": table.column("who").to_pylist(), "what": table.column("what").to_pylist(), "stars": words}, schema
    )
    scored = score(
        train(named, **{"Number of recommendation algorithm iterations": 20}), named, **{KIND: "Rating Prediction"}
    )
    assert scored.column("Rating").to_pylist() == words
    assert judge(named, scored) == {"MAE": 0.0, "RMSE": 0.0}


@pytest.mark.parametrize(
    ("columns", "number"),
    [
        ({"u": ["a"], "i": ["x"]}, "0022"),
        ({"u": ["a", "a"], "i": ["x", "x"], "r": [1.0, 2.0]}, "0034"),
        ({"u": ["a", "b"], "i": ["x", "x"], "r": [1.0, 1.0]}, "0018"),
        ({"u": [None], "i": ["x"], "r": [1.0]}, "0018"),
        ({"u": ["a", "b"], "i": ["x", "x"], "r": [True, False]}, "0017"),
    ],
)
def test_triples_that_are_none(columns: dict[str, list[object]], number: str) -> None:
    with pytest.raises(ModuleError, match=number):
        train(Table.from_columns(columns))


@pytest.mark.parametrize(
    ("features", "number"),
    [
        ({"id": ["u0"]}, "0053"),
        ({"id": ["u0", "u0"], "f": [1.0, 2.0]}, "0036"),
        ({"id": ["u0"], "f": [1.0]}, "0035"),
    ],
)
def test_features_that_are_wrong(features: dict[str, list[object]], number: str) -> None:
    with pytest.raises(ModuleError, match=number):
        train(planted(), Table.from_columns(features), None)


def test_features_without_features_are_refused_in_scoring_too() -> None:
    users = sorted(set(planted().column("who").to_pylist()))
    known = Table.from_columns({"id": users, "age": [float(n) for n in range(len(users))]})
    with pytest.raises(ModuleError, match="0053"):
        score(train(planted(), known, None), planted(), known.select(["id"]), None, None)


def test_scoring_errors(model: Model) -> None:
    with pytest.raises(ModuleError, match="0022"):
        score(model, planted(), **{"Recommended item selection": "From All Items"})
    with pytest.raises(ModuleError, match=r"0018.*Edit Metadata"):
        score(model, Table.from_columns({"u": [1], "i": ["i1"]}))
    other = Model("linear-regression", Task.REGRESSION, (), None)
    with pytest.raises(ModuleError, match="0013"):
        score(other, planted())
    with pytest.raises(ModuleError, match="0018"):
        judge(planted(), planted())

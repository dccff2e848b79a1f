"""Credit risk with costs, Adult incomes, irises and digits against scikit-learn and LightGBM."""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl
import pytest
from scipy.sparse import hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import OneHotEncoder
from tests.acceptance.examples.conftest import Plays
from tests.acceptance.examples.played import Played, coded, first_part, stratified, trees

HIGH, LOW = 2, 1
COST = 5
INCOME = "income-per-year"


# --- credit risk


def credit(played: Played) -> tuple[np.ndarray, list[int], np.ndarray, np.ndarray]:
    """Coded applications, which columns are texts, their risk, and which are learned."""
    raw = played.data("credit.nh.csv", header=False)
    first = first_part(len(raw), 0.5, 7)
    matrix, texts = coded(raw[:, :-1], first)
    return matrix, texts, raw[:, -1].to_numpy(), first


def with_costs(risk: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Row numbers with every low risk once and, after these, every high risk five times."""
    low, high = rows[risk[rows] == LOW], rows[risk[rows] == HIGH]
    return np.concatenate([low, *[high] * COST])


def cost(risk: np.ndarray, called_high: np.ndarray) -> int:
    return int(COST * ((risk == HIGH) & ~called_high).sum() + ((risk == LOW) & called_high).sum())


def test_credit_risk_equals_lightgbm_and_costs_less_with_costs(plays: Plays) -> None:
    played = plays("credit-risk")
    matrix, texts, risk, first = credit(played)
    known, judged = np.flatnonzero(first), np.flatnonzero(~first)
    costs = []
    for learned, node in ((with_costs(risk, known), "score trees"), (known, "score without costs")):
        booster = trees(matrix[learned], (risk[learned] == HIGH) * 1.0, categorical=texts, objective="binary")
        rows = with_costs(risk, judged)
        expected = np.asarray(booster.predict(matrix[rows]))
        scored = played.output(node, "Scored dataset")
        np.testing.assert_allclose(scored["Scored Probabilities"].to_numpy(), expected, rtol=1e-9)
        assert (scored["Credit risk"].to_numpy() == risk[rows]).all()
        costs.append(cost(risk[judged], np.asarray(booster.predict(matrix[judged])) >= 0.5))
    told = played.shown("evaluate costs / Evaluation results")
    assert [row["AUC"] for row in told] == [
        pytest.approx(roc_auc_score(s["Credit risk"] == HIGH, s["Scored Probabilities"]), abs=1e-9)
        for s in (played.output(n, "Scored dataset") for n in ("score trees", "score without costs"))
    ]
    assert costs[0] < costs[1]


def test_the_support_vector_machine_sees_numbers_through_tanh(plays: Plays) -> None:
    played = plays("credit-risk")
    rows, normal = (
        played.output("costs of test rows", "Results dataset"),
        played.output("score vectors", "Scored dataset"),
    )
    for name in ("Duration in months", "Credit amount", "Age in years"):
        np.testing.assert_allclose(normal[name].to_numpy(), np.tanh(rows[name].to_numpy()), rtol=1e-12)
    assert normal["Credit risk"].equals(rows["Credit risk"])
    trees_, vectors = played.shown("evaluate / Evaluation results")
    assert min(trees_["AUC"], vectors["AUC"]) >= 0.68


def test_trees_that_know_the_costs_are_cheaper_on_any_half(plays: Plays) -> None:
    matrix, texts, risk, _ = credit(plays("credit-risk"))
    differences = []
    for seed in range(5):
        first = first_part(len(risk), 0.5, seed)
        known, judged = np.flatnonzero(first), np.flatnonzero(~first)
        both = [
            cost(risk[judged], np.asarray(trained.predict(matrix[judged])) >= 0.5)
            for rows in (with_costs(risk, known), known)
            for trained in (trees(matrix[rows], (risk[rows] == HIGH) * 1.0, categorical=texts, objective="binary"),)
        ]
        differences.append(both[1] - both[0])
    assert np.mean(differences) > 0


# --- Adult incomes


def folds_of(rows: int, seed: int = 0, count: int = 10) -> np.ndarray:
    folds = np.empty(rows, np.int64)
    folds[np.random.default_rng(seed).permutation(rows)] = np.arange(rows) % count
    return folds


@pytest.fixture(scope="module")
def people(plays: Plays) -> pl.DataFrame:
    """The rows with gaps filled by the most frequent value of their column."""
    raw = plays("adult-income").data("adult.csv")
    filled = [
        pl.when(pl.col(name) == "?").then(pl.lit(raw[name].replace("?", None).drop_nulls().mode().sort()[0]))
        .otherwise(pl.col(name)).alias(name)
        for name in raw.columns if raw[name].dtype == pl.String
    ]  # fmt: skip
    return raw.with_columns(filled)


@pytest.mark.parametrize(("learner", "least"), [("logistic", 0.90), ("trees", 0.92)])
def test_ten_folds_reach_the_known_area(plays: Plays, learner: str, least: float) -> None:
    played = plays("adult-income")
    by_fold = played.shown(f"cross-validate {learner} / Evaluation results by fold")
    mean = next(row for row in by_fold if str(row["Fold Number"]) == "Mean")
    assert mean["AUC"] >= least
    scored = played.output(f"cross-validate {learner}", "Scored results")
    areas = [
        roc_auc_score(part[INCOME] == ">50K", part["Scored Probabilities"])
        for _, part in sorted(scored.group_by("Fold Assignments"), key=lambda pair: cast("int", pair[0][0]))
    ]
    assert [row["AUC"] for row in by_fold[:10]] == pytest.approx(areas, abs=1e-9)
    assert mean["AUC"] == pytest.approx(np.mean(areas), abs=1e-9)


def test_a_fold_of_trees_equals_lightgbm(plays: Plays, people: pl.DataFrame) -> None:
    folds = folds_of(len(people))
    learned = folds != 3
    matrix, texts = coded(people.drop(INCOME), learned)
    rich = people[INCOME].to_numpy() == ">50K"
    booster = trees(matrix[learned], rich[learned] * 1.0, categorical=texts, objective="binary")
    expected = roc_auc_score(rich[~learned], np.asarray(booster.predict(matrix[~learned])))
    told = plays("adult-income").shown("cross-validate trees / Evaluation results by fold")[3]
    assert told["AUC"] == pytest.approx(expected, abs=1e-9)


def test_a_fold_of_logistic_regression_is_near_scikit_learn(plays: Plays, people: pl.DataFrame) -> None:
    folds = folds_of(len(people))
    learned = folds != 3
    texts = [name for name in people.columns if people[name].dtype == pl.String and name != INCOME]
    numbers = people.drop([*texts, INCOME]).to_numpy().astype(float)
    numbers = (numbers - numbers[learned].mean(axis=0)) / numbers[learned].std(axis=0)
    encoder = OneHotEncoder(handle_unknown="ignore").fit(people[texts].to_numpy()[learned])
    matrix = hstack([numbers, encoder.transform(people[texts].to_numpy())], format="csr")
    rich = people[INCOME].to_numpy() == ">50K"
    # Without the L1 part, which the fast solver lacks: on 29,000 rows the penalties do not show in the area.
    model = LogisticRegression(C=1.0, tol=1e-4, max_iter=1000).fit(matrix[learned], rich[learned])
    expected = roc_auc_score(rich[~learned], model.decision_function(matrix[~learned]))
    told = plays("adult-income").shown("cross-validate logistic / Evaluation results by fold")[3]
    assert told["AUC"] == pytest.approx(expected, abs=1e-3)


def test_features_are_chosen_and_the_best_settings_serve(plays: Plays) -> None:
    played = plays("adult-income")
    chosen = played.output("best features", "Filtered dataset").columns
    assert chosen[0] == INCOME
    assert len(chosen) == 13
    assert set(played.output("same features", "Transformed dataset").columns) == set(chosen)
    sweep = played.shown("tune / Sweep results")
    assert [row["AUC"] for row in sweep] == sorted((row["AUC"] for row in sweep), reverse=True)
    assert len(sweep) == 4
    (evaluated,) = played.shown("evaluate / Evaluation results")
    assert evaluated["AUC"] >= 0.92
    assert {str(row["Feature"]) for row in played.shown("importance / Feature importance")} == set(chosen[1:])


# --- irises and digits


def test_two_kinds_of_iris_are_parted_without_a_mistake(plays: Plays) -> None:
    for row in plays("iris-two-class").shown("evaluate / Evaluation results"):
        assert (row["Accuracy"], row["AUC"]) == (1.0, 1.0)


def test_three_kinds_of_iris_equal_scikit_learn(plays: Plays) -> None:
    played = plays("iris-multiclass")
    flowers = played.data("iris.csv")
    kinds, cells = flowers["kind"].to_numpy(), flowers.drop("kind").to_numpy()
    first = stratified(kinds, 0.6, 5)
    cells = (cells - cells[first].mean(axis=0)) / cells[first].std(axis=0)
    model = LogisticRegression(C=10.0, tol=1e-12, max_iter=10_000).fit(cells[first], kinds[first])
    scored = played.output("score logistic", "Scored dataset")
    found = scored.select([f'Scored Probabilities for Class "{kind}"' for kind in model.classes_]).to_numpy()
    np.testing.assert_allclose(found, model.predict_proba(cells[~first]), atol=1e-4)
    assert scored["Scored Labels"].to_list() == model.predict(cells[~first]).tolist()
    logistic, forest = played.shown("evaluate / Evaluation results")
    assert logistic["Overall accuracy"] == accuracy_score(kinds[~first], scored["Scored Labels"])
    assert min(logistic["Overall accuracy"], forest["Overall accuracy"]) >= 0.95


def test_one_against_all_reads_digits_as_scikit_learn_does(plays: Plays) -> None:
    played = plays("letter-recognition")
    digits = played.data("digits.csv")
    first = first_part(len(digits), 0.7, 9)
    cells, truth = digits.drop("digit").to_numpy().astype(float), digits["digit"].to_numpy()
    spread = cells[first].std(axis=0)
    cells = (cells - cells[first].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    # Without the L1 part, which the fast solver lacks.
    expected = OneVsRestClassifier(LogisticRegression(C=1.0, max_iter=1000)).fit(cells[first], truth[first])
    found = played.output("score", "Scored dataset")["Scored Labels"].to_numpy()
    assert (found == expected.predict(cells[~first])).mean() >= 0.97
    assert played.metrics["Overall accuracy"] == pytest.approx(accuracy_score(truth[~first], found), abs=1e-12)
    assert played.metrics["Overall accuracy"] >= 0.95

"""Tune Model Hyperparameters against the same settings trained and measured with scikit-learn."""

from __future__ import annotations

import itertools
from typing import Any, cast

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from tests.unit.modules.catalog import CATALOG, CTX, run

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.modules.folds import with_folds
from restudio.modules.tuning import tune_model_hyperparameters
from restudio.tables.table import Table

LABEL = {"Label column": {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["y"]}]}}
MODE = "Specify parameter sweeping mode"


def untrained(learner: str, **raw: object) -> UntrainedModel:
    return cast("UntrainedModel", run(CATALOG[learner], **raw))


def tune(model: UntrainedModel, table: Table, *held: Table, **raw: object) -> tuple[Table, Model]:
    return cast("tuple[Table, Model]", run(tune_model_hyperparameters, model, table, *(held or [None]), **LABEL, **raw))


def diabetes() -> tuple[Table, np.ndarray, np.ndarray]:
    data = cast("Any", load_diabetes())
    columns = {f"x{i}": data.data[:, i].tolist() for i in range(data.data.shape[1])}
    return Table.from_columns({**columns, "y": data.target.tolist()}), data.data, data.target


def noisy_classes() -> Table:
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 2))
    y = (x[:, 0] + random.normal(size=80) > 0).tolist()
    return Table.from_columns({"a": x[:, 0].tolist(), "b": x[:, 1].tolist(), "y": y})


def test_the_entire_grid_over_folds_equals_scikit_learn() -> None:
    table, features, target = diabetes()
    folds = np.arange(len(target)) % 5
    results, model = tune(untrained("linear-regression"), with_folds(table, folds), **{MODE: "Entire grid"})
    expected = {}
    for alpha in (0.001, 0.01, 0.1):
        errors = []
        for number in range(5):
            held = folds == number
            fitted = Ridge(alpha=alpha).fit(features[~held], target[~held])
            errors.append(reference.mean_absolute_error(target[held], fitted.predict(features[held])))
        expected[alpha] = np.mean(errors)
    rows = results.data.to_pylist()
    assert [row["L2 regularization weight"] for row in rows] == sorted(expected, key=lambda a: expected[a])
    for row in rows:
        alpha = row["L2 regularization weight"]
        assert row["Mean Absolute Error"] == pytest.approx(expected[alpha], rel=1e-9)
    assert model.params["L2 regularization weight"] == rows[0]["L2 regularization weight"]
    assert "Learning rate" not in results.names


def test_a_validation_dataset_takes_the_place_of_folds() -> None:
    table, features, target = diabetes()
    results, _ = tune(
        untrained("linear-regression"),
        table.slice(0, 300),
        table.slice(300),
        **{MODE: "Entire grid", "Metric for measuring performance for regression": "Coefficient of determination"},
    )
    for row in results.data.to_pylist():
        fitted = Ridge(alpha=row["L2 regularization weight"]).fit(features[:300], target[:300])
        assert row["Coefficient of Determination"] == pytest.approx(
            reference.r2_score(target[300:], fitted.predict(features[300:])), rel=1e-9
        )
    scores = results.column("Coefficient of Determination").to_pylist()
    assert scores == sorted(scores, reverse=True)


def test_the_best_model_is_trained_on_all_training_rows() -> None:
    table, _, _ = diabetes()
    results, model = tune(untrained("linear-regression"), table, table.slice(0, 50), **{MODE: "Entire grid"})
    best = results.column("L2 regularization weight").to_pylist()[0]
    alone = run(
        CATALOG["train-model"],
        untrained("linear-regression", L2_regularization_weight=best),
        table,
        Label_column="y",
    )
    assert isinstance(alone, Model)
    assert all((model.arrays[name] == alone.arrays[name]).all() for name in alone.arrays)


def test_ranges_of_the_learner_are_swept() -> None:
    learner = untrained(
        "two-class-logistic-regression",
        **{
            "Create trainer mode": "Parameter Range",
            "Range for optimization tolerance": "0.0000001",
            "Range for L1 regularization weight": "0; 1",
            "Range for L2 regularization weight": "0.1; 10",
            "Range for memory size for L-BFGS": "5; 20",
        },
    )
    results, model = tune(learner, noisy_classes(), **{MODE: "Entire grid"})
    names = ["L1 regularization weight", "L2 regularization weight", "Memory size for L-BFGS"]
    tried = {tuple(row[n] for n in names) for row in results.data.to_pylist()}
    assert tried == set(itertools.product((0.0, 1.0), (0.1, 10.0), (5, 20)))
    assert results.names[4:] == (
        "Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss", "Accuracy",
    )  # fmt: skip
    assert model.params["Create trainer mode"] == "Single Parameter"


@pytest.mark.parametrize(
    ("metric", "column", "lower"),
    [
        ("Accuracy", "Accuracy", False),
        ("Precision", "Precision", False),
        ("Recall", "Recall", False),
        ("F-score", "F-Score", False),
        ("AUC", "AUC", False),
        ("Average Log Loss", "Average Log Loss", True),
        ("Train Log Loss", "Training Log Loss", False),
    ],
)
def test_the_best_comes_first(metric: str, column: str, lower: bool) -> None:
    table = noisy_classes()
    raw = {"Metric for measuring performance for classification": metric, MODE: "Random grid"}
    results, _ = tune(untrained("two-class-logistic-regression"), table, table.slice(0, 40), **raw)
    found = results.column(column).to_pylist()
    assert len(found) == 5
    assert found == sorted(found, reverse=not lower)


def test_random_grid_repeats_nothing_and_ends_with_the_grid() -> None:
    table = noisy_classes()
    raw = {MODE: "Random grid", "Maximum number of runs on random grid": 10_000}
    results, _ = tune(untrained("two-class-logistic-regression"), table, table, **raw)
    settings = [tuple(row.values())[:4] for row in results.data.to_pylist()]
    assert len(settings) == len(set(settings)) == 2 * 4 * 3 * 3


def test_random_draws_follow_the_seed() -> None:
    table = noisy_classes()
    learner = untrained("two-class-logistic-regression")
    first, second, other = (tune(learner, table, table, Random_seed=seed)[0] for seed in (1, 1, 2))
    assert first.num_rows == 5
    assert first.equals(second)
    assert not first.equals(other)


def test_classes_are_ranked_by_accuracy() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=60)
    table = Table.from_columns({"x": x.tolist(), "y": [int(v > 0) + int(v > 1) for v in x]})
    results, _ = tune(untrained("multiclass-logistic-regression"), table, table)
    accuracy = results.column("Overall accuracy").to_pylist()
    assert accuracy == sorted(accuracy, reverse=True)


def test_progress_counts_every_training() -> None:
    CTX.reported.clear()
    table, _, _ = diabetes()
    tune(untrained("linear-regression"), table, **{MODE: "Entire grid"})
    assert CTX.reported[:30] == pytest.approx([n / 30 for n in range(1, 31)])


def test_a_grid_without_end_is_refused() -> None:
    ranges = "; ".join(str(n) for n in range(1, 120))
    learner = untrained(
        "two-class-logistic-regression",
        **{
            "Create trainer mode": "Parameter Range",
            "Range for L1 regularization weight": ranges,
            "Range for L2 regularization weight": ranges,
        },
    )
    with pytest.raises(ModuleError, match=r"0008.*Random grid"):
        tune(learner, noisy_classes(), **{MODE: "Entire grid"})


def test_a_dataset_of_labels_alone_is_refused() -> None:
    with pytest.raises(ModuleError, match=r"0140.*'y'") as caught:
        tune(untrained("two-class-logistic-regression"), noisy_classes().select(["y"]))
    assert caught.value.column == "y"


def test_a_validation_dataset_of_other_types_is_told() -> None:
    held = noisy_classes().slice(0, 4)
    texts = Table.from_columns(
        {name: ["one"] * 4 if name != "y" else held.column("y").to_pylist() for name in held.names}
    )
    with pytest.raises(ModuleError, match=r"0042.*'one'"):
        tune(untrained("two-class-logistic-regression"), noisy_classes(), texts)

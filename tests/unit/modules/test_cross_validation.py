"""Cross-Validate Model against the same folds trained and measured with scikit-learn."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Ridge
from tests.unit.modules.catalog import CATALOG, CTX, run

from restudio.artifacts.values import UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.schema import Role, Score
from restudio.modules.cross_validation import cross_validate_model
from restudio.modules.folds import with_folds
from restudio.tables.table import Table

LABEL = {"Label column": {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["y"]}]}}
TWO_CLASS = ["Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss", "Accuracy"]


def untrained(learner: str, **raw: object) -> UntrainedModel:
    return cast("UntrainedModel", CATALOG[learner].run(_parsed(learner, raw), ctx=CTX))


def _parsed(learner: str, raw: dict[str, object]) -> object:
    from restudio.core.params import parse_params

    parsed: object = parse_params(CATALOG[learner].spec.params, {k.replace("_", " "): v for k, v in raw.items()})
    return parsed


def validate(model: UntrainedModel, table: Table, **raw: object) -> tuple[Table, Table]:
    return cast("tuple[Table, Table]", run(cross_validate_model, model, table, **LABEL, **raw))


def diabetes() -> tuple[Table, np.ndarray, np.ndarray]:
    data = cast("Any", load_diabetes())
    columns = {f"x{i}": data.data[:, i].tolist() for i in range(data.data.shape[1])}
    return Table.from_columns({**columns, "y": data.target.tolist()}), data.data, data.target


def two_classes() -> Table:
    data = cast("Any", load_iris())
    kept = data.target > 0
    columns = {f"x{i}": data.data[kept, i].tolist() for i in range(4)}
    return Table.from_columns({**columns, "y": [str(t) for t in data.target[kept]]})


def test_regression_equals_scikit_learn() -> None:
    table, features, target = diabetes()
    scored, by_fold = validate(untrained("linear-regression", L2_regularization_weight=0.1), table, Random_seed=3)
    folds = np.array(scored.column("Fold Assignments").to_pylist())
    assert sorted(np.bincount(folds)) == [44] * 8 + [45] * 2
    predicted = np.array(scored.column("Scored Labels").to_pylist())
    rows = by_fold.data.to_pylist()
    for number in range(10):
        held = folds == number
        model = Ridge(alpha=0.1).fit(features[~held], target[~held])
        expected = model.predict(features[held])
        assert predicted[held] == pytest.approx(expected, abs=1e-7)
        row = rows[number]
        assert (row["Fold Number"], row["Number of examples in fold"]) == (str(number), int(held.sum()))
        assert row["Model"] == "Linear Regression"
        truth = target[held]
        assert row["Mean Absolute Error"] == pytest.approx(reference.mean_absolute_error(truth, expected), rel=1e-9)
        assert row["Root Mean Squared Error"] == pytest.approx(
            reference.root_mean_squared_error(truth, expected), rel=1e-9
        )
        assert row["Coefficient of Determination"] == pytest.approx(reference.r2_score(truth, expected), rel=1e-9)
    errors = np.array([row["Mean Absolute Error"] for row in rows[:10]])
    mean, deviation = rows[10:]
    assert (mean["Fold Number"], deviation["Fold Number"]) == ("Mean", "Standard Deviation")
    assert mean["Mean Absolute Error"] == pytest.approx(errors.mean(), rel=1e-12)
    assert deviation["Mean Absolute Error"] == pytest.approx(errors.std(ddof=1), rel=1e-12)


def test_two_class_metrics_and_columns() -> None:
    table = two_classes()
    scored, by_fold = validate(untrained("two-class-logistic-regression"), table)
    assert scored.names == (*table.names, "Fold Assignments", "Scored Labels", "Scored Probabilities")
    assert scored.select(table.names[:-1]).equals(table.select(table.names[:-1]))
    assert scored.schema["y"].role is Role.LABEL
    assert scored.schema["Scored Labels"].score is Score.BINARY_LABEL
    assert list(by_fold.names) == ["Fold Number", "Number of examples in fold", "Model", *TWO_CLASS]
    folds = np.array(scored.column("Fold Assignments").to_pylist())
    truth = np.array(scored.column("y").to_pylist())[folds == 4]
    assigned = np.array(scored.column("Scored Labels").to_pylist())[folds == 4]
    probability = scored.column("Scored Probabilities").to_numpy()[folds == 4]
    row = by_fold.data.to_pylist()[4]
    assert row["Precision"] == pytest.approx(reference.precision_score(truth, assigned, pos_label="2"), rel=1e-12)
    assert row["F-Score"] == pytest.approx(reference.f1_score(truth, assigned, pos_label="2"), rel=1e-12)
    assert row["AUC"] == pytest.approx(reference.roc_auc_score(truth == "2", probability), rel=1e-12)


def test_assigned_folds_are_honoured() -> None:
    table = two_classes()
    folds = np.arange(table.num_rows) % 3
    scored, by_fold = validate(untrained("two-class-logistic-regression"), with_folds(table, folds))
    assert scored.column("Fold Assignments").to_pylist() == folds.tolist()
    assert by_fold.column("Fold Number").to_pylist() == ["0", "1", "2", "Mean", "Standard Deviation"]


def test_a_class_that_one_fold_alone_has() -> None:
    """Its models know fewer classes; the probability of the absent one is missing there."""
    table = Table.from_columns(
        {"x": [0.0, 0.1, 1.0, 1.1, 2.0, 2.1, 0.2, 1.2], "y": ["a", "a", "b", "b", "c", "c", "a", "b"]}
    )
    folds = np.array([0, 1, 0, 1, 2, 2, 0, 1])
    scored, _ = validate(untrained("multiclass-logistic-regression"), with_folds(table, folds))
    absent = scored.column('Scored Probabilities for Class "c"').is_null().to_pylist()
    assert absent == (folds == 2).tolist()
    assert scored.schema["Scored Labels"].categories == ("a", "b", "c")


def test_a_column_of_the_same_name_is_kept() -> None:
    table = two_classes()
    named = table.with_columns({table.schema["x0"].with_(name="Fold Assignments"): table.column("x0")})
    scored, _ = validate(untrained("two-class-logistic-regression"), named)
    assert scored.column("Fold Assignments").equals(table.column("x0"))
    assert "Fold Assignments (1)" in scored.names


def test_a_fold_without_labels_has_no_metrics() -> None:
    table = two_classes()
    labels = [None if i % 4 == 0 else cell for i, cell in enumerate(table.column("y").to_pylist())]
    gaps = Table.from_columns({**{n: table.column(n).to_pylist() for n in table.names[:-1]}, "y": labels})
    _, by_fold = validate(untrained("two-class-logistic-regression"), with_folds(gaps, np.arange(100) % 4))
    assert by_fold.column("AUC").is_null().to_pylist() == [True, False, False, False, False, False]


def test_progress_is_told_by_the_module_alone() -> None:
    CTX.reported.clear()
    validate(untrained("two-class-boosted-decision-tree"), two_classes())
    assert CTX.reported == pytest.approx([n / 10 for n in range(1, 11)])


def test_too_few_rows() -> None:
    with pytest.raises(ModuleError, match="0021"):
        validate(untrained("two-class-logistic-regression"), two_classes().slice(0, 1))

"""Evaluate Model; the metrics are checked against scikit-learn on the same scores."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema, Score
from restudio.modules.evaluation import evaluate_model
from restudio.modules.metrics import binary, multiclass
from restudio.tables.table import Table
from restudio.tables.view import find_view


def scored(task: Score, truth: list[Any], assigned: list[Any], probability: list[float] | None = None) -> Table:
    kind = {str: DType.STRING, bool: DType.BOOLEAN, int: DType.INTEGER, float: DType.DOUBLE}[type(truth[0])]
    columns = {Column("y", kind, role=Role.LABEL): truth, Column("Scored Labels", kind, score=task): assigned}
    if probability is not None:
        columns[Column("Scored Probabilities", DType.DOUBLE, score=Score.PROBABILITY)] = probability
    return Table.from_columns({c.name: v for c, v in columns.items()}, Schema.of(columns))


def evaluate(*tables: Table) -> list[dict[str, float]]:
    result = run(evaluate_model, *tables, *[None] * (2 - len(tables)))
    assert isinstance(result, Table)
    return cast("list[dict[str, float]]", result.data.to_pylist())


def views(*tables: Table) -> list[dict[str, Any]]:
    result = run(evaluate_model, *tables, *[None] * (2 - len(tables)))
    assert isinstance(result, Table)
    view = cast("dict[str, Any]", find_view(result.data.schema))
    assert view["kind"] == "evaluation"
    return cast("list[dict[str, Any]]", view["results"])


two_class = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])), min_size=2).filter(
    lambda rows: len({truth for truth, _ in rows}) == 2
)


@given(two_class)
@settings(deadline=None)
def test_two_class_metrics_equal_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, probability = [t for t, _ in rows], [p for _, p in rows]
    assigned = [p >= 0.5 for p in probability]
    (found,) = evaluate(scored(Score.BINARY_LABEL, truth, assigned, probability))
    assert found["AUC"] == pytest.approx(reference.roc_auc_score(truth, probability))
    assert found["Accuracy"] == pytest.approx(reference.accuracy_score(truth, assigned))
    assert found["Precision"] == pytest.approx(reference.precision_score(truth, assigned, zero_division=0))
    assert found["Recall"] == pytest.approx(reference.recall_score(truth, assigned, zero_division=0))
    assert found["F1 Score"] == pytest.approx(reference.f1_score(truth, assigned, zero_division=0))
    assert found["Average Log Loss"] == pytest.approx(reference.log_loss(truth, probability))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1))
@settings(deadline=None)
def test_multiclass_metrics_equal_scikit_learn(rows: list[tuple[str, str]]) -> None:
    truth, assigned = [t for t, _ in rows], [a for _, a in rows]
    (found,) = evaluate(scored(Score.MULTICLASS_LABEL, truth, assigned))
    assert found["Overall accuracy"] == pytest.approx(reference.accuracy_score(truth, assigned))
    for average in ("micro", "macro"):
        options = {"average": average, "zero_division": 0}
        precision = reference.precision_score(truth, assigned, **options)
        assert found[f"{average.title()}-averaged precision"] == pytest.approx(precision)
        recall = reference.recall_score(truth, assigned, **options)
        assert found[f"{average.title()}-averaged recall"] == pytest.approx(recall)


def test_average_accuracy_is_the_mean_of_one_class_against_the_rest() -> None:
    truth, assigned = ["a", "a", "b", "c"], ["a", "b", "b", "b"]
    (found,) = evaluate(scored(Score.MULTICLASS_LABEL, truth, assigned))
    one_vs_rest = [np.mean([(t == c) == (a == c) for t, a in zip(truth, assigned, strict=True)]) for c in "abc"]
    assert found["Average accuracy"] == pytest.approx(np.mean(one_vs_rest))


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, unique_by=lambda r: round(r[0], 3)))
@settings(deadline=None)
def test_regression_metrics_equal_scikit_learn(rows: list[tuple[float, float]]) -> None:
    truth, predicted = np.array(rows).T
    (found,) = evaluate(scored(Score.REGRESSION_LABEL, truth.tolist(), predicted.tolist()))
    assert found["Mean Absolute Error"] == pytest.approx(reference.mean_absolute_error(truth, predicted))
    assert found["Root Mean Squared Error"] == pytest.approx(reference.root_mean_squared_error(truth, predicted))
    assert found["Coefficient of Determination"] == pytest.approx(reference.r2_score(truth, predicted))
    assert found["Relative Squared Error"] == pytest.approx(1 - reference.r2_score(truth, predicted))
    relative = np.abs(predicted - truth).sum() / np.abs(truth.mean() - truth).sum()
    assert found["Relative Absolute Error"] == pytest.approx(relative)
    assert found["Negative Log Likelihood"] == np.inf


def test_two_inputs_give_two_rows_left_first() -> None:
    good = scored(Score.BINARY_LABEL, ["no", "yes"], ["no", "yes"], [0.1, 0.9])
    bad = scored(Score.BINARY_LABEL, ["no", "yes"], ["yes", "no"], [0.9, 0.1])
    assert [row["AUC"] for row in evaluate(good, bad)] == [1.0, 0.0]


def test_rows_without_label_or_score_are_left_out() -> None:
    table = scored(Score.BINARY_LABEL, ["no", "yes", None, "yes"], ["no", "yes", "yes", None], [0.1, 0.9, 0.9, None])  # type: ignore[list-item]
    assert evaluate(table)[0]["Accuracy"] == 1.0


def test_curves_travel_with_the_result() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(5000) < 0.3
    probability = np.clip(truth * 0.3 + rng.random(5000) * 0.7, 0, 1)
    table = scored(Score.BINARY_LABEL, truth.tolist(), (probability >= 0.5).tolist(), probability.tolist())
    (curves,) = views(table)
    roc = curves["ROC"]
    area = reference.auc(roc["False Positive Rate"], roc["True Positive Rate"])
    assert area == pytest.approx(reference.roc_auc_score(truth, probability), abs=1e-3)
    assert len(roc["Threshold"]) <= binary.CURVE_POINTS + 1
    counts = curves["Thresholds"]
    assert len(counts["Threshold"]) == binary.CURVE_POINTS
    for at in (0, 170, -1):
        tn, fp, fn, tp = reference.confusion_matrix(truth, probability >= counts["Threshold"][at]).ravel().tolist()
        names = ("True Negative", "False Positive", "False Negative", "True Positive")
        assert [counts[name][at] for name in names] == [tn, fp, fn, tp]
    assert sum(b["Positive Examples"] + b["Negative Examples"] for b in curves["Score Bins"]) == 5000
    assert curves["Lift"]["Number of True Positives"][-1] == truth.sum()
    assert curves["Lift"]["Positive Rate"][-1] == 1.0
    assert curves["Confusion"]["True Positive"] == int((truth & (probability >= 0.5)).sum())
    assert curves["Precision/Recall"]["Recall"][-1] == 1.0


def test_each_distinct_threshold_is_told() -> None:
    (curves,) = views(scored(Score.BINARY_LABEL, ["a", "b", "b"], ["a", "a", "b"], [0.2, 0.2, 0.9]))
    assert curves["Thresholds"] == {
        "Threshold": [0.9, 0.2],
        "True Positive": [1, 2],
        "False Positive": [0, 1],
        "True Negative": [1, 0],
        "False Negative": [1, 0],
    }


def test_two_inputs_give_two_views() -> None:
    table = scored(Score.BINARY_LABEL, ["no", "yes"], ["no", "yes"], [0.1, 0.9])
    assert len(views(table, table)) == 2


def test_classes_have_a_matrix_and_metrics_of_their_own() -> None:
    (curves,) = views(scored(Score.MULTICLASS_LABEL, ["a", "b", "b"], ["b", "b", "b"]))
    assert curves["classes"] == ["a", "b"]
    assert curves["Confusion Matrix"] == [[0, 1], [0, 2]]
    a, b = curves["Classes"]
    assert (a["Rows"], a["Precision"], a["Recall"]) == (1, 0.0, 0.0)
    assert b["Precision"] == pytest.approx(2 / 3)
    assert (b["Assigned"], b["Recall"]) == (3, 1.0)
    assert b["F1 Score"] == pytest.approx(0.8)


def test_rare_classes_are_taken_together() -> None:
    names = [f"c{n:04}" for n in range(2000)]
    (curves,) = views(scored(Score.MULTICLASS_LABEL, ["c1999", "c1999", *names], ["c1999", "c1998", *names]))
    assert len(curves["classes"]) == multiclass.SHOWN_CLASSES + 1
    assert curves["classes"][-2:] == ["c1999", "(other classes)"]
    matrix = np.array(curves["Confusion Matrix"])
    assert matrix.sum() == 2002
    assert matrix[-2, -2] == 2
    assert len(curves["Classes"]) == multiclass.SHOWN_CLASSES


def test_errors_of_numbers_have_a_histogram() -> None:
    (curves,) = views(scored(Score.REGRESSION_LABEL, [1.0, 2.0], [1.0, 4.0]))
    assert sum(curves["Error Histogram"]["Frequency"]) == 2
    assert curves["Error Histogram"]["Error"][-1] == 2.0


def test_scores_are_found_by_name_when_metadata_is_lost() -> None:
    columns: dict[str, list[object]] = {
        "y": ["no", "yes"],
        "Scored Labels": ["no", "yes"],
        "Scored Probabilities": [0.2, 0.8],
    }
    plain = Table.from_columns(columns)
    schema = Schema.of(c.with_(role=Role.LABEL) if c.name == "y" else c for c in plain.schema)
    assert evaluate(plain.with_schema(schema))[0]["AUC"] == 1.0


def _numbers() -> Table:
    return scored(Score.REGRESSION_LABEL, [1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("tables", "number"),
    [
        ([Table.from_columns({"a": [1.0]})], "0025"),
        ([_numbers().select(["Scored Labels"])], "0024"),
        ([_numbers(), scored(Score.MULTICLASS_LABEL, ["a"], ["b"])], "0062"),
        ([_numbers().slice(0, 0)], "0021"),
        ([scored(Score.REGRESSION_LABEL, [1.0, 2.0], [1.0, float("inf")])], "0033"),
        ([scored(Score.BINARY_LABEL, ["a", "b", "c"], ["a", "b", "a"], [0.1, 0.9, 0.2])], "0013"),
        ([scored(Score.BINARY_LABEL, ["a", "b"], ["a", "b"])], "0025"),
    ],
)
def test_errors(tables: list[Table], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        evaluate(*tables)
    assert caught.value.number == number

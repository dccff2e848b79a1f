"""Filter Based Feature Selection and Permutation Feature Importance."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import r_regression
from sklearn.linear_model import Ridge
from tests.unit.modules.catalog import run, train

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema, Score
from restudio.modules.feature_selection import filter_based_feature_selection, permutation_feature_importance
from restudio.tables.table import Table


def picked(name: str) -> dict[str, object]:
    return {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": [name]}]}


def select(table: Table, **raw: object) -> tuple[Table, Table]:
    return cast("tuple[Table, Table]", run(filter_based_feature_selection, table, **raw))


def diabetes() -> tuple[Table, np.ndarray, np.ndarray]:
    data = cast("Any", load_diabetes())
    columns = {f"x{i}": data.data[:, i].tolist() for i in range(data.data.shape[1])}
    return Table.from_columns({**columns, "y": data.target.tolist()}), data.data, data.target


def test_the_best_features_by_correlation_equal_scikit_learn() -> None:
    table, features, target = diabetes()
    filtered, scores = select(table, Target_column=picked("y"), Number_of_desired_features=3)
    expected = np.abs(r_regression(features, target))
    order = np.argsort(-expected)
    assert filtered.names == ("y", *(f"x{i}" for i in order[:3]))
    assert scores.names == tuple(f"x{i}" for i in order)
    assert list(scores.data.to_pylist()[0].values()) == pytest.approx(expected[order], rel=1e-9)
    assert filtered.select(["x2"]).equals(table.select(["x2"]))


def test_more_features_than_there_are() -> None:
    table, _, _ = diabetes()
    filtered, _ = select(table, Target_column=picked("y"), Number_of_desired_features=99)
    assert len(filtered.names) == 11


def test_what_is_judged() -> None:
    columns = [
        Column("feature", DType.DOUBLE),
        Column("other", DType.DOUBLE, role=Role.NONE),
        Column("label", DType.DOUBLE, role=Role.LABEL),
        Column("Scored Labels", DType.DOUBLE, score=Score.REGRESSION_LABEL),
        Column("y", DType.DOUBLE),
    ]
    table = Table.from_columns({c.name: [1.0, 2.0, 4.0] for c in columns}, Schema.of(columns))
    raw = {"Target column": picked("y"), "Number of desired features": 9}
    assert select(table, **raw)[0].names == ("y", "feature")
    assert select(table, **raw, Operate_on_feature_columns_only=False)[0].names == ("y", "feature", "other")


def test_counts_keep_the_order_and_need_no_target() -> None:
    table = Table.from_columns({"few": [0, 1, 0], "none": [0, 0, 0], "text": ["a", "b", "c"], "all": [1, 2, 3]})
    filtered, scores = select(table, Feature_scoring_method="Count Based")
    assert filtered.names == ("few", "all")
    assert scores.data.to_pylist() == [{"few": 1.0, "all": 3.0}]
    raw = {"Feature scoring method": "Count Based", "Minimum number of non-zero elements": 2}
    assert select(table, **raw)[0].names == ("all",)


@pytest.mark.parametrize(
    ("raw", "number"),
    [({}, "0003"), ({"Target column": picked("nope")}, "0001"), ({"Number of desired features": 0}, "0004")],
)
def test_filter_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError, match=number):
        select(diabetes()[0], **raw)


@pytest.mark.parametrize(
    ("metric", "library"),
    [
        ("Mean Absolute Error", lambda y, p: -reference.mean_absolute_error(y, p)),
        ("Root Mean Squared Error", lambda y, p: -reference.root_mean_squared_error(y, p)),
        ("Coefficient of Determination", reference.r2_score),
        ("Relative Squared Error", reference.r2_score),
    ],
)
def test_importance_of_a_regression_equals_scikit_learn(metric: str, library: Any) -> None:
    table, features, target = diabetes()
    model = train("linear-regression", table, "y", L2_regularization_weight=0.1)
    raw = {"Metric for measuring performance": f"Regression - {metric}", "Random seed": 5}
    found = cast("Table", run(permutation_feature_importance, model, table, **raw))
    twin = Ridge(alpha=0.1).fit(features, target)
    before = library(target, twin.predict(features))
    random = np.random.default_rng(5)
    expected = {}
    for i in range(features.shape[1]):
        shuffled = features.copy()
        shuffled[:, i] = shuffled[random.permutation(len(target)), i]
        expected[f"x{i}"] = before - library(target, twin.predict(shuffled))
    rows = {row["Feature"]: row["Score"] for row in found.data.to_pylist()}
    assert list(rows) == sorted(expected, key=lambda name: -expected[name])
    assert rows == pytest.approx(expected, abs=1e-8)


def test_importance_of_a_classification() -> None:
    random = np.random.default_rng(0)
    useful, useless = random.normal(size=100), random.normal(size=100)
    table = Table.from_columns({"useless": useless.tolist(), "useful": useful.tolist(), "y": (useful > 0).tolist()})
    model = train("two-class-logistic-regression", table, "y")
    found = cast("Table", run(permutation_feature_importance, model, table))
    first, second = found.data.to_pylist()
    assert first["Feature"] == "useful"
    assert first["Score"] > 0.3 > abs(second["Score"])


def test_importance_errors() -> None:
    table, _, _ = diabetes()
    model = train("linear-regression", table, "y")
    with pytest.raises(ModuleError, match="0062"):
        run(permutation_feature_importance, model, table)
    regression = {"Metric for measuring performance": "Regression - Mean Absolute Error"}
    with pytest.raises(ModuleError, match="0024"):
        run(permutation_feature_importance, model, table.select(table.names[:-1]), **regression)
    with pytest.raises(ModuleError, match="0021"):
        run(permutation_feature_importance, model, table.slice(0, 0), **regression)

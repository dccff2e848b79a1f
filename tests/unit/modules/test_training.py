"""Train Model: which column is learned, from what, and what is refused."""

from __future__ import annotations

import pytest
from tests.unit.modules.catalog import CATALOG, run, train

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.spec import Task
from restudio.tables.table import Table

LOGISTIC = "two-class-logistic-regression"


def table(label: list[object], **features: list[object]) -> Table:
    rows = len(label)
    return Table.from_columns({"y": label, "x": [float(i) for i in range(rows)], **features})


def marked(data: Table, **roles: Role) -> Table:
    schema = Schema.of(c.with_(role=roles.get(c.name, c.role)) for c in data.schema)
    return data.with_schema(schema)


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ([True, False, True], (False, True)),
        ([1, 0, 1], (0, 1)),
        ([7, 3, 3], (3, 7)),
        (["b", "a", "b"], ("a", "b")),
        ([2.5, 1.0, 1.0], (1.0, 2.5)),
        (["b", None, "a"], ("a", "b")),
    ],
)
def test_the_larger_class_is_positive(label: list[object], classes: tuple[object, ...]) -> None:
    model = train(LOGISTIC, table(label), "y")
    assert model.classes == classes
    assert model.label is not None
    assert model.label.role is Role.LABEL


def test_marked_label_is_learned_when_none_is_chosen() -> None:
    data = marked(table([1, 0, 1, 0]), y=Role.LABEL)
    model = run(CATALOG["train-model"], UntrainedModel(LOGISTIC, Task.BINARY), data)
    assert isinstance(model, Model)
    assert model.label == data.schema["y"]


def test_only_features_are_learned_from() -> None:
    data = marked(table([1, 0, 1, 0], key=[1, 2, 3, 4], w=[1, 1, 0, 1]), key=Role.NONE, w=Role.WEIGHT)
    assert [c.name for c in train(LOGISTIC, data, "y").features] == ["x"]


def test_text_features_get_sorted_levels() -> None:
    (_, city) = train(LOGISTIC, table([1, 0, 1], city=["b", "a", None]), "y").features
    assert city.categories == ("a", "b")


def test_declared_categories_come_first() -> None:
    data = table([1, 0, 1], size=["S", "L", "XL"])
    sized = Schema.of(c.with_(categories=("S", "M", "L")) if c.name == "size" else c for c in data.schema)
    (_, size) = train(LOGISTIC, data.with_schema(sized), "y").features
    assert size.categories == ("S", "M", "L", "XL")


def test_weights_count_for_logistic_regression() -> None:
    labels: list[object] = [0, 1] * 10
    plain = table(labels)
    weights = Column("w", DType.DOUBLE, role=Role.WEIGHT)
    heavy = plain.with_columns({weights: Table.from_columns({"w": [9.0, 1.0] * 10}).column("w")})
    ignored = train("two-class-boosted-decision-tree", heavy, "y")
    assert [c.name for c in ignored.features] == ["x"]
    assert train(LOGISTIC, heavy, "y").arrays["intercepts"] < train(LOGISTIC, plain, "y").arrays["intercepts"]


@pytest.mark.parametrize(
    ("learner", "data", "number"),
    [
        (LOGISTIC, table(["a", "b", "c"]), "0023"),
        (LOGISTIC, table(["a", "a", "a"]), "0023"),
        ("multiclass-logistic-regression", table(["a", "a", "a"]), "0023"),
        ("linear-regression", table(["a", "b", "c"]), "0023"),
        ("linear-regression", table([1.0, float("inf")]), "0033"),
        (LOGISTIC, Table.from_columns({"y": [None, None], "x": [1, 2]}), "0134"),
        (LOGISTIC, table([0, 1]).select(["y"]), "0047"),
        (LOGISTIC, table([0, 1], z=[1.0, float("inf")]), "0033"),
        (LOGISTIC, table([0, 1], z=[None, None]), "0130"),
        (LOGISTIC, table([0, 1], z=[1e308, -1e308]), "0083"),
        ("linear-regression", table([0, 1], z=[1e308, -1e308]), "0083"),
        (LOGISTIC, table([0, 1]).select(["x"]), "0001"),
        (LOGISTIC, marked(table([0, 1], a=[1, 1], b=[1, 1]), a=Role.WEIGHT, b=Role.WEIGHT), "0122"),
        (LOGISTIC, marked(table([0, 1], a=["1", "1"]), a=Role.WEIGHT), "0124"),
        (LOGISTIC, table([0, 1] * 60_000, z=[str(i) for i in range(120_000)]), "0014"),
    ],
)
def test_errors(learner: str, data: Table, number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        train(learner, data, "y")
    assert caught.value.number == number


@pytest.mark.parametrize(
    ("label", "number"),
    [
        (None, "0003"),
        ('["AllColumns"]', "0037"),
        ('["AllColumns", {"exclude": true, "ColumnNames": ["x", "y"]}]', "0003"),
    ],
)
def test_one_label_must_be_chosen(label: str | None, number: str) -> None:
    raw = {} if label is None else {"Label_column": label}
    with pytest.raises(ModuleError) as caught:
        run(CATALOG["train-model"], UntrainedModel(LOGISTIC, Task.BINARY), table([0, 1]), **raw)
    assert caught.value.number == number


def test_learners_of_another_kind_are_refused() -> None:
    for untrained in (UntrainedModel(LOGISTIC, Task.CLUSTERING), UntrainedModel("score-model", Task.BINARY)):
        with pytest.raises(ModuleError, match="Error 0013"):
            run(CATALOG["train-model"], untrained, table([0, 1]), Label_column="y")

"""Train Model and Score Model together, through every learner."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.unit.modules.catalog import CTX, one_by_one, score, train

from restudio.artifacts.container import write_artifact
from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import DType, Role, Score
from restudio.core.spec import Task
from restudio.kernels.expr import Frame
from restudio.modules.scoring import ScoreModelParams, score_model
from restudio.tables.table import Table

TWO_CLASS = ["two-class-logistic-regression", "two-class-boosted-decision-tree"]
REGRESSION = ["linear-regression", "boosted-decision-tree-regression"]
MULTICLASS = ["multiclass-logistic-regression"]
LEARNERS = TWO_CLASS + REGRESSION + MULTICLASS
LABELS = dict.fromkeys(TWO_CLASS, "paid") | dict.fromkeys(REGRESSION, "amount") | dict.fromkeys(MULTICLASS, "plan")


@pytest.fixture(scope="module")
def table() -> Table:
    rng = np.random.default_rng(5)
    n = 300
    x, day = rng.normal(size=n), rng.integers(0, 1000, n)
    plan = np.array(["basic", "gold", "silver"])[(x + rng.normal(size=n) > 0).astype(int) + (x > 1)]
    return Table.from_columns(
        {
            "x": x.tolist(),
            "count": rng.integers(0, 9, n).tolist(),
            "seen": [dt.datetime(2020, 1, 1) + dt.timedelta(days=int(d)) for d in day],
            "flag": (x > 0.3).tolist(),
            "city": rng.choice(["Rome", "Oslo", "Łódź"], n).tolist(),
            "plan": plan.tolist(),
            "amount": (3 * x + (plan == "gold") + day / 500 + rng.normal(size=n) / 10).tolist(),
            "paid": np.where(x + rng.normal(size=n) / 2 > 0, "yes", "no").tolist(),
        }
    )


@pytest.mark.parametrize("learner", LEARNERS)
def test_rows_scored_one_by_one_equal_the_table(learner: str, table: Table) -> None:
    model = train(learner, table, LABELS[learner])
    rows = table.slice(0, 40).data.to_pylist()
    rows[3]["city"], rows[4]["city"], rows[5]["x"], rows[6]["seen"] = "Lima", None, None, None
    some = Table.from_columns({name: [row[name] for row in rows] for name in table.names})
    scored = score(model, some)
    assert score_model.lower is not None
    lowered = score_model.lower(ScoreModelParams(), model, Frame.input("in", some.schema), entry=CTX.entry)
    assert lowered.schema == scored.schema
    assert one_by_one(lowered, some) == scored.data.to_pylist()


@pytest.mark.parametrize("learner", LEARNERS)
def test_training_again_gives_the_same_bytes(learner: str, table: Table) -> None:
    assert write_artifact(train(learner, table, LABELS[learner])) == write_artifact(
        train(learner, table, LABELS[learner])
    )


@pytest.mark.parametrize("learner", LEARNERS)
def test_label_is_not_needed_to_score(learner: str, table: Table) -> None:
    label = LABELS[learner]
    model = train(learner, table, label)
    without = table.select([name for name in table.names if name != label])
    assert score(model, without).data.equals(score(model, table).data.drop_columns([label]))


def test_two_class_columns(table: Table) -> None:
    scored = score(train(TWO_CLASS[0], table, "paid"), table)
    labels, probabilities = scored.schema.columns[-2:]
    assert (labels.name, labels.score, labels.dtype) == ("Scored Labels", Score.BINARY_LABEL, DType.STRING)
    assert (probabilities.name, probabilities.score) == ("Scored Probabilities", Score.PROBABILITY)
    assert scored.schema["paid"].role is Role.LABEL
    chosen = scored.column("Scored Probabilities").to_numpy() >= 0.5
    assert scored.column("Scored Labels").to_pylist() == np.where(chosen, "yes", "no").tolist()


def test_multiclass_columns(table: Table) -> None:
    scored = score(train(MULTICLASS[0], table, "plan"), table)
    assert scored.names[-4:] == (
        'Scored Probabilities for Class "basic"',
        'Scored Probabilities for Class "gold"',
        'Scored Probabilities for Class "silver"',
        "Scored Labels",
    )
    probabilities = np.array([scored.column(name).to_pylist() for name in scored.names[-4:-1]])
    np.testing.assert_allclose(probabilities.sum(axis=0), 1.0)
    best = np.array(["basic", "gold", "silver"])[probabilities.argmax(axis=0)]
    assert scored.column("Scored Labels").to_pylist() == best.tolist()


def test_regression_column_and_only_scores(table: Table) -> None:
    model = train("linear-regression", table, "amount")
    scored = score(model, table, Append_score_columns_to_output=False)
    assert scored.names == ("amount", "Scored Labels")
    assert scored.schema["Scored Labels"].score is Score.REGRESSION_LABEL
    truth, predicted = (scored.column(name).to_numpy() for name in scored.names)
    assert np.corrcoef(truth, predicted)[0, 1] > 0.98


def test_scoring_twice_adds_a_suffix(table: Table) -> None:
    scored = score(train(TWO_CLASS[0], table, "paid"), table)
    again = score(train("linear-regression", table, "amount"), scored)
    assert again.names[-3:] == ("Scored Labels", "Scored Probabilities", "Scored Labels (1)")


def test_linear_models_leave_rows_with_gaps_unscored_and_trees_score_them(table: Table) -> None:
    gap = Table.from_columns({c.name: [None] for c in table.schema}, table.schema)
    assert score(train(TWO_CLASS[0], table, "paid"), gap).column("Scored Labels").to_pylist() == [None]
    assert score(train(TWO_CLASS[1], table, "paid"), gap).column("Scored Labels").to_pylist() != [None]


@pytest.mark.parametrize("learner", LEARNERS)
def test_unknown_levels_are_refused_when_not_allowed(learner: str, table: Table) -> None:
    model = train(learner, table, LABELS[learner], Allow_unknown_categorical_levels=False)
    row = table.slice(0, 2).data.to_pylist()
    row[1]["city"] = "Lima"
    some = Table.from_columns({name: [r[name] for r in row] for name in table.names})
    with pytest.raises(ModuleError, match=r"Error 0018: Column 'city' has the level 'Lima' in row 2"):
        score(model, some)


def test_other_element_types_are_converted(table: Table) -> None:
    model = train(TWO_CLASS[0], table, "paid")
    cells = {name: table.column(name).to_pylist() for name in table.names}
    as_text = Table.from_columns(cells | {"x": [str(v) for v in cells["x"]]})
    found, expected = (score(model, t).column("Scored Probabilities") for t in (as_text, table))
    assert found.equals(expected)
    wrong = Table.from_columns(cells | {"x": ["?"] * table.num_rows})
    with pytest.raises(ModuleError, match="Error 0042"):
        score(model, wrong)


def test_missing_feature_column(table: Table) -> None:
    model = train(TWO_CLASS[0], table, "paid")
    with pytest.raises(ModuleError, match="Error 0001: Column 'city'"):
        score(model, table.select(["x", "count", "seen", "flag", "plan", "amount"]))


def test_empty_table(table: Table) -> None:
    scored = score(train(TWO_CLASS[1], table, "paid"), table.slice(0, 0))
    assert scored.num_rows == 0


def test_models_that_cannot_be_scored_here(table: Table) -> None:
    model = train(TWO_CLASS[0], table, "paid")
    clusters = Model(model.learner, Task.CLUSTERING, model.features, None)
    with pytest.raises(ModuleError, match="Error 0013"):
        score(clusters, table)


@pytest.mark.parametrize("learner", LEARNERS)
def test_fitted_state_that_does_not_fit_is_refused(learner: str, table: Table) -> None:
    model = train(learner, table, LABELS[learner])
    for damaged in (
        Model(model.learner, model.task, model.features, model.label, model.classes),
        Model(model.learner, model.task, model.features[:-1], model.label, model.classes, model.arrays, model.texts),
        Model(model.learner, model.task, model.features, model.label, ("a",), model.arrays, {"trees": "tree\n"}),
    ):
        if damaged.task is Task.REGRESSION and damaged.classes and damaged.arrays.keys() != {"gain"}:
            continue  # a linear regression reads neither classes nor texts
        with pytest.raises(RestudioError) as caught:
            score(damaged, table)
        assert caught.value.detail == "InvalidBlob"

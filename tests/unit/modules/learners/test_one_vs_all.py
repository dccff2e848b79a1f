"""One-vs-All against the two-class learner itself, trained on each class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from tests.unit.modules.catalog import CATALOG, CTX, one_by_one, run, score, train

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.kernels.expr import Frame
from restudio.tables.table import Table

RNG = np.random.default_rng(5)
X = RNG.normal(size=(200, 2))
KIND = np.digitize(X @ [1, 1] + RNG.normal(size=200) / 3, [-1, 1])
INNER: Mapping[str, Mapping[str, object]] = {
    "two-class-logistic-regression": {},
    "two-class-boosted-decision-tree": {"Number of trees constructed": 5},
    "two-class-decision-forest": {},
    "two-class-support-vector-machine": {"Number of iterations": 5},
    "two-class-neural-network": {"The initial learning weights diameter": 1.0, "Number of learning iterations": 20},
}


def table(target: np.ndarray, more: Mapping[str, list[object]] | None = None) -> Table:
    return Table.from_columns({"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), **(more or {}), "y": target.tolist()})


def compose(learner: str, data: Table) -> Model:
    untrained = run(CATALOG["one-vs-all-multiclass"], run(CATALOG[learner], **INNER[learner]))
    model = run(CATALOG["train-model"], untrained, data, Label_column="y")
    assert isinstance(model, Model)
    stored = read_artifact(write_artifact(model))
    assert isinstance(stored, Model)
    return stored


def probabilities(scored: Table) -> np.ndarray:
    return np.array([scored.column(name).to_pylist() for name in scored.names[-4:-1]], dtype=float).T


@pytest.mark.parametrize("learner", INNER)
def test_a_model_a_class(learner: str) -> None:
    names = np.array(["low", "middle", "top"])[KIND]
    scored = score(compose(learner, table(names)), table(names))
    each = []
    for k in range(3):
        data = table(np.where(k == KIND, 1, 0))
        each.append(score(train(learner, data, "y", **INNER[learner]), data).column("Scored Probabilities").to_numpy())
    raw = np.array(each).T
    np.testing.assert_allclose(probabilities(scored), raw / raw.sum(axis=1, keepdims=True), rtol=1e-12)
    assert scored.names[-4] == 'Scored Probabilities for Class "low"'
    chosen = np.array(["low", "middle", "top"])[raw.argmax(axis=1)]
    assert scored.column("Scored Labels").to_pylist() == chosen.tolist()


@pytest.mark.parametrize("learner", INNER)
def test_rows_are_those_of_a_chunk(learner: str) -> None:
    city: list[object] = [("Rome", "Oslo", None)[i % 3] if i % 5 else "Lima" for i in range(200)]
    data = table(KIND, {"city": city})
    entry = CATALOG["score-model"]
    assert entry.lower is not None
    model = compose(learner, data)
    frame = entry.lower(parse_params(entry.spec.params, {}), model, Frame.input("in", data.schema), entry=CTX.entry)
    assert repr(one_by_one(frame, data)) == repr(score(model, data).data.to_pylist())


def test_only_two_class_learners_are_composed() -> None:
    with pytest.raises(ModuleError, match="Error 0013"):
        run(CATALOG["one-vs-all-multiclass"], run(CATALOG["linear-regression"]))
    with pytest.raises(ModuleError, match="Error 0003"):
        run(CATALOG["one-vs-all-multiclass"], None)


def test_a_wrong_file_is_refused() -> None:
    model = compose("two-class-logistic-regression", table(KIND))
    wrong = {name: array for name, array in model.arrays.items() if name != "1-weights"}
    object.__setattr__(model, "arrays", wrong)
    with pytest.raises(RestudioError, match="Train it again"):
        score(model, table(KIND))

"""Neural networks against scikit-learn's, from the same first weights; and what their parameters do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tests.unit.modules.catalog import CATALOG, run, score, train

from restudio.core.errors import ModuleError
from restudio.modules.learners.network_shape import from_definition, from_sizes
from restudio.modules.learners.network_training import batch_size
from restudio.tables.table import Table

RNG = np.random.default_rng(8)
X = RNG.random((450, 2))
UNIT = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
SUM = X @ [3, -2] + RNG.normal(size=450) / 4
RAW = {
    "Number of hidden nodes": "7, 5",
    "The initial learning weights diameter": 2.0,
    "The momentum": 0.5,
    "Number of learning iterations": 12,
    "Shuffle examples": False,
    "Learning rate": 0.1,
    "Random number seed": 3,
}


def table(target: np.ndarray) -> Table:
    return Table.from_columns({"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "y": target.tolist()})


class _Start:
    """First weights as the learner draws them."""

    random = np.random.default_rng()

    def _init_coef(self, inputs: int, outputs: int, dtype: type) -> tuple[np.ndarray, np.ndarray]:
        return self.random.uniform(-1, 1, (inputs, outputs)), self.random.uniform(-1, 1, outputs)


class Classifier(_Start, MLPClassifier):  # type: ignore[misc]  # scikit-learn has no types
    pass


class Regressor(_Start, MLPRegressor):  # type: ignore[misc]  # scikit-learn has no types
    pass


def reference(kind: type, target: np.ndarray) -> Any:
    _Start.random = np.random.default_rng(3)
    network = kind(
        hidden_layer_sizes=(7, 5),
        activation="logistic",
        solver="sgd",
        alpha=0,
        batch_size=batch_size(450),
        learning_rate_init=0.1,
        momentum=0.5,
        nesterovs_momentum=False,
        max_iter=12,
        shuffle=False,
        tol=0,
        n_iter_no_change=1000,
    )
    with pytest.warns(ConvergenceWarning):
        return network.fit(UNIT, target)


def test_two_classes_are_those_of_scikit_learn() -> None:
    target = (SUM > 0.5).astype(int)
    found = score(train("two-class-neural-network", table(target), "y", **RAW), table(target))
    expected = reference(Classifier, target).predict_proba(UNIT)[:, 1]
    np.testing.assert_allclose(found.column("Scored Probabilities").to_numpy(), expected, rtol=1e-9)


def test_several_classes_are_those_of_scikit_learn() -> None:
    target = np.digitize(SUM, [0, 1])
    found = score(train("multiclass-neural-network", table(target), "y", **RAW), table(target))
    probabilities = np.array([found.column(name).to_pylist() for name in found.names[-4:-1]]).T
    np.testing.assert_allclose(probabilities, reference(Classifier, target).predict_proba(UNIT), rtol=1e-9)


def test_regression_is_that_of_scikit_learn_on_the_standardised_target() -> None:
    target = 1000 * SUM
    found = score(train("neural-network-regression", table(target), "y", **RAW), table(target))
    standard = (target - target.mean()) / target.std()
    expected = reference(Regressor, standard).predict(UNIT) * target.std() + target.mean()
    np.testing.assert_allclose(found.column("Scored Labels").to_numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("normalizer", ["Binning", "Gaussian", "Min-Max normalizer", "Do not normalize"])
def test_every_normalizer_learns(normalizer: str) -> None:
    target = (SUM > 0.5).astype(int)
    model = train("two-class-neural-network", table(target), "y", The_type_of_normalizer=normalizer)
    assert np.mean(score(model, table(target)).column("Scored Labels").to_numpy() == target) > 0.9


def test_divergence_is_told() -> None:
    raw = {"The type of normalizer": "Do not normalize", "Learning rate": 1.0, "The momentum": 1.0}
    data = Table.from_columns({"a": (X[:, 0] * 1e200).tolist(), "y": SUM.tolist()})
    definition = "input I auto; hidden H [2] linear from I all; output O auto from H all;"
    custom = {"Hidden layer specification": "Custom definition script", "Neural network definition": definition}
    with pytest.raises(ModuleError, match="Error 0039: Training diverged"):
        train("neural-network-regression", data, "y", **raw, **custom)


def test_definitions() -> None:
    assert from_sizes("40, 10") == ((40, "sigmoid"), (10, "sigmoid"))
    text = """
        // a chain
        input F auto;
        hidden A [40] tanh from F all;  /* and */ hidden B 3 rlinear from A all;
        output Y auto from B all;
    """
    assert from_definition(text) == ((40, "tanh"), (3, "rlinear"))
    assert from_definition("input F auto; output Y auto from F all") == ()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Number of hidden nodes", "10; 20", "comma list"),
        ("Number of hidden nodes", "0", "comma list"),
        ("Neural network definition", "input F auto;", "are needed"),
        ("Neural network definition", "input F [28, 28]; output Y auto from F all;", "only fully connected"),
        ("Neural network definition", "hidden A [4]; output Y auto from A all;", "an input is expected"),
        ("Neural network definition", "input F auto; hidden A [4] from G all; output Y auto from A all;", "before it"),
        ("Neural network definition", "input F auto; hidden A auto from F all; output Y auto from A all;", "a size"),
        ("Neural network definition", "input F auto; hidden A [4] abs from F all; output Y auto from A all;", "one of"),
    ],
)
def test_wrong_definitions_are_refused(name: str, value: str, message: str) -> None:
    raw = {name: value}
    if name == "Neural network definition":
        raw["Hidden layer specification"] = "Custom definition script"
    with pytest.raises(ModuleError, match=message) as caught:
        run(CATALOG["two-class-neural-network"], **raw)
    assert (caught.value.number, caught.value.parameter) == ("0002", name)

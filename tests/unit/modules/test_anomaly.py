"""Anomaly detectors against scikit-learn, from training to evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import OneClassSVM
from sklearn.utils.extmath import randomized_svd
from tests.unit.modules.catalog import one_by_one
from tests.unit.modules.everything import EVERYTHING, WholeContext, execute

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Role, Schema
from restudio.kernels.expr import Frame
from restudio.tables.table import Table

RNG = np.random.default_rng(9)
SCHEMA = Schema.of([*(Column(n, DType.DOUBLE) for n in "abc"), Column("odd", DType.INTEGER, role=Role.LABEL)])
USUAL = RNG.normal(size=(200, 1)) * [1.0, 2.0, -1.0] + RNG.normal(size=(200, 3)) / 20
TEST = np.concatenate([USUAL[:50], RNG.normal(size=(20, 3)) * [3.0, 1.0, 3.0]])
ODD = [0] * 50 + [1] * 20
DETECTORS = ("one-class-support-vector-machine", "pca-based-anomaly-detection")


def table(matrix: np.ndarray, odd: list[int]) -> Table:
    return Table.from_columns({**dict(zip("abc", matrix.T.tolist(), strict=True)), "odd": odd}, SCHEMA)


def train(detector: str, data: Table, **raw: object) -> Model:
    model = execute("train-anomaly-detection-model", execute(detector, **raw), data)
    assert isinstance(model, Model)
    stored = read_artifact(write_artifact(model))
    assert isinstance(stored, Model)
    return stored


def score(model: Model, data: Table) -> Table:
    scored = execute("score-model", model, data)
    assert isinstance(scored, Table)
    return scored


def test_one_class_svm_is_that_of_scikit_learn() -> None:
    scored = score(train(DETECTORS[0], table(USUAL, [0] * 200), nu=0.05), table(TEST, ODD))
    low, span = USUAL.min(axis=0), np.ptp(USUAL, axis=0)
    reference = OneClassSVM(nu=0.05).fit((USUAL - low) / span)
    scale = reference.decision_function((USUAL - low) / span).std()
    expected = 1 / (1 + np.exp(reference.decision_function((TEST - low) / span) / scale))
    np.testing.assert_allclose(scored.column("Scored Probabilities").to_numpy(), expected, rtol=1e-9)
    assert scored.column("Scored Labels").to_pylist() == (expected >= 0.5).astype(int).tolist()


@pytest.mark.parametrize("centred", [False, True])
def test_pca_scores_are_what_the_components_leave(centred: bool) -> None:
    raw = {"Number of components to use in PCA": 1, "Enable input feature mean normalization": centred}
    scored = score(train(DETECTORS[1], table(USUAL, [0] * 200), **raw), table(TEST, ODD))
    mean = USUAL.mean(axis=0) if centred else np.zeros(3)
    _, _, components = randomized_svd(USUAL - mean, 1, n_oversamples=2, random_state=0)
    away = TEST - mean
    rest = np.linalg.norm(away - away @ components.T @ components, axis=1) / np.linalg.norm(away, axis=1)
    np.testing.assert_allclose(scored.column("Scored Probabilities").to_numpy(), rest, rtol=1e-6)


@pytest.mark.parametrize("detector", DETECTORS)
def test_detectors_are_evaluated_as_two_classes(detector: str) -> None:
    raw = {"Number of components to use in PCA": 1} if "pca" in detector else {}
    results = execute("evaluate-model", score(train(detector, table(USUAL, [0] * 200), **raw), table(TEST, ODD)), None)
    assert isinstance(results, Table)
    assert results.column("AUC").to_pylist()[0] > 0.9


@pytest.mark.parametrize("detector", DETECTORS)
def test_rows_are_those_of_a_chunk(detector: str) -> None:
    city = [("Rome", "Oslo", None)[i % 3] for i in range(40)]
    data = Table.from_columns({"a": [None if i % 9 == 0 else i / 7 for i in range(40)], "b": city})
    model = train(detector, data)
    new = Table.from_columns({"a": [1.0, None, 0.3, -5.0], "b": ["Oslo", "Rome", "Lima", None]})
    entry = EVERYTHING["score-model"]
    assert entry.lower is not None
    params: object = parse_params(entry.spec.params, {})
    frame = entry.lower(params, model, Frame.input("in", new.schema), entry=WholeContext().entry)
    scored = score(model, new)
    assert repr(one_by_one(frame, new)) == repr(scored.data.to_pylist())
    assert [cell is None for cell in scored.column("Scored Labels").to_pylist()] == [False, True, False, True]


@pytest.mark.parametrize(("detector", "array"), [(DETECTORS[0], "coefficients"), (DETECTORS[1], "components")])
def test_a_wrong_file_is_refused(detector: str, array: str) -> None:
    model = train(detector, table(USUAL, [0] * 200))
    object.__setattr__(model, "arrays", {**model.arrays, array: model.arrays[array][..., :1]})
    with pytest.raises(RestudioError, match="Train it again"):
        score(model, table(TEST, ODD))


def test_other_learners_detect_nothing() -> None:
    with pytest.raises(ModuleError, match=r"0013.*does not detect"):
        execute("train-anomaly-detection-model", execute("linear-regression"), table(TEST, ODD))

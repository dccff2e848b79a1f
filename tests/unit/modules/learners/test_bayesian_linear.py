"""Bayesian Linear Regression against ridge regression and the closed form of its posterior."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import Ridge
from tests.unit.modules.catalog import CATALOG, CTX, one_by_one, run, score, train

from restudio.core.errors import RestudioError
from restudio.core.params import parse_params
from restudio.kernels.expr import Frame
from restudio.tables.table import Table

RNG = np.random.default_rng(1)
X = RNG.normal(size=(80, 3))
STANDARD = (X - X.mean(axis=0)) / X.std(axis=0)
Y = X @ [1, 2, 3] + 50 + RNG.normal(size=80)
DATA = Table.from_columns({**dict(zip("abc", X.T.tolist(), strict=True)), "y": Y.tolist()})


def test_mean_and_deviation_are_those_of_the_posterior() -> None:
    scored = score(train("bayesian-linear-regression", DATA, "y", Regularization_weight=2.5), DATA)
    ridge = Ridge(alpha=2.5).fit(STANDARD, Y)
    mean = ridge.predict(STANDARD)
    noise = (np.sum((Y - mean) ** 2) + 2.5 * np.sum(ridge.coef_**2)) / 80
    inverse = np.linalg.inv(STANDARD.T @ STANDARD + 2.5 * np.eye(3))
    deviation = np.sqrt(noise + noise * np.einsum("ij,jk,ik->i", STANDARD, inverse, STANDARD))
    np.testing.assert_allclose(scored.column("Scored Label Mean").to_numpy(), mean, rtol=1e-9)
    np.testing.assert_allclose(scored.column("Scored Label Standard Deviation").to_numpy(), deviation, rtol=1e-9)


def test_the_deviation_gives_a_likelihood() -> None:
    scored = score(train("bayesian-linear-regression", DATA, "y"), DATA)
    results = run(CATALOG["evaluate-model"], scored, None)
    assert isinstance(results, Table)
    mean, deviation = (scored.column(name).to_numpy() for name in scored.names[-2:])
    expected = -np.sum(norm.logpdf(Y, mean, deviation))
    assert results.column("Negative Log Likelihood").to_pylist() == pytest.approx([expected])


def test_rows_are_those_of_a_chunk() -> None:
    city = [("Rome", "Oslo", None)[i % 3] for i in range(80)]
    data = Table.from_columns({"a": [None if i % 9 == 0 else i / 7 for i in range(80)], "b": city, "y": Y.tolist()})
    model = train("bayesian-linear-regression", data, "y")
    entry = CATALOG["score-model"]
    assert entry.lower is not None
    params: object = parse_params(entry.spec.params, {})
    frame = entry.lower(params, model, Frame.input("in", data.schema), entry=CTX.entry)
    assert repr(one_by_one(frame, data)) == repr(score(model, data).data.to_pylist())


def test_a_wrong_file_is_refused() -> None:
    model = train("bayesian-linear-regression", DATA, "y")
    object.__setattr__(model, "arrays", {**model.arrays, "numbers": np.array([0.0, -1.0])})
    with pytest.raises(RestudioError, match="Train it again"):
        score(model, DATA)

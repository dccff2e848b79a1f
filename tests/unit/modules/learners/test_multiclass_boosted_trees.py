"""Multiclass boosted trees against LightGBM itself."""

from __future__ import annotations

import lightgbm
import numpy as np
from tests.unit.modules.catalog import score, train

from restudio.tables.table import Table

RNG = np.random.default_rng(2)
X = RNG.normal(size=(400, 2))
KINDS = np.array(["low", "middle", "top"])  # sorted, as classes are


def test_probabilities_are_those_of_lightgbm() -> None:
    target = np.digitize(X @ [1, 1] + RNG.normal(size=400) / 2, [-1, 1])
    data = Table.from_columns({"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "kind": KINDS[target].tolist()})
    scored = score(train("multiclass-boosted-decision-tree", data, "kind", Number_of_trees_constructed=20), data)
    assert scored.names[-4:-1] == tuple(f'Scored Probabilities for Class "{kind}"' for kind in KINDS)
    settings = {"objective": "multiclass", "num_class": 3, "num_leaves": 20, "min_data_in_leaf": 10}
    settings |= {"learning_rate": 0.2, "verbosity": -1, "deterministic": True, "force_row_wise": True, "seed": 42}
    expected = lightgbm.train(settings, lightgbm.Dataset(X, target), 20).predict(X)
    found = np.array([scored.column(name).to_pylist() for name in scored.names[-4:-1]]).T
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert scored.column("Scored Labels").to_pylist() == KINDS[np.argmax(expected, axis=1)].tolist()

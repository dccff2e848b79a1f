"""The whole path on real data: split, train, score, judge."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as reference
from tests.unit.modules.catalog import CATALOG, run, score, train

from restudio.tables.table import Table

ADULT = Path(__file__).parents[4] / "shared" / "data" / "adult.csv"
LABEL = "income-per-year"


@pytest.fixture(scope="module")
def halves() -> tuple[Table, Table]:
    if not ADULT.exists():
        pytest.fail(f"the Adult data is not at {ADULT}")
    raw = {"Fraction of rows in the first output dataset": 0.7, "Random seed": 1}
    table = Table.from_polars(pl.read_csv(ADULT))
    return cast("tuple[Table, Table]", run(CATALOG["split-data"], table, **raw))


@pytest.mark.parametrize(
    ("learner", "area"), [("two-class-logistic-regression", 0.90), ("two-class-boosted-decision-tree", 0.92)]
)
def test_adult(halves: tuple[Table, Table], learner: str, area: float) -> None:
    scored = score(train(learner, halves[0], LABEL), halves[1])
    result = run(CATALOG["evaluate-model"], scored, None)
    assert isinstance(result, Table)
    (found,) = result.data.to_pylist()
    assert found["AUC"] >= area
    truth = np.array(scored.column(LABEL).to_pylist()) == ">50K"
    assigned = np.array(scored.column("Scored Labels").to_pylist()) == ">50K"
    probability = scored.column("Scored Probabilities").to_numpy()
    assert found["AUC"] == pytest.approx(reference.roc_auc_score(truth, probability), rel=1e-12)
    assert found["Accuracy"] == pytest.approx(reference.accuracy_score(truth, assigned), rel=1e-12)
    assert found["Precision"] == pytest.approx(reference.precision_score(truth, assigned), rel=1e-12)
    assert found["Recall"] == pytest.approx(reference.recall_score(truth, assigned), rel=1e-12)
    assert found["F1 Score"] == pytest.approx(reference.f1_score(truth, assigned), rel=1e-12)
    assert found["Average Log Loss"] == pytest.approx(reference.log_loss(truth, probability), rel=1e-12)

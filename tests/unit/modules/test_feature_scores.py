"""Scores of features against SciPy and scikit-learn on the same cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from restudio.core.errors import ModuleError
from restudio.modules.feature_scores import (
    CHI_SQUARED,
    FISHER,
    KENDALL,
    METHODS,
    MUTUAL,
    PEARSON,
    SPEARMAN,
    cells_of,
    count_of,
    score_feature,
    target_of,
)
from restudio.tables.table import Table

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=200)
Y = X + RANDOM.normal(size=200)
GROUP = np.array(["a", "b", "c"])[(Y > 0).astype(int) + (Y > 1)]
KIND = np.array(["u", "v"])[(X + RANDOM.normal(size=200) > 0).astype(int)]


def score(method: str, feature: Any, target: Any) -> float:
    table = Table.from_columns({"x": list(feature), "y": list(target)})
    return score_feature(method, cells_of(table, "x"), target_of(table, "y"))


@pytest.mark.parametrize(
    ("method", "library"),
    [(PEARSON, stats.pearsonr), (SPEARMAN, stats.spearmanr), (KENDALL, stats.kendalltau)],
)
def test_correlations_equal_scipy(method: str, library: Any) -> None:
    assert score(method, X, -Y) == pytest.approx(abs(library(X, -Y).statistic), rel=1e-9)
    rounded = np.round(X)
    assert score(method, rounded, np.round(Y)) == pytest.approx(abs(library(rounded, np.round(Y)).statistic), rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e5, -1e9])
def test_a_long_column_that_grows_is_correlated_exactly(offset: float) -> None:
    x = offset + np.arange(30_000.0) + RANDOM.normal(size=30_000)
    y = RANDOM.normal(scale=1e4, size=30_000) - x
    x[10_000:19_000] = np.nan
    y[[5, 25_000]] = np.nan
    both = ~np.isnan(x) & ~np.isnan(y)
    assert score(PEARSON, x, y) == pytest.approx(abs(stats.pearsonr(x[both], y[both]).statistic), rel=1e-9)


@pytest.mark.parametrize("method", [PEARSON, SPEARMAN, KENDALL])
def test_with_classes_a_feature_is_compared_with_its_class_means(method: str) -> None:
    means = {g: X[g == GROUP].mean() for g in "abc"}
    assert score(method, X, GROUP) == pytest.approx(score(method, X, [means[g] for g in GROUP]), rel=1e-12)


def test_two_classes_correlate_as_zero_and_one() -> None:
    assert score(PEARSON, X, KIND) == pytest.approx(abs(stats.pearsonr(X, KIND == "v").statistic), rel=1e-9)


def test_mutual_information_and_chi_squared_of_categories() -> None:
    assert score(MUTUAL, KIND, GROUP) == pytest.approx(reference.mutual_info_score(KIND, GROUP), rel=1e-9)
    counts = stats.contingency.crosstab(KIND, GROUP).count
    assert score(CHI_SQUARED, KIND, GROUP) == pytest.approx(
        stats.chi2_contingency(counts, correction=False).statistic, rel=1e-9
    )


def test_numbers_are_put_in_ten_bins_of_equal_counts() -> None:
    edges = np.quantile(X, np.arange(1, 10) / 10)
    bins = np.searchsorted(edges, X)
    assert np.bincount(bins).tolist() == [20] * 10
    assert score(MUTUAL, X, GROUP) == pytest.approx(reference.mutual_info_score(bins, GROUP), rel=1e-9)


def test_few_distinct_numbers_are_groups() -> None:
    few = np.arange(200) % 7
    assert score(MUTUAL, few.astype(float), GROUP) == pytest.approx(reference.mutual_info_score(few, GROUP), rel=1e-9)


def test_fisher() -> None:
    parts = [X[g == GROUP] for g in "abc"]
    between = sum(len(part) * (part.mean() - X.mean()) ** 2 for part in parts)
    assert score(FISHER, X, GROUP) == pytest.approx(between / sum(len(p) * p.var() for p in parts), rel=1e-9)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "Count Based"])
def test_rows_with_gaps_are_passed_over(method: str) -> None:
    gaps = np.arange(200) % 5 == 0
    feature = [None if gap else float(x) for gap, x in zip(gaps, X, strict=True)]
    assert score(method, feature, GROUP) == pytest.approx(score(method, X[~gaps], GROUP[~gaps]), rel=1e-12)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "Count Based"])
@pytest.mark.parametrize("feature", [[1.0] * 4, [None] * 4, [], [float("nan"), float("inf"), 1.0, 1.0]])
def test_what_never_varies_tells_nothing(method: str, feature: list[float | None]) -> None:
    table = Table.from_columns({"x": [0.0, *feature], "y": [1.5, *[2.5] * len(feature)]}).slice(1)
    assert score_feature(method, cells_of(table, "x"), target_of(table, "y")) == 0.0


def test_texts_do_not_correlate() -> None:
    assert score(PEARSON, KIND, Y) == score(FISHER, KIND, GROUP) == 0.0


def test_counts_are_of_cells_that_are_not_zero() -> None:
    table = Table.from_columns({"x": [0.0, 1.0, None, float("nan"), -2.0], "s": ["a", "b", None, "", "c"]})
    assert count_of(cells_of(table, "x")) == 2
    assert count_of(cells_of(table, "s")) == 0


def test_a_time_is_no_target() -> None:
    from datetime import datetime

    with pytest.raises(ModuleError, match="0017"):
        target_of(Table.from_columns({"y": [datetime(2020, 1, 1)]}), "y")

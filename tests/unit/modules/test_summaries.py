"""Summarize Data and Compute Elementary Statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.modules.column_statistics import ELEMENTARY
from restudio.modules.summaries import compute_elementary_statistics, summarize_data
from restudio.tables.table import Table

X = [2.0, 5.0, 5.0, 9.0, 1.0, 9.0, 3.5, 12.25]
TABLE = Table.from_columns({"x": [*X, None], "s": [*"aabbccd", None, None], "bad": [math.nan, math.inf, 1.0] * 3})
REFERENCES = {
    "Deviation squared": float(((np.array(X) - np.mean(X)) ** 2).sum()),
    "Geometric mean": stats.gmean(X),
    "Harmonic mean": stats.hmean(X),
    "Interquartile distance": stats.iqr(X),
    "K-th central moment": stats.moment(X, 3),
    "Max": 12.25,
    "Mean": np.mean(X),
    "Mean deviation": np.abs(np.array(X) - np.mean(X)).mean(),
    "Median": 5.0,
    "Median deviation": stats.median_abs_deviation(X),
    "Min": 1.0,
    "Mode": 5.0,
    "Population standard deviation": np.std(X),
    "Population variance": np.var(X),
    "Product": np.prod(X),
    "Range": 11.25,
    "Sample kurtosis": stats.kurtosis(X, bias=False),
    "Sample skewness": stats.skew(X, bias=False),
    "Sample standard deviation": np.std(X, ddof=1),
    "Sample variance": np.var(X, ddof=1),
    "Sum": np.sum(X),
}


def statistic(table: Table, method: str, **raw: object) -> Table:
    result = run(compute_elementary_statistics, table, Method=method, **raw)
    assert isinstance(result, Table)
    return result


@pytest.mark.parametrize("method", REFERENCES)
def test_elementary_statistics(method: str) -> None:
    result = statistic(TABLE, method, Column_set="x")
    assert result.names == (f"{method}(x)",)
    assert result.data.columns[0].to_pylist() == [pytest.approx(REFERENCES[method], rel=1e-12)]


def test_all_methods_are_there() -> None:
    assert {*ELEMENTARY, "K-th central moment"} == set(REFERENCES)
    assert statistic(TABLE, "Max").data.to_pydict() == {"Max(x)": [12.25], "Max(bad)": [1.0]}


def test_what_a_statistic_cannot_tell_is_missing() -> None:
    lonely = Table.from_columns({"x": [-1.0], "e": [math.nan]})
    for method in ("Sample variance", "Sample skewness", "Sample kurtosis", "Geometric mean", "Harmonic mean"):
        assert statistic(lonely, method).data.to_pylist() == [{f"{method}(x)": None, f"{method}(e)": None}]


def test_the_summary_has_a_row_for_every_column() -> None:
    result = run(summarize_data, TABLE)
    assert isinstance(result, Table)
    assert result.names[:5] == ("Feature", "Count", "Unique Value Count", "Missing Value Count", "Min")
    assert result.names[-5:] == ("P0.5", "P1", "P5", "P95", "P99.5")
    x, s, bad = result.data.to_pylist()
    assert (x["Count"], x["Unique Value Count"], x["Missing Value Count"]) == (8, 6, 1)
    for name, method in {
        "Min": "Min",
        "Mean Deviation": "Mean deviation",
        "Mode": "Mode",
        "Sample Standard Deviation": "Sample standard deviation",
        "Sample Skewness": "Sample skewness",
    }.items():
        assert x[name] == pytest.approx(REFERENCES[method])
    assert [x["1st Quartile"], x["P99.5"]] == pytest.approx(np.percentile(X, [25, 99.5]).tolist())
    assert (s["Count"], s["Unique Value Count"], s["Missing Value Count"], s["Min"], s["Mode"]) == (7, 4, 2, None, None)
    assert (bad["Count"], bad["Unique Value Count"], bad["Mean"]) == (9, 3, 1.0)


def test_errors() -> None:
    for entry, table, raw, number in (
        (summarize_data, TABLE.slice(0, 0), {}, "0021"),
        (summarize_data, TABLE.select([]), {}, "0020"),
        (compute_elementary_statistics, TABLE, {"Column set": "s"}, "0017"),
        (compute_elementary_statistics, TABLE.select(["s"]), {}, "0011"),
    ):
        with pytest.raises(ModuleError) as caught:
            run(entry, table, **raw)
        assert caught.value.number == number

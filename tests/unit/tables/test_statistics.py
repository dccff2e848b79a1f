"""Statistics are exact on small tables and never fail on odd ones."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given, settings
from tests.unit.tables.strategies import tables

from restudio.tables.statistics import describe
from restudio.tables.table import Table


def _feature(values: list[object]) -> Any:
    features: Any = describe(Table.from_columns({"x": values}))["features"]
    return features[0]


def test_numbers() -> None:
    summary = _feature([1, 2, 3, 4, None])
    assert {k: summary[k] for k in ("count", "missing", "unique", "min", "max", "mean", "median")} == {
        "count": 4, "missing": 1, "unique": 4, "min": 1.0, "max": 4.0, "mean": 2.5, "median": 2.5,
    }  # fmt: skip
    assert math.isclose(summary["std"], math.sqrt(5 / 3))
    assert sum(summary["histogram"]["counts"]) == 4


def test_a_box_plot_shows_what_lies_far_outside() -> None:
    summary = _feature([*range(1, 13), 100, -50])
    assert summary["box"] == {"low": 1.0, "q1": 3.0, "median": 6.0, "q3": 10.0, "high": 12.0, "outliers": 2}
    assert summary["quantiles"] == {
        "1": -50.0, "5": -50.0, "25": 3.0, "50": 6.0, "75": 10.0, "95": 100.0, "99": 100.0,
    }  # fmt: skip


def test_special_numbers_are_counted_apart() -> None:
    summary = _feature([1.0, math.nan, math.inf])
    assert (summary["special"], summary["mean"], summary["std"]) == (2, 1.0, None)


def test_texts_have_their_most_frequent_values() -> None:
    assert _feature(["b", "a", "b", None, "c"])["top"] == [
        {"value": "b", "count": 2}, {"value": "a", "count": 1}, {"value": "c", "count": 1},
    ]  # fmt: skip


@given(tables())
@settings(max_examples=80, deadline=None)
def test_every_table_has_statistics_that_are_json(table: Table) -> None:
    described = json.loads(json.dumps(describe(table), allow_nan=False))
    assert described["rows"] == table.num_rows

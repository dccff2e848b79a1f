"""Time Series Anomaly Detection: planted changes are found, sameness raises no alert."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from tests.unit.modules.everything import execute

from restudio.core.errors import ModuleError
from restudio.modules.martingale import STRANGENESS, anomaly_scores
from restudio.tables.table import Table

RNG = np.random.default_rng(12)
NOISE = RNG.normal(size=400)
START = datetime(2024, 1, 1)


def series(values: np.ndarray, **more: list[object]) -> Table:
    times = [START + timedelta(minutes=i) for i in range(len(values))]
    return Table.from_columns({"when": times, "value": values.tolist(), **more})


def annotate(data: Table, **raw: object) -> tuple[np.ndarray, np.ndarray]:
    found = execute("time-series-anomaly-detection", data, **raw)
    assert isinstance(found, Table)
    assert found.names[-2:] == ("Anomaly Score", "Alert")
    return found.column("Anomaly Score").to_numpy(), found.column("Alert").to_numpy()


@pytest.mark.parametrize("raw", [{}, {"Martingale_Type": "Power", "Epsilon": 0.3}])
def test_a_change_of_level_is_found_soon(raw: dict[str, object]) -> None:
    _, alerts = annotate(series(NOISE + np.where(np.arange(400) >= 300, 8.0, 0.0)), **raw)
    assert alerts[:300].mean() < 0.05
    assert alerts[300:312].any()


@pytest.mark.parametrize(("kind", "sign"), [("SlowPosTrend", 1.0), ("SlowNegTrend", -1.0)])
def test_trends_have_a_direction(kind: str, sign: float) -> None:
    trend = np.maximum(np.arange(400) - 300, 0) * 0.5
    options = {"Strangeness_Function_Type": kind, "Length_of_Strangeness_Values": 60}
    right, _ = annotate(series(NOISE / 10 + sign * trend), **options)
    wrong, _ = annotate(series(NOISE / 10 - sign * trend), **options)
    assert right[330:].max() > 10 > 2 * wrong[330:].min()


def far_from_median(before: np.ndarray, value: float) -> float:
    if len(before) < 2:
        return 0.0
    low, middle, high = np.percentile(before, [5, 50, 95])
    return abs(value - middle) / (high - low) if high > low else (math.inf if value != middle else 0.0)


def slope(before: np.ndarray, value: float) -> float:
    line = np.append(before, value)
    return float(np.polyfit(np.arange(len(line)), line, 1)[0]) if len(line) > 1 else 0.0


def fall(before: np.ndarray, value: float) -> float:
    return -slope(before, value)


DEFINITIONS = {"RangePercentile": far_from_median, "SlowPosTrend": slope, "SlowNegTrend": fall}


@pytest.mark.parametrize("kind", DEFINITIONS)
@pytest.mark.parametrize("constant", [0, 8, 30])
def test_scores_are_the_best_stakes_of_the_definition(kind: str, constant: int) -> None:
    bets, history = 7, 20
    values = np.concatenate([np.full(constant, 1.5), NOISE[:60]])
    places = range(len(values))
    s = [DEFINITIONS[kind](values[max(0, i - history) : i], values[i]) for i in places]
    logs = []
    for i, own in enumerate(s):
        before = s[max(0, i - history) : i]
        near = [math.isclose(b, own, abs_tol=1e-12) for b in before]
        higher = sum(b > own and not n for b, n in zip(before, near, strict=True))
        p = (higher + (sum(near) + 1) / 2) / (len(before) + 1)
        logs.append(math.log(0.5) - 0.5 * math.log(p) if len(before) >= 10 else 0.0)
    expected = [max(0.0, *(sum(logs[j : i + 1]) for j in range(max(0, i - bets + 1), i + 1))) for i in places]
    np.testing.assert_allclose(anomaly_scores(values, STRANGENESS[kind], 0.5, bets, history), expected, atol=1e-9)


def test_rows_are_taken_by_time_and_gaps_stay() -> None:
    data = series(NOISE + np.where(np.arange(400) >= 300, 8.0, 0.0))
    mixed = data.take(RNG.permutation(400))
    at = np.argsort(mixed.column("when").to_numpy())
    np.testing.assert_array_equal(annotate(mixed)[0][at], annotate(data)[0])
    gaps = execute("time-series-anomaly-detection", Table.from_columns({"x": [1.0, None, 2.0]}))
    assert isinstance(gaps, Table)
    assert gaps.column("Alert").to_pylist() == [0, None, 0]


@pytest.mark.parametrize(
    ("names", "column", "number"),
    [("Data Column", "text", "0017"), ("Time Column", "value", "0017"), ("Time Column", "twice", "0018")],
)
def test_wrong_columns(names: str, column: str, number: str) -> None:
    data = series(NOISE[:3], text=["a", "b", "c"], twice=[START, START, START])
    picked = {"rules": [{"ruleType": "ColumnNames", "exclude": False, "columns": [column]}], "isFilter": True}
    with pytest.raises(ModuleError) as caught:
        execute("time-series-anomaly-detection", data, **{names: picked})
    assert caught.value.number == number

"""Clip Values."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.applying import assert_rows_agree
from tests.unit.modules.catalog import CTX, run

from restudio.core.cells import convert
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.schema import DType, Role, Schema
from restudio.kernels.expr import CannotLower, Frame
from restudio.modules.clipping import ClipValuesParams, clip_values
from restudio.tables.table import Table

X = [-5.0, -1.0, 0.0, None, 1.0, 7.0, math.nan]
TABLE = Table.from_columns({"x": X, "n": [-5, -1, 0, 1, None, 7, 9], "s": list("abcdefg")})
BOTH = {"Set of thresholds": "ClipPeaksAndSubPeaks"}


def clip(table: Table, **raw: object) -> Table:
    """The table function; where it can be lowered, single rows must agree."""
    named = {name.replace("_", " "): value for name, value in raw.items()}
    result = run(clip_values, table, **named)
    assert isinstance(result, Table)
    assert clip_values.lower is not None
    try:
        frame = clip_values.lower(
            parse_params(ClipValuesParams, named), Frame.input("in", table.schema), entry=CTX.entry
        )
    except CannotLower:
        return result
    assert_rows_agree(frame, table, result)
    return result


def cells(table: Table, name: str = "x") -> str:
    return repr(table.column(name).to_pylist())


def test_constants() -> None:
    assert cells(clip(TABLE)) == "[-5.0, -1.0, 0.0, None, 1.0, 1.0, nan]"
    assert cells(clip(TABLE, Set_of_thresholds="ClipSubPeaks")) == "[-1.0, -1.0, 0.0, None, 1.0, 7.0, nan]"
    result = clip(TABLE, **BOTH)
    assert cells(result) == "[-1.0, -1.0, 0.0, None, 1.0, 1.0, nan]"
    assert cells(result, "n") == "[-1, -1, 0, 1, None, 1, 1]"
    assert result.select(["s"]).equals(TABLE.select(["s"]))


def test_whole_numbers_become_doubles_only_when_they_must() -> None:
    result = clip(TABLE, Constant_value_of_upper_threshold=1.5)
    assert result.schema["n"].dtype is DType.DOUBLE
    assert cells(result, "n") == "[-5.0, -1.0, 0.0, 1.0, None, 1.5, 1.5]"
    big = Table.from_columns({"n": [2**62 + 1, 5]})
    assert clip(big, Set_of_thresholds="ClipSubPeaks").equals(big)


@pytest.mark.parametrize(
    ("substitute", "expected"), [("Mean", np.mean([-5, -1, 0, 1, 7])), ("Median", 0.0), ("Missing", None)]
)
def test_substitutes_are_taken_before_clipping(substitute: str, expected: float | None) -> None:
    result = clip(TABLE, Substitute_value_for_peaks=substitute)
    assert result.column("x").to_pylist()[5] == expected
    assert result.column("x").to_pylist()[:5] == X[:5]


@given(st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=2), st.integers(1, 49))
def test_percentiles(xs: list[float | None], low: int) -> None:
    known = [x for x in xs if x is not None]
    raw = {"Percentile number of lower threshold": low, "Percentile number of upper threshold": 100 - low}
    table = Table.from_columns({"x": [*xs, 0.0]})
    result = clip(table, Threshold="Percentile", **BOTH, **raw).column("x").to_pylist()
    ends = np.percentile([*known, 0.0], [low, 100 - low])
    assert result == [None if x is None else float(np.clip(x, *ends)) for x in [*xs, 0.0]]


def test_indicators_and_copies() -> None:
    result = clip(TABLE, Add_indicator_columns=True, Overwrite_flag=False, List_of_columns="x")
    assert result.names == ("x", "n", "s", "Clip(x)", "x_clipped")
    assert cells(result) == repr(X)
    assert cells(result, "Clip(x)") == "[-5.0, -1.0, 0.0, None, 1.0, 1.0, nan]"
    assert result.column("x_clipped").to_pylist() == [False, False, False, False, False, True, False]


def test_times() -> None:
    days = [datetime(2020, 1, d) for d in (1, 2, 3)]
    table = Table.from_columns({"day": [*days, None], "took": [timedelta(minutes=m) for m in (1, 2, 3, 4)]})
    ticks = convert(days[1], DType.INTEGER)
    raw = {"List of columns": "day", "Constant value of upper threshold": ticks}
    assert clip(table, **raw).column("day").to_pylist() == [days[0], days[1], days[1], None]
    took = clip(table, List_of_columns="took", Upper_threshold="Percentile", Substitute_value_for_peaks="Missing")
    assert took.column("took").to_pylist() == [*(timedelta(minutes=m) for m in (1, 2, 3)), None]
    ancient = clip(table, List_of_columns="day", Constant_value_of_upper_threshold=-1.0)
    assert ancient.column("day").to_pylist() == [datetime(1, 1, 1)] * 3 + [None]


def test_roles_stay() -> None:
    table = TABLE.with_schema(Schema.of(c.with_(role=Role.LABEL) if c.name == "x" else c for c in TABLE.schema))
    assert clip(table).schema["x"].role is Role.LABEL
    assert clip(table, Overwrite_flag=False).schema["Clip(x)"].role is Role.FEATURE


def test_columns_without_values() -> None:
    table = Table.from_columns({"x": [math.nan, None]})
    assert repr(clip(table, Upper_threshold="Percentile").column("x").to_pylist()) == "[nan, None]"


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"List of columns": "s"}, "0017"),
        ({"List of columns": "z"}, "0001"),
        ({"List of columns": '[{"ColumnTypes":["Boolean"]}]'}, "0011"),
        ({**BOTH, "Constant value of lower threshold": 2}, "0007"),
        (
            {
                **BOTH,
                "Threshold": "Percentile",
                "Percentile number of lower threshold": 99,
                "Percentile number of upper threshold": 1,
            },
            "0007",
        ),
        ({"Percentile number of upper threshold": 100}, "0008"),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        clip(TABLE, **raw)
    assert caught.value.number == number

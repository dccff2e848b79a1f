"""Convert to Dataset."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.applying import assert_rows_agree
from tests.unit.modules.catalog import CTX, run

from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.expr import Frame
from restudio.modules.convert_to_dataset import ConvertToDatasetParams, convert_to_dataset, without
from restudio.tables.table import Table

SCHEMA = Schema.of(
    [
        Column("s", DType.STRING, ("?", "a")),
        Column("n", DType.INTEGER),
        Column("x", DType.DOUBLE),
        Column("b", DType.BOOLEAN),
        Column("d", DType.DATETIME),
        Column("t", DType.TIMESPAN),
    ]
)
CELLS: dict[str, list[object]] = {
    "s": ["?", "a", None],
    "n": [1, None, 0],
    "x": [1.0, math.nan, None],
    "b": [True, None, False],
    "d": [datetime(2020, 1, 1), None, datetime(2021, 1, 1)],
    "t": [timedelta(minutes=5), None, timedelta(0)],
}
TABLE = Table.from_columns(CELLS, SCHEMA)


def convert(**raw: object) -> Table:
    """The table function; single rows agree with it."""
    result = run(convert_to_dataset, TABLE, **raw)
    assert isinstance(result, Table)
    assert convert_to_dataset.lower is not None
    params = parse_params(ConvertToDatasetParams, {k.replace("_", " "): v for k, v in raw.items()})
    assert_rows_agree(convert_to_dataset.lower(params, Frame.input("in", SCHEMA), entry=CTX.entry), TABLE, result)
    return result


def changed(**columns: list[object]) -> str:
    return repr({**CELLS, **columns})


@pytest.mark.parametrize("action", ["None", "SparseOutput"])
def test_nothing_changes(action: str) -> None:
    assert convert(Action=action).equals(TABLE)


def test_a_marker_becomes_missing() -> None:
    result = convert(Action="SetMissingValue")
    assert repr(result.data.to_pydict()) == changed(s=[None, "a", None])
    assert result.schema["s"].categories == ("a",)
    one = convert(Action="SetMissingValue", Custom_missing_value="1")
    assert repr(one.data.to_pydict()) == changed(n=[None, None, 0], x=[None, math.nan, None], b=[None, None, False])
    nan = convert(Action="SetMissingValue", Custom_missing_value="NaN")
    assert repr(nan.data.to_pydict()) == changed(x=[1.0, None, None])


def test_missing_cells_get_a_value_where_the_column_can_hold_it() -> None:
    result = convert(Action="ReplaceValues", New_value="7.5")
    assert repr(result.data.to_pydict()) == changed(s=["?", "a", "7.5"], x=[1.0, math.nan, 7.5])
    assert result.schema["s"].categories == ("?", "a", "7.5")
    day = convert(Action="ReplaceValues", New_value="2022-02-02")
    assert day.column("d").to_pylist()[1] == datetime(2022, 2, 2)


def test_a_custom_value_is_replaced() -> None:
    result = convert(Action="ReplaceValues", Replace="Custom", Custom_value="00:05:00", New_value="01:00:00")
    assert repr(result.data.to_pydict()) == changed(t=[timedelta(hours=1), None, timedelta(0)])
    word = convert(Action="ReplaceValues", Replace="Custom", Custom_value="a", New_value="b")
    assert word.column("s").to_pylist() == ["?", "b", None]
    assert word.schema["s"].categories == ("?", "b")


@given(
    cells=st.lists(st.sampled_from(["?", "a", None]), max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=2),
    skipped=st.integers(0, 3),
)
def test_cells_are_taken_out_of_any_layout(cells: list[str | None], cuts: list[int], skipped: int) -> None:
    array = pa.array([*["?"] * skipped, *cells], pa.string())[skipped:]
    bounds = [0, *sorted(min(cut, len(cells)) for cut in cuts), len(cells)]
    pieces = [array.slice(start, end - start) for start, end in pairwise(bounds)]
    for values in (array, pa.chunked_array(pieces, pa.string())):
        hits = pa.array([cell == "?" for cell in cells], pa.bool_())
        left = without(values, hits)
        left.validate(full=True)
        assert left.to_pylist() == [None if cell == "?" else cell for cell in cells]

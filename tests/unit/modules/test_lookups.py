"""Join Data on a scoring path: rows looked up in a saved dataset, by chunks and one by one, as the join has them."""

from __future__ import annotations

import datetime as dt
import math
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import CATALOG, one_by_one, run

from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.chunk import evaluate
from restudio.kernels.expr import CannotLower, Frame
from restudio.modules.joining import JoinDataParams, join_data
from restudio.tables.table import Table

LOOKED_UP = ("Inner Join", "Left Outer Join", "Left Semi-Join")
CELLS: dict[DType, st.SearchStrategy[object]] = {
    DType.INTEGER: st.sampled_from([0, 1, 2, 2**53 + 1]),
    DType.DOUBLE: st.sampled_from([0.0, -0.0, 1.0, 2.0, math.nan, math.inf, float(2**53)]),
    DType.STRING: st.sampled_from(["a", "A", "É", "é", "ß", "SS", "İ", "Σ", "ς", ""]),
    DType.BOOLEAN: st.booleans(),
    DType.DATETIME: st.sampled_from([dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, microsecond=1)]),
    DType.TIMESPAN: st.sampled_from([dt.timedelta(1), dt.timedelta(microseconds=1)]),
}
PAIRS = [(dtype, dtype) for dtype in CELLS] + [(DType.INTEGER, DType.DOUBLE), (DType.DOUBLE, DType.INTEGER)]


def looked_up(left: Table, right: Table, /, **raw: object) -> tuple[Frame, Table]:
    """The lowered join, and what the table function gives."""
    named = {name.replace("_", " "): value for name, value in raw.items()}
    p = parse_params(JoinDataParams, named)
    assert join_data.lower is not None
    frame = join_data.lower(p, Frame.input("in", left.schema), right, entry=CATALOG.get_entry)
    return frame, cast("Table", run(join_data, left, right, **raw))


def side(dtypes: list[DType], rows: list[tuple[object, ...]]) -> Table:
    columns = {f"k{at}": [row[at] for row in rows] for at in range(len(dtypes))}
    schema = Schema.of([*(Column(f"k{at}", dtype) for at, dtype in enumerate(dtypes)), Column("row", DType.INTEGER)])
    return Table.from_columns({**columns, "row": list(range(len(rows)))}, schema)


@given(st.data(), st.sampled_from(LOOKED_UP), st.booleans(), st.booleans())
def test_it_gives_what_the_join_gives(data: st.DataObject, how: str, match_case: bool, keep_right: bool) -> None:
    pairs = data.draw(st.lists(st.sampled_from(PAIRS), min_size=1, max_size=2))
    tables = []
    for which in (0, 1):
        dtypes = [pair[which] for pair in pairs]
        rows = st.tuples(*(st.none() | CELLS[dtype] for dtype in dtypes))
        tables.append(side(dtypes, data.draw(st.lists(rows, max_size=8))))
    keys = '[{"ColumnNames": ["k0", "k1"]}]' if len(pairs) == 2 else "k0"
    keyed: dict[str, object] = {"Join_key_columns_for_L": keys, "Join_key_columns_for_R": keys}
    raw = {**keyed, "Join_type": how, "Match_case": match_case, "Keep_right_key_columns_in_joined_table": keep_right}
    try:
        frame, expected = looked_up(tables[0], tables[1], **raw)
    except CannotLower:
        assert how != "Left Semi-Join"
        right = tables[1]
        itself = cast("Table", run(join_data, right, right, **keyed, Match_case=match_case))
        assert itself.num_rows > sum(None not in row.values() for row in right.data.to_pylist())
        return
    assert frame.schema == expected.schema
    assert repr(evaluate(frame, {"in": tables[0].data}).to_pylist()) == repr(expected.data.to_pylist())
    assert repr(one_by_one(frame, tables[0])) == repr(expected.data.to_pylist())


LEFT = Table.from_columns({"id": [1, 3, None]})
KEYS: dict[str, object] = {"Join_key_columns_for_L": "id", "Join_key_columns_for_R": "id"}


def test_rows_that_would_become_several_are_left_to_the_join() -> None:
    twice = Table.from_columns({"id": [1, 1, None, None], "x": [1, 2, 3, 4]})
    with pytest.raises(CannotLower, match="several rows"):
        looked_up(LEFT, twice, **KEYS)
    # A missing key is found by nobody, and to have a partner two are as good as one.
    frame, _ = looked_up(LEFT, twice.slice(1, 3), **KEYS)
    assert one_by_one(frame, LEFT) == [{"id": 1, "id (1)": 1, "x": 2}]
    frame, _ = looked_up(LEFT, twice, **KEYS, Join_type="Left Semi-Join")
    assert one_by_one(frame, LEFT) == [{"id": 1}]


def test_only_callers_rows_are_looked_up() -> None:
    frame = Frame.input("in", LEFT.schema)
    p = parse_params(JoinDataParams, {name.replace("_", " "): value for name, value in KEYS.items()})
    assert join_data.lower is not None
    for left, right in ((LEFT, frame), (frame, frame)):
        with pytest.raises(CannotLower, match="saved second dataset"):
            join_data.lower(p, left, right, entry=CATALOG.get_entry)
    with pytest.raises(CannotLower, match="full outer"):
        looked_up(LEFT, LEFT, **KEYS, Join_type="Full Outer Join")

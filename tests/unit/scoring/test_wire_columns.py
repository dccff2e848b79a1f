"""Bodies of many rows are converted by columns, with the answers and errors of rows one by one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.scoring.small_service import SCHEMA, make_row, make_scorer

from restudio.core.cells import INTEGER_LIMIT
from restudio.core.errors import RestudioError
from restudio.scoring.wire import Wire, decode_call

CELLS = st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, allow_infinity=False)
ODD = CELLS | st.sampled_from(["", " ", "7", "1.5", "x", "true", INTEGER_LIMIT, -INTEGER_LIMIT, 1e300])
GOOD = st.fixed_dictionaries(
    {
        "age": st.integers(0, 99) | st.none() | st.just("41"),
        "job": st.sampled_from(["clerk", "nurse", "other", "", None]),
        "rate": st.floats(-10, 10) | st.integers(-3, 3) | st.none(),
        "member": st.booleans() | st.none(),
        "since": st.just("2020-01-02T03:04:05") | st.none(),
        "length": st.just("1.02:03:04") | st.none(),
    }
)


def score(rows: list[dict[str, object]], order: list[str]) -> list[list[object]] | str:
    values = [[row[name] for name in order] for row in rows]
    body = json.dumps({"Inputs": {"input1": {"ColumnNames": order, "Values": values}}}).encode()
    wire = Wire(make_scorer())
    try:
        answer = json.loads(wire.score(decode_call(body), details=False, swagger=False))
    except RestudioError as error:
        return error.message
    found: list[list[object]] = answer["Results"]["output1"]["value"]["Values"]
    return found


@given(st.lists(GOOD, min_size=4, max_size=40), st.permutations(SCHEMA.names))
@settings(deadline=None)
def test_many_rows_give_what_each_gives(rows: list[dict[str, object]], order: list[str]) -> None:
    singles = [score([row], order) for row in rows]
    assert score(rows, order) == [line for one in singles for line in one]


@given(st.integers(0, 9), st.sampled_from(SCHEMA.names), ODD)
@settings(deadline=None)
def test_an_odd_cell_among_many_rows(place: int, column: str, cell: object) -> None:
    rows = [make_row() for _ in range(10)]
    rows[place][column] = cell
    single = score([rows[place]], list(SCHEMA.names))
    many = score(rows, list(SCHEMA.names))
    if isinstance(single, str):
        assert many == single.replace("row 1,", f"row {place + 1},").replace("Row 1,", f"Row {place + 1},")
    else:
        assert many[place] == single[0]


@pytest.mark.parametrize("cells", [5, 7])
def test_a_row_of_another_length_among_many(cells: int) -> None:
    values: list[list[object]] = [list(make_row().values()) for _ in range(10)]
    values[6] = [*values[6], "more"][:cells]
    body = json.dumps({"Inputs": {"input1": {"ColumnNames": list(SCHEMA.names), "Values": values}}}).encode()
    with pytest.raises(RestudioError, match=f"row 7: expected 6 cells, as many as ColumnNames, got {cells}"):
        Wire(make_scorer()).score(decode_call(body), details=False, swagger=False)

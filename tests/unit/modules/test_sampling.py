"""Split Data."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.modules.sampling import split_data
from restudio.tables.table import Table


def split(table: Table, **raw: object) -> tuple[Table, Table]:
    return cast("tuple[Table, Table]", run(split_data, table, **raw))


def numbered(rows: int) -> Table:
    return Table.from_columns({"n": list(range(rows)), "k": ["ab"[i % 4 == 0] for i in range(rows)]})


@given(st.integers(2, 60), st.floats(0, 1), st.integers(0, 9), st.sampled_from(["True", "False"]))
def test_every_row_goes_to_one_side_in_order(rows: int, fraction: float, seed: int, stratified: str) -> None:
    table = numbered(rows)
    raw = {"Fraction of rows in the first output dataset": fraction, "Random seed": seed}
    key = {"Stratified split": stratified, "Stratification key column": "k"}
    first, second = split(table, **raw, **key)
    sides = [side.column("n").to_pylist() for side in (first, second)]
    assert sorted(sides[0] + sides[1]) == list(range(rows))
    assert all(side == sorted(side) for side in sides)
    assert abs(len(sides[0]) - rows * fraction) <= (1.0 if stratified == "True" else 0.5)
    assert split(table, **raw, **key)[0].equals(first)


def test_seeds_differ_and_strata_keep_their_share() -> None:
    table = numbered(400)
    assert not split(table, Random_seed=1)[0].equals(split(table, Random_seed=2)[0])
    first, _ = split(table, Stratified_split=True, Stratification_key_column="k")
    assert first.column("k").to_pylist().count("b") == 50


def test_without_randomisation_the_first_rows_come_first() -> None:
    first, _ = split(numbered(10), Randomized_split=False, **{"Fraction of rows in the first output dataset": 0.3})
    assert first.column("n").to_pylist() == [0, 1, 2]


TABLE = Table.from_columns(
    {
        "speed": [10, 30, 50, None, 90],
        "name": ["Ann", "Bob", None, "Anna", "Cy"],
        "day": [dt.datetime(2020, 1, d) for d in (1, 2, 3, 4, 5)],
        "took": [dt.timedelta(minutes=m) for m in (1, 2, 3, 4, 5)],
        "size": [0.5, 1.5, float("nan"), 3.0, 4.0],
    }
)


@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ('\\"speed" > 30', [2, 4]),
        ('\\"speed" > 10 & < 90', [1, 2]),
        ('\\"speed" <= 10 | >= 90', [0, 4]),
        ('\\"speed" > 10 & < 50 | == 90', [1, 4]),
        ('\\"speed" >= 30 & \\"speed" != 50', [1, 4]),
        ("(\\0) < 30.5", [0, 1]),
        ('"size" < 2', [0, 1]),
        ('\\"day" >= 2020-01-04', [3, 4]),
        ('\\"day" < 1/2/2020', [0]),
        ('\\"took" == 00:03:00', [2]),
    ],
)
def test_relative_expressions(expression: str, rows: list[int]) -> None:
    first, second = split(TABLE, Splitting_mode="Relative Expression", Relational_expression=expression)
    assert first.equals(TABLE.take(rows))
    assert second.num_rows == 5 - len(rows)


@pytest.mark.parametrize(("pattern", "rows"), [('\\"name" ^Ann', [0, 3]), ('\\"name" (?i)B$', [1]), ("(\\1) y", [4])])
def test_patterns(pattern: str, rows: list[int]) -> None:
    first, _ = split(TABLE, Splitting_mode="Regular Expression", Regular_expression=pattern)
    assert first.equals(TABLE.take(rows))


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Fraction of rows in the first output dataset": 1.2}, "0008"),
        ({"Splitting mode": "Recommender Split"}, "0022"),
        ({"Stratified split": "True"}, "0003"),
        ({"Stratified split": "True", "Stratification key column": "size"}, "0017"),
        ({"Stratified split": "True", "Stratification key column": '["AllColumns"]'}, "0022"),
        ({"Splitting mode": "Regular Expression", "Regular expression": '\\"name" ('}, "0002"),
        ({"Splitting mode": "Regular Expression", "Regular expression": "name"}, "0002"),
        ({"Splitting mode": "Regular Expression", "Regular expression": '\\"speed" 1'}, "0017"),
        ({"Splitting mode": "Relative Expression"}, "0001"),
        ({"Splitting mode": "Relative Expression", "Relational expression": "(\\9) > 1"}, "0060"),
        ({"Splitting mode": "Relative Expression", "Relational expression": "> 1"}, "0002"),
        ({"Splitting mode": "Relative Expression", "Relational expression": '\\"speed" > 1 & (\\4) > 1'}, "0002"),
        ({"Splitting mode": "Relative Expression", "Relational expression": '\\"speed" > fast'}, "0002"),
        ({"Splitting mode": "Relative Expression", "Relational expression": '\\"name" > 1'}, "0017"),
        ({"Splitting mode": "Relative Expression", "Relational expression": '\\"speed" > 1 &'}, "0002"),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        split(TABLE, **raw)
    assert caught.value.number == number


def test_two_rows_are_needed() -> None:
    with pytest.raises(ModuleError, match="Error 0021"):
        split(TABLE.slice(0, 1))

"""Split Data."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.modules.sampling import SplitDataParams, split_data
from restudio.seams.context import Context
from restudio.tables.table import Table

CTX = cast("Context", None)


def split(table: Table, **raw: object) -> tuple[Table, Table]:
    p = parse_params(SplitDataParams, {k.replace("_", " "): v for k, v in raw.items()})
    first, second = split_data(p, table, ctx=CTX)
    return first, second


def numbered(rows: int) -> Table:
    return Table.from_columns({"n": list(range(rows)), "group": ["a" if i % 4 else "b" for i in range(rows)]})


def values(table: Table, name: str = "n") -> list[Any]:
    return list(table.column(name).to_pylist())


@given(st.integers(2, 200), st.floats(0, 1), st.integers(0, 2**31))
def test_parts_make_the_whole_in_order(rows: int, fraction: float, seed: int) -> None:
    first, second = (
        values(t)
        for t in split(numbered(rows), Fraction_of_rows_in_the_first_output_dataset=fraction, Random_seed=seed)
    )
    assert sorted(first + second) == list(range(rows))
    assert first == sorted(first)
    assert abs(len(first) - fraction * rows) <= 0.5


def test_the_seed_decides() -> None:
    table = numbered(100)
    assert values(split(table, Random_seed=1)[0]) == values(split(table, Random_seed=1)[0])
    assert values(split(table, Random_seed=1)[0]) != values(split(table, Random_seed=2)[0])


def test_without_randomness_the_first_rows_go_first() -> None:
    first, _ = split(numbered(10), Randomized_split="False", Fraction_of_rows_in_the_first_output_dataset="0.3")
    assert values(first) == [0, 1, 2]


def test_strata_keep_their_shares() -> None:
    table = numbered(400)
    first, second = split(table, Stratified_split="True", Stratification_key_column="group")
    assert values(first, "group").count("b") == values(second, "group").count("b") == 50


@pytest.mark.parametrize(
    ("relation", "expected"),
    [
        (r'\"n" > 7', [8, 9]),
        (r'\"n" >= 2 & < 4', [2, 3]),
        (r'\"n" < 1 | > 8', [0, 9]),
        (r'\"n" == 3 | > 4 & < 6', [3, 5]),
        (r"(\0) != 0 & <= 1.5", [1]),
        ('"n" > 7', [8, 9]),
    ],
)
def test_relative_expressions(relation: str, expected: list[int]) -> None:
    first, _ = split(numbered(10), Splitting_mode="Relative Expression", Relational_expression=relation)
    assert values(first) == expected


def test_dates_compare_and_missing_cells_fulfil_nothing() -> None:
    table = Table.from_columns({"n": [0, 1, 2], "at": [datetime(2020, 1, 1), None, datetime(2021, 1, 1)]})
    first, second = split(
        table, Splitting_mode="Relative Expression", Relational_expression=r'\"at" > 2020-06-01 00:00:00'
    )
    assert (values(first), values(second)) == ([2], [0, 1])


def test_regular_expressions() -> None:
    table = Table.from_columns({"n": [0, 1, 2], "city": ["New York", None, "York"]})
    first, _ = split(table, Splitting_mode="Regular Expression", Regular_expression=r'\"city" ^New')
    assert values(first) == [0]


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Splitting_mode": "Relative Expression", "Relational_expression": r'\"nobody" > 1'}, "0001"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": r"\(7) > 1"}, "0001"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": "n > 1"}, "0002"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": r'\"n" > x'}, "0002"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": r'\"n" ~ 1'}, "0002"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": r'\"group" > 1'}, "0017"),
        ({"Splitting_mode": "Regular Expression", "Regular_expression": r'\"group" ('}, "0002"),
        ({"Splitting_mode": "Regular Expression", "Regular_expression": r'\"n" ^1'}, "0017"),
        ({"Stratified_split": "True", "Stratification_key_column": '["AllColumns"]'}, "0022"),
        ({"Fraction_of_rows_in_the_first_output_dataset": 1.5}, "0008"),
        ({"Splitting_mode": "Recommender Split"}, "0002"),
    ],
)
def test_wrong_parameters_have_their_error(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError, match=f"Error {number}"):
        split(numbered(10), **raw)


def test_one_row_cannot_be_split() -> None:
    with pytest.raises(ModuleError, match="Error 0021"):
        split(numbered(1))

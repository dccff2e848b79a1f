"""Add Columns, Add Rows and Join Data."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema
from restudio.modules.joining import add_columns, add_rows, join_data
from restudio.tables.table import Table

PEOPLE = Table.from_columns({"id": [1, 2, None, 2], "name": ["Ann", "Bob", "Cy", "bob"], "city": ["x", "y", "z", "y"]})
ORDERS = Table.from_columns({"id": [2, 3, None, 2], "sum": [1.5, 2.5, 3.5, 4.5], "name": ["BOB", "Di", "Cy", "Bob"]})


def table(entry: object, *inputs: Table, **raw: object) -> Table:
    result = run(entry, *inputs, **raw)  # type: ignore[arg-type]
    assert isinstance(result, Table)
    return result


def join(
    left: Table = PEOPLE, right: Table = ORDERS, keys: tuple[object, object] = ("id", "id"), **raw: object
) -> Table:
    return table(
        join_data, left, right, **{"Join key columns for L": keys[0], "Join key columns for R": keys[1]}, **raw
    )


def test_columns_stand_side_by_side_and_short_tables_are_filled_up() -> None:
    right = Table.from_columns({"name": ["a"], "name (1)": ["b"]})
    result = table(add_columns, PEOPLE, right)
    assert result.names == ("id", "name", "city", "name (1)", "name (1) (1)")
    assert result.column("name (1)").to_pylist() == ["a", None, None, None]
    assert result.select(PEOPLE.names).equals(PEOPLE)
    assert table(add_columns, right, PEOPLE).num_rows == 4


def test_rows_are_appended() -> None:
    levels = PEOPLE.schema["city"].with_(categories=("x", "y", "z"), role=Role.LABEL)
    first = PEOPLE.select(["city"]).with_schema(Schema((levels,)))
    second = first.with_schema(Schema((levels.with_(categories=("w", "z"), role=Role.FEATURE),)))
    result = table(add_rows, first, second)
    assert result.column("city").to_pylist() == ["x", "y", "z", "y"] * 2
    assert result.schema["city"] == levels.with_(categories=("x", "y", "z", "w"))
    assert table(add_rows, first, PEOPLE.select(["city"])).schema["city"].categories is None


@pytest.mark.parametrize(
    ("second", "number"),
    [
        (Table.from_columns({"id": [1], "name": ["a"]}), "0061"),
        (Table.from_columns({"id": [1], "city": ["a"], "name": ["a"]}), "0010"),
        (Table.from_columns({"id": [1.5], "name": ["a"], "city": ["a"]}), "0016"),
    ],
)
def test_rows_must_fit(second: Table, number: str) -> None:
    with pytest.raises(ModuleError, match=f"Error {number}"):
        run(add_rows, PEOPLE, second)


def test_inner_join() -> None:
    result = join()
    assert result.names == ("id", "name", "city", "id (1)", "sum", "name (1)")
    assert result.column("sum").to_pylist() == [1.5, 4.5, 1.5, 4.5]
    assert result.column("name").to_pylist() == ["Bob", "Bob", "bob", "bob"]
    assert join(Keep_right_key_columns=False).names == ("id", "name", "city", "sum", "name (1)")


def test_outer_joins() -> None:
    left = join(Join_type="Left Outer Join")
    assert left.column("id").to_pylist() == [1, 2, 2, None, 2, 2]
    assert left.column("sum").to_pylist() == [None, 1.5, 4.5, None, 1.5, 4.5]
    full = join(Join_type="Full Outer Join")
    assert full.column("id").to_pylist() == [1, 2, 2, None, 2, 2, None, None]
    assert full.column("id (1)").to_pylist() == [None, 2, 2, None, 2, 2, 3, None]
    merged = join(Join_type="Full Outer Join", Keep_right_key_columns=False)
    assert merged.column("id").to_pylist() == [1, 2, 2, None, 2, 2, 3, None]


def test_semi_join_keeps_rows_with_a_partner() -> None:
    result = join(Join_type="Left Semi-Join")
    assert result.equals(PEOPLE.take(pa.array([1, 3])))


def test_several_keys_and_case() -> None:
    names = '[{"ColumnNames":["id","name"]}]'
    assert join(keys=(names, names)).column("sum").to_pylist() == [4.5]
    assert join(keys=(names, names), Match_case=False).column("sum").to_pylist() == [1.5, 4.5, 1.5, 4.5]


def test_whole_and_other_numbers_are_compared_as_numbers() -> None:
    right = Table.from_columns({"id": [2.0, 2.5, math.nan]})
    assert join(right=right).column("id").to_pylist() == [2, 2]
    full = join(right=right, Join_type="Full Outer Join", Keep_right_key_columns=False)
    assert full.schema["id"].dtype is DType.DOUBLE
    assert repr(full.column("id").to_pylist()) == "[1.0, 2.0, None, 2.0, 2.5, nan]"


def test_metadata_is_kept() -> None:
    schema = Schema.of(
        [Column("id", DType.INTEGER, (1, 2)), Column("name", DType.STRING, role=Role.LABEL), *PEOPLE.schema.columns[2:]]
    )
    result = join(PEOPLE.with_schema(schema), Join_type="Left Outer Join")
    assert result.schema.columns[:3] == schema.columns


@given(
    st.lists(st.none() | st.integers(0, 3), max_size=8),
    st.lists(st.none() | st.integers(0, 3), max_size=8),
    st.sampled_from([("Inner Join", "inner"), ("Left Outer Join", "left"), ("Full Outer Join", "outer")]),
)
def test_joins_equal_those_of_pandas(left: list[int | None], right: list[int | None], how: tuple[str, str]) -> None:
    types = Schema.of([Column("k", DType.INTEGER), Column("n", DType.INTEGER)])
    a = Table.from_columns({"k": left, "n": list(range(len(left)))}, types)
    b = Table.from_columns({"k": right, "n": list(range(len(right)))}, types)
    found = join(a, b, ("k", "k"), Join_type=how[0])
    # pandas takes missing keys for equal; a number of its own on each side stands for them.
    sides = [[other if key is None else key for key in keys] for keys, other in ((left, -1), (right, -2))]
    frames = [pd.DataFrame({"k": pd.array(keys, "Int64"), "n": np.arange(len(keys))}) for keys in sides]
    expected = frames[0].merge(frames[1], on="k", how=how[1])  # type: ignore[arg-type]

    def pairs(x: list[object], y: list[object]) -> list[str]:
        return sorted(f"{i} {j}" for i, j in zip(x, y, strict=True))

    def cells(values: pd.Series[int]) -> list[object]:
        return [None if pd.isna(v) else int(v) for v in values]

    assert pairs(found.column("n").to_pylist(), found.column("n (1)").to_pylist()) == pairs(
        cells(expected["n_x"]), cells(expected["n_y"])
    )


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        (("id", "name"), "0016"),
        (("id", '[{"ColumnNames":["id","name"]}]'), "0027"),
        (("id", "key"), "0001"),
        (("", "id"), "0003"),
        (("id", '[{"ColumnTypes":["Boolean"]}]'), "0011"),
    ],
)
def test_join_errors(keys: tuple[str, str], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        join(keys=keys)
    assert caught.value.number == number

"""Convert to Indicator Values."""

from __future__ import annotations

from typing import cast

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.applying import apply
from tests.unit.modules.catalog import run

from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.modules.indicators import convert_to_indicator_values
from restudio.tables.table import Table

SCHEMA = Schema.of(
    [
        Column("plan", DType.STRING, ("pro", "free")),
        Column("size", DType.INTEGER, (1, 2, 30)),
        Column("x", DType.DOUBLE),
    ]
)
TABLE = Table.from_columns({"plan": ["free", "pro", None], "size": [30, 1, 1], "x": [0.5, 1.5, 2.5]}, SCHEMA)


def convert(table: Table, **raw: object) -> tuple[Table, Transform]:
    result, transform = cast("tuple[Table, Transform]", run(convert_to_indicator_values, table, **raw))
    assert apply(convert_to_indicator_values, transform, table).equals(result)
    return result, transform


def test_every_level_gets_a_column() -> None:
    result, _ = convert(TABLE)
    assert result.names == (*TABLE.names, "plan-pro", "plan-free", "plan-Missing", "size-1", "size-2", "size-30")
    assert result.select(TABLE.names).equals(TABLE)
    assert [result.column(name).to_pylist() for name in result.names[3:]] == [
        [0, 1, 0],
        [1, 0, 0],
        [0, 0, 1],
        [0, 1, 1],
        [0, 0, 0],
        [1, 0, 0],
    ]
    assert result.schema["plan-pro"] == Column("plan-pro", DType.INTEGER, nullable=False)


def test_converted_columns_can_be_left_out() -> None:
    result, _ = convert(TABLE, Overwrite_categorical_columns=True, Categorical_columns_to_convert="plan")
    assert result.names == ("size", "x", "plan-pro", "plan-free", "plan-Missing")


def test_unseen_levels_give_zeros_and_absent_columns_are_passed_over() -> None:
    _, transform = convert(TABLE.slice(0, 2))
    other = Table.from_columns({"plan": ["gold", None, "pro"]}, SCHEMA.select(["plan"]))
    result = apply(convert_to_indicator_values, transform, other)
    assert result.names == ("plan", "plan-pro", "plan-free")
    assert result.select(["plan-pro", "plan-free"]).data.to_pydict() == {"plan-pro": [0, 0, 1], "plan-free": [0, 0, 0]}


@given(st.lists(st.none() | st.sampled_from(["a", "b", "c"]), min_size=1))
def test_the_result_equals_that_of_polars(cells: list[str | None]) -> None:
    levels = tuple(dict.fromkeys(c for c in cells if c is not None))
    result, _ = convert(Table.from_columns({"s": cells}, Schema((Column("s", DType.STRING, levels),))))
    dummies = pl.DataFrame({"s": cells}, schema={"s": pl.String}).to_dummies(separator="-")
    expected = {name.replace("s-null", "s-Missing"): dummies[name].to_list() for name in dummies.columns}
    assert {name: result.column(name).to_pylist() for name in result.names[1:]} == expected


def test_taken_names_get_a_suffix() -> None:
    schema = Schema.of([Column("s", DType.STRING, ("a",)), Column("s-a", DType.INTEGER)])
    assert convert(Table.from_columns({"s": ["a"], "s-a": [5]}, schema))[0].names == ("s", "s-a", "s-a (1)")


@pytest.mark.parametrize(
    ("selection", "number"), [("x", "0056"), ("y", "0001"), ('[{"ColumnTypes":["Boolean"]}]', "0011")]
)
def test_errors(selection: str, number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        convert(TABLE, Categorical_columns_to_convert=selection)
    assert caught.value.number == number


def test_too_many_levels_are_refused() -> None:
    schema = Schema((Column("n", DType.INTEGER, tuple(range(30_000))),))
    with pytest.raises(ModuleError, match="Error 0129"):
        convert(Table.from_columns({"n": [1]}, schema))


def test_broken_transformations_are_refused() -> None:
    with pytest.raises(RestudioError) as caught:
        apply(convert_to_indicator_values, Transform("convert-to-indicator-values", SCHEMA.columns), TABLE)
    assert caught.value.detail == "InvalidBlob"

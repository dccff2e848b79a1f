"""Group Categorical Values."""

from __future__ import annotations

import pytest
from tests.unit.modules.applying import assert_rows_agree
from tests.unit.modules.catalog import CTX, run

from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.expr import Frame
from restudio.modules.grouping import GroupCategoricalValuesParams, group_categorical_values
from restudio.tables.table import Table

SCHEMA = Schema.of(
    [
        Column("state", DType.STRING, ("WA", "OR", "NY", "TX")),
        Column("size", DType.INTEGER, (1, 2, 3)),
        Column("n", DType.INTEGER),
    ]
)
TABLE = Table.from_columns({"state": ["WA", "NY", None, "OR", "??"], "size": [1, 2, 3, None, 9], "n": [1] * 5}, SCHEMA)
LIST = "Comma-separated list of old levels to map to new level"
COAST = {"New number of levels": 3, "Name of new level 1": "West", f"{LIST} 1": "WA, OR,3"}
EAST = {"Name of new level 2": "East", f"{LIST} 2": "NY,1"}


def group(table: Table, **raw: object) -> Table:
    result = run(group_categorical_values, table, **raw)
    assert isinstance(result, Table)
    assert group_categorical_values.lower is not None
    params: object = parse_params(GroupCategoricalValuesParams, raw)
    lowered = group_categorical_values.lower(params, Frame.input("in", table.schema), entry=CTX.entry)
    assert_rows_agree(lowered, table, result)
    return result


def test_levels_are_merged() -> None:
    result = group(TABLE, **COAST, **EAST)
    assert result.names == ("state_grouped", "size_grouped")
    assert result.column("state_grouped").to_pylist() == ["West", "East", None, "West", "Other"]
    assert result.column("size_grouped").to_pylist() == ["East", "Other", "West", None, "Other"]
    assert result.schema["size_grouped"] == Column("size_grouped", DType.STRING, ("West", "East", "Other"))


def test_output_modes() -> None:
    raw = {**COAST, **EAST, "Selected columns": "state"}
    assert group(TABLE, **raw, **{"Output mode": "Append"}).names == (*TABLE.names, "state_grouped")
    inplace = group(TABLE, **raw, **{"Output mode": "Inplace"})
    assert inplace.names == TABLE.names
    assert inplace.schema["state"].categories == ("West", "East", "Other")


def test_without_lists_all_is_the_default_level() -> None:
    raw = {"Default level name": "all"}
    assert group(TABLE, **raw).column("state_grouped").to_pylist() == ["all", "all", None, "all", "all"]


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Selected columns": "n"}, "0056"),
        ({"Selected columns": '[{"ColumnTypes":["Boolean"]}]'}, "0011"),
        ({"Default level name": " "}, "0003"),
        ({f"{LIST} 1": "WA"}, "0003"),
        ({**COAST, "Name of new level 2": "East", f"{LIST} 2": "WA"}, "0028"),
        ({"New number of levels": 21}, "0008"),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        group(TABLE, **raw)
    assert caught.value.number == number

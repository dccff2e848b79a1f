"""Select Columns in Dataset and Edit Metadata."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import pytest

from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.schema import DType, Role, Schema, Score
from restudio.core.selector import Rule, Selection
from restudio.kernels.expr import Frame
from restudio.modules.manipulation import EditMetadataParams, SelectColumnsParams, edit_metadata, select_columns
from restudio.seams.context import Context
from restudio.tables.table import Table

CTX = cast("Context", None)  # neither module reaches outside


@pytest.fixture
def table() -> Table:
    return Table.from_columns({"age": [41, None, 29], "plan": ["b", "a", "b"], "paid": ["1.5", "2", None]})


def select(table: Table, selection: Selection) -> Table:
    result = select_columns(SelectColumnsParams(selection=selection), table, ctx=CTX)
    assert isinstance(result, Table)
    return result


def edit(table: Table, names: str | list[str], **raw: object) -> Table:
    chosen = [names] if isinstance(names, str) else names
    shown = {"Column": Selection.names(*chosen).to_json(), **{k.replace("_", " "): v for k, v in raw.items()}}
    result = edit_metadata(parse_params(EditMetadataParams, shown), table, ctx=CTX)
    assert isinstance(result, Table)
    return result


def test_selection_keeps_table_order(table: Table) -> None:
    assert select(table, Selection.names("paid", "age")).names == ("age", "paid")


def test_ordered_selection_repeats_with_a_suffix(table: Table) -> None:
    rules = (Rule("ColumnNames", columns=("paid", "age", "paid", "paid")),)
    result = select(table, Selection(rules, keep_order=False))
    assert result.names == ("paid", "age", "paid (1)", "paid (2)")
    assert result.column("paid (2)").to_pylist() == ["1.5", "2", None]


def test_empty_selection_is_an_error(table: Table) -> None:
    with pytest.raises(ModuleError, match="Error 0003"):
        select(table, Selection((Rule("AllColumns"), Rule("AllColumns", exclude=True))))


def test_a_dataset_without_columns_has_none_to_edit() -> None:
    with pytest.raises(ModuleError, match="0020"):
        edit(Table.from_columns({}), "paid")


def test_text_becomes_numbers(table: Table) -> None:
    result = edit(table, "paid", Data_type="Floating point")
    assert result.schema["paid"].dtype is DType.DOUBLE
    assert result.column("paid").to_pylist() == [1.5, 2.0, None]


def test_what_cannot_be_converted_is_named(table: Table) -> None:
    with pytest.raises(ModuleError, match="Error 0042") as caught:
        edit(table, "plan", Data_type="Integer")
    assert caught.value.column == "plan"


def test_categories_are_the_sorted_values(table: Table) -> None:
    assert edit(table, "plan", Categorical="Make categorical").schema["plan"].categories == ("a", "b")
    ages = edit(table, "age", Categorical="Make categorical")
    assert ages.schema["age"].categories == (29, 41)
    assert edit(ages, "age", Categorical="Make non-categorical").schema["age"].categories is None


def test_levels_follow_a_new_type(table: Table) -> None:
    categorical = edit(table, "age", Categorical="Make categorical")
    assert edit(categorical, "age", Data_type="String").schema["age"].categories == ("29", "41")


@pytest.mark.parametrize(
    ("start", "field", "role"),
    [
        (Role.FEATURE, "Labels", Role.LABEL),
        (Role.FEATURE, "Clear feature", Role.NONE),
        (Role.LABEL, "Clear feature", Role.LABEL),
        (Role.LABEL, "Clear label", Role.FEATURE),
        (Role.FEATURE, "Weight", Role.WEIGHT),
        (Role.WEIGHT, "Clear weight", Role.FEATURE),
        (Role.NONE, "Features", Role.FEATURE),
    ],
)
def test_fields_change_the_role(table: Table, start: Role, field: str, role: Role) -> None:
    given = table.with_schema(Schema.of(c.with_(role=start) if c.name == "age" else c for c in table.schema))
    assert edit(given, "age", Fields=field).schema["age"].role is role


def test_scores_are_cleared(table: Table) -> None:
    given = table.with_schema(Schema.of(c.with_(score=Score.PROBABILITY) for c in table.schema))
    assert edit(given, "age", Fields="Clear score").schema["age"].score is None


@pytest.mark.parametrize(
    ("names", "raw", "number"),
    [
        (["age", "plan"], {"Fields": "Labels"}, "0037"),
        (["plan"], {"Fields": "Weight"}, "0124"),
        (["age"], {"New_column_names": "a,b"}, "0027"),
        (["age"], {"New_column_names": "plan"}, "0028"),
        (["age", "plan"], {"New_column_names": "a,"}, "0003"),
        (["nobody"], {}, "0001"),
    ],
)
def test_wrong_edits_have_their_error(table: Table, names: list[str], raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError, match=f"Error {number}"):
        edit(table, names, **raw)


def test_columns_are_renamed_in_place(table: Table) -> None:
    assert edit(table, ["age", "paid"], New_column_names="years, money").names == ("years", "plan", "money")


def test_lowering_gives_the_same_columns(table: Table) -> None:
    p = parse_params(EditMetadataParams, {"Column": "paid", "Data type": "Double", "New column names": "money"})
    assert edit_metadata.lower is not None
    assert edit_metadata.schema_of is not None
    lowered = edit_metadata.lower(p, Frame.input("input", table.schema), entry=None).schema
    assert lowered == edit_metadata(p, table, ctx=CTX).schema == edit_metadata.schema_of(p, table.schema)


def test_times_are_read_as_they_are_written() -> None:
    table = Table.from_columns({"when": ["31/01/2024 17:05", None, " 01/02/2024 00:00"]})
    result = edit(table, "when", Data_type="DateTime", Date_and_time_format="%d/%m/%Y %H:%M")
    assert result.column("when").to_pylist() == [datetime(2024, 1, 31, 17, 5), None, datetime(2024, 2, 1)]
    offset = edit(
        Table.from_columns({"when": ["2024-01-31 17:05 +0200"]}),
        "when",
        Data_type="DateTime",
        Date_and_time_format="%Y-%m-%d %H:%M %z",
    )
    assert offset.column("when").to_pylist() == [datetime(2024, 1, 31, 15, 5)]


def test_a_time_that_is_written_otherwise_is_named(table: Table) -> None:
    with pytest.raises(ModuleError, match=r"0042.*'b'") as caught:
        edit(table, "plan", Data_type="DateTime", Date_and_time_format="%Y")
    assert (caught.value.column, caught.value.row) == ("plan", 1)


def test_a_cell_that_cannot_be_converted_is_placed() -> None:
    with pytest.raises(ModuleError, match="0042") as caught:
        edit(Table.from_columns({"n": ["1", None, "x"]}), "n", Data_type="Integer")
    assert (caught.value.column, caught.value.row) == ("n", 3)

"""Clean Missing Data."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import pytest

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.schema import Schema
from restudio.modules.missing_data import CleanMissingParams, clean_missing_data
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.table import Table

CTX = cast("Context", None)


@pytest.fixture
def table() -> Table:
    empty = Table.from_columns({"e": ["x", None, None, None, None]}).schema["e"]
    given = Table.from_columns(
        {
            "i": [1, None, 2, 6, 2],
            "d": [1.0, 2.0, None, 4.0, 4.0],
            "s": ["b", None, "a", "b", "a"],
            "t": [True, None, True, False, True],
            "w": [datetime(2020, 1, 1), None, datetime(2020, 1, 3), datetime(2020, 1, 3), datetime(2020, 1, 1)],
            "e": [None] * 5,
        }
    )
    return given.with_schema(Schema.of(empty if c.name == "e" else c for c in given.schema))


def clean(table: Table, mode: str, **raw: object) -> tuple[Table, Transform]:
    p = parse_params(CleanMissingParams, {"Cleaning mode": mode, **raw})
    result, transform = clean_missing_data(p, table, ctx=CTX)
    return result, transform


def reapply(transform: Transform, table: Table) -> Table:
    stored = read_artifact(write_artifact(transform))
    assert isinstance(stored, Transform)
    apply = clean_missing_data.apply
    assert apply is not None
    return over(table, lambda frame: apply(stored, frame))


def column(table: Table, name: str) -> list[object]:
    return list(table.column(name).to_pylist())


def test_custom_value_fits_each_type(table: Table) -> None:
    result, _ = clean(table, "Custom substitution value")
    assert [column(result, n)[1] for n in ("i", "s", "t", "w", "e")] == [0, "0", False, datetime(1, 1, 1), "0"]


def test_mean_is_rounded_to_the_type(table: Table) -> None:
    result, _ = clean(
        table, "Replace with mean", **{"Columns to be cleaned": '[{"ColumnNames": ["i", "d", "t", "w"]}]'}
    )
    filled = [column(result, "i")[1], column(result, "d")[2], column(result, "t")[1], column(result, "w")[1]]
    assert filled == [3, 2.75, True, datetime(2020, 1, 2)]


def test_median_and_mode(table: Table) -> None:
    numbers = {"Columns to be cleaned": '[{"ColumnNames": ["i", "d"]}]'}
    assert column(clean(table, "Replace with median", **numbers)[0], "d")[2] == 3.0
    result, _ = clean(table, "Replace with mode")
    assert [column(result, n)[1] for n in ("i", "s", "t", "w")] == [2, "a", True, datetime(2020, 1, 1)]


def test_columns_without_values_are_removed_or_kept(table: Table) -> None:
    assert "e" not in clean(table, "Replace with mode")[0].schema
    kept, _ = clean(table, "Replace with mode", **{"Cols with all missing values": "Propagate"})
    assert column(kept, "e") == [None] * 5


def test_rows_and_columns_are_removed(table: Table) -> None:
    names = {"Columns to be cleaned": '[{"ColumnNames": ["i", "d", "t"]}]'}
    assert column(clean(table, "Remove entire row", **names)[0], "i") == [1, 6, 2]
    assert clean(table, "Remove entire column", **names)[0].names == ("s", "w", "e")


def test_thresholds_choose_columns(table: Table) -> None:
    result, _ = clean(table, "Remove entire column", **{"Minimum missing value ratio": 0.5})
    assert result.names == ("i", "d", "s", "t", "w")
    result, _ = clean(table, "Custom substitution value", **{"Maximum missing value ratio": 0.1})
    assert result.equals(table)


def test_indicators_stand_at_the_right(table: Table) -> None:
    p = {"Columns to be cleaned": "i", "Generate missing value indicator column": "True"}
    result, transform = clean(table, "Replace with mean", **p)
    assert result.names == (*table.names, "i_IsMissing")
    assert column(result, "i_IsMissing") == [False, True, False, False, False]
    assert reapply(transform, table).names == table.names


@pytest.mark.parametrize(
    "mode", ["Custom substitution value", "Replace with mode", "Remove entire row", "Remove entire column"]
)
def test_the_transform_repeats_what_was_done(table: Table, mode: str) -> None:
    result, transform = clean(table, mode)
    again = reapply(transform, table)
    assert again.names == result.names
    assert again.data.equals(result.data)


def test_the_transform_remembers_the_mean(table: Table) -> None:
    _, transform = clean(table, "Replace with mean", **{"Columns to be cleaned": "d"})
    assert column(reapply(transform, table.slice(2, 1)), "d") == [2.75]


@pytest.mark.parametrize(
    ("mode", "raw", "number"),
    [
        ("Replace with mean", {}, "0017"),
        ("Replace with median", {"Columns to be cleaned": "t"}, "0017"),
        ("Custom substitution value", {"Replacement value": "x", "Columns to be cleaned": "i"}, "0002"),
        ("Custom substitution value", {"Minimum missing value ratio": 2}, "0008"),
        ("Replace using MICE", {}, "0002"),
        ("Remove entire row", {"Columns to be cleaned": "nobody"}, "0001"),
    ],
)
def test_wrong_use_has_its_error(table: Table, mode: str, raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError, match=f"Error {number}"):
        clean(table, mode, **raw)


def test_an_empty_table_stays_empty(table: Table) -> None:
    for mode in ("Custom substitution value", "Replace with mode", "Remove entire row", "Remove entire column"):
        assert clean(table.slice(0, 0), mode)[0].equals(table.slice(0, 0)) or mode == "Custom substitution value"

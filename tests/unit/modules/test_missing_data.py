"""Clean Missing Data: modes, thresholds, its transformation, and the same cleaning a row at a time."""

from __future__ import annotations

import datetime as dt
from typing import cast

import pytest
from tests.unit.modules.catalog import CTX, one_by_one, run

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Role, Schema
from restudio.kernels.expr import CannotLower, Frame
from restudio.modules.missing_data import CleanMissingDataParams, clean_missing_data
from restudio.modules.scaling import apply_transformation
from restudio.tables.table import Table

DAY = dt.datetime(2024, 5, 1)
TABLE = Table.from_columns(
    {
        "i": [1, None, 2, 2],
        "d": [0.5, 1.5, None, 4.0],
        "s": ["b", "a", None, "a"],
        "b": [True, None, True, False],
        "t": [DAY, None, DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=1)],
        "e": cast("list[object]", [None, None, None, None]),
    },
    Schema.of(
        Column(name, kind)
        for name, kind in zip(
            "idsbte",
            (DType.INTEGER, DType.DOUBLE, DType.STRING, DType.BOOLEAN, DType.DATETIME, DType.DOUBLE),
            strict=True,
        )
    ),
)


def clean(table: Table, columns: str = "idsbte", **raw: object) -> tuple[Table, Transform]:
    """The transform goes through its container."""
    chosen = {"Columns to be cleaned": {"rules": [{"ruleType": "ColumnNames", "columns": list(columns)}]}}
    result, transform = cast("tuple[Table, Transform]", run(clean_missing_data, table, **chosen, **raw))
    stored = read_artifact(write_artifact(transform))
    assert isinstance(stored, Transform)
    return result, stored


def cells(table: Table, name: str) -> list[object]:
    return cast("list[object]", table.column(name).to_pylist())


@pytest.mark.parametrize(
    ("mode", "column", "expected"),
    [
        ("Replace with mean", "i", [1, 2, 2, 2]),
        ("Replace with mean", "d", [0.5, 1.5, 2.0, 4.0]),
        ("Replace with mean", "b", [True, True, True, False]),
        ("Replace with mean", "t", [DAY + dt.timedelta(days=d) for d in (0, 1, 2, 1)]),
        ("Replace with median", "i", [1, 2, 2, 2]),
        ("Replace with median", "d", [0.5, 1.5, 1.5, 4.0]),
        ("Replace with mode", "s", ["b", "a", "a", "a"]),
        ("Replace with mode", "i", [1, 2, 2, 2]),
        ("Replace with mode", "t", [DAY, DAY, DAY + dt.timedelta(days=2), DAY + dt.timedelta(days=1)]),
        ("Custom substitution value", "s", ["b", "a", "0", "a"]),
        ("Custom substitution value", "b", [True, False, True, False]),
        ("Custom substitution value", "e", [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_replacing(mode: str, column: str, expected: list[object]) -> None:
    result, transform = clean(TABLE, column, Cleaning_mode=mode)
    assert cells(result, column) == expected
    applied = run(apply_transformation, transform, TABLE)
    assert isinstance(applied, Table)
    assert applied.equals(result)
    others = [name for name in TABLE.names if name != column]
    assert result.select(others).equals(TABLE.select(others))


def test_times_take_dates_or_ticks() -> None:
    assert cells(clean(TABLE, "t", Replacement_value="2024-05-01")[0], "t")[1] == DAY
    assert cells(clean(TABLE, "t", Replacement_value="0")[0], "t")[1] == dt.datetime(1, 1, 1)


def test_blank_replacement_leaves_gaps() -> None:
    assert clean(TABLE, Replacement_value="")[0].equals(TABLE)


def test_values_are_learned_once() -> None:
    _, transform = clean(TABLE, "d", Cleaning_mode="Replace with mean")
    other = Table.from_columns({"d": [None, 100.0]})
    result = run(apply_transformation, transform, other)
    assert isinstance(result, Table)
    assert cells(result, "d") == [2.0, 100.0]


def test_whole_numbers_take_a_fractional_mean() -> None:
    _, transform = clean(TABLE, "d", Cleaning_mode="Replace with median")
    result = run(apply_transformation, transform, Table.from_columns({"d": [None, 3]}))
    assert isinstance(result, Table)
    assert cells(result, "d") == [1.5, 3.0]


def test_columns_without_any_value() -> None:
    removed, transform = clean(TABLE, "de", Cleaning_mode="Replace with mean")
    assert removed.names == ("i", "d", "s", "b", "t")
    again = run(apply_transformation, transform, TABLE)
    assert isinstance(again, Table)
    assert again.equals(removed)
    kept, _ = clean(TABLE, "de", Cleaning_mode="Replace with mean", Cols_with_all_missing_values="Propagate")
    assert cells(kept, "e") == [None] * 4


def test_removing() -> None:
    assert cells(clean(TABLE, "id", Cleaning_mode="Remove entire row")[0], "i") == [1, 2]
    assert clean(TABLE, "ie", Cleaning_mode="Remove entire column")[0].names == ("d", "s", "b", "t")
    full = TABLE.slice(0, 1)
    assert clean(full, "ids", Cleaning_mode="Remove entire column")[0].equals(full)


def test_thresholds_choose_columns() -> None:
    result, transform = clean(TABLE, "ie", Maximum_missing_value_ratio=0.5)
    assert cells(result, "i") == [1, 0, 2, 2]
    assert cells(result, "e") == [None] * 4
    assert [c.name for c in transform.columns] == ["i"]


def test_indicators_stay_out_of_the_transformation() -> None:
    raw = {"Generate missing value indicator column": True, "Maximum missing value ratio": 0.5}
    result, transform = clean(TABLE, "ie", **raw)
    assert result.names[-2:] == ("i_IsMissing", "e_IsMissing")
    assert cells(result, "i_IsMissing") == [False, True, False, False]
    assert cells(result, "e_IsMissing") == [False] * 4
    applied = run(apply_transformation, transform, TABLE)
    assert isinstance(applied, Table)
    assert applied.names == TABLE.names


def test_a_new_level_becomes_a_category() -> None:
    schema = Schema.of(c.with_(categories=("a", "b")) if c.name == "s" else c for c in TABLE.schema)
    result, _ = clean(TABLE.with_schema(schema), "s", Replacement_value="none")
    assert result.schema["s"].categories == ("a", "b", "none")


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"Generate missing value indicator column": True},
        {"Cleaning mode": "Remove entire row"},
    ],
)
def test_rows_cleaned_one_by_one_equal_the_table(raw: dict[str, object]) -> None:
    result, transform = clean(TABLE, "idsbt", **raw)
    frame = Frame.input("in", TABLE.schema)
    chosen = {"Columns to be cleaned": {"rules": [{"ruleType": "ColumnNames", "columns": list("idsbt")}]}}
    assert clean_missing_data.lower is not None
    p = parse_params(CleanMissingDataParams, chosen | raw)
    lowered, again = clean_missing_data.lower(p, frame, entry=CTX.entry)
    assert one_by_one(lowered, TABLE) == result.data.to_pylist()
    assert write_artifact(again) == write_artifact(transform)


def test_what_is_learned_cannot_be_lowered() -> None:
    assert clean_missing_data.lower is not None
    p = parse_params(CleanMissingDataParams, {"Cleaning mode": "Replace with mean"})
    with pytest.raises(CannotLower):
        clean_missing_data.lower(p, Frame.input("in", TABLE.schema), entry=CTX.entry)


def test_absent_columns_are_passed_over_but_not_all() -> None:
    _, transform = clean(TABLE, "id")
    result = run(apply_transformation, transform, TABLE.select(["d", "s"]))
    assert isinstance(result, Table)
    assert result.names == ("d", "s")
    with pytest.raises(ModuleError, match="Error 0018"):
        run(apply_transformation, transform, TABLE.select(["s"]))
    with pytest.raises(ModuleError, match="Error 0018: Column 'd' is String"):
        run(apply_transformation, transform, Table.from_columns({"d": ["x"]}))


def test_labels_stay_labels() -> None:
    schema = Schema.of(c.with_(role=Role.LABEL) if c.name == "i" else c for c in TABLE.schema)
    assert clean(TABLE.with_schema(schema), "i")[0].schema["i"].role is Role.LABEL


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Minimum missing value ratio": 0.9, "Maximum missing value ratio": 0.1}, "0007"),
        ({"Minimum missing value ratio": -0.1}, "0008"),
        ({"Replacement value": "x"}, "0002"),
        ({"Cleaning mode": "Replace using MICE"}, "0017"),
        ({"Cleaning mode": "Replace with mean"}, "0017"),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        clean(TABLE, "idsbte", **raw)
    assert caught.value.number == number


@pytest.mark.parametrize(
    "settings", [{}, {"fill": [], "drop": [], "complete": []}, {"fill": {"i": []}, "drop": [], "complete": []}]
)
def test_broken_transformations_are_refused(settings: dict[str, object]) -> None:
    broken = Transform("clean-missing-data", (TABLE.schema["i"],), settings)  # type: ignore[arg-type]
    with pytest.raises(RestudioError) as caught:
        run(apply_transformation, broken, TABLE)
    assert caught.value.detail == "InvalidBlob"

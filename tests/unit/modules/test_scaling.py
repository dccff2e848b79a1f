"""Normalize Data and Apply Transformation."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.unit.modules.catalog import CTX, one_by_one, run

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import DType, Role, Schema
from restudio.kernels.expr import Frame
from restudio.modules.scaling import apply_transformation, normalize_data
from restudio.tables.table import Table

X = [1.0, 2.0, 4.0, 8.0, None]
METHODS = ["ZScore", "MinMax", "Logistic", "LogNormal", "Tanh"]


def normalize(table: Table, **raw: object) -> tuple[Table, Transform]:
    """The transform goes through its container."""
    result, transform = cast("tuple[Table, Transform]", run(normalize_data, table, **raw))
    stored = read_artifact(write_artifact(transform))
    assert isinstance(stored, Transform)
    return result, stored


def expected(method: str) -> np.ndarray:
    x = np.array(X[:-1], np.float64)
    match method:
        case "ZScore":
            return cast("np.ndarray", (x - x.mean()) / x.std())
        case "MinMax":
            return cast("np.ndarray", (x - 1) / 7)
        case "Logistic":
            return cast("np.ndarray", 1 / (1 + np.exp(-x)))
        case "Tanh":
            return np.tanh(x)
    return cast("np.ndarray", stats.lognorm.cdf(x, np.log(x).std(), scale=np.exp(np.log(x).mean())))


@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str) -> None:
    table = Table.from_columns({"x": X, "n": [1, 2, 3, 4, 5], "s": list("abcde")})
    result, transform = normalize(table, Transformation_method=method, Columns_to_transform="x")
    found = result.column("x").to_pylist()
    np.testing.assert_allclose(found[:-1], expected(method), rtol=1e-12)
    assert found[-1] is None
    assert result.select(["n", "s"]).equals(table.select(["n", "s"]))
    applied = run(apply_transformation, transform, table)
    assert isinstance(applied, Table)
    assert applied.equals(result)


def test_numeric_columns_are_the_default() -> None:
    table = Table.from_columns({"n": [1, 3], "s": ["a", "b"], "b": [True, False]})
    result, _ = normalize(table)
    assert result.schema["n"].dtype is DType.DOUBLE
    assert result.column("n").to_pylist() == [-1.0, 1.0]
    assert result.column("b").to_pylist() == [True, False]


@pytest.mark.parametrize("method", ["ZScore", "MinMax", "LogNormal"])
def test_constant_columns(method: str) -> None:
    table = Table.from_columns({"x": [0.1] * 3})
    assert normalize(table, Transformation_method=method)[0].column("x").to_pylist() == [0.0] * 3
    raw = {"Use 0 for constant columns when checked": False}
    found = normalize(table, Transformation_method=method, **raw)[0].column("x").to_pylist()
    assert all(math.isnan(v) for v in found)


def test_infinite_cells_do_not_spoil_the_scale() -> None:
    table = Table.from_columns({"x": [0.0, 2.0, math.inf]})
    assert normalize(table, Transformation_method="MinMax")[0].column("x").to_pylist() == [0.0, 1.0, math.inf]


def test_columns_without_values_stay_missing() -> None:
    table = Table.from_columns({"x": X, "e": [None] * 5})
    schema = Schema.of(c.with_(dtype=DType.DOUBLE) for c in table.schema)
    result, _ = normalize(Table.from_arrow(table.data, schema))
    assert result.column("e").to_pylist() == [None] * 5


@pytest.mark.parametrize("method", METHODS)
@given(rows=st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1))
def test_rows_scaled_one_by_one_equal_the_table(method: str, rows: list[float | None]) -> None:
    _, transform = normalize(Table.from_columns({"x": X}), Transformation_method=method)
    schema = Schema.of(c for c in Table.from_columns({"x": X}).schema)
    table = Table.from_columns({"x": rows}, schema)
    result = run(apply_transformation, transform, table)
    assert isinstance(result, Table)
    assert apply_transformation.lower is not None
    lowered = apply_transformation.lower(None, transform, Frame.input("in", schema), entry=CTX.entry)
    assert one_by_one(lowered, table) == result.data.to_pylist()


def test_a_label_that_is_not_sent_is_passed_over() -> None:
    table = Table.from_columns({"x": X, "y": X})
    marked = table.with_schema(Schema.of(c.with_(role=Role.LABEL) if c.name == "y" else c for c in table.schema))
    _, transform = normalize(marked)
    result = run(apply_transformation, transform, table.select(["x"]))
    assert isinstance(result, Table)
    assert result.names == ("x",)


@pytest.mark.parametrize(
    ("table", "raw", "number"),
    [
        (Table.from_columns({"s": ["a"]}), {}, "0020"),
        (Table.from_columns({"s": ["a"]}), {"Columns to transform": "s"}, "0017"),
        (Table.from_columns({"s": ["a"]}), {"Columns to transform": "t"}, "0001"),
        (Table.from_columns({"x": [1.0]}).slice(0, 0), {}, "0021"),
        (Table.from_columns({"x": [-1.0, 0.0]}), {"Transformation method": "LogNormal"}, "0021"),
        (Table.from_columns({"x": [1.0]}), {"Transformation method": "Log"}, "0002"),
    ],
)
def test_errors(table: Table, raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        normalize(table, **raw)
    assert caught.value.number == number


def test_broken_transformations_are_refused() -> None:
    table = Table.from_columns({"x": X})
    for settings in ({}, {"method": "Log"}, {"method": "ZScore"}):
        with pytest.raises(RestudioError) as caught:
            run(apply_transformation, Transform("normalize-data", table.schema.columns, settings), table)
        assert caught.value.detail == "InvalidBlob"
    with pytest.raises(ModuleError, match="Error 0039"):
        run(apply_transformation, Transform("score-model", table.schema.columns), table)

"""Normalize Data and Apply Transformation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import numpy as np
import pytest
from scipy import stats

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.modules import scaling
from restudio.modules.scaling import NormalizeDataParams, apply_transformation, normalize_data
from restudio.seams.context import Context
from restudio.tables.table import Table


class _Context:
    """Knows the catalog entries of this file."""

    def entry(self, module_id: str) -> Entry:
        return Registry.collect(scaling)[module_id]


CTX = cast("Context", _Context())
NUMBERS = [1.0, 2.5, 4.0, 8.0]


def normalize(
    table: Table, method: str = "ZScore", raw: Mapping[str, object] = MappingProxyType({})
) -> tuple[Table, Transform]:
    p = parse_params(NormalizeDataParams, {"Transformation method": method, **raw})
    result, transform = normalize_data(p, table, ctx=CTX)
    return result, transform


def apply(transform: Transform, table: Table) -> Table:
    result = apply_transformation(None, transform, table, ctx=CTX)
    assert isinstance(result, Table)
    return result


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("ZScore", (np.array(NUMBERS) - np.mean(NUMBERS)) / np.std(NUMBERS)),
        ("MinMax", (np.array(NUMBERS) - 1.0) / 7.0),
        ("Logistic", 1 / (1 + np.exp(-np.array(NUMBERS)))),
        ("Tanh", np.tanh(NUMBERS)),
        (
            "LogNormal",
            stats.lognorm.cdf(NUMBERS, np.std(np.log(NUMBERS)), scale=math.exp(float(np.mean(np.log(NUMBERS))))),
        ),
    ],
)
def test_formulas(method: str, expected: np.ndarray) -> None:
    result, _ = normalize(Table.from_columns({"x": [*NUMBERS, None], "name": list("abcde")}), method)
    assert result.names == ("x", "name")
    assert result.column("x").to_pylist()[:-1] == pytest.approx(expected.tolist(), rel=1e-12)
    assert result.column("x").to_pylist()[-1] is None


def test_new_data_are_measured_by_the_old() -> None:
    _, transform = normalize(Table.from_columns({"x": [0, 10]}), "MinMax")
    stored = read_artifact(write_artifact(transform))
    assert isinstance(stored, Transform)
    assert apply(stored, Table.from_columns({"y": ["a"], "x": [20.0]})).column("x").to_pylist() == [2.0]


@pytest.mark.parametrize("method", ["ZScore", "MinMax"])
def test_constant_columns(method: str) -> None:
    table = Table.from_columns({"x": [0.1, 0.1, 0.1]})
    assert normalize(table, method)[0].column("x").to_pylist() == [0.0, 0.0, 0.0]
    switch: dict[str, object] = {"Use 0 for constant columns when checked": False}
    unchecked = normalize(table, method, switch)[0]
    assert all(math.isnan(v) for v in unchecked.column("x").to_pylist())


def test_an_empty_column_stays_missing() -> None:
    table = Table.from_columns({"x": [1, None]}).slice(1)
    assert normalize(table)[0].column("x").to_pylist() == [None]


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Columns to transform": "name"}, "0017"),
        ({"Columns to transform": '[{"ColumnTypes": ["Boolean"]}]'}, "0020"),
        ({"Columns to transform": "nobody"}, "0001"),
    ],
)
def test_wrong_columns_have_their_error(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError, match=f"Error {number}"):
        normalize(Table.from_columns({"x": [1.0], "name": ["a"]}), raw=raw)


def test_no_rows_is_an_error() -> None:
    with pytest.raises(ModuleError, match="Error 0021"):
        normalize(Table.from_columns({"x": [1.0]}).slice(0, 0))


@pytest.mark.parametrize("other", [{"z": [1.0]}, {"x": ["text"]}])
def test_a_transform_refuses_other_columns(other: dict[str, list[object]]) -> None:
    _, transform = normalize(Table.from_columns({"x": [1.0, 2.0]}))
    with pytest.raises(ModuleError, match=r"Error 0018.*column 'x'"):
        apply(transform, Table.from_columns(other))

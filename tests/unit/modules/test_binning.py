"""Group Data into Bins, and edges by minimum description length."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.preprocessing import KBinsDiscretizer
from tests.unit.modules.applying import apply, assert_rows_agree
from tests.unit.modules.catalog import CTX, run

from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Role, Schema
from restudio.kernels.expr import CannotLower, Frame
from restudio.modules.binning import GroupIntoBinsParams, group_data_into_bins
from restudio.modules.mdl import mdl_edges
from restudio.tables.table import Table

X = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None, math.nan]
TABLE = Table.from_columns({"x": X, "s": list("abcdefghij")})


def group(table: Table, **raw: object) -> tuple[Table, Transform]:
    result, transform = cast("tuple[Table, Transform]", run(group_data_into_bins, table, **raw))
    assert apply(group_data_into_bins, transform, table).equals(result)
    return result, transform


def bins(table: Table, **raw: object) -> list[object]:
    found: list[object] = group(table, **raw)[0].column("x_quantized").to_pylist()
    return found


def test_quantiles() -> None:
    result, _ = group(TABLE, Number_of_bins=4)
    assert result.names == ("x", "s", "x_quantized")
    assert result.column("x_quantized").to_pylist() == [1, 1, 2, 2, 3, 3, 4, 4, None, None]
    assert result.schema["x_quantized"] == Column("x_quantized", DType.INTEGER, (1, 2, 3, 4))
    assert bins(TABLE, Number_of_bins=5, Quantile_normalization="Percent")[:8:7] == [0.0, 100.0]
    assert bins(TABLE, Number_of_bins=5, Quantile_normalization="PQuantile") == [
        *(0.0, 0.0, 0.25, 0.5, 0.5, 0.75, 1.0, 1.0),
        *(None, None),
    ]


@given(st.lists(st.floats(-1e9, 1e9), min_size=2).filter(lambda xs: min(xs) < max(xs)), st.integers(2, 12))
def test_equal_width_equals_scikit_learn(xs: list[float], count: int) -> None:
    found = bins(Table.from_columns({"x": xs}), Binning_mode="Equal Width", Number_of_bins=count)
    edges = np.linspace(min(xs), max(xs), count + 1)[1:-1]
    expected = KBinsDiscretizer(count, encode="ordinal", strategy="uniform").fit_transform(np.array(xs)[:, None])
    near = np.abs(np.array(xs)[:, None] - edges).min(axis=1) <= 1e-9 * max(map(abs, xs))
    assert all(n or f == e + 1 for f, e, n in zip(found, expected[:, 0], near, strict=True))


def test_custom_edges() -> None:
    raw: dict[str, object] = {"Binning mode": "Custom Edges", "Comma-separated list of bin edges": "1, 2.5,6"}
    assert bins(TABLE, **raw) == [1, 2, 2, 3, 3, 3, 4, 4, None, None]
    frame, _ = _lowered(raw)
    assert_rows_agree(frame, TABLE, group(TABLE, **raw)[0])


def test_custom_start_and_stop() -> None:
    raw: dict[str, object] = {
        "Binning mode": "Equal Width with Custom Start and Stop",
        "Last edge position": 4.0,
        "Bin width": 2.0,
    }
    assert bins(TABLE, **raw) == [2, 2, 3, 3, 4, 4, 4, 4, None, None]
    tenths = {**raw, "Last edge position": 0.3, "Bin width": 0.1}
    assert group(TABLE, **tenths)[0].schema["x_quantized"].categories == (1, 2, 3, 4, 5)


def _lowered(raw: dict[str, object]) -> tuple[Frame, Transform]:
    assert group_data_into_bins.lower is not None
    params = parse_params(GroupIntoBinsParams, raw)
    return cast(
        "tuple[Frame, Transform]",
        group_data_into_bins.lower(params, Frame.input("in", TABLE.schema), entry=CTX.entry),
    )


def test_learned_edges_cannot_be_lowered() -> None:
    with pytest.raises(CannotLower):
        _lowered({})


def test_output_modes_and_tags() -> None:
    inplace, _ = group(TABLE, Output_mode="Inplace", Tag_columns_as_categorical=False)
    assert inplace.names == ("x", "s")
    assert inplace.schema["x"] == Column("x", DType.INTEGER)
    assert group(TABLE, Output_mode="ResultOnly")[0].names == ("x_quantized",)


def test_a_column_without_values_or_with_one_has_one_bin() -> None:
    table = Table.from_columns({"x": [math.nan, None], "c": [1.0, 1.0]})
    for binning in ("Quantiles", "Equal Width"):
        result, _ = group(table, Binning_mode=binning)
        assert result.column("x_quantized").to_pylist() == [None, None]
    assert result.column("c_quantized").to_pylist() == [1, 1]


def test_other_data_falls_into_the_same_bins() -> None:
    _, transform = group(TABLE, Number_of_bins=4)
    other = Table.from_columns({"x": [-100, 3, 100]})
    assert apply(group_data_into_bins, transform, other).column("x_quantized").to_pylist() == [1, 2, 4]


def test_entropy_finds_the_edge_between_classes() -> None:
    x = list(range(40))
    label = ["low" if i < 13 else "high" for i in x]
    schema = Schema.of([Column("x", DType.INTEGER), Column("y", DType.STRING, role=Role.LABEL)])
    table = Table.from_columns({"x": x, "y": label}, schema)
    result, transform = group(table, Binning_mode="Entropy MDL")
    assert transform.arrays["edges"].tolist() == [12.5]
    assert result.column("x_quantized").to_pylist() == [1 if i < 13 else 2 for i in x]
    with pytest.raises(ModuleError, match="Error 0024"):
        group(table.select(["x"]), Binning_mode="Entropy MDL")


def test_entropy_on_iris_gives_the_published_cuts() -> None:
    """Cuts of Fayyad and Irani's method on petal length and width, as other programs print them."""
    data, classes = load_iris(return_X_y=True)
    label = pa.chunked_array([pa.array(classes)])
    assert mdl_edges(data[:, 2], label, 10).round(2).tolist() == [2.45, 4.75]
    assert mdl_edges(data[:, 3], label, 10).round(2).tolist() == [0.8, 1.75]
    assert mdl_edges(data[:, 2], label, 2).round(2).tolist() == [2.45]
    noise = np.random.default_rng(0).normal(size=150)
    assert mdl_edges(noise, label, 10).tolist() == []


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Columns to bin": "s"}, "0017"),
        ({"Columns to bin": "z"}, "0001"),
        ({"Columns to bin": '[{"ColumnTypes":["Boolean"]}]'}, "0011"),
        ({"Number of bins": 0}, "0005"),
        ({"Binning mode": "Custom Edges"}, "0003"),
        ({"Binning mode": "Custom Edges", "Comma-separated list of bin edges": "1,a"}, "0002"),
        ({"Binning mode": "Custom Edges", "Comma-separated list of bin edges": "1,inf"}, "0002"),
        ({"Binning mode": "Custom Edges", "Comma-separated list of bin edges": "2,1"}, "0019"),
        ({"Binning mode": "Custom Edges", "Comma-separated list of bin edges": "1,1"}, "0019"),
        ({"Binning mode": "Equal Width with Custom Start and Stop", "Bin width": 0}, "0004"),
        ({"Binning mode": "Equal Width with Custom Start and Stop", "Last edge position": -1}, "0007"),
        ({"Binning mode": "Equal Width with Custom Start and Stop", "Bin width": 1e-9}, "0075"),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        group(TABLE, **raw)
    assert caught.value.number == number
    with pytest.raises(ModuleError, match="Error 0021"):
        group(TABLE.slice(0, 0))


def test_broken_transformations_are_refused() -> None:
    _, good = group(TABLE)
    arrays = {"edges": np.array([2.0, 1.0]), "ends": np.array([2])}
    for settings, held in (({}, good.arrays), (good.settings, arrays)):
        with pytest.raises(RestudioError) as caught:
            apply(group_data_into_bins, Transform("group-data-into-bins", good.columns, settings, held), TABLE)
        assert caught.value.detail == "InvalidBlob"

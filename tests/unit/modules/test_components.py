"""Principal Component Analysis."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from tests.unit.modules.applying import apply
from tests.unit.modules.catalog import run

from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError, RestudioError
from restudio.modules.components import principal_component_analysis
from restudio.tables.table import Table

DATA = load_iris(return_X_y=True)[0]
TABLE = Table.from_columns({name: DATA[:, i].tolist() for i, name in enumerate("abcd")} | {"s": ["x"] * len(DATA)})


def reduce(table: Table, count: int = 2, **raw: object) -> tuple[Table, Transform]:
    named = {"Number of dimensions to reduce to": count, **raw}
    result, transform = cast("tuple[Table, Transform]", run(principal_component_analysis, table, **named))
    assert apply(principal_component_analysis, transform, table).equals(result)
    return result, transform


def coordinates(table: Table, count: int) -> np.ndarray:
    return np.column_stack([table.column(f"Col{i + 1}").to_pylist() for i in range(count)])


@pytest.mark.parametrize("centred", [True, False])
def test_the_result_equals_that_of_scikit_learn(centred: bool) -> None:
    result, _ = reduce(TABLE, 3, Normalize_dense_dataset_to_zero_mean=centred)
    assert result.names == ("s", "Col1", "Col2", "Col3")
    model = PCA(3) if centred else TruncatedSVD(3, algorithm="arpack")
    expected = model.fit_transform(DATA)
    found = coordinates(result, 3)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)


def test_rows_with_gaps_have_no_part_and_no_result() -> None:
    holed = TABLE.select(["a", "b"])
    cells = holed.data.to_pydict()
    cells["a"] = [None, math.nan, *cells["a"][2:]]
    result, _ = reduce(Table.from_columns(cells))
    assert result.column("Col1").to_pylist()[:2] == [None, None]
    expected = PCA(2).fit_transform(DATA[2:, :2])
    np.testing.assert_allclose(np.abs(coordinates(result.slice(2), 2)), np.abs(expected), atol=1e-9)


def test_other_data_goes_the_same_way() -> None:
    _, transform = reduce(TABLE)
    part = apply(principal_component_analysis, transform, TABLE.slice(5, 1))
    assert part.equals(reduce(TABLE)[0].slice(5, 1))
    with pytest.raises(ModuleError, match="Error 0001"):
        apply(principal_component_analysis, transform, TABLE.select(["a", "b", "c"]))
    with pytest.raises(ModuleError, match="Error 0018"):
        apply(principal_component_analysis, transform, Table.from_columns({"a": ["x"], "b": [1], "c": [1], "d": [1]}))


def test_errors() -> None:
    large = Table.from_columns({"a": [1e300, -1e300], "b": [1e300, 1.0]})
    for table, raw, number in (
        (TABLE, {"count": 5}, "0007"),
        (TABLE, {"count": 0}, "0004"),
        (TABLE, {"Selected columns": "s"}, "0017"),
        (TABLE.select(["s"]), {}, "0011"),
        (TABLE.slice(0, 1), {}, "0021"),
        (large, {}, "0017"),
    ):
        with pytest.raises(ModuleError) as caught:
            reduce(table, **raw)
        assert caught.value.number == number


def test_broken_transformations_are_refused() -> None:
    _, good = reduce(TABLE)
    broken = Transform(good.module, good.columns, {}, {"means": np.zeros(4), "directions": np.full((2, 4), np.nan)})
    with pytest.raises(RestudioError) as caught:
        apply(principal_component_analysis, broken, TABLE)
    assert caught.value.detail == "InvalidBlob"

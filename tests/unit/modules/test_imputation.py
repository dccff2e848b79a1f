"""Cells told from others by Clean Missing Data: equal to scikit-learn and to the formulas, at every speed."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  makes the next import possible
from sklearn.impute import IterativeImputer
from sklearn.linear_model import Ridge
from tests.unit.modules.catalog import one_by_one, run

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Transform
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.expr import Frame
from restudio.modules.missing_data import clean_missing_data
from restudio.modules.scaling import apply_transformation
from restudio.tables.table import Table

MICE, PCA = "Replace using MICE", "Replace using Probabilistic PCA"
EVERY = {"Columns to be cleaned": '["AllColumns"]'}


def clean(table: Table, mode: str, **raw: object) -> tuple[Table, Transform]:
    """The transform goes through its container."""
    options = EVERY | {name.replace("_", " "): value for name, value in raw.items()}
    result, transform = cast("tuple[Table, Transform]", run(clean_missing_data, table, Cleaning_mode=mode, **options))
    stored = read_artifact(write_artifact(transform))
    assert isinstance(stored, Transform)
    return result, stored


def gappy(rows: int = 200, width: int = 5, share: float = 0.15) -> np.ndarray:
    """Numbers of two hidden causes and some noise, a share of them NaN; the last column has no gap."""
    random = np.random.default_rng(3)
    cells = random.normal(size=(rows, 2)) @ random.normal(size=(2, width)) + 0.2 * random.normal(size=(rows, width))
    cells = cells * np.arange(1, width + 1) + 10
    cells[:, :-1][random.random((rows, width - 1)) < share] = np.nan
    return np.asarray(cells)


def table_of(cells: np.ndarray) -> Table:
    columns = {f"c{i}": [None if np.isnan(v) else v for v in column.tolist()] for i, column in enumerate(cells.T)}
    return Table.from_columns(columns, Schema.of(Column(name, DType.DOUBLE) for name in columns))


def numbers(table: Table) -> np.ndarray:
    return np.column_stack([table.column(name).to_numpy() for name in table.names])


@pytest.mark.parametrize("rounds", [1, 5])
def test_chained_regressions_equal_scikit_learn(rounds: int) -> None:
    cells = gappy()
    mean, spread = np.nanmean(cells, axis=0), np.nanstd(cells, axis=0)
    scaled = (cells - mean) / spread
    imputer = IterativeImputer(
        Ridge(alpha=1.0), max_iter=rounds, tol=0.0, min_value=np.nanmin(scaled, axis=0), max_value=np.nanmax(scaled, 0)
    )
    with pytest.warns(ConvergenceWarning):
        expected = imputer.fit_transform(scaled)
    result, transform = clean(table_of(cells), MICE, Number_of_iterations=rounds)
    np.testing.assert_allclose(numbers(result), expected * spread + mean, rtol=1e-9)
    fresh = gappy(rows=40, share=0.4)
    within = np.clip((fresh - mean) / spread, np.nanmin(scaled, axis=0), np.nanmax(scaled, axis=0))
    applied = numbers(cast("Table", run(apply_transformation, transform, table_of(fresh))))
    gaps = np.isnan(fresh)
    np.testing.assert_allclose(applied[gaps], (imputer.transform(within) * spread + mean)[gaps], rtol=1e-9)
    np.testing.assert_array_equal(applied[~gaps], fresh[~gaps])


def test_principal_components_equal_the_conditional_expectation() -> None:
    """Row by row, with the full covariance matrix instead of the small systems."""
    cells = gappy()
    result, transform = clean(table_of(cells), PCA)
    arrays = transform.arrays
    covariance = arrays["loadings"] @ arrays["loadings"].T + arrays["variance"] * np.eye(cells.shape[1])
    standard = (cells - arrays["shift"]) / arrays["divisor"]
    for row, told in zip(standard, numbers(result), strict=True):
        lacks = np.isnan(row)
        known = np.linalg.solve(covariance[np.ix_(~lacks, ~lacks)], row[~lacks] - arrays["mean"][~lacks])
        expected = arrays["mean"][lacks] + covariance[np.ix_(lacks, ~lacks)] @ known
        expected = np.clip(expected, arrays["low"][lacks], arrays["high"][lacks])
        raw = expected * arrays["divisor"][lacks] + arrays["shift"][lacks]
        np.testing.assert_allclose(told[lacks], raw, rtol=1e-8)


def likelihood(transform: Transform, cells: np.ndarray) -> float:
    """Of the known cells under a learned subspace."""
    arrays = transform.arrays
    covariance = arrays["loadings"] @ arrays["loadings"].T + arrays["variance"] * np.eye(cells.shape[1])
    total = 0.0
    for row in (cells - arrays["shift"]) / arrays["divisor"]:
        known = ~np.isnan(row)
        part, off = covariance[np.ix_(known, known)], row[known] - arrays["mean"][known]
        total -= (np.linalg.slogdet(2 * np.pi * part)[1] + off @ np.linalg.solve(part, off)) / 2
    return total


def test_iterations_of_principal_components_raise_the_likelihood() -> None:
    cells = gappy(share=0.3)
    found = [
        likelihood(clean(table_of(cells), PCA, Number_of_iterations_for_PCA_prediction=n)[1], cells)
        for n in (1, 2, 3, 5, 10, 30)
    ]
    assert found == sorted(found)
    assert found[-1] - found[0] > 1.0


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_both_tell_better_than_the_mean(mode: str) -> None:
    cells = gappy()
    whole = gappy(share=0.0)
    gaps = np.isnan(cells)
    result, _ = clean(table_of(cells), mode)
    by_mean = np.broadcast_to(np.nanmean(cells, axis=0), cells.shape)
    error, plain = (np.square((found - whole)[gaps]).mean() for found in (numbers(result), by_mean))
    assert error < plain / 4


SCHEMA = Schema.of(
    [
        Column("i", DType.INTEGER),
        Column("d", DType.DOUBLE),
        Column("b", DType.BOOLEAN),
        Column("s", DType.STRING, ("low", "mid", "top")),
        Column("n", DType.INTEGER, (7, 8)),
    ]
)


def mixed(rows: int = 90, gaps: bool = True) -> Table:
    """Everything hangs on the row's number; every kind has gaps."""
    cells: dict[str, list[object]] = {
        "i": [r % 30 for r in range(rows)],
        "d": [r % 30 * 1.5 for r in range(rows)],
        "b": [r % 30 >= 15 for r in range(rows)],
        "s": [("low", "mid", "top")[r % 30 // 10] for r in range(rows)],
        "n": [7 + (r % 30 >= 15) for r in range(rows)],
    }
    if gaps:
        for place, column in enumerate(cells.values()):
            column[place * 7 :: 31] = [None] * len(column[place * 7 :: 31])
    return Table.from_columns(cells, SCHEMA)


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_each_type_is_told_in_its_own(mode: str) -> None:
    table, whole = mixed(), mixed(gaps=False)
    result, transform = clean(table, mode)
    assert not any(column.nullable for column in result.schema)
    assert [c.dtype for c in result.schema] == [c.dtype for c in SCHEMA]
    for name in ("b", "n"):
        assert result.column(name).to_pylist() == whole.column(name).to_pylist()
    assert set(result.column("s").to_pylist()) == {"low", "mid", "top"}
    applied = run(apply_transformation, transform, table)
    assert isinstance(applied, Table)
    assert applied.equals(result)


_CELLS: dict[str, st.SearchStrategy[object]] = {
    "i": st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 30),
    "d": st.none() | st.floats() | st.floats(0, 40),
    "b": st.none() | st.booleans(),
    "s": st.none() | st.sampled_from(["low", "mid", "top", "unseen"]),
    "n": st.none() | st.sampled_from([7, 8, 9]),
}
FITTED = {mode: clean(mixed(), mode)[1] for mode in (MICE, PCA)}


@given(st.sampled_from([MICE, PCA]), st.data())
def test_rows_equal_chunks(mode: str, data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 6))
    cells = {n: data.draw(st.lists(kind, min_size=rows, max_size=rows)) for n, kind in _CELLS.items()}
    table = Table.from_columns(cells, SCHEMA)
    result = run(apply_transformation, FITTED[mode], table)
    assert isinstance(result, Table)
    assert not any(None in result.column(name).to_pylist() for name in result.names)
    assert apply_transformation.lower is not None
    frame = apply_transformation.lower(None, FITTED[mode], Frame.input("in", SCHEMA), entry=_entry)
    assert repr(one_by_one(frame, table)) == repr(result.data.to_pylist())


def _entry(name: str) -> object:
    assert name == clean_missing_data.spec.id
    return clean_missing_data


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_absent_columns_count_as_missing(mode: str) -> None:
    part = mixed().select(["d", "b"])
    applied = run(apply_transformation, FITTED[mode], part)
    assert isinstance(applied, Table)
    assert applied.names == ("d", "b")
    assert None not in applied.column("b").to_pylist()


def test_whole_numbers_take_fractions_only_in_double_columns() -> None:
    whole = Table.from_columns({"i": [3, None], "d": [None, 4]}, Schema.of([SCHEMA["i"], Column("d", DType.INTEGER)]))
    applied = run(apply_transformation, FITTED[MICE], whole)
    assert isinstance(applied, Table)
    assert [c.dtype for c in applied.schema] == [DType.INTEGER, DType.DOUBLE]
    assert applied.column("i").to_pylist()[0] == 3


@pytest.mark.parametrize("mode", [MICE, PCA])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows(mode: str, rows: int) -> None:
    result, transform = clean(mixed().slice(0, rows), mode, Cols_with_all_missing_values="Propagate")
    assert result.num_rows == rows
    applied = run(apply_transformation, transform, mixed())
    assert isinstance(applied, Table)


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_empty_columns_are_removed_or_left(mode: str) -> None:
    cells = gappy(rows=30)
    cells[:, 1] = np.nan
    assert clean(table_of(cells), mode)[0].names == ("c0", "c2", "c3", "c4")
    kept, _ = clean(table_of(cells), mode, Cols_with_all_missing_values="Propagate")
    assert kept.column("c1").null_count == 30
    assert kept.column("c0").null_count == 0


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_only_columns_within_the_ratios_are_filled_but_all_tell(mode: str) -> None:
    cells = gappy()
    cells[:150, 0] = np.nan
    result, transform = clean(table_of(cells), mode, Maximum_missing_value_ratio=0.5)
    assert result.column("c0").null_count >= 150
    assert result.column("c1").null_count == 0
    assert [column.name for column in transform.columns] == ["c0", "c1", "c2", "c3", "c4"]


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_extreme_numbers(mode: str) -> None:
    cells = np.array([[1e300, 5.0], [-1e300, np.nan], [np.nan, 4.0], [1e300, np.inf]])
    result, _ = clean(table_of(cells), mode)
    assert result.column("c0").null_count == 0
    assert abs(result.column("c0").to_pylist()[2]) <= 1e300
    assert result.column("c1").to_pylist()[3] == np.inf


@pytest.mark.parametrize("mode", [MICE, PCA])
def test_errors(mode: str) -> None:
    with pytest.raises(ModuleError, match="Error 0017: Column 't' is String"):
        clean(Table.from_columns({"t": ["x", None]}), mode)
    many = Table.from_columns(
        {"s": [str(i) for i in range(3000)]}, Schema.of([Column("s", DType.STRING, tuple(map(str, range(3000))))])
    )
    with pytest.raises(ModuleError, match="Error 0014"):
        clean(many, mode)


@pytest.mark.parametrize("mode", [MICE, PCA])
@pytest.mark.parametrize("array", ["shift", "divisor", "low", "weights", "intercepts", "mean", "loadings", "variance"])
def test_broken_transformations_are_refused(mode: str, array: str) -> None:
    whole = FITTED[mode]
    if array not in whole.arrays:
        return
    for changed in (np.array([]), whole.arrays[array] * np.nan):
        broken = Transform(whole.module, whole.columns, whole.settings, {**whole.arrays, array: changed})
        with pytest.raises(RestudioError) as caught:
            run(apply_transformation, broken, mixed())
        assert caught.value.detail == "InvalidBlob"

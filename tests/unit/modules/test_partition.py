"""Partition and Sample."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.schema import Role
from restudio.modules.folds import FOLDS, split_off
from restudio.modules.partition import partition_and_sample
from restudio.tables.table import Table


def numbered(rows: int) -> Table:
    return Table.from_columns({"n": list(range(rows)), "k": ["ab"[i % 4 == 0] for i in range(rows)]})


def partition(table: Table, way: str, **raw: object) -> Table:
    result = run(partition_and_sample, table, Partition_or_sample_mode=way, **raw)
    assert isinstance(result, Table)
    return result


def folds(table: Table, **raw: object) -> np.ndarray:
    plain, found = split_off(partition(table, "Assign to Folds", **raw))
    assert plain.equals(table)
    assert found is not None
    return found


def test_head() -> None:
    assert partition(numbered(30), "Head").equals(numbered(10))
    assert partition(numbered(3), "Head").equals(numbered(3))
    assert partition(numbered(3), "Head", Number_of_rows_to_select=0).num_rows == 0


@given(st.integers(0, 60), st.floats(0, 1), st.integers(0, 5))
def test_sampling_takes_the_share_in_order(rows: int, rate: float, seed: int) -> None:
    raw = {"Rate of sampling": rate, "Random seed for sampling": seed}
    chosen = partition(numbered(rows), "Sampling", **raw).column("n").to_pylist()
    assert chosen == sorted(set(chosen))
    assert abs(len(chosen) - rows * rate) <= 0.5


def test_stratified_sampling_keeps_shares() -> None:
    raw = {"Stratified split for sampling": True, "Stratification key column for sampling": "k"}
    chosen = partition(numbered(400), "Sampling", Rate_of_sampling=0.5, **raw)
    assert chosen.column("k").to_pylist().count("b") == 50
    assert not chosen.equals(
        partition(numbered(400), "Sampling", Rate_of_sampling=0.5, Random_seed_for_sampling=1, **raw)
    )


@given(st.integers(0, 40), st.integers(1, 7), st.booleans(), st.booleans())
def test_folds_are_even(rows: int, count: int, randomized: bool, stratified: bool) -> None:
    key = {"Stratified split": True, "Stratification key column": "k"} if stratified else {}
    raw = {"Specify number of folds to split evenly into": count, "Randomized split": randomized, **key}
    sizes = np.bincount(folds(numbered(rows), **raw), minlength=count)
    assert sizes.sum() == rows
    assert sizes.max() - sizes.min() <= 1


def test_folds_in_turn_and_at_random() -> None:
    assert folds(numbered(12), Randomized_split=False).tolist() == [0, 1, 2, 3, 4] * 2 + [0, 1]
    first = folds(numbered(100))
    assert first.tolist() == folds(numbered(100)).tolist()
    assert first.tolist() != folds(numbered(100), Random_seed=1).tolist()


def test_strata_are_spread_over_the_folds() -> None:
    table = numbered(400)
    found = folds(table, Stratified_split=True, Stratification_key_column="k")
    rare = np.array(table.column("k").to_pylist()) == "b"
    assert np.bincount(found[rare]).tolist() == [20] * 5


@pytest.mark.parametrize(
    ("proportions", "sizes"),
    [("0.5, 0.5", [50, 50]), ("0.2,0.3", [20, 30, 50]), ("1", [100]), ("0.1,0.2,0.7", [10, 20, 70])],
)
def test_proportions(proportions: str, sizes: list[int]) -> None:
    custom = {"Partitioner method": "Partition with customized proportions"}
    raw = {**custom, "List of proportions separated by comma": proportions}
    assert np.bincount(folds(numbered(100), **raw)).tolist() == sizes
    assert folds(numbered(100), **raw, Randomized_split=False).tolist() == sorted(folds(numbered(100), **raw).tolist())
    keyed = {
        "Stratified split for customized fold assignment": True,
        "Stratification key column for customized fold assignment": "k",
    }
    assert abs(np.bincount(folds(numbered(100), **raw, **keyed)) - sizes).max() <= 2  # each of two strata rounds


def test_replacement_draws_rows_anew() -> None:
    drawn = partition(numbered(100), "Assign to Folds", Use_replacement_in_the_partitioning=True)
    assert drawn.num_rows == 100
    assert len(set(drawn.column("n").to_pylist())) < 80


def test_picking_a_fold_and_its_complement() -> None:
    assigned = partition(numbered(12), "Assign to Folds", Randomized_split=False)
    assert assigned.schema[FOLDS].role is Role.FOLD
    raw = {"Specify which fold to be sampled from": 2}
    assert partition(assigned, "Pick Fold", **raw).equals(numbered(12).take(pa.array([1, 6, 11])))
    others = partition(assigned, "Pick Fold", Pick_complement_of_the_selected_fold=True, **raw)
    assert others.column("n").to_pylist() == [0, 2, 3, 4, 5, 7, 8, 9, 10]


def test_an_earlier_assignment_is_replaced() -> None:
    assigned = partition(numbered(12), "Assign to Folds")
    again = partition(assigned, "Assign to Folds", Specify_number_of_folds_to_split_evenly_into=2)
    assert again.names == assigned.names
    assert set(again.column(FOLDS).to_pylist()) == {0, 1}


CUSTOM = {"Partition or sample mode": "Assign to Folds", "Partitioner method": "Partition with customized proportions"}
LISTED = "List of proportions separated by comma"


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Partition or sample mode": "Pick Fold"}, "0018"),
        ({"Rate of sampling": 1.5}, "0008"),
        ({**CUSTOM, LISTED: "0.7,0.7"}, "0007"),
        ({**CUSTOM, LISTED: "a"}, "0002"),
        ({**CUSTOM, LISTED: "0.5,-0.1"}, "0002"),
        ({"Stratified split for sampling": True}, "0003"),
        ({"Stratified split for sampling": True, "Stratification key column for sampling": '["AllColumns"]'}, "0022"),
        ({"Stratified split for sampling": True, "Stratification key column for sampling": "x"}, "0017"),
    ],
)
def test_errors(raw: dict[str, object], number: str) -> None:
    table = Table.from_columns({"n": [1, 2], "x": [0.5, 1.5]})
    with pytest.raises(ModuleError) as caught:
        run(partition_and_sample, table, **raw)
    assert caught.value.number == number


def test_a_fold_that_is_not_there() -> None:
    with pytest.raises(ModuleError, match="Error 0018"):
        partition(partition(numbered(9), "Assign to Folds"), "Pick Fold", Specify_which_fold_to_be_sampled_from=6)

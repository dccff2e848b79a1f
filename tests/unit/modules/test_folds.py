"""The fold of a row stays with its row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema
from restudio.modules.folds import even_folds, folds_for, split_off, with_folds
from restudio.tables.ipc import read_table, write_table
from restudio.tables.table import Table

TABLE = Table.from_columns({"x": [1.0, 2.0, 3.0, 4.0]})


def test_folds_follow_their_rows_through_files_and_filters(tmp_path: Path) -> None:
    write_table(with_folds(TABLE, np.array([0, 1, 0, 1])), tmp_path / "t")
    kept = read_table(tmp_path / "t").filter(pa.array([True, True, False, True]))
    plain, folds = split_off(kept)
    assert folds is not None
    assert folds.tolist() == [0, 1, 1]
    assert plain.names == ("x",)


def test_they_are_no_feature_and_replace_earlier_ones() -> None:
    table = with_folds(with_folds(TABLE, np.zeros(4, np.int64)), np.array([0, 1, 2, 3]))
    assert [c.name for c in table.schema.features()] == ["x"]
    assert folds_for(table, 0)[1].tolist() == [0, 1, 2, 3]


def test_folds_by_default_are_ten_even_ones_decided_by_the_seed() -> None:
    folds = even_folds(103, seed=1)
    assert sorted(np.bincount(folds).tolist()) == [10] * 7 + [11] * 3
    assert (folds == even_folds(103, seed=1)).all()
    assert (folds != even_folds(103, seed=2)).any()
    assert sorted(even_folds(3, seed=0).tolist()) == [0, 1, 2]


def test_one_fold_leaves_nothing_to_train_on() -> None:
    with pytest.raises(ModuleError, match="0021"):
        folds_for(TABLE.slice(0, 1), 0)
    with pytest.raises(ModuleError, match="0021"):
        folds_for(with_folds(TABLE, np.zeros(4, np.int64)), 0)


@pytest.mark.parametrize("wrong", [None, -1])
def test_every_row_needs_a_fold(wrong: object) -> None:
    schema = Schema.of([Column("Fold Assignments", DType.INTEGER, role=Role.FOLD)])
    with pytest.raises(ModuleError, match="0018"):
        split_off(Table.from_columns({"Fold Assignments": [0, wrong]}, schema))

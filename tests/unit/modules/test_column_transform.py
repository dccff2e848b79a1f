"""Select Columns Transform."""

from __future__ import annotations

import pytest
from tests.unit.modules.applying import apply
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.schema import Role, Schema
from restudio.modules.column_transform import select_columns_transform
from restudio.tables.table import Table

TABLE = Table.from_columns({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]})


def test_other_data_is_cut_to_the_same_columns() -> None:
    transform = run(select_columns_transform, TABLE.select(["c", "a"]))
    assert apply(select_columns_transform, transform, TABLE).equals(TABLE.select(["c", "a"]))


def test_a_missing_column_is_an_error_but_the_label_may_be_absent() -> None:
    marked = TABLE.with_schema(Schema.of(c.with_(role=Role.LABEL) if c.name == "c" else c for c in TABLE.schema))
    transform = run(select_columns_transform, marked)
    assert apply(select_columns_transform, transform, TABLE.select(["b", "a"])).names == ("a", "b")
    with pytest.raises(ModuleError, match="Error 0001"):
        apply(select_columns_transform, transform, TABLE.select(["a", "c"]))

"""Remove Duplicate Rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.modules.duplicates import remove_duplicate_rows
from restudio.tables.table import Table

KEYS = "Key column selection filter expression"


def deduplicate(table: Table, keys: object, **raw: object) -> Table:
    result = run(remove_duplicate_rows, table, **{KEYS: keys}, **raw)
    assert isinstance(result, Table)
    return result


TABLE = Table.from_columns({"a": [1, 2, 1, None, None], "b": ["x", "y", "z", "x", "x"], "n": [0, 1, 2, 3, 4]})


def test_the_first_or_the_last_stays() -> None:
    assert deduplicate(TABLE, "a").column("n").to_pylist() == [0, 1, 3]
    assert deduplicate(TABLE, "a", Retain_first_duplicate_row=False).column("n").to_pylist() == [1, 2, 4]
    assert deduplicate(TABLE, '[{"ColumnNames":["a","b"]}]').column("n").to_pylist() == [0, 1, 2, 3]
    assert deduplicate(TABLE, '["AllColumns"]').equals(TABLE)


def test_nan_equals_nan_but_not_missing() -> None:
    table = Table.from_columns({"x": [math.nan, None, math.nan, None, 1.0]})
    assert repr(deduplicate(table, "x").column("x").to_pylist()) == "[nan, None, 1.0]"


@given(st.lists(st.tuples(st.none() | st.integers(0, 2), st.sampled_from("ab")), max_size=12), st.booleans())
def test_every_key_occurs_once_in_the_order_of_the_rows(rows: list[tuple[int | None, str]], first: bool) -> None:
    table = Table.from_columns(
        {"k": [k for k, _ in rows] or [], "s": [s for _, s in rows], "n": list(range(len(rows)))}
    )
    kept = deduplicate(table, '[{"ColumnNames":["k","s"]}]', Retain_first_duplicate_row=first).column("n").to_pylist()
    places: dict[tuple[int | None, str], int] = {}
    for n, row in enumerate(rows):
        places[row] = places.get(row, n) if first else n
    assert kept == sorted(places.values())


def test_errors() -> None:
    for keys, number in (("", "0003"), ("c", "0001"), ('[{"ColumnTypes":["Boolean"]}]', "0020")):
        with pytest.raises(ModuleError) as caught:
            deduplicate(TABLE, keys)
        assert caught.value.number == number

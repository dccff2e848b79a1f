"""What is shown beside a table lies in its file, and is not handed to those who read the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from restudio.core.errors import ModuleError
from restudio.tables.ipc import read_table, read_view, write_table
from restudio.tables.table import Table
from restudio.tables.view import find_view, with_view

TABLE = Table.from_columns({"a": [1, 2], "b": ["x", None]})


def test_it_lies_in_the_file_of_the_table(tmp_path: Path) -> None:
    view = {"kind": "evaluation", "results": [{"ROC": [0.0, 1.0], "Threshold": [None]}]}
    write_table(with_view(TABLE, view), tmp_path / "t")
    assert read_view(tmp_path / "t") == view
    read = read_table(tmp_path / "t")
    assert read.equals(TABLE)
    assert find_view(read.data.schema) is None, "a table made of it would show what it no longer is"


def test_most_tables_show_nothing(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "t")
    assert read_view(tmp_path / "t") is None
    (tmp_path / "u").write_bytes(b"no table")
    with pytest.raises(ModuleError, match="0049"):
        read_view(tmp_path / "u", name="u")


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        with_view(TABLE, [float("nan")])

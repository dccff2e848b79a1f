"""Excel workbooks as spreadsheet programs write them, and hostile ones."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.tables import excel
from restudio.tables.formats import get_codec

ROWS: Sequence[Sequence[object]] = (
    ("name", "n", "x", "good", "day", "took", "mixed", "n", None),
    ("Ünal", 1, 1, True, date(2020, 2, 29), timedelta(hours=30), 1, 7, None),
    (None, None, 2.5, None, datetime(2020, 3, 1, 12, 30), time(1, 2, 3), "a", 8, "last"),
    ("#N/A", 3, 1e300, False, None, None, 2.5, None, None),
)


def save(path: Path, rows: Sequence[Sequence[object]], *more: str) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for title in more:
        book.create_sheet(title).append(["not read"])
    book.save(path)
    return path


def test_columns_have_the_types_of_their_cells(tmp_path: Path) -> None:
    path = save(tmp_path / "in.xlsx", ROWS, "second")
    table = get_codec(path).read(path)
    assert [(c.name, c.dtype) for c in table.schema] == [
        ("name", DType.STRING), ("n", DType.INTEGER), ("x", DType.DOUBLE), ("good", DType.BOOLEAN),
        ("day", DType.DATETIME), ("took", DType.TIMESPAN), ("mixed", DType.STRING), ("n (1)", DType.INTEGER),
        ("Col9", DType.STRING),
    ]  # fmt: skip
    assert [list(row.values()) for row in table.data.to_pylist()] == [
        ["Ünal", 1, 1.0, True, datetime(2020, 2, 29), timedelta(hours=30), "1", 7, None],
        [None, None, 2.5, None, datetime(2020, 3, 1, 12, 30), timedelta(seconds=3723), "a", 8, "last"],
        [None, 3, 1e300, False, None, None, "2.5", None, None],
    ]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    path = save(tmp_path / "in.nh.xlsx", [(1, "a"), (2, None)])
    assert get_codec(path).read(path).data.to_pylist() == [{"Col1": 1, "Col2": "a"}, {"Col1": 2, "Col2": None}]


def test_rows_and_columns_without_cells_at_the_end_are_none(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A3"] = "x", 5
    sheet.cell(2000, 40).number_format = "0.00"
    book.save(tmp_path / "in.xlsx")
    assert get_codec("Excel").read(tmp_path / "in.xlsx").data.to_pylist() == [{"x": None}, {"x": 5}]


@pytest.mark.parametrize("rows", [[], [("a", "b")]])
def test_no_rows(rows: list[tuple[str, ...]], tmp_path: Path) -> None:
    table = get_codec("Excel").read(save(tmp_path / "in.xlsx", rows))
    assert table.num_rows == 0
    assert list(table.names) == [name for row in rows for name in row]


def test_a_demanded_schema_is_kept(tmp_path: Path) -> None:
    path = save(tmp_path / "in.xlsx", [("n", "s", "left"), (1, 5, "x"), (2, None, "y")])
    schema = Schema.of([Column("s", DType.STRING), Column("n", DType.DOUBLE)])
    codec = get_codec(path)
    assert codec.read(path, schema=schema, ignored=["left"]).data.to_pylist() == [
        {"s": "5", "n": 1.0},
        {"s": None, "n": 2.0},
    ]
    chunks = list(codec.iter_chunks(path, schema, 1, ignored=["left"]))
    assert [chunk.num_rows for chunk in chunks] == [1, 1]
    with pytest.raises(ModuleError, match="column 'left': the column is not expected"):
        codec.read(path, schema=schema)


CELLS = st.tuples(st.integers(-(2**53), 2**53), st.integers(-(2**40), 2**40).map(lambda i: i / 8), st.booleans())


@given(st.lists(CELLS))
def test_what_is_saved_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, float, bool]]) -> None:
    path = save(tmp_path_factory.mktemp("book") / "in.xlsx", [("i", "x", "b"), *rows])
    read = get_codec(path).read(path).data.to_pylist()
    assert [tuple(row.values()) for row in read] == rows


@pytest.mark.parametrize("content", [b"", b"not a book", b"PK\x03\x04" * 10])
def test_what_is_no_workbook_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    path.write_bytes(content)
    with pytest.raises(ModuleError, match=r"0049.*not a readable Excel workbook"):
        get_codec(path).read(path)


def test_a_zip_of_other_things_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>")
    with pytest.raises(ModuleError, match="0049"):
        get_codec(path).read(path)


def test_a_part_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "in.xlsx", [("a",), *[(i,) for i in range(5000)]])
    monkeypatch.setattr(excel, "MAX_UNPACKED", 10_000)
    with pytest.raises(ModuleError, match="bytes unpacked; at most 10000"):
        get_codec(path).read(path)


def test_cells_far_apart_are_refused(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.cell(1, 16_384).value = "wide"
    sheet.cell(5000, 1).value = "long"
    book.save(tmp_path / "in.xlsx")
    with pytest.raises(ModuleError, match="cells, empty ones between others counted"):
        get_codec("Excel").read(tmp_path / "in.xlsx")

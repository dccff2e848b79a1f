from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from restudio.core.errors import RestudioError
from restudio.designer.stores.reading import Piece, join
from restudio.seams.engine import Cancelled
from restudio.tables.formats import all_codecs, get_codec
from restudio.tables.table import Table


def pieces(folder: Path, **contents: bytes) -> list[Piece]:
    made = []
    for number, (name, content) in enumerate(contents.items()):
        local = folder / str(number)
        local.write_bytes(content)
        made.append(Piece(name.replace("_", "."), local))
    return made


def test_one_file_is_taken_as_it_is(tmp_path: Path) -> None:
    [piece] = pieces(tmp_path, a_csv=b"x\n1\n")
    assert join([piece], tmp_path) == (piece.local, "GenericCSV")


def test_texts_are_joined_before_their_types_are_told(tmp_path: Path) -> None:
    found, data_type = join(pieces(tmp_path, a_csv=b"\xef\xbb\xbfx,y\r\n1,2", b_csv=b"x,y\n3,high\n"), tmp_path)
    assert data_type == "GenericCSV"
    table = get_codec(data_type).read(found)
    assert table.to_polars().rows() == [(1, "2"), (3, "high")]


def test_files_without_header_are_joined_whole(tmp_path: Path) -> None:
    [a, b] = pieces(tmp_path, a=b"1,2\n", b=b"3,4\n")
    found, data_type = join([Piece("a.nh.csv", a.local), Piece("b.nh.csv", b.local)], tmp_path)
    assert get_codec(data_type).read(found).num_rows == 2


def test_tables_are_joined_as_tables(tmp_path: Path) -> None:
    made = []
    for number in range(2):
        local = tmp_path / f"t{number}"
        all_codecs()["Parquet"].write(Table.from_columns({"x": [number]}), local)
        made.append(Piece(f"part{number}.parquet", local))
    found, data_type = join(made, tmp_path)
    assert get_codec(data_type).read(found).to_polars().rows() == [(0,), (1,)]
    (tmp_path / "again").mkdir()
    again, _ = join(made, tmp_path / "again")
    assert again.read_bytes() == found.read_bytes()


def test_workbooks_are_joined_as_tables(tmp_path: Path) -> None:
    made = []
    for number in range(2):
        book = Workbook()
        assert book.active is not None
        book.active.append(["x"])
        book.active.append([number])
        book.save(tmp_path / f"t{number}")
        made.append(Piece(f"part{number}.xlsx", tmp_path / f"t{number}"))
    assert join(made[:1], tmp_path) == (made[0].local, "Excel")
    found, data_type = join(made, tmp_path)
    assert get_codec(data_type).read(found).to_polars().rows() == [(0,), (1,)]


@pytest.mark.parametrize(
    ("first", "second"),
    [({"a_csv": b"x,y\n1,2\n"}, {"b_csv": b"x,z\n1,2\n"}), ({"a_csv": b"x\n1\n"}, {"b_arff": b"@relation r\n"})],
)
def test_files_that_differ_are_named(tmp_path: Path, first: dict[str, bytes], second: dict[str, bytes]) -> None:
    with pytest.raises(RestudioError, match=r"'a.csv' has .* but 'b") as raised:
        join(pieces(tmp_path, **first, **second), tmp_path)
    assert raised.value.detail == "DataFilesDiffer"


def test_joining_ends_when_it_is_told_to(tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    for suffix in ("csv", "arff"):
        with pytest.raises(Cancelled):
            join(pieces(tmp_path, **{f"a_{suffix}": b"x\n1\n", f"b_{suffix}": b"x\n2\n"}), tmp_path, stop)

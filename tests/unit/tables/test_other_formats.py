"""ARFF, SVMlight and plain text as other programs write them, and files that are broken."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.tables.formats import all_codecs, get_codec

ARFF = """% a comment
@RELATION cars
@ATTRIBUTE 'top speed' NUMERIC
@attribute plan {basic,'very gold'}
@attribute when DATE "dd.MM.yyyy"
@attribute n integer
@attribute good {False,True}
@DATA
% another
1.5, basic, '31.12.2020', 9007199254740993, True
?, 'very gold', ?, ?, ?
"""


def test_arff_of_weka(tmp_path: Path) -> None:
    path = tmp_path / "in.arff"
    path.write_text(ARFF)
    table = get_codec(path).read(path)
    assert [c.dtype for c in table.schema] == [
        DType.DOUBLE, DType.STRING, DType.DATETIME, DType.INTEGER, DType.BOOLEAN,
    ]  # fmt: skip
    assert table.schema["plan"].categories == ("basic", "very gold")
    assert [list(row.values()) for row in table.data.to_pylist()] == [
        [1.5, "basic", datetime(2020, 12, 31), 9007199254740993, True],
        [None, "very gold", None, None, None],
    ]


def test_sparse_arff(tmp_path: Path) -> None:
    path = tmp_path / "in.arff"
    path.write_text("@relation r\n@attribute a real\n@attribute b real\n@data\n{1 2.5}\n{0 1}\n")
    assert get_codec(path).read(path).data.to_pylist() == [{"a": 0.0, "b": 2.5}, {"a": 1.0, "b": 0.0}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("@relation r\n@attribute a {x}\n@data\ny\n", "line 4"),
        ("@relation r\n@attribute a real\n@data\n1\nfast\n", "row 2, column 'a': expected Double, got 'fast'"),
        ("@relation r\n@attribute a real\n@data\n1,2\n", "line 4"),
        ("@relation r\n@attribute a relational\n@data\n1\n", "line"),
        ("hello", "line"),
        ("@relation r\n@attribute a real\n@attribute a {x}\n@data\n1,x\n", "occurs twice"),
    ],
)
def test_broken_arff(text: str, place: str, tmp_path: Path) -> None:
    path = tmp_path / "in.arff"
    path.write_text(text)
    with pytest.raises(ModuleError, match=place):
        get_codec(path).read(path)


def test_svmlight(tmp_path: Path) -> None:
    path = tmp_path / "in.svmlight"
    path.write_text("# made by hand\n1 1:0.5 3:2 # note\n-1 qid:3 2:1\n")
    assert get_codec(path).read(path).data.to_pylist() == [
        {"Col1": 0.5, "Col2": 0.0, "Col3": 2.0, "Labels": 1.0},
        {"Col1": 0.0, "Col2": 1.0, "Col3": 0.0, "Labels": -1.0},
    ]


@pytest.mark.parametrize("line", ["1 0:5", "1 a:5", "x 1:5", "1 5", "1 1:2:3"])
def test_broken_svmlight(line: str, tmp_path: Path) -> None:
    path = tmp_path / "in.svmlight"
    path.write_text(f"1 1:1\n{line}\n")
    with pytest.raises(ModuleError, match="row 2"):
        get_codec(path).read(path)


def test_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("one, two\n\nthree\n")
    codec = get_codec(path)
    table = codec.read(path)
    assert table.column("Col1").to_pylist() == ["one, two", None, "three"]
    codec.write(table, path)
    assert codec.read(path).equals(table)


@pytest.mark.parametrize("id", ["Dataset", "Parquet"])
def test_broken_binary_files_are_refused(id: str, tmp_path: Path) -> None:
    codec = all_codecs()[id]
    path = tmp_path / "in.bin"
    for content in (b"", b"not a table", b"PAR1" * 10, b"ARROW1" * 10):
        path.write_bytes(content)
        with pytest.raises(ModuleError, match="0049"):
            codec.read(path)


def test_formats_that_are_only_read_say_so(tmp_path: Path) -> None:
    from restudio.tables.table import Table

    with pytest.raises(ModuleError, match=r"SvmLight.*not written"):
        all_codecs()["SvmLight"].write(Table.from_columns({"a": [1]}), tmp_path / "x")


def test_an_error_does_not_quote_a_long_line_whole(tmp_path: Path) -> None:
    path = tmp_path / "long.arff"
    path.write_text("@relation x\n@attribute a string\n@data\n'" + "a\\" * 50_000 + "\n")
    with pytest.raises(ModuleError, match="0049") as caught:
        get_codec("ARFF").read(path)
    assert len(caught.value.text) < 1_000

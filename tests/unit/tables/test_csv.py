"""The rules of modules reference 2.5, one file a case."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.tables.codec import MAX_COLUMNS
from restudio.tables.formats import all_codecs, get_codec, sniff_codec

ADULT = Path("../shared/data/adult.csv")
D = datetime

CASES: list[tuple[str, str, DType, list[object]]] = [
    ("whole numbers", "1\n-2\n", DType.INTEGER, [1, -2]),
    ("zero and one stay numbers", "0\n1\n", DType.INTEGER, [0, 1]),
    ("blanks and a plus", " 1\n+2 \n", DType.INTEGER, [1, 2]),
    ("beyond 64 bits", "9223372036854775808\n", DType.DOUBLE, [9223372036854775808.0]),
    ("hexadecimal is text", "0x1F\n", DType.STRING, ["0x1F"]),
    ("thousands separators are text", '"1,000"\n', DType.STRING, ["1,000"]),
    ("numbers with a point", "1\n2.5\n1e3\n", DType.DOUBLE, [1.0, 2.5, 1000.0]),
    ("infinite", "Inf\n-Inf\n", DType.DOUBLE, [float("inf"), float("-inf")]),
    ("any case of true", "true\nFALSE\ntRuE\n", DType.BOOLEAN, [True, False, True]),
    ("question mark is text", "1\n?\n", DType.STRING, ["1", "?"]),
    ("empty is missing", '1\n""\n', DType.INTEGER, [1, None]),
    ("quotes and breaks", '"a ""b"", c\nd"\n', DType.STRING, ['a "b", c\nd']),
    ("ISO dates", "2020-01-31\n2020-02-01T10:11:12.5Z\n", DType.DATETIME,
     [D(2020, 1, 31), D(2020, 2, 1, 10, 11, 12, 500_000)]),
    ("zones become UTC", "2020-01-01 00:30:00+01:00\n", DType.DATETIME, [D(2019, 12, 31, 23, 30)]),
    ("US dates", "12/31/2020\n1/2/2021 1:05 PM\n", DType.DATETIME, [D(2020, 12, 31), D(2021, 1, 2, 13, 5)]),
    ("month names", "31 Dec 2020\n", DType.DATETIME, [D(2020, 12, 31)]),
    ("no such day", "2020-02-31\n", DType.STRING, ["2020-02-31"]),
    ("spans", "00:00:01\n-1.02:03:04.5\n", DType.TIMESPAN,
     [timedelta(seconds=1), -timedelta(days=1, hours=2, minutes=3, seconds=4.5)]),
    ("no such hour", "25:00:00\n", DType.STRING, ["25:00:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dtype", "cells"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_types_are_inferred(text: str, dtype: DType, cells: list[object], tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("x\n" + text)
    table = get_codec("GenericCSV").read(path)
    assert (table.schema["x"].dtype, table.column("x").to_pylist()) == (dtype, cells)


@pytest.mark.parametrize(("late", "dtype"), [("x", DType.STRING), ("1.5", DType.DOUBLE)])
def test_a_late_odd_cell_widens_its_column(late: str, dtype: DType, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + "1,2\n" * 5000 + f"{late},2\n")
    table = get_codec("in.csv").read(path)
    assert [c.dtype for c in table.schema] == [dtype, DType.INTEGER]
    assert table.num_rows == 5001


@pytest.mark.parametrize(
    ("data", "names", "rows"),
    [
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n", ("a", "b"), 1),
        (b"\n\na,b\n\n1,2\n", ("a", "b"), 1),
        (b"a,a,\n1,2,3\n", ("a", "a (1)", "Col3"), 1),
        (b'"a\nb",c\n1,2', ("a\nb", "c"), 1),
        (b"a,b\n", ("a", "b"), 0),
        (b"ID,x\n1,2\n", ("ID", "x"), 1),
    ],
)
def test_headers(data: bytes, names: tuple[str, ...], rows: int, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(data)
    table = get_codec(path).read(path)
    assert (table.names, table.num_rows) == (names, rows)


SCHEMA = Schema.of([Column("age", DType.INTEGER), Column("plan", DType.STRING)])
BAD: list[tuple[str, bytes, Schema | None, int | None, str | None, str]] = [
    ("empty", b"", None, None, None, "empty"),
    ("ragged", b"age,plan\n1,a\n2\n", None, 2, None, "expected 2 fields, got 1"),
    ("ragged under blank lines", b"\n\nage,plan\n1,a\n2\n", None, 2, None, "expected 2 fields, got 1"),
    ("not UTF-8", b"age,plan\n1,\xff\n", None, None, None, "UTF-8"),
    ("not UTF-8 in the header", b"\xff,plan\n1,a\n", None, None, None, "UTF-8"),
    ("wrong type", b"age,plan\n1,a\n2,b\nabc,c\n", SCHEMA, 3, "age", "expected Integer, got 'abc'"),
    ("missing column", b"age,plam\n1,a\n", SCHEMA, None, "plan", "missing"),
    ("unknown column", b"age,plan,x\n1,a,2\n", SCHEMA, None, "x", "not expected"),
]


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunks"])
@pytest.mark.parametrize(("data", "schema", "row", "column", "text"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_errors_name_the_place(
    data: bytes, schema: Schema | None, row: int | None, column: str | None, text: str, chunked: bool, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(data)
    codec = get_codec(path)
    chunks = codec.iter_chunks(path, schema or SCHEMA, 2) if chunked else iter(())
    with pytest.raises(ModuleError, match=text) as caught:
        list(chunks) if chunked else codec.read(path, schema=schema)
    assert (caught.value.number, caught.value.row, caught.value.column) == ("0049", row, column)
    assert "in.csv" in caught.value.text


def test_ignored_columns_and_other_orders_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("plan,label,age\nbasic,x,39.0\n,y,\n")
    table = get_codec(path).read(path, schema=SCHEMA, ignored=["label"])
    assert table.data.to_pylist() == [{"age": 39, "plan": "basic"}, {"age": None, "plan": None}]


def test_a_demanded_type_is_read_as_generously_as_by_request_response(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("paid,n\n1,  \n0,+5\ntrue,7.0\n")
    schema = Schema.of([Column("paid", DType.BOOLEAN), Column("n", DType.INTEGER)])
    table = get_codec(path).read(path, schema=schema)
    assert [list(row.values()) for row in table.data.to_pylist()] == [[True, None], [False, 5], [True, 7]]


@pytest.mark.parametrize("header", [True, False])
def test_streaming_goes_on_after_an_odd_number_and_names_the_row_of_a_wrong_one(header: bool, tmp_path: Path) -> None:
    rows, last = 150_000, "+7,x\n"
    path = tmp_path / "in.csv"
    body = "".join(f"{i},plan {i}\n" for i in range(rows))
    path.write_text(("age,plan\n" if header else "") + body + last)
    codec = get_codec("GenericCSV" if header else "GenericCSVNoHeader")
    ages = [age for chunk in codec.iter_chunks(path, SCHEMA) for age in chunk["age"].to_pylist()]
    assert ages == [*range(rows), 7]
    with path.open("a") as target:
        target.write("seven,x\n")
    with pytest.raises(ModuleError, match="got 'seven'") as caught:
        list(codec.iter_chunks(path, SCHEMA))
    assert caught.value.row == rows + 2


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(",".join(f"c{i}" for i in range(MAX_COLUMNS + 1)) + "\n")
    with pytest.raises(ModuleError, match="0129"):
        get_codec(path).read(path)


def test_text_of_numbers_is_the_text_of_scores(tmp_path: Path) -> None:
    from restudio.core.cells import text_of
    from restudio.tables.table import Table

    cells = [0.1, 2.0, 1e-7, 1e15, 1e16, -0.0, float("nan"), float("inf"), 1e-5]
    get_codec(".nh.csv").write(Table.from_columns({"x": cells, "y": [True] * len(cells)}), tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines == [f"{text_of(cell)},True" for cell in cells]


@pytest.mark.parametrize(
    ("name", "id"),
    [("a.nh.csv", "GenericCSVNoHeader"), ("A.CSV", "GenericCSV"), ("genericcsv", "GenericCSV"), (".arff", "ARFF"),
     ("DataTableDotNet", "Dataset"), ("x.parquet", "Parquet"), ("notes.txt", "PlainText"),
     (".nh.tsv", "GenericTSVNoHeader")],
)  # fmt: skip
def test_formats_are_found(name: str, id: str) -> None:
    assert get_codec(name).id == id


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ModuleError, match=r"0048.*\.parquet"):
        get_codec("x.docx")


@pytest.mark.parametrize("id", ["Dataset", "Parquet", "ARFF", "GenericCSV", "GenericTSV"])
def test_formats_are_recognised_without_a_name(id: str, tmp_path: Path) -> None:
    from restudio.tables.table import Table

    all_codecs()[id].write(Table.from_columns({"a": [1], "b": ["x"]}), tmp_path / "blob")
    assert sniff_codec(tmp_path / "blob").id == id


@pytest.mark.skipif(not ADULT.exists(), reason="../shared/data/adult.csv is absent")
def test_adult() -> None:
    table = get_codec(ADULT).read(ADULT)
    assert (table.num_rows, len(table.schema)) == (32_561, 15)
    assert table.schema["age"].dtype is DType.INTEGER
    assert table.column("workclass").to_pylist()[27] == "?"


BLANKS: list[tuple[str, str, str, list[object]]] = [
    ("between", "in.csv", "x\n1\n\n2\n", [1, None, 2]),
    ("first", "in.csv", "x\n\n1\n", [None, 1]),
    ("last", "in.csv", "x\n1\n\n", [1, None]),
    ("only", "in.csv", "x\n\n\n", [None, None]),
    ("none", "in.csv", "x\n1", [1]),
    ("above the header", "in.csv", "\n\nx\n1\n", [1]),
    ("of Windows", "in.csv", "x\r\n1\r\n\r\n2\r\n", [1, None, 2]),
    ("with a mark", "in.csv", "\ufeffx\n\n1\n", [None, 1]),
    ("in tabs", "in.tsv", "x\n\n1\n", [None, 1]),
    ("without header", "in.nh.csv", "\n1\n\n", [None, 1, None]),
    ("and nothing else", "in.nh.csv", "\n\n", [None, None]),
    ("no line at all", "in.nh.csv", "", []),
]


@pytest.mark.parametrize(("name", "text", "cells"), [c[1:] for c in BLANKS], ids=[c[0] for c in BLANKS])
def test_a_blank_line_of_one_column_is_a_missing_cell(
    name: str, text: str, cells: list[object], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    schema = Schema.of([Column("x" if ".nh" not in name else "Col1", DType.INTEGER)])
    codec = get_codec(name)
    assert codec.read(path, schema=schema).data.column(0).to_pylist() == cells
    streamed = [cell for chunk in codec.iter_chunks(path, schema, 2) for cell in chunk.column(0).to_pylist()]
    assert streamed == cells
    if any(cell is not None for cell in cells):
        assert codec.read(path).data.column(0).to_pylist() == cells


def test_blank_lines_between_several_columns_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("\nx,y\n\n1,2\n\n\n3,4\n\n")
    assert get_codec("GenericCSV").read(path).data.column("y").to_pylist() == [2, 4]


def test_blank_lines_count_over_blocks(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("x\n" + "1.25\n\n" * 400_000)
    schema = Schema.of([Column("x", DType.DOUBLE)])
    chunks = list(get_codec("GenericCSV").iter_chunks(path, schema))
    assert sum(chunk.num_rows for chunk in chunks) == 800_000
    assert sum(chunk.column("x").null_count for chunk in chunks) == 400_000

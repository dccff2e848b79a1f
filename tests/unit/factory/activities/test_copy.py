"""Copy between real stores and databases."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from pyarrow import parquet
from tests.unit.factory.conftest import OWN, STORES
from tests.unit.factory.small_factory import SmallFactory, reference

from restudio.blobs.outgoing import never
from restudio.blobs.types import BlobPath
from restudio.factory.activity import Output
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FileStore
from restudio.factory.linked_service import reach
from restudio.factory.properties import Json

DATABASES = ("sqlite", "postgresql", "mariadb")
CSV = 'id,name,score\r\n1,Ann,1.5\r\n2,"B, Bob",\r\n3,Çem,-2\r\n'


def location(folder: str = "", name: str = "", container: str = "lake") -> dict[str, Json]:
    found = {"type": "AzureBlobStorageLocation", "container": container, "folderPath": folder, "fileName": name}
    return {key: value for key, value in found.items() if value}


def blob(factory: SmallFactory, path: str, content: bytes | str) -> None:
    data = content.encode() if isinstance(content, str) else content
    factory.platform.blobs.put_blob(BlobPath(OWN, "lake", path), data)


def content(factory: SmallFactory, path: str) -> bytes:
    blobs = factory.platform.blobs
    return b"".join(blobs.read(blobs.open(BlobPath(OWN, "lake", path))))


def names(factory: SmallFactory, prefix: str = "") -> list[str]:
    return [each.path.name for each in factory.platform.blobs.list_blobs(OWN, "lake", prefix).blobs]


def csv_data(factory: SmallFactory, dataset: str, folder: str = "", name: str = "", **more: Json) -> None:
    properties = {"location": location(folder, name), "firstRowAsHeader": True, "escapeChar": '"', **more}
    factory.add_dataset(dataset, "DelimitedText", "Lake", **properties)


def copy(
    factory: SmallFactory,
    source: dict[str, Json],
    sink: dict[str, Json],
    ends: tuple[str, str] = ("In", "Out"),
    **more: Json,
) -> Output:
    return factory.run(
        {
            "name": "Copy",
            "type": "Copy",
            "inputs": [reference(ends[0], "DatasetReference")],
            "outputs": [reference(ends[1], "DatasetReference")],
            "typeProperties": {"source": source, "sink": sink, **more},
        }
    )


@pytest.fixture(params=DATABASES)
def table(request: pytest.FixtureRequest, factory: SmallFactory, tmp_path: Path) -> sa.Engine:
    """Linked service ``Db`` and an engine on the same database."""
    return make_database(request, factory, tmp_path)


def make_database(request: pytest.FixtureRequest, factory: SmallFactory, tmp_path: Path) -> sa.Engine:
    """A fresh database of the kind that the fixture is asked for, as the linked service ``Db``."""
    kind: str = request.param
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path / 'open' / 'data.db'}"
    else:
        url = request.getfixturevalue(f"make_{kind}")()
    factory.add_linked_service("Db", "AzureSqlDatabase", connectionString=url)
    driver = url.replace("postgresql://", "postgresql+psycopg://").replace("mysql://", "mysql+pymysql://")
    return sa.create_engine(driver, poolclass=sa.NullPool)


def query(engine: sa.Engine, text: str) -> list[tuple[Any, ...]]:
    with engine.begin() as connection:
        result = connection.execute(sa.text(text))
        return [tuple(row) for row in result] if result.returns_rows else []


# --- files to files


@pytest.mark.parametrize("kind", STORES)
def test_delimited_text_is_written_as_it_is_read(
    factory: SmallFactory, use_store: Callable[[str], None], tmp_path: Path, kind: str
) -> None:
    use_store(kind)
    service = factory.context({}).linked_service(reference("Lake"))
    store: FileStore = reach(service, factory.platform, object, "Copy")  # type: ignore[assignment]
    (tmp_path / "in.csv").write_text(CSV, encoding="utf-8", newline="")
    store.write("lake/in/a.csv", tmp_path / "in.csv", never, {})
    place = {"type": "FileServerLocation", "folderPath": "lake/in"} if kind == "folder" else location("in")
    target = {"type": "FileServerLocation", "folderPath": "lake/out"} if kind == "folder" else location("out")
    csv_data(factory, "In", location=place)
    csv_data(factory, "Out", location=target)
    output = copy(factory, {"type": "DelimitedTextSource"}, {"type": "DelimitedTextSink"})
    assert b"".join(store.read("lake/out/a.csv", never)).decode() == CSV
    assert {k: output[k] for k in ("filesRead", "filesWritten", "rowsRead", "rowsCopied")} == {
        "filesRead": 1,
        "filesWritten": 1,
        "rowsRead": 3,
        "rowsCopied": 3,
    }
    assert output["dataRead"] == output["dataWritten"] == len(CSV.encode())
    assert "rowsSkipped" not in output


@pytest.mark.parametrize(
    ("behaviour", "name", "written"),
    [
        (None, "", ["out/a.csv", "out/b/c.csv"]),
        ("PreserveHierarchy", "", ["out/a.csv", "out/b/c.csv"]),
        ("MergeFiles", "all.csv", ["out/all.csv"]),
        ("mergefiles", "", ["out/Data.operation.txt"]),
    ],
)
def test_where_files_go(factory: SmallFactory, behaviour: str | None, name: str, written: list[str]) -> None:
    blob(factory, "in/a.csv", "x\r\n1\r\n")
    blob(factory, "in/b/c.csv", "x\r\n2\r\n")
    csv_data(factory, "In", "in")
    csv_data(factory, "Out", "out", name)
    settings = {"type": "AzureBlobStorageWriteSettings", "copyBehavior": behaviour}
    output = copy(factory, {"type": "DelimitedTextSource"}, {"type": "DelimitedTextSink", "storeSettings": settings})
    made = names(factory, "out")
    assert [re.sub(r"Data\.[0-9a-f-]{36}", "Data.operation", each) for each in made] == written
    assert output["rowsCopied"] == 2
    if len(made) == 1:
        assert content(factory, made[0]) == b"x\r\n1\r\n2\r\n"


def test_flat_names_are_generated_and_the_same_every_time(factory: SmallFactory) -> None:
    for path in ("in/a.bin", "in/b/a.bin"):
        blob(factory, path, path)
    for dataset, folder in (("In", "in"), ("Out", "out")):
        factory.add_dataset(dataset, "Binary", "Lake", location=location(folder))
    sink = {"type": "BinarySink", "storeSettings": {"copyBehavior": "FlattenHierarchy"}}
    for _ in range(2):
        output = copy(factory, {"type": "BinarySource"}, sink)
        assert output["filesWritten"] == 2
        assert "rowsCopied" not in output
        written = names(factory, "out")
        assert len(written) == 2
        assert {content(factory, name) for name in written} == {b"in/a.bin", b"in/b/a.bin"}
        assert all(name.count("/") == 1 and name.endswith(".bin") for name in written)


SELECTIONS: list[tuple[dict[str, Json], list[str]]] = [
    ({}, ["1.csv", "2024/05/3.csv", "2024/2.csv", "2024/2.txt"]),
    ({"recursive": False}, ["1.csv"]),
    ({"wildcardFileName": "*.csv", "recursive": False}, ["1.csv"]),
    ({"wildcardFolderPath": "in/20*", "wildcardFileName": "?.csv", "recursive": False}, ["2024/2.csv"]),
    ({"wildcardFolderPath": "in/*", "wildcardFileName": "*.csv"}, ["2024/05/3.csv", "2024/2.csv"]),
    ({"wildcardFolderPath": "in/*/05", "wildcardFileName": "*"}, ["2024/05/3.csv"]),
    ({"prefix": "in/2024/2"}, ["in/2024/2.csv", "in/2024/2.txt"]),
    ({"fileListPath": "lake/list.txt"}, ["1.csv", "2024/2.csv"]),
    ({"modifiedDatetimeEnd": "2001-01-01"}, []),
    ({"modifiedDatetimeStart": "2001-01-01T00:00:00Z", "recursive": False}, ["1.csv"]),
]


@pytest.mark.parametrize(("settings", "expected"), SELECTIONS)
def test_which_files_are_meant(factory: SmallFactory, settings: dict[str, Json], expected: list[str]) -> None:
    for path in ("1.csv", "2024/2.csv", "2024/2.txt", "2024/05/3.csv"):
        blob(factory, f"in/{path}", path)
    blob(factory, "list.txt", "1.csv\r\n2024/2.csv\r\n")
    blob(factory, "inside.csv", "no")
    factory.add_dataset("In", "Binary", "Lake", location=location("in"))
    factory.add_dataset("Out", "Binary", "Lake", location=location("out"))
    source = {"type": "BinarySource", "storeSettings": {"type": "AzureBlobStorageReadSettings", **settings}}
    copy(factory, source, {"type": "BinarySink"})
    assert [name.removeprefix("out/") for name in names(factory, "out/")] == expected


def test_files_that_were_copied_are_deleted_when_that_is_asked(factory: SmallFactory) -> None:
    blob(factory, "in/a.bin", "a")
    factory.add_dataset("In", "Binary", "Lake", location=location("in"))
    factory.add_dataset("Out", "Binary", "Lake", location=location("out"))
    copy(factory, {"storeSettings": {"deleteFilesAfterCompletion": True}}, {})
    assert names(factory) == ["out/a.bin"]


@pytest.mark.parametrize("codec", ["gzip", "bzip2", "deflate", "ZipDeflate", "Tar", "TarGzip"])
def test_packing_and_unpacking(factory: SmallFactory, codec: str) -> None:
    blob(factory, "in/a.csv", CSV)
    csv_data(factory, "In", "in")
    csv_data(factory, "Packed", "packed", compressionCodec=codec)
    csv_data(factory, "Out", "out", "back.csv")
    copy(factory, {"type": "DelimitedTextSource"}, {"type": "DelimitedTextSink"}, ("In", "Packed"))
    [packed] = names(factory, "packed")
    assert content(factory, packed) != CSV.encode()
    copy(factory, {"type": "DelimitedTextSource"}, {"type": "DelimitedTextSink"}, ("Packed", "Out"))
    assert content(factory, "out/back.csv").decode() == CSV


def test_archives_made_elsewhere_stay_below_their_folder(factory: SmallFactory) -> None:
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../evil.txt", "z1")
        archive.writestr("sub/a.txt", "z2")
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        info = tarfile.TarInfo("/etc/evil.txt")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"t1"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    blob(factory, "in/z.zip", zipped.getvalue())
    blob(factory, "in2/t.tar.gz", tarred.getvalue())
    factory.add_dataset("Out", "Binary", "Lake", location=location("out"))
    for folder, codec in (("in", "ZipDeflate"), ("in2", "TarGzip")):
        factory.add_dataset("In", "Binary", "Lake", location=location(folder), compression={"type": codec})
        copy(factory, {}, {})
    assert names(factory, "out") == ["out/t/etc/evil.txt", "out/z/evil.txt", "out/z/sub/a.txt"]


def test_damaged_archives_are_told(factory: SmallFactory) -> None:
    for codec in ("gzip", "bzip2", "deflate", "ZipDeflate", "Tar", "TarGzip"):
        blob(factory, "in/x", gzip.compress(CSV.encode())[:-12] if codec == "gzip" else b"\x9f not packed at all")
        factory.add_dataset("In", "Binary", "Lake", location=location("in", "x"), compression={"type": codec})
        factory.add_dataset("Out", "Binary", "Lake", location=location("out", "x"))
        with pytest.raises(ActivityFailed, match="UserErrorInvalidCompressedFile"):
            copy(factory, {}, {})
    assert names(factory, "out") == []


JSONS = [
    '{"id": 1, "tags": ["a"]}\n{"id": 2, "tags": []}\n',
    '[{"id": 1, "tags": ["a"]}, {"id": 2, "tags": []}]',
    '{"id": 1, "tags": ["a"]}{"id": 2, "tags": []}',
    '\ufeff [\n{"id": 1, "tags": ["a"]},\n{"id": 2, "tags": []}\n]\n',
]


@pytest.mark.parametrize("text", JSONS)
@pytest.mark.parametrize("pattern", ["setOfObjects", "arrayOfObjects"])
def test_json_in_every_form(factory: SmallFactory, text: str, pattern: str) -> None:
    blob(factory, "in.json", text)
    factory.add_dataset("In", "Json", "Lake", location=location("", "in.json"))
    factory.add_dataset("Out", "Json", "Lake", location=location("", "out.json"))
    output = copy(factory, {"type": "JsonSource"}, {"type": "JsonSink", "formatSettings": {"filePattern": pattern}})
    assert output["rowsCopied"] == 2
    written = content(factory, "out.json").decode()
    found = json.loads(written) if pattern == "arrayOfObjects" else [json.loads(line) for line in written.splitlines()]
    assert found == [{"id": 1, "tags": ["a"]}, {"id": 2, "tags": []}]


def test_large_json_arrays_are_read_in_pieces(factory: SmallFactory) -> None:
    rows = [{"n": number, "text": "x" * (number % 700), "d": number + 0.5} for number in range(5000)]
    blob(factory, "in.json", json.dumps(rows))
    factory.add_dataset("In", "Json", "Lake", location=location("", "in.json"))
    csv_data(factory, "Out", "", "out.csv")
    assert copy(factory, {}, {})["rowsCopied"] == 5000
    lines = content(factory, "out.csv").decode().splitlines()
    assert lines[0] == "n,text,d"
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == [str(row["d"]) for row in rows]


@pytest.mark.parametrize("text", ['{"id": 1', "[1, 2]", '{"id": 1} garbage', '[{"id": 1}', "nope"])
def test_bad_json_is_told(factory: SmallFactory, text: str) -> None:
    blob(factory, "in.json", text)
    factory.add_dataset("In", "Json", "Lake", location=location("", "in.json"))
    csv_data(factory, "Out", "", "out.csv")
    with pytest.raises(ActivityFailed, match=r"'in\.json' cannot be read"):
        copy(factory, {}, {})
    assert names(factory) == ["in.json"]


def test_nested_json_becomes_columns_and_an_array_becomes_rows(factory: SmallFactory) -> None:
    blob(
        factory,
        "in.json",
        json.dumps({"shop": {"no": 7}, "orders": [{"id": 1, "item": {"sku": "a"}}, {"id": 2, "item": {"sku": "b"}}]}),
    )
    factory.add_dataset("In", "Json", "Lake", location=location("", "in.json"))
    csv_data(factory, "Out", "", "out.csv")
    mappings = [
        {"source": {"path": "$['shop']['no']"}, "sink": {"name": "shop"}},
        {"source": {"path": "['id']"}, "sink": {"name": "order"}},
        {"source": {"path": "item.sku"}, "sink": {"name": "sku"}},
    ]
    translator = {"type": "TabularTranslator", "mappings": mappings, "collectionReference": "$['orders']"}
    copy(factory, {}, {}, translator=translator)
    assert content(factory, "out.csv") == b"shop,order,sku\r\n7,1,a\r\n7,2,b\r\n"


def test_columns_become_nested_json(factory: SmallFactory) -> None:
    blob(factory, "in.csv", CSV)
    csv_data(factory, "In", "", "in.csv")
    factory.add_dataset("Out", "Json", "Lake", location=location("", "out.json"))
    mappings = [
        {"source": {"name": "id", "type": "Int32"}, "sink": {"path": "$['key']['no']"}},
        {"source": {"ordinal": 2}, "sink": {"path": "$['name']"}},
    ]
    copy(factory, {}, {}, translator={"type": "TabularTranslator", "mappings": mappings})
    first = json.loads(content(factory, "out.json").decode().splitlines()[0])
    assert first == {"key": {"no": 1}, "name": "Ann"}


def test_parquet_keeps_types(factory: SmallFactory, tmp_path: Path) -> None:
    table = pa.table({"i": [1, None], "d": [1.5, 2.5], "b": [True, False], "s": ["x", None]})
    parquet.write_table(table, tmp_path / "in.parquet")
    blob(factory, "in.parquet", (tmp_path / "in.parquet").read_bytes())
    factory.add_dataset("In", "Parquet", "Lake", location=location("", "in.parquet"))
    factory.add_dataset("Out", "Parquet", "Lake", location=location("", "out.parquet"))
    csv_data(factory, "Text", "", "out.csv")
    assert copy(factory, {"type": "ParquetSource"}, {"type": "ParquetSink"})["rowsCopied"] == 2
    assert parquet.read_table(pa.BufferReader(content(factory, "out.parquet"))).equals(table)
    copy(factory, {"type": "ParquetSource"}, {"type": "DelimitedTextSink"}, ("In", "Text"))
    assert content(factory, "out.csv") == b"i,d,b,s\r\n1,1.5,True,x\r\n,2.5,False,\r\n"


def test_types_are_given_by_a_mapping(factory: SmallFactory) -> None:
    blob(factory, "in.csv", "when,flag,n\r\n31/12/2024,true,3.7\r\n")
    csv_data(factory, "In", "", "in.csv")
    factory.add_dataset("Out", "Parquet", "Lake", location=location("", "out.parquet"))
    mappings = [
        {"source": {"name": "when"}, "sink": {"name": "when", "type": "DateTime"}},
        {"source": {"name": "flag"}, "sink": {"name": "flag", "type": "boolean"}},
        {"source": {"name": "n"}, "sink": {"name": "whole", "type": "Int32"}},
    ]
    translator = {
        "type": "TabularTranslator",
        "mappings": mappings,
        "typeConversion": True,
        "typeConversionSettings": {"dateTimeFormat": "dd/MM/yyyy"},
    }
    copy(factory, {}, {}, translator=translator)
    [row] = parquet.read_table(pa.BufferReader(content(factory, "out.parquet"))).to_pylist()
    assert (row["when"].isoformat(), row["flag"], row["whole"]) == ("2024-12-31T00:00:00", True, 3)
    translator["typeConversionSettings"] = {"dateTimeFormat": "dd/MM/yyyy", "allowDataTruncation": False}
    with pytest.raises(ActivityFailed, match=r"Row 1 of in\.csv: column 'whole': '3.7' would lose its fraction"):
        copy(factory, {}, {}, translator=translator)


def test_rows_that_do_not_fit_are_left_out_and_logged(factory: SmallFactory) -> None:
    blob(factory, "in.csv", "n\r\n1\r\nmany\r\n3\r\n4,5\r\n")
    csv_data(factory, "In", "", "in.csv")
    csv_data(factory, "Out", "", "out.csv")
    translator = {"mappings": [{"source": {"name": "n"}, "sink": {"name": "n", "type": "Int32"}}]}
    with pytest.raises(ActivityFailed, match=r"Row 2 of in\.csv: column 'n': 'many' cannot be converted to Int32"):
        copy(factory, {}, {}, translator=translator)
    log = {"logLocationSettings": {"linkedServiceName": reference("Lake"), "path": "lake/logs"}}
    output = copy(factory, {}, {}, translator=translator, enableSkipIncompatibleRow=True, logSettings=log)
    assert (output["rowsRead"], output["rowsCopied"], output["rowsSkipped"]) == (4, 2, 2)
    assert content(factory, "out.csv") == b"n\r\n1\r\n3\r\n"
    written = content(factory, output["logFilePath"].removeprefix("lake/")).decode().splitlines()
    assert written[0] == "Timestamp,Level,OperationName,OperationItem,Message"
    assert "Row 2: column 'n': 'many' cannot be converted to Int32" in written[1]
    assert "it has 2 columns" in written[2]


def test_additional_columns(factory: SmallFactory) -> None:
    blob(factory, "in/a.csv", "x\r\n1\r\n")
    csv_data(factory, "In", "in")
    csv_data(factory, "Out", "", "out.csv")
    added = [
        {"name": "file", "value": "$$FILEPATH"},
        {"name": "twin", "value": "$$COLUMN:x"},
        {"name": "fixed", "value": "k"},
    ]
    copy(factory, {"additionalColumns": added}, {})
    assert content(factory, "out.csv") == b"x,file,twin,fixed\r\n1,a.csv,1,k\r\n"


def test_files_with_other_columns_are_not_merged_blindly(factory: SmallFactory) -> None:
    blob(factory, "in/a.csv", "x\r\n1\r\n")
    blob(factory, "in/b.csv", "x,y\r\n1,2\r\n")
    csv_data(factory, "In", "in")
    csv_data(factory, "Out", "", "out.csv")
    with pytest.raises(ActivityFailed, match=r"'b\.csv' has a column 'y'"):
        copy(factory, {}, {})
    assert names(factory) == ["in/a.csv", "in/b.csv"]


def test_rows_are_divided_into_files(factory: SmallFactory) -> None:
    blob(factory, "in.csv", "x\r\n" + "".join(f"{n}\r\n" for n in range(5)))
    csv_data(factory, "In", "", "in.csv")
    csv_data(factory, "Out", "out")
    settings = {"maxRowsPerFile": 2, "fileNamePrefix": "part", "fileExtension": ".csv"}
    copy(factory, {}, {"formatSettings": settings})
    assert {name: content(factory, name) for name in names(factory, "out")} == {
        "out/part_00000.csv": b"x\r\n0\r\n1\r\n",
        "out/part_00001.csv": b"x\r\n2\r\n3\r\n",
        "out/part_00002.csv": b"x\r\n4\r\n",
    }


@pytest.mark.parametrize(
    ("properties", "text", "rows"),
    [
        ({"columnDelimiter": ";", "quoteChar": "'"}, "a;b\n'x;1';2\n", [{"a": "x;1", "b": "2"}]),
        ({"columnDelimiter": "\\t"}, "a\tb\r1\t2\r", [{"a": "1", "b": "2"}]),
        ({"firstRowAsHeader": False}, "1,2\n", [{"Prop_0": "1", "Prop_1": "2"}]),
        ({"nullValue": "NA"}, "a,b\nNA,\n", [{"a": None, "b": ""}]),
        ({"escapeChar": "\\"}, 'a\n"say \\"hi\\""\n', [{"a": 'say "hi"'}]),
        ({"quoteChar": "", "escapeChar": "\\"}, "a,b\nx\\,y,2\n", [{"a": "x,y", "b": "2"}]),
        ({"rowDelimiter": "|"}, "a,b|1,2|", [{"a": "1", "b": "2"}]),
        ({"encodingName": "windows-1252"}, "a\né\n", [{"a": "é"}]),
        ({}, '\ufeffa\n"x\ny"\n', [{"a": "x\ny"}]),
        ({}, "a,a\n1,2\n", [{"a": "1", "a_1": "2"}]),
        ({}, "a,b\n1\n", [{"a": "1", "b": None}]),
    ],
)
def test_dialects(factory: SmallFactory, properties: dict[str, Json], text: str, rows: list[Any]) -> None:
    blob(factory, "in.csv", text.encode(properties.get("encodingName", "utf-8")))
    csv_data(factory, "In", "", "in.csv", **properties)
    factory.add_dataset("Out", "Json", "Lake", location=location("", "out.json"))
    copy(factory, {}, {})
    assert [json.loads(line) for line in content(factory, "out.json").splitlines()] == rows


def test_lines_above_the_header_are_skipped(factory: SmallFactory) -> None:
    blob(factory, "in.csv", "made today\n\nby us\na\n1\n")
    csv_data(factory, "In", "", "in.csv")
    csv_data(factory, "Out", "", "out.csv")
    copy(factory, {"formatSettings": {"skipLineCount": 2}}, {})
    assert content(factory, "out.csv") == b"a\r\n1\r\n"


def test_older_documents(factory: SmallFactory) -> None:
    blob(factory, "in/a.txt", "1|2\n")
    blob(factory, "in/b.log", "no")
    form = {"type": "TextFormat", "columnDelimiter": "|"}
    factory.add_dataset("In", "AzureBlob", "Lake", folderPath="lake/in/", fileName="*.txt", format=form)
    factory.add_dataset("Out", "AzureBlob", "Lake", folderPath="lake/out", format={"type": "TextFormat"})
    translator = {"type": "TabularTranslator", "columnMappings": "Prop_1: b, Prop_0: a"}
    copy(factory, {"type": "BlobSource"}, {"type": "BlobSink"}, translator=translator)
    assert content(factory, "out/a.txt") == b"2,1\r\n"
    factory.add_dataset("In", "AzureBlob", "Lake", folderPath="lake/in")
    factory.add_dataset("Out", "AzureBlob", "Lake", folderPath="lake/bytes")
    copy(factory, {"type": "BlobSource"}, {"type": "BlobSink", "copyBehavior": "PreserveHierarchy"})
    assert content(factory, "bytes/a.txt") == b"1|2\n"


# --- tables


def test_into_a_table_and_out_again(factory: SmallFactory, table: sa.Engine) -> None:
    query(table, "CREATE TABLE people (id INTEGER NOT NULL, name VARCHAR(20), score NUMERIC(8, 2), at TIMESTAMP)")
    blob(factory, "in.csv", "ID,name,score,at\r\n1,Ann,1.5,2024-05-06 07:08:09\r\n2,,,\r\n")
    csv_data(factory, "In", "", "in.csv")
    csv_data(factory, "Out", "", "out.csv")
    factory.add_dataset("People", "AzureSqlTable", "Db", table="people")
    output = copy(factory, {}, {"type": "AzureSqlSink"}, ("In", "People"))
    assert (output["rowsRead"], output["rowsCopied"]) == (2, 2)
    assert query(table, "SELECT id, name FROM people ORDER BY id") == [(1, "Ann"), (2, None)]
    copy(factory, {"type": "AzureSqlSource"}, {}, ("People", "Out"))
    lines = content(factory, "out.csv").decode().splitlines()
    assert lines[0].casefold() == "id,name,score,at"
    assert lines[1].startswith("1,Ann,1.5")
    assert "2024-05-06 07:08:09" in lines[1]
    source = {"type": "AzureSqlSource", "sqlReaderQuery": "SELECT name AS who FROM people WHERE id = 1"}
    copy(factory, source, {}, ("People", "Out"))
    assert content(factory, "out.csv") == b"who\r\nAnn\r\n"


def test_a_failed_copy_leaves_the_table_as_it_was(factory: SmallFactory, table: sa.Engine) -> None:
    query(table, "CREATE TABLE t (n INTEGER)")
    query(table, "INSERT INTO t VALUES (9)")
    blob(factory, "in.csv", "n\r\n" + "1\r\n" * 1500 + "many\r\n")
    csv_data(factory, "In", "", "in.csv")
    factory.add_dataset("T", "SqlServerTable", "Db", tableName="t")
    sink = {"type": "SqlSink", "preCopyScript": "DELETE FROM t"}
    with pytest.raises(ActivityFailed, match=r"Row 1501 of in\.csv: column 'n': 'many' cannot be converted to Int64"):
        copy(factory, {}, sink, ("In", "T"))
    assert query(table, "SELECT n FROM t") == [(9,)]
    output = copy(factory, {}, sink, ("In", "T"), enableSkipIncompatibleRow=True)
    assert (output["rowsCopied"], output["rowsSkipped"]) == (1500, 1)
    assert query(table, "SELECT COUNT(*), MAX(n) FROM t") == [(1500, 1)]


def test_rows_that_the_database_refuses_are_left_out_one_by_one(factory: SmallFactory, table: sa.Engine) -> None:
    query(table, "CREATE TABLE t (n INTEGER PRIMARY KEY, s VARCHAR(20) NOT NULL)")
    rows = [f"{n},{'' if n in (7, 1203) else 'x'}" for n in range(2000)] + ["5,x"]
    blob(factory, "in.csv", "n,s\r\n" + "\r\n".join(rows))
    csv_data(factory, "In", "", "in.csv")
    factory.add_dataset("T", "AzureSqlTable", "Db", table="t")
    output = copy(factory, {}, {}, ("In", "T"), enableSkipIncompatibleRow=True)
    assert (output["rowsRead"], output["rowsCopied"], output["rowsSkipped"]) == (2001, 1998, 3)
    assert query(table, "SELECT COUNT(*) FROM t") == [(1998,)]


def test_a_table_is_made_and_rows_are_replaced(factory: SmallFactory, table: sa.Engine, tmp_path: Path) -> None:
    made = pa.table({"id": [1, 2], "v": ["a", "b"], "d": [0.5, None]})
    parquet.write_table(made, tmp_path / "in.parquet")
    blob(factory, "in.parquet", (tmp_path / "in.parquet").read_bytes())
    factory.add_dataset("In", "Parquet", "Lake", location=location("", "in.parquet"))
    factory.add_dataset("T", "AzureSqlTable", "Db", table="made")
    with pytest.raises(ActivityFailed, match="UserErrorInvalidTable: The table 'made' does not exist"):
        copy(factory, {}, {}, ("In", "T"))
    copy(factory, {}, {"tableOption": "autoCreate"}, ("In", "T"))
    assert query(table, "SELECT id, v, d FROM made ORDER BY id") == [(1, "a", 0.5), (2, "b", None)]
    blob(factory, "in.csv", "id,v\r\n2,B\r\n3,C\r\n")
    csv_data(factory, "Csv", "", "in.csv")
    upsert = {"writeBehavior": "upsert", "upsertSettings": {"keys": ["id"]}}
    for _ in range(2):
        copy(factory, {}, upsert, ("Csv", "T"))
        assert query(table, "SELECT id, v, d FROM made ORDER BY id") == [(1, "a", 0.5), (2, "B", None), (3, "C", None)]


def test_upsert_by_a_primary_key(factory: SmallFactory, table: sa.Engine) -> None:
    query(table, "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR(9), kept VARCHAR(9) DEFAULT 'k')")
    query(table, "INSERT INTO t VALUES (1, 'a', 'mine')")
    blob(factory, "in.csv", "id,v\r\n1,A\r\n2,B\r\n")
    csv_data(factory, "In", "", "in.csv")
    factory.add_dataset("T", "AzureSqlTable", "Db", table="t")
    copy(factory, {}, {"writeBehavior": "upsert"}, ("In", "T"))
    assert query(table, "SELECT * FROM t ORDER BY id") == [(1, "A", "mine"), (2, "B", "k")]


def test_from_table_to_table(factory: SmallFactory, table: sa.Engine) -> None:
    query(table, "CREATE TABLE a (n INTEGER, s VARCHAR(9))")
    query(table, "INSERT INTO a VALUES (1, 'x'), (2, NULL)")
    factory.add_dataset("A", "AzureSqlTable", "Db", table="a")
    factory.add_dataset("B", "AzureSqlTable", "Db", table="b")
    # Both ends are one SQLite file here: its reader must not keep its writer waiting.
    output = copy(factory, {"type": "SqlSource"}, {"type": "SqlSink", "tableOption": "autoCreate"}, ("A", "B"))
    assert output["rowsCopied"] == 2
    assert query(table, "SELECT * FROM b ORDER BY n") == [(1, "x"), (2, None)]


BAD: list[tuple[dict[str, Json], dict[str, Json], str]] = [
    ({"location": location("in", "none.csv")}, {}, "UserErrorFileNotFound"),
    ({"location": location("nowhere")}, {}, "UserErrorFileNotFound"),
    ({"location": {"type": "AzureBlobStorageLocation"}}, {}, "required property 'container'"),
    ({"columnDelimiter": "ab"}, {}, "must be one character"),
    ({"compressionCodec": "snappy"}, {}, "is not offered"),
    ({"encodingName": "klingon"}, {}, "is no encoding"),
    ({}, {"storeSettings": {"copyBehavior": "Sideways"}}, "'copyBehavior' is not one of"),
]


@pytest.mark.parametrize(("dataset", "sink", "said"), BAD)
def test_mistakes_are_told(factory: SmallFactory, dataset: dict[str, Json], sink: dict[str, Json], said: str) -> None:
    blob(factory, "in/a.csv", CSV)
    csv_data(factory, "In", "in", **dataset)
    csv_data(factory, "Out", "out")
    with pytest.raises(ActivityFailed, match=said):
        copy(factory, {}, sink)
    assert names(factory) == ["in/a.csv"]


def test_kinds_that_are_not_offered_say_so(factory: SmallFactory) -> None:
    for kind in ("Excel", "Xml", "Avro", "Orc", "Unheard"):
        factory.add_dataset("In", kind, "Lake", location=location("in"))
        csv_data(factory, "Out", "out")
        with pytest.raises(ActivityFailed, match=f"The dataset type '{kind}' is not") as failed:
            copy(factory, {}, {})
        assert failed.value.code == "2110"

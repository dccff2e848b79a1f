"""Lookup, GetMetadata, Delete and Validation on real stores and databases."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.unit.factory.activities.test_copy import blob, content, csv_data, location, make_database, names, query
from tests.unit.factory.conftest import STORES
from tests.unit.factory.small_factory import SmallFactory, reference

from restudio.blobs.outgoing import never
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.file_store import FileStore
from restudio.factory.linked_service import reach
from restudio.factory.properties import Json
from restudio.seams.engine import Cancelled

CSV = "id,name\r\n1,Ann\r\n2,\r\n"


def run(factory: SmallFactory, type: str, dataset: str = "In", **properties: Json) -> dict[str, Json]:
    asked = {"dataset": reference(dataset, "DatasetReference"), **properties}
    output = factory.run({"name": type, "type": type, "typeProperties": asked})
    return {name: value for name, value in output.items() if name not in ("effectiveIntegrationRuntime",)}


@pytest.fixture(params=["postgresql", "mariadb"])
def table(request: pytest.FixtureRequest, factory: SmallFactory, tmp_path: Path) -> sa.Engine:
    engine = make_database(request, factory, tmp_path)
    query(engine, "CREATE TABLE t (n INTEGER, d NUMERIC(9, 2), at TIMESTAMP, doc JSON)")
    query(engine, "INSERT INTO t VALUES (1, 1.50, '2024-05-06 07:08:09', '{\"a\": [1]}'), (2, NULL, NULL, NULL)")
    factory.add_dataset("T", "AzureSqlTable", "Db", table="t")
    return engine


def test_lookup_of_a_file(factory: SmallFactory) -> None:
    blob(factory, "in.csv", CSV)
    csv_data(factory, "In", "", "in.csv")
    source = {"type": "DelimitedTextSource"}
    assert run(factory, "Lookup", source=source) == {"firstRow": {"id": "1", "name": "Ann"}}
    assert run(factory, "Lookup", source=source, firstRowOnly=False) == {
        "count": 2,
        "value": [{"id": "1", "name": "Ann"}, {"id": "2", "name": None}],
    }


def test_lookup_of_nothing(factory: SmallFactory) -> None:
    blob(factory, "in.csv", "id,name\r\n")
    csv_data(factory, "In", "", "in.csv")
    assert run(factory, "Lookup", source={}) == {}
    assert run(factory, "Lookup", source={}, firstRowOnly=False) == {"count": 0, "value": []}


def test_lookup_of_a_table_and_a_query(factory: SmallFactory, table: sa.Engine) -> None:
    document = {"a": [1]} if table.dialect.name == "postgresql" else '{"a": [1]}'  # MariaDB's JSON is text
    first = {"n": 1, "d": 1.5, "at": "2024-05-06T07:08:09", "doc": document}
    assert run(factory, "Lookup", "T", source={"type": "AzureSqlSource"}) == {"firstRow": first}
    asked = {"type": "AzureSqlSource", "sqlReaderQuery": "SELECT MAX(n) AS most, '100%' AS share FROM t"}
    assert run(factory, "Lookup", "T", source=asked) == {"firstRow": {"most": 2, "share": "100%"}}
    with pytest.raises(ActivityFailed, match="gives no result set"):
        run(factory, "Lookup", "T", source={"sqlReaderQuery": "DELETE FROM t"})
    assert query(table, "SELECT COUNT(*) FROM t") == [(2,)]


@pytest.mark.parametrize("table", ["postgresql"], indirect=True)
def test_lookup_of_a_function(factory: SmallFactory, table: sa.Engine) -> None:
    query(table, "CREATE FUNCTION above(low INTEGER) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t WHERE n > low'")
    called: dict[str, Json] = {
        "sqlReaderStoredProcedureName": "above",
        "storedProcedureParameters": {"low": {"value": "1", "type": "Int32"}},
    }
    assert run(factory, "Lookup", "T", source=called)["firstRow"]["n"] == 2


def test_lookup_keeps_5000_rows_and_refuses_4_mb(factory: SmallFactory) -> None:
    blob(factory, "in.csv", "n\r\n" + "".join(f"{n}\r\n" for n in range(6000)))
    csv_data(factory, "In", "", "in.csv")
    found = run(factory, "Lookup", source={}, firstRowOnly=False)
    assert (found["count"], found["value"][-1]) == (5000, {"n": "4999"})
    blob(factory, "in.csv", "n\r\n" + ("x" * 2000 + "\r\n") * 2200)
    with pytest.raises(ActivityFailed, match="more than 4 MB"):
        run(factory, "Lookup", source={}, firstRowOnly=False)


@pytest.mark.parametrize("kind", STORES)
def test_metadata_of_files_and_folders(
    factory: SmallFactory, use_store: Callable[[str], None], tmp_path: Path, kind: str
) -> None:
    use_store(kind)
    store: FileStore = reach(  # type: ignore[assignment]
        factory.context({}).linked_service(reference("Lake")), factory.platform, object, "Copy"
    )
    (tmp_path / "in.csv").write_text(CSV, newline="")
    for path in ("lake/in/a.csv", "lake/in/sub/b.csv"):
        store.write(path, tmp_path / "in.csv", never, {})

    def place(folder: str, name: str = "") -> dict[str, Json]:
        if kind == "folder":
            return {"type": "FileServerLocation", "folderPath": f"lake/{folder}", "fileName": name}
        return location(folder, name)

    csv_data(factory, "In", location=place("in", "a.csv"))
    fields = ["itemName", "ItemType", "size", "lastModified", "structure", "columnCount", "exists"]
    found = run(factory, "GetMetadata", fieldList=fields)
    modified = found.pop("lastModified")
    assert modified.endswith("Z")
    assert modified[:2] == "20"
    assert found == {
        "itemName": "a.csv",
        "itemType": "File",
        "size": len(CSV),
        "structure": [{"name": "id", "type": "String"}, {"name": "name", "type": "String"}],
        "columnCount": 2,
        "exists": True,
        "executionDuration": 0,
    }
    csv_data(factory, "In", location=place("in"))
    found = run(factory, "GetMetadata", fieldList=["itemName", "itemType", "childItems", "size"])
    assert found == {
        "itemName": "in",
        "itemType": "Folder",
        "childItems": [{"name": "sub", "type": "Folder"}, {"name": "a.csv", "type": "File"}],
        "executionDuration": 0,
    }
    window = {"modifiedDatetimeEnd": "2001-01-01T00:00:00Z"}
    assert run(factory, "GetMetadata", fieldList=["childItems"], storeSettings=window)["childItems"] == []
    csv_data(factory, "In", location=place("in", "none.csv"))
    assert run(factory, "GetMetadata", fieldList=["exists", "size"])["exists"] is False
    with pytest.raises(ActivityFailed, match=r"'lake/in/none\.csv' does not exist"):
        run(factory, "GetMetadata", fieldList=["size"])
    with pytest.raises(ActivityFailed, match=r"'sise' of 'fieldList' is no field\. Did you mean 'size'"):
        run(factory, "GetMetadata", fieldList=["sise"])


def test_metadata_of_a_table(factory: SmallFactory, table: sa.Engine) -> None:
    found = run(factory, "GetMetadata", "T", fieldList=["exists", "columnCount", "structure"])
    assert (found["exists"], found["columnCount"]) == (True, 4)
    assert found["structure"][0] == {"name": "n", "type": "INTEGER"}
    factory.add_dataset("T", "AzureSqlTable", "Db", table="none")
    assert run(factory, "GetMetadata", "T", fieldList=["exists"])["exists"] is False


DELETIONS: list[tuple[dict[str, Json], dict[str, Json], list[str]]] = [
    ({"name": "a.csv"}, {}, ["in/b.csv", "in/sub/c.csv", "in/sub/d.txt"]),
    ({}, {}, ["in/sub/c.csv", "in/sub/d.txt"]),
    ({}, {"recursive": True}, []),
    ({}, {"storeSettings": {"recursive": True}}, []),
    ({}, {"recursive": True, "storeSettings": {"wildcardFileName": "*.csv"}}, ["in/sub/d.txt"]),
    ({}, {"recursive": True, "storeSettings": {"modifiedDatetimeEnd": "2001-01-01"}}, ["in/a.csv", "in/b.csv"]),
    ({"name": "none.csv"}, {}, ["in/a.csv", "in/b.csv"]),
    ({"folder": "nowhere"}, {"recursive": True}, ["in/a.csv", "in/b.csv"]),
]


@pytest.mark.parametrize(("place", "properties", "left"), DELETIONS)
def test_deleting(factory: SmallFactory, place: dict[str, Json], properties: dict[str, Json], left: list[str]) -> None:
    every = ["in/a.csv", "in/b.csv", "in/sub/c.csv", "in/sub/d.txt"]
    for path in every:
        blob(factory, path, "x")
    csv_data(factory, "In", place.get("folder", "in"), place.get("name", ""))
    log = {"linkedServiceName": reference("Lake"), "path": "lake/logs"}
    output = run(factory, "Delete", enableLogging=True, logStorageSettings=log, **properties)
    remaining = names(factory, "in/")
    assert remaining == (left if len(left) != 2 or "sub" in left[0] else every)
    assert output["filesDeleted"] == len(every) - len(remaining)
    assert output["prefix"].startswith("lake/")
    rows = list(csv.reader(content(factory, output["logPath"].removeprefix("lake/")).decode().splitlines()))
    assert rows[0] == ["Name", "Category", "Status", "Error"]
    assert [row[0].removeprefix("lake/") for row in rows[1:]] == sorted(set(every) - set(remaining))


def test_deleting_folders_of_a_file_server(
    factory: SmallFactory, use_store: Callable[[str], None], tmp_path: Path
) -> None:
    use_store("folder")
    base = tmp_path / "open" / "root" / "lake" / "in"
    (base / "a" / "b").mkdir(parents=True)
    (base / "a" / "b" / "x.txt").write_text("x")
    (base / "empty").mkdir()
    place = {"type": "FileServerLocation", "folderPath": "lake/in"}
    factory.add_dataset("In", "Binary", "Lake", location=place)
    assert run(factory, "Delete", recursive=True)["filesDeleted"] == 1
    assert not base.exists()
    assert (tmp_path / "open" / "root").exists()


def test_waiting_for_a_file_of_a_size(factory: SmallFactory) -> None:
    csv_data(factory, "In", "in", "late.csv")

    def arrive() -> None:
        time.sleep(0.2)
        blob(factory, "in/late.csv", "x")
        time.sleep(0.2)
        blob(factory, "in/late.csv", "x" * 100)

    thread = threading.Thread(target=arrive)
    thread.start()
    output = run(factory, "Validation", minimumSize=50, timeout="00:00:30", sleep=1)
    thread.join()
    assert output == {"exists": True, "itemName": "late.csv", "itemType": "File", "size": 100}


@pytest.mark.parametrize(
    ("folder", "wanted", "good"),
    [("in", None, True), ("in", True, True), ("in", False, False), ("none", None, False), ("none", True, False)],
)
def test_waiting_for_a_folder(factory: SmallFactory, folder: str, wanted: bool | None, good: bool) -> None:
    blob(factory, "in/sub/x", "x")
    csv_data(factory, "In", folder)
    asked: dict[str, Any] = {} if wanted is None else {"childItems": wanted}
    if good:
        assert run(factory, "Validation", timeout="00:00:01", **asked)["itemType"] == "Folder"
        return
    with pytest.raises(ActivityFailed, match="was not there as expected within 1 s") as failed:
        run(factory, "Validation", timeout="00:00:01", **asked)
    assert failed.value.timed_out


def test_the_time_of_waiting_counts_from_before_a_crash(factory: SmallFactory) -> None:
    csv_data(factory, "In", "in", "none.csv")
    properties = {"dataset": reference("In", "DatasetReference"), "timeout": "01:00:00"}
    document = {"name": "Wait", "type": "Validation", "typeProperties": properties}
    context = factory.context(document)
    context.facts["since"] = time.time() - 3601
    with pytest.raises(ActivityFailed, match="was not there"):
        factory.run(document, context)
    context = factory.context(document)
    context.cancelled.set()
    with pytest.raises(Cancelled):
        factory.run(document, context)


def test_waiting_for_a_table(factory: SmallFactory, table: sa.Engine) -> None:
    assert run(factory, "Validation", "T") == {"exists": True, "itemName": "t"}

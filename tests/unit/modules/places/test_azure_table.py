"""Import Data and Export Data on a table service: Azurite, where it is installed (``scripts/install_azurite``)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import math
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.seams.azurite import find_azurite
from tests.unit.modules.places.conftest import OpenContext, Read, Write

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.core.selector import Selection
from restudio.modules.places.table_service import TablePlace, ensure_good, iter_pages, place_by_key
from restudio.tables.table import Table

pytestmark = pytest.mark.skipif(find_azurite("table") is None, reason="Azurite is not installed")
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
Raw = dict[str, object]


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The table endpoint of a running Azurite."""
    log = tmp_path_factory.mktemp("azurite") / "log"
    with socket.socket() as probe:  # asked for port 0, it does not tell which one it took
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = ["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]
    command = [str(find_azurite("table")), *quiet, "--tableHost", "127.0.0.1", "--tablePort", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_until_up(server, log)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_up(server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while "successfully started" not in log.read_text():
        if server.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"Azurite did not start:\n{log.read_text()}")
        time.sleep(0.05)


@pytest.fixture
def connection(endpoint: str) -> str:
    return f"AccountName={ACCOUNT};AccountKey={KEY};TableEndpoint={endpoint}"


@pytest.fixture
def table(context: OpenContext, connection: str) -> str:
    """The name of an empty table."""
    name = f"t{uuid.uuid4().hex}"
    parent = place_by_key("", connection, "Tables", ("", "", ""))
    answer = context.exchange(parent.request("POST", body=f'{{"TableName": "{name}"}}'.encode()))
    ensure_good(answer, parent)
    answer.body.unlink()
    return name


def source(connection: str, table: str, /, **more: object) -> Raw:
    return {"Data source": "AzureTable", "Table account key": connection, "Table name": table, **more}


def destination(connection: str, table: str, /, mode: object = "Insert", **more: object) -> Raw:
    return {
        "Please specify data destination": "Azure Table", "Azure table account key": connection, "Table name": table,
        "Azure table write mode": mode, **more,
    }  # fmt: skip


def named(*columns: str) -> object:
    return Selection.names(*columns).to_json()


KEYED: Raw = {"Partition key": named("p"), "Azure table row key": named("r")}
AT = dt.datetime(2020, 2, 29, 12, 30)


def test_there_and_back(read: Read, write: Write, connection: str, table: str) -> None:
    sent = Table.from_columns(
        {
            "p": ["a", "a", "b's"], "r": [1, 2, 3], "i": [2**53 + 1, None, -1], "d": [1.0, math.inf, None],
            "s": ["é 'x'", "", None], "b": [True, False, None], "at": [AT, None, AT],
            "span": [dt.timedelta(hours=1), None, None],
        }
    )  # fmt: skip
    write(sent, destination(connection, table, **KEYED))
    back = read(source(connection, table))
    assert {c.name: c.dtype for c in back.schema} == {
        "PartitionKey": DType.STRING, "RowKey": DType.STRING, "Timestamp": DType.DATETIME, "p": DType.STRING,
        "r": DType.INTEGER, "i": DType.INTEGER, "d": DType.DOUBLE, "s": DType.STRING, "b": DType.BOOLEAN,
        "at": DType.DATETIME, "span": DType.STRING,
    }  # fmt: skip
    assert back.column("PartitionKey").to_pylist() == ["a", "a", "b's"]
    assert back.column("RowKey").to_pylist() == ["1", "2", "3"]
    for name in ("p", "r", "i", "d", "s", "b", "at"):
        assert back.column(name).to_pylist() == sent.column(name).to_pylist(), name
    assert back.column("span").to_pylist() == ["01:00:00", None, None]
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert all(abs(now - told) < dt.timedelta(minutes=5) for told in back.column("Timestamp").to_pylist())


def test_keys_that_are_not_named_are_made(read: Read, write: Write, connection: str, table: str) -> None:
    write(Table.from_columns({"x": [1, 2]}), destination(connection, table))
    back = read(source(connection, table))
    assert sorted(back.column("x").to_pylist()) == [1, 2]
    for name in ("PartitionKey", "RowKey"):
        assert len({uuid.UUID(key) for key in back.column(name).to_pylist()}) == 2


@pytest.mark.parametrize(
    ("mode", "known", "new"),
    [
        ("Insert", "0057", {"x": 2, "y": None}),
        ("Merge", {"x": 2, "y": 7}, "0066"),
        ("Replace", {"x": 2, "y": None}, "0066"),
        ("InsertOrReplace", {"x": 2, "y": None}, {"x": 2, "y": None}),
        ("InsertOrMerge", {"x": 2, "y": 7}, {"x": 2, "y": None}),
    ],
)
def test_write_modes(
    read: Read, write: Write, connection: str, table: str, mode: str, known: object, new: object
) -> None:
    first = Table.from_columns({"p": ["k"], "r": ["1"], "y": [7]})
    write(first, destination(connection, table, **KEYED))
    for key, expected in (("1", known), ("2", new)):
        second = Table.from_columns({"p": ["k"], "r": [key], "x": [2]})
        raw = destination(connection, table, mode, **KEYED)
        if isinstance(expected, str):
            with pytest.raises(ModuleError) as caught:
                write(second, raw)
            assert (caught.value.number, caught.value.row) == (expected, 1)
        else:
            write(second, raw)
            rows = read(source(connection, table)).data.to_pylist()
            found = next(row for row in rows if row["RowKey"] == key)
            assert {name: found.get(name) for name in ("x", "y")} == expected


def test_rows_of_a_partition_are_written_by_transactions(
    read: Read, write: Write, context: OpenContext, connection: str, table: str
) -> None:
    sent = Table.from_columns(
        {"p": ["a", "b'é", "lone"] * 80 + ["a"] * 70, "r": list(range(310)), "x": ["\r\n--"] * 310}
    )
    before = len(context.asked)
    write(sent, destination(connection, table, **KEYED))
    # 150 rows of "a", which are more than 100, and 80 of each of the others.
    assert [asked.url.rpartition("/")[2] for asked in context.asked[before:]] == ["$batch"] * 4
    back = read(source(connection, table))
    told = zip(*(back.column(name).to_pylist() for name in ("PartitionKey", "RowKey", "x")), strict=True)
    assert sorted((p, int(r), x) for p, r, x in told) == sorted(
        zip(*(sent.column(name).to_pylist() for name in sent.names), strict=True)
    )
    assert not list(context.scratch.iterdir())


@pytest.mark.parametrize("mode", ["Merge", "Replace", "InsertOrReplace", "InsertOrMerge"])
def test_transactions_write_in_every_mode(
    read: Read, write: Write, connection: str, table: str, endpoint: str, mode: str
) -> None:
    first = Table.from_columns({"p": ["it's"] * 3, "r": ["1", "2", "3"], "y": [7] * 3})
    write(first, destination(connection, table, **KEYED))
    # A key that comes twice cannot be in one transaction; the later row wins.
    second = Table.from_columns({"p": ["it's"] * 4, "r": ["1", "2", "3", "1"], "x": [1, 2, 3, 4]})
    write(second, destination(connection, table, mode, **KEYED))
    rows = sorted(read(source(connection, table)).data.to_pylist(), key=lambda row: row["r"])
    kept = 7 if mode.endswith("Merge") else None
    assert [(row["r"], row["x"], row.get("y")) for row in rows] == [("1", 4, kept), ("2", 2, kept), ("3", 3, kept)]


def test_the_row_that_a_transaction_is_refused_for_is_told(
    read: Read, write: Write, connection: str, table: str
) -> None:
    write(Table.from_columns({"p": ["a"], "r": ["2"]}), destination(connection, table, **KEYED))
    sent = Table.from_columns({"p": ["b", "a", "b", "a", "a"], "r": ["0", "1", "1", "2", "3"]})
    with pytest.raises(ModuleError, match=r"0057.*\(row 4\)") as caught:
        write(sent, destination(connection, table, **KEYED))
    assert caught.value.row == 4
    back = read(source(connection, table))
    keys = zip(back.column("PartitionKey").to_pylist(), back.column("RowKey").to_pylist(), strict=True)
    # The whole transaction of "a" is undone; that of "b" was before it.
    assert sorted(keys) == [("a", "2"), ("b", "0"), ("b", "1")]


def test_transactions_stay_under_their_size(write: Write, context: OpenContext, connection: str, table: str) -> None:
    sent = Table.from_columns({"p": ["a"] * 150, "r": list(range(150)), "x": ["é" * 30_000] * 150})
    before = len(context.asked)
    write(sent, destination(connection, table, **KEYED))
    sizes = [len(asked.body) for asked in context.asked[before:]]
    assert len(sizes) == 3
    assert max(sizes) <= 4 * 2**20


def test_chosen_columns_under_other_names(read: Read, write: Write, connection: str, table: str) -> None:
    raw = destination(
        connection,
        table,
        **KEYED,
        **{"Azure table origin columns": named("y", "x"), "Azure table destination columns": "A, B"},
    )
    write(Table.from_columns({"p": ["k"], "r": ["1"], "y": [7], "x": [6]}), raw)
    back = read(source(connection, table))
    assert back.select(["A", "B"]).data.to_pylist() == [{"A": 7, "B": 6}]
    assert len(back.names) == 5
    with pytest.raises(ModuleError, match="0027"):
        write(Table.from_columns({"p": ["k"], "r": ["2"], "x": [6]}), {**raw, "Azure table origin columns": named("x")})


def test_properties_of_the_first_rows(read: Read, write: Write, connection: str, table: str) -> None:
    sent = Table.from_columns({"p": ["k"] * 3, "r": ["1", "2", "3"], "late": [None, None, 5]})
    write(sent, destination(connection, table, **KEYED))
    assert "late" not in read(source(connection, table, **{"Rows count for TopN": 2})).names
    scanned = read(
        source(connection, table, **{"Rows to scan for property names": "ScanAll", "Rows count for TopN": 2})
    )
    assert scanned.column("late").to_pylist() == [None, None, 5]


def test_pages_are_followed(context: OpenContext, write: Write, connection: str, table: str) -> None:
    sent = Table.from_columns({"p": ["k"] * 5, "r": list("abcde"), "n": list(range(5))})
    write(sent, destination(connection, table, **KEYED))
    pages = list(iter_pages(place_by_key("", connection, table, ("", "", "")), context, 2))
    assert [[entity["RowKey"] for entity in page] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert not list(context.scratch.iterdir())


def test_types_that_differ_are_told_with_their_row(read: Read, write: Write, connection: str, table: str) -> None:
    for key, cell in (("1", 7), ("2", "seven")):
        sent = Table.from_columns({"p": ["k"], "r": [key], "x": [cell]})
        write(sent, destination(connection, table, **KEYED))
    with pytest.raises(ModuleError, match=r"0137.*'x' is Integer in earlier rows; row 2") as caught:
        read(source(connection, table))
    assert (caught.value.column, caught.value.row) == ("x", 2)


def test_by_signature(read: Read, write: Write, connection: str, table: str, endpoint: str) -> None:
    uri = f"{endpoint}/{table}?{_signature(table, 'raud')}"
    raw: Raw = {
        "Please specify data destination": "Azure Table", "Please specify authentication type": "SAS",
        "SAS URI for table": uri, **KEYED,
    }  # fmt: skip
    for keys in (["1"], ["2", "3"]):  # a transaction is refused, and made row by row
        write(Table.from_columns({"p": ["k"] * len(keys), "r": keys, "x": [6] * len(keys)}), raw)
    reading: Raw = {"Data source": "Azure Table", "Authentication type": "SAS", "Table URI": uri}
    assert read(reading).column("x").to_pylist() == [6, 6, 6]
    with pytest.raises(ModuleError, match="0064"):
        read({**reading, "Table URI": uri[:-4]})


def _signature(table: str, permissions: str) -> str:
    """A service SAS for a table, valid for an hour."""
    end = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = [permissions, "", end, f"/table/{ACCOUNT}/{table}", "", "", "", "2019-02-02", "", "", "", ""]
    told = hmac.new(base64.b64decode(KEY), "\n".join(fields).encode(), hashlib.sha256).digest()
    return urlencode(
        {"sv": "2019-02-02", "tn": table, "sp": permissions, "se": end, "sig": base64.b64encode(told).decode()}
    )


@pytest.mark.parametrize(
    ("more", "number", "said"),
    [
        ({"Table name": "nowhere"}, "0070", "TableNotFound"),
        ({"Table name": ""}, "0003", "Table name"),
        ({"Table account key": ""}, "0003", "Table account key"),
        ({"Table account key": "a2V5"}, "0003", "Table account name"),
        ({"Table account key": "no base64", "Table account name": "n"}, "0052", "Base64"),
        ({"Table account key": "WRONG"}, "0064", "403"),
        ({"Authentication type": "SAS", "Table URI": "https://x.example"}, "0029", "address of a table"),
        ({"Rows count for TopN": 0}, "0005", "at least 1"),
    ],
)
def test_what_cannot_be_imported(read: Read, connection: str, table: str, more: Raw, number: str, said: str) -> None:
    if more.get("Table account key") == "WRONG":
        more = {"Table account key": connection.replace(KEY, base64.b64encode(b"wrong").decode())}
    with pytest.raises(ModuleError, match=said) as caught:
        read(source(connection, table, **more))
    assert caught.value.number == number


def test_missing_keys_are_told_with_their_row(write: Write, connection: str, table: str) -> None:
    with pytest.raises(ModuleError, match=r"0003.*'r' has no key in row 2") as caught:
        write(Table.from_columns({"p": ["a", "a"], "r": ["1", None]}), destination(connection, table, **KEYED))
    assert (caught.value.column, caught.value.row) == ("r", 2)


def test_no_secret_is_shown() -> None:
    place = place_by_key("acc", KEY, "t", ("", "", ""))
    assert place.url == "https://acc.table.core.windows.net/t"
    assert KEY not in repr(place)
    assert "sig" not in repr(TablePlace("https://h/t", query="sig=abc").request("GET"))

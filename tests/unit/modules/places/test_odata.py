"""Import Data on feeds of a small HTTP server."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.unit.modules.places.conftest import Read

from restudio.core.errors import ModuleError
from restudio.core.schema import DType

AT = dt.datetime(2020, 2, 29, 12, 30)
V4 = {
    "@odata.context": "$metadata#Orders",
    "value": [
        {
            "@odata.etag": "W/1", "Id": 1, "Price": 2, "Name": "é", "Sold": True, "At": "2020-02-29T13:30:00+01:00",
            "Big@odata.type": "#Int64", "Big": "9007199254740993", "Place": {"City": "Rome"},
            "Lines@odata.navigationLink": "x",
        },
    ],
    "@odata.nextLink": "Orders?$skiptoken=2",
}  # fmt: skip
V4_LAST = {"value": [{"Id": 2, "Price": 2.5, "Name": None, "Extra": "late"}]}
V3 = {"odata.metadata": "m", "value": [{"Id": 1}], "odata.nextLink": "V3last"}
V2 = {
    "d": {
        "results": [{"__metadata": {"uri": "u"}, "Id": 7, "At": "/Date(1582979400000)/", "Lines": {"__deferred": {}}}],
        "__next": "/V2last",
    }
}
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
    xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices">
  <entry><content type="application/xml"><m:properties>
    <d:Id m:type="Edm.Int32">1</d:Id><d:Price m:type="Edm.Double">INF</d:Price><d:Name>a &amp; b</d:Name>
    <d:Sold m:type="Edm.Boolean">true</d:Sold><d:At m:type="Edm.DateTime">2020-02-29T12:30:00</d:At>
    <d:Gone m:type="Edm.Int32" m:null="true" /><d:Place m:type="NS.Place"><d:City>Rome</d:City></d:Place>
  </m:properties></content></entry>
  {}
</feed>"""
MEDIA = """<entry><content src="photo"/><m:properties><d:Id m:type="Edm.Int64">2</d:Id></m:properties></entry>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
    xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices">
  <entry><content><m:properties><d:Name>&a;</d:Name></m:properties></content></entry></feed>"""
BODIES: dict[str, object] = {
    "/Orders?$filter=Id%20gt%200": V4, "/Orders?$skiptoken=2": V4_LAST, "/V3": V3, "/V3last": {"value": [{"Id": 2}]},
    "/V2": V2, "/V2last": {"d": [{"Id": 8}]}, "/Loop": {"value": [], "@odata.nextLink": "Loop"},
    "/Atom": ATOM.format('<link rel="next" href="Atom2"/>'), "/Atom2": ATOM.format(MEDIA), "/Bomb": BOMB,
    "/Decimal": ATOM.format("").replace("Edm.Double", "Edm.Decimal"),
    "/Binary": ATOM.format("").replace("Edm.Double", "Edm.Binary"),
    "/DecimalJson": {"value": [{"Cost@odata.type": "#Decimal", "Cost": 1.5}]},
    "/Text": "no feed", "/List": [1], "/Html": "<html></html>", "/Cells": {"value": [1]}, "/Cut": '{"value": [',
    "/Empty": {"value": []}, "/Number": ATOM.format("").replace(">1<", ">one<"),
}  # fmt: skip


class Feeds(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/Moved":
            self.send_response(302)
            self.send_header("Location", "/Empty")
            self.end_headers()
            return
        body = BODIES.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "application/atom+xml" if str(body).startswith("<") else "application/json")
        self.end_headers()
        self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Feeds) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def feed(url: str) -> dict[str, object]:
    return {"Data source": "Data Feed Providers", "Data content type": "OData", "Source URL": url}


def test_json_of_version_4(read: Read, server: str) -> None:
    table = read(feed(f"{server}/Orders?$filter=Id gt 0"))
    assert {c.name: c.dtype for c in table.schema} == {
        "Id": DType.INTEGER, "Price": DType.DOUBLE, "Name": DType.STRING, "Sold": DType.BOOLEAN, "At": DType.DATETIME,
        "Big": DType.INTEGER, "Place": DType.STRING, "Extra": DType.STRING,
    }  # fmt: skip
    assert table.data.to_pylist() == [
        {
            "Id": 1, "Price": 2.0, "Name": "é", "Sold": True, "At": AT, "Big": 9007199254740993,
            "Place": '{"City": "Rome"}', "Extra": None,
        },
        {
            "Id": 2, "Price": 2.5, "Name": None, "Sold": None, "At": None, "Big": None, "Place": None, "Extra": "late",
        },
    ]  # fmt: skip


def test_json_of_older_versions(read: Read, server: str) -> None:
    assert read(feed(f"{server}/V3")).data.to_pylist() == [{"Id": 1}, {"Id": 2}]
    assert read(feed(f"{server}/V2")).data.to_pylist() == [{"Id": 7, "At": AT}, {"Id": 8, "At": None}]


def test_atom(read: Read, server: str) -> None:
    table = read(feed(f"{server}/Atom"))
    first, second, third = table.data.to_pylist()
    assert first == second == {
        "Id": 1, "Price": float("inf"), "Name": "a & b", "Sold": True, "At": AT, "Gone": None,
        "Place": '{"City": "Rome"}',
    }  # fmt: skip
    assert {name for name, cell in third.items() if cell is not None} == {"Id"}


def test_entities_of_xml_are_not_read(read: Read, server: str) -> None:
    assert "root" not in str(read(feed(f"{server}/Bomb")).data.to_pylist())


def test_a_feed_without_entries(read: Read, server: str) -> None:
    assert read(feed(f"{server}/Empty")).names == ()


@pytest.mark.parametrize(
    ("path", "number", "said"),
    [
        ("/Nowhere", "0030", "answered 404"),
        ("/Moved", "0078", "redirection"),
        ("/Loop", "0030", "gave already"),
        ("/Decimal", "0126", "Type Decimal is not supported: column 'Price'"),
        ("/DecimalJson", "0126", "Type Decimal is not supported: column 'Cost'"),
        ("/Binary", "0126", "Type Binary is not supported"),
        ("/Text", "0049", "no OData feed"),
        ("/List", "0049", "no OData feed"),
        ("/Html", "0049", "no OData feed"),
        ("/Cells", "0049", "no OData feed"),
        ("/Cut", "0049", "no OData feed"),
        ("/Number", "0049", "no OData feed"),
    ],
)
def test_what_is_no_feed(read: Read, server: str, path: str, number: str, said: str) -> None:
    with pytest.raises(ModuleError, match=said) as caught:
        read(feed(server + path))
    assert caught.value.number == number


def test_what_is_no_address(read: Read) -> None:
    for url, number in (("", "0003"), ("ftp://example.org/feed", "0029")):
        with pytest.raises(ModuleError, match=number):
            read(feed(url))

"""Routes registered at once answer as routes registered one by one."""

from __future__ import annotations

from litestar import get, put, route
from litestar.params import FromPath
from litestar.testing import TestClient

from restudio.http.framework import Framework, Routes


@get("/items/{name:str}", sync_to_thread=False)
def read_item(name: FromPath[str]) -> str:
    return name


@put("/items/{name:str}", sync_to_thread=False)
def write_item(name: FromPath[str]) -> str:
    return f"wrote {name}"


@route(["/inner/{rest:path}", "/other"], http_method=["GET", "POST"], sync_to_thread=False)
def inner() -> str:
    return "inner"


def test_each_address_tells_what_it_takes() -> None:
    with TestClient(Framework([Routes([read_item, write_item, Routes([inner])])], openapi_config=None)) as client:
        assert client.get("/items/a").text == "a"
        assert client.put("/items/a").text == "wrote a"
        assert client.post("/inner/a/b").text == "inner"
        for path, takes in (
            ("/items/a", "GET, OPTIONS, PUT"),
            ("/inner/a/b", "GET, OPTIONS, POST"),
            ("/other", "GET, OPTIONS, POST"),
        ):
            answer = client.options(path)
            assert (answer.status_code, answer.headers["allow"], answer.content) == (204, takes, b"")
        assert client.delete("/items/a").status_code == 405
        assert client.options("/nowhere").status_code == 404

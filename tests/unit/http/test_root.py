from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.params import FromQuery
from litestar.testing import TestClient
from litestar.types import Receive, Scope, Send

from restudio.core.errors import Kind, RestudioError
from restudio.http import metrics
from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.root import RootApp


def raw(name: str) -> Any:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name.encode(), "more_body": False})

    return answer


@get("/known/thing", sync_to_thread=False)
def thing() -> str:
    return "rest"


@get("/fails", sync_to_thread=False)
def fails(kind: FromQuery[str]) -> str:
    if kind == "unexpected":
        raise KeyError("secret-value")
    raise RestudioError(Kind(kind), "Detail", "what, expected, got")


@post("/numbers", sync_to_thread=False)
def numbers(count: FromQuery[int]) -> int:
    return count


@pytest.fixture
def client() -> Iterator[TestClient[Any]]:
    requests = metrics.Requests()
    state: dict[str, str | None] = {"missing": None}
    requests.gauge("restudio_things", "Things.", lambda: 3.0)
    handlers = [thing, fails, numbers, *metrics.routes(requests, lambda: state["missing"])]
    rest = Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    app: Any = RootApp(rrs=raw("rrs"), blob=raw("blob"), rest=rest, requests=requests)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "face"),
    [
        ("/workspaces/a/services/b/execute?api-version=2.0", "rrs"),
        ("/blob/a/c/execute/x", "blob"),
        ("/known/thing", "rest"),
        ("//known//thing/", "rest"),
    ],
)
def test_paths_find_their_face(client: TestClient[Any], path: str, face: str) -> None:
    assert client.get(f"http://testserver{path}").text == face


def code(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["details"][0]["code"]


def test_every_error_is_an_envelope_with_a_request_id(client: TestClient[Any]) -> None:
    missing = client.get("/nowhere")
    assert code(missing) == (404, "NotFound", "ResourceNotFound")
    assert "/nowhere" in missing.json()["error"]["details"][0]["message"]
    assert len(missing.headers["x-ms-request-id"]) == 32
    assert code(client.delete("/known/thing")) == (405, "MethodNotAllowed", "MethodNotAllowed")
    assert code(client.get("/fails?kind=Conflict")) == (409, "Conflict", "Detail")
    assert code(client.post("/numbers?count=many")) == (400, "BadArgument", "InvalidQueryParameter")


def test_an_unexpected_error_shows_nothing_of_itself(client: TestClient[Any]) -> None:
    answer = client.get("/fails?kind=unexpected")
    assert code(answer) == (500, "InternalError", "UnknownError")
    assert "secret-value" not in answer.text
    assert answer.headers["x-ms-request-id"] in answer.text


def test_health_and_metrics(client: TestClient[Any]) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    client.get("/nowhere")
    told = client.get("/metrics").text
    assert 'restudio_http_answers_total{status="4xx"} 1.0' in told
    assert "restudio_things 3.0" in told

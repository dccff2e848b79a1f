"""The scoring address end to end in memory: addresses, keys, queries, limits, swaps, and bodies of every kind."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from tests.unit.scoring.small_service import SCHEMA, make_row, make_scorer

from restudio.core.errors import Kind, RestudioError
from restudio.core.schema import Schema
from restudio.graph.model import GraphParameter
from restudio.http.rrs import RrsApp, match_route
from restudio.http.rrs_metrics import RrsMetrics
from restudio.scoring.dataplane import DataPlane, key_digest
from restudio.scoring.live import Live
from restudio.scoring.scorer import InputSpec, Rows, Scorer

KEY, SECOND = "abc+/=", "second"
WORKSPACE, ENDPOINT = "a" * 32, "b" * 32
PATH = f"/workspaces/{WORKSPACE}/services/{ENDPOINT}/execute"
QUERY = "api-version=2.0"
BODY = json.dumps({"Inputs": {"input1": [make_row()]}}).encode()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        error = self.json()["error"]
        assert error["code"]
        assert error["message"]
        assert error["details"][0]["message"]
        return str(error["details"][0]["code"])


def make_live(scorer: Scorer | None = None, revision: str = "r1", **options: Any) -> Live:
    keys = frozenset({key_digest(KEY), key_digest(SECOND)})
    return Live(scorer or make_scorer(), revision, keys, workspace_id=WORKSPACE, **options)


@pytest.fixture
def plane() -> DataPlane:
    made = DataPlane()
    made.install(ENDPOINT, make_live())
    return made


async def call(
    app: RrsApp,
    body: bytes | list[bytes] = BODY,
    path: str = PATH,
    query: str = QUERY,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    given = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"} if headers is None else headers
    raw = [(name.lower().encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw}
    parts = [body] if isinstance(body, bytes) else body
    messages = [{"type": "http.request", "body": p, "more_body": i < len(parts) - 1} for i, p in enumerate(parts)]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, content = sent
    shown = {name.decode(): value.decode() for name, value in start["headers"]}
    assert int(shown["content-length"]) == len(content["body"])
    assert shown["content-type"] == "application/json; charset=utf-8"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown["x-ms-request-id"])
    return Answer(start["status"], shown, content["body"])


def run(plane: DataPlane, *args: Any, **options: Any) -> Answer:
    return asyncio.run(call(RrsApp(plane), *args, **options))


def test_a_call(plane: DataPlane) -> None:
    answer = run(plane)
    assert answer.status == 200
    assert answer.headers["x-ms-restudio-revision"] == "r1"
    assert answer.json()["Results"]["output1"]["value"]["Values"][0][0] == "53"
    assert "ColumnTypes" not in answer.json()["Results"]["output1"]["value"]


QUERIES = [
    ("api-version=2.0&details=true", 200, "ColumnTypes"),
    ("details=true&api-version=2.0", 200, "ColumnTypes"),
    ("API-Version=2.0&Details=TRUE&other=1", 200, "ColumnTypes"),
    ("api-version=2.0&format=swagger", 200, '"output1":[{'),
    ("api-version=2.0&details=true&format=swagger", 200, '"output1":[{'),
    ("api-version=2.0&details=false&format=", 200, "table"),
    ("", 400, "BadVersionCall"),
    ("api-version=1.0", 400, "BadVersionCall"),
    ("api-version=2.0&details=maybe", 400, "InvalidQueryParameter"),
    ("api-version=2.0&format=xml", 400, "InvalidQueryParameter"),
    ("%ff=%00&api-version=2.0%", 400, "BadVersionCall"),
]


@pytest.mark.parametrize(("query", "status", "part"), QUERIES)
def test_queries(plane: DataPlane, query: str, status: int, part: str) -> None:
    answer = run(plane, query=query)
    assert answer.status == status
    assert part in answer.body.decode()


AUTHORIZATIONS = [
    ({"Authorization": f"bearer {KEY}"}, 200),
    ({"Authorization": f"BEARER   {SECOND} "}, 200),
    ({"Authorization": f"Bearer {KEY}", "x-ms-metaanalytics-authorizationtoken": "other"}, 200),
    ({}, 401),
    ({"Authorization": ""}, 401),
    ({"Authorization": KEY}, 401),
    ({"Authorization": "Bearer "}, 401),
    ({"Authorization": f"Basic {KEY}"}, 401),
    ({"Authorization": f"Bearer {KEY[:-1]}"}, 401),
    ({"Authorization": f"Bearer {KEY} {KEY}"}, 401),
    ({"Authorization": "Bearer abc%2B/="}, 401),
]


@pytest.mark.parametrize(("headers", "status"), AUTHORIZATIONS)
def test_keys(plane: DataPlane, headers: dict[str, str], status: int) -> None:
    answer = run(plane, headers=headers)
    assert answer.status == status
    if status == 401:
        assert answer.detail == "ScoreRequestUnauthorized"
        assert KEY[:4] not in answer.body.decode()


def test_addresses(plane: DataPlane) -> None:
    for subscription in (WORKSPACE, str(UUID(WORKSPACE)).upper()):
        assert run(plane, path=f"/subscriptions/{subscription}/services/{ENDPOINT}/execute").status == 200
    stranger = run(plane, path=f"/subscriptions/{'c' * 32}/services/{ENDPOINT}/execute")
    assert stranger.detail == "WebServiceIdNotFoundInWorkspace"
    assert run(plane, path=f"//workspaces/{WORKSPACE}/services/{ENDPOINT}/execute/").status == 200
    assert run(plane, path=PATH.replace(WORKSPACE, "d" * 32)).detail == "WebServiceIdNotFoundInWorkspace"
    unknown = run(plane, path=PATH.replace(ENDPOINT, "e" * 32))
    assert (unknown.status, unknown.detail) == (404, "WebServiceNotFound")
    assert run(plane, path=PATH.replace(ENDPOINT, "e" * 32), headers={}).status == 401
    for path in (
        "/",
        "/workspaces",
        f"/workspaces/{'x' * 999}/services/y/execute",
        f"/workspaces/{WORKSPACE}/services/{ENDPOINT}/jobs",
        f"{PATH}/x",
    ):
        assert match_route(path) is None
        assert run(plane, path=path).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_wrong_verb(plane: DataPlane, method: str) -> None:
    answer = run(plane, method=method, body=b"")
    assert (answer.status, answer.headers["allow"], answer.detail) == (405, "POST", "MethodNotAllowed")


def test_body_in_parts_and_headers_of_old_clients(plane: DataPlane) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Encoding": "UTF-8", "Content-Type": "text/json"}
    assert run(plane, body=[BODY[:10], b"", BODY[10:]], headers=headers).status == 200


def test_large_bodies(plane: DataPlane) -> None:
    app = RrsApp(plane, max_body=1000)
    declared = {"Authorization": f"Bearer {KEY}", "Content-Length": "1001"}
    for answer in (
        asyncio.run(call(app, b"x" * 1001)),
        asyncio.run(call(app, [b"x" * 600, b"x" * 600])),
        asyncio.run(call(app, b"", headers=declared)),
    ):
        assert (answer.status, answer.detail) == (413, "RequestBodyInvalid")
    many = json.dumps({"Inputs": {"input1": [make_row()] * 3000}}).encode()
    assert len(run(plane, body=many).json()["Results"]["output1"]["value"]["Values"]) == 3000


def test_legacy_address(plane: DataPlane) -> None:
    body = {"Id": "score00001", "Instance": {"FeatureVector": make_row(), "GlobalParameters": {}}}
    answer = run(plane, path=PATH.replace("execute", "score"), query="", body=json.dumps(body).encode())
    assert answer.json()[:2] == ["53", "nurse"]


class Broken:
    """A scorer with a fault of its own."""

    inputs = make_scorer().inputs
    outputs = make_scorer().outputs
    fast = True
    reason = None

    def score_rows(self, inputs: object) -> Any:
        raise KeyError("secret internals")

    score_table = score_rows


def test_a_fault_of_the_server_shows_nothing_of_itself(plane: DataPlane) -> None:
    plane.install(ENDPOINT, make_live(Broken()))
    answer = run(plane)
    assert answer.status == 500
    assert "secret" not in answer.body.decode()
    assert answer.headers["x-ms-request-id"] in answer.body.decode()
    plane.install(ENDPOINT, make_live())
    assert run(plane).status == 200


class Waiting:
    """An interpreted scorer that waits until it is told to go on."""

    inputs: Mapping[str, InputSpec] = {}
    outputs: Mapping[str, Schema] = {}
    fast = False
    reason = "it waits"

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.go_on = threading.Event()

    def score_rows(self, inputs: object) -> Mapping[str, Rows]:
        self.started.release()
        assert self.go_on.wait(30)
        return {}

    def score_table(self, inputs: object) -> Any:
        raise AssertionError("calls score rows")


async def with_running(
    plane: DataPlane, calls: int, then: Callable[[RrsApp], Awaitable[None]], **options: Any
) -> list[Answer]:
    scorer = Waiting()
    plane.install(ENDPOINT, make_live(scorer, **options))
    app = RrsApp(plane)
    running = [asyncio.create_task(call(app, b"{}")) for _ in range(calls)]
    for _ in running:
        assert await asyncio.to_thread(scorer.started.acquire, timeout=30)
    try:
        await then(app)
    finally:
        scorer.go_on.set()
    return await asyncio.gather(*running)


def test_throttle(plane: DataPlane) -> None:
    async def one_too_many(app: RrsApp) -> None:
        answer = await call(app, b"{}")
        assert (answer.status, answer.detail) == (503, "RequestThrottled")

    answers = asyncio.run(with_running(plane, 2, one_too_many, max_concurrent=2))
    assert [a.status for a in answers] == [200, 200]
    plane.install(ENDPOINT, make_live(max_concurrent=1))
    assert [run(plane).status for _ in range(3)] == [200, 200, 200]


def test_a_call_keeps_the_revision_that_it_started_with(plane: DataPlane) -> None:
    async def swap(app: RrsApp) -> None:
        plane.install(ENDPOINT, make_live(revision="new"))
        assert (await call(app)).headers["x-ms-restudio-revision"] == "new"

    (old,) = asyncio.run(with_running(plane, 1, swap, revision="old"))
    assert old.headers["x-ms-restudio-revision"] == "old"


def test_a_removed_endpoint_and_changed_keys(plane: DataPlane) -> None:
    plane.install(ENDPOINT, Live(make_scorer(), "r2", frozenset({key_digest("new")})))
    assert run(plane).status == 401
    assert run(plane, headers={"Authorization": "Bearer new"}).status == 200
    plane.remove(ENDPOINT)
    plane.remove(ENDPOINT)
    assert run(plane).status == 404
    assert plane.find_live(ENDPOINT) is None
    assert list(plane.iter_ids()) == []


def test_parameters(plane: DataPlane) -> None:
    compiled: list[Mapping[str, object]] = []

    def variant(values: Mapping[str, object]) -> Scorer:
        compiled.append(values)
        return make_scorer()

    parameters = (GraphParameter("Threshold", required=True), GraphParameter("Mode", default="a"))
    plane.install(ENDPOINT, make_live(parameters=parameters, variant=variant))

    def with_parameters(given: object) -> Answer:
        body = json.dumps({"Inputs": {"input1": [make_row()]}, "GlobalParameters": given}).encode()
        return run(plane, body=body)

    assert with_parameters({"Threshold": "0.5"}).status == 200
    assert with_parameters({"Threshold": "0.5", "Mode": "a"}).status == 200
    assert compiled == [{"Threshold": "0.5"}]
    assert with_parameters({}).detail == "MissingRequiredGlobalParameters"
    assert with_parameters(None).detail == "MissingRequiredGlobalParameters"
    assert with_parameters({"Threshold": 1, "Treshold": 2}).detail == "UnexpectedParameter"
    for i in range(20):
        assert with_parameters({"Threshold": i}).status == 200
    assert len(compiled) == 21
    plane.install(ENDPOINT, make_live())
    assert with_parameters(None).status == 200
    assert with_parameters({"Seed": "7"}).detail == "UnexpectedParameter"


def test_metrics(plane: DataPlane) -> None:
    run(plane)
    run(plane, body=b"{")
    registry = CollectorRegistry()
    registry.register(RrsMetrics(plane))
    text = generate_latest(registry).decode()
    assert f'restudio_rrs_calls_total{{endpoint="{ENDPOINT}",status="200"}} 1.0' in text
    assert f'restudio_rrs_calls_total{{endpoint="{ENDPOINT}",status="400"}} 1.0' in text
    assert f'restudio_rrs_seconds_count{{endpoint="{ENDPOINT}"}} 2.0' in text


def test_a_client_that_goes_away_gets_no_answer(plane: DataPlane) -> None:
    app = RrsApp(plane)
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": QUERY.encode(),
        "headers": [(b"authorization", f"Bearer {KEY}".encode())],
    }
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there")

    asyncio.run(app(scope, receive, send))
    assert run(plane).status == 200


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    PLAIN | st.sampled_from(list(make_row().values())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.lists(st.sampled_from([*SCHEMA.names, "income", "other"]) | JSON, max_size=8)
LINES = st.lists(st.lists(JSON, min_size=6, max_size=6))
TABLES = st.fixed_dictionaries({"ColumnNames": NAMES | st.just(list(SCHEMA.names)), "Values": LINES | JSON})
ITEMS = st.lists(st.fixed_dictionaries(dict.fromkeys(SCHEMA.names, JSON)))
CALLS = st.fixed_dictionaries(
    {"Inputs": st.dictionaries(st.just("input1") | st.text(max_size=3), TABLES | ITEMS | JSON, max_size=2) | JSON},
    optional={"GlobalParameters": JSON},
)


@given(CALLS.map(json.dumps).map(str.encode) | JSON.map(json.dumps).map(str.encode) | st.binary(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_body_is_a_fault_of_the_server(body: bytes) -> None:
    plane = DataPlane()
    plane.install(ENDPOINT, make_live())
    answer = run(plane, body=body)
    assert answer.status in (200, 400)
    if answer.status == 400:
        assert answer.detail


def test_admission_errors_are_restudio_errors(plane: DataPlane) -> None:
    with pytest.raises(RestudioError):
        plane.admit("nobody", None, b"Bearer x")


def test_a_byte_order_mark_is_skipped(plane: DataPlane) -> None:
    assert run(plane, body=b"\xef\xbb\xbf" + BODY).status == 200


def test_an_endpoint_made_elsewhere_a_moment_ago_is_known() -> None:
    plane = DataPlane()
    asked = []

    def catch_up(until: float) -> None:
        asked.append(time.monotonic() - until)
        plane.install(ENDPOINT, make_live())

    app = RrsApp(plane, catch_up=catch_up)
    assert asyncio.run(call(app)).status == 200
    assert asyncio.run(call(app)).status == 200
    assert len(asked) == 1
    assert 0 <= asked[0] < 10


def test_a_key_made_elsewhere_a_moment_ago_is_known() -> None:
    plane = DataPlane()
    live = make_live()
    plane.install(ENDPOINT, replace(live, keys=frozenset()))
    app = RrsApp(plane, catch_up=lambda _: plane.install(ENDPOINT, live))
    assert asyncio.run(call(app)).status == 200


def test_what_nobody_made_is_refused_as_ever() -> None:
    asked: list[float] = []
    app = RrsApp(DataPlane(), catch_up=asked.append)
    assert asyncio.run(call(app)).detail == "WebServiceNotFound"
    assert len(asked) == 1
    assert asyncio.run(call(app, headers={})).status == 401
    assert len(asked) == 1


def test_a_database_out_of_reach_leaves_the_refusal() -> None:
    def fail(_: float) -> None:
        raise RestudioError(Kind.UNAVAILABLE, "DatabaseUnavailable", "The database cannot be reached.")

    assert asyncio.run(call(RrsApp(DataPlane(), catch_up=fail))).detail == "WebServiceNotFound"

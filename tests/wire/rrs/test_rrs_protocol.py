"""Scoring calls over real connections: the short way through the connection answers as the ASGI application does."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from tests.unit.scoring.small_service import make_row, make_scorer

from restudio.graph.model import GraphParameter
from restudio.http.rrs import Receive, RrsApp, Scope, Send
from restudio.http.rrs_protocol import protocol_of
from restudio.scoring.dataplane import DataPlane, key_digest
from restudio.scoring.live import Live

PATH = "/workspaces/ws/services/small/execute?api-version=2.0"
BODY = json.dumps({"Inputs": {"input1": [make_row()]}}).encode()
KEY = "Authorization: Bearer key"
LIMIT = 200_000


class Interpreted:
    """Kernels that claim to need a thread."""

    fast = False
    reason = "it says so"

    def __init__(self) -> None:
        kernels = make_scorer()
        self.inputs, self.outputs = kernels.inputs, kernels.outputs
        self.score_rows, self.score_table = kernels.score_rows, kernels.score_table


class Broken(Interpreted):
    """A scorer with a fault of its own."""

    fast = True

    def __init__(self) -> None:
        super().__init__()
        self.score_rows = self.fail

    def fail(self, inputs: Any) -> Any:
        raise KeyError("inner")


def make_plane() -> DataPlane:
    plane = DataPlane()
    keys = frozenset({key_digest("key")})
    parameters = (GraphParameter("Mode", default="a"),)
    for name, live in {
        "small": Live(make_scorer(), "r1", keys, workspace_id="ws"),
        "slow": Live(Interpreted(), "r2", keys, workspace_id="ws"),
        "broken": Live(Broken(), "r3", keys, workspace_id="ws"),
        "full": Live(make_scorer(), "r4", keys, 0, workspace_id="ws"),
        "variant": Live(make_scorer(), "r5", keys, 20, "ws", parameters, lambda values: make_scorer()),
    }.items():
        plane.install(name, live)
    return plane


class Running:
    """A server on a free port."""

    def __init__(self, server: uvicorn.Server, plane: DataPlane, port: int, thread: threading.Thread) -> None:
        self.server = server
        self.plane = plane
        self.port = port
        self.thread = thread

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def counts(self) -> dict[str, dict[int, int]]:
        return {name: counts.statuses for name, counts in self.plane.iter_counts() if counts.statuses}


class CountingApp(RrsApp):
    """Tells how many calls took the ordinary way."""

    calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        CountingApp.calls += 1
        await super().__call__(scope, receive, send)


@contextmanager
def running(short: bool) -> Iterator[Running]:
    plane = make_plane()
    app = CountingApp(plane, max_body=LIMIT)
    protocol: type[asyncio.Protocol] | str = protocol_of(app) if short else "httptools"
    config = uvicorn.Config(
        app,
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_for(lambda: server.started)
        try:
            yield Running(server, plane, listener.getsockname()[1], thread)
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def has_answered(server: Running, calls: int) -> bool:
    return sum(server.counts()["small"].values()) > calls


def has_lost_one(server: Running) -> bool:
    return server.counts()["small"].get(499, 0) > 0


@pytest.fixture(scope="module")
def ways() -> Iterator[tuple[Running, Running]]:
    """The ordinary way, and the short one."""
    with ExitStack() as stack:
        yield stack.enter_context(running(short=False)), stack.enter_context(running(short=True))


def request(body: bytes = BODY, path: str = PATH, *headers: str, verb: str = "POST", length: bool = True) -> bytes:
    lines = [f"{verb} {path} HTTP/1.1", "Host: here", *(headers or (KEY,))]
    lines += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def to(name: str) -> str:
    return PATH.replace("small", name)


def chunked(body: bytes) -> bytes:
    head = request(b"", PATH, KEY, "Transfer-Encoding: chunked", length=False)
    return head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


MANY = json.dumps({"Inputs": {"input1": [make_row()] * 200}}).encode()
LARGE = json.dumps({"Inputs": {"input1": [make_row()] * 1200}}).encode()
CLOSE = request(b"", "/end", KEY, "Connection: close")
"""Sent last, so that the server ends the connection."""
CONVERSATIONS: dict[str, list[bytes]] = {
    "one call": [request()],
    "kept alive": [request(), request(MANY), request()],
    "pipelined": [b"".join([request(), request(b"{"), request(b"{}"), request(MANY)] * 3)],
    "byte by byte": [bytes([c]) for c in request()],
    "head and body apart": [request()[:-20], request()[-20:] + request()[:50], request()[50:]],
    "closes": [request(BODY, PATH, KEY, "Connection: close")],
    "closes after a refusal": [request(BODY, PATH, "Connection: close")],
    "HTTP 1.0": [request().replace(b"HTTP/1.1", b"HTTP/1.0")],
    "HTTP 1.0 kept alive": [request(BODY, PATH, KEY, "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")],
    "no key": [request(BODY, PATH, "Accept: */*") + request()],
    "wrong key, body later": [request(BODY, PATH, "Authorization: Bearer no")[:-20], BODY[-20:] + request()],
    "two keys": [request(BODY, PATH, "Authorization: Bearer no", KEY), request(BODY, PATH, KEY, "Authorization: x")],
    "other workspace": [request(BODY, PATH.replace("ws/", "other/"))],
    "unknown endpoint": [request(BODY, to("nobody")), request()],
    "subscription": [request(BODY, PATH.replace("workspaces", "subscriptions"))],
    "trailing slash": [request(BODY, PATH.replace("execute", "execute/")) + request()],
    "compressed": [request(b"\x1f\x8b", PATH, KEY, "Content-Encoding: GZip") + request()],
    "a character set as coding": [request(BODY, PATH, KEY, "Content-Encoding: UTF-8") + request()],
    "doubled slashes": [request(BODY, "//workspaces//ws/services/small/execute?api-version=2.0")],
    "escaped path": [request(BODY, PATH.replace("small", "sm%61ll"))],
    "legacy": [request(json.dumps({"Instance": {"FeatureVector": make_row()}}).encode(), PATH[:30] + "/score")],
    "queries": [
        request(BODY, PATH + "&details=true")
        + request(BODY, PATH + "&format=swagger")
        + request(BODY, PATH.partition("?")[0])
        + request(BODY, PATH + "&details=maybe")
        + request(BODY, PATH + "#part")
    ],
    "other verbs": [b"".join(request(b"", verb=verb) for verb in ("GET", "PUT", "OPTIONS"))],
    "other addresses": [request(b"", "/") + request(b"{}", "/execute") + request(b"x" * 9, PATH.replace("exec", "x"))],
    "no body": [request(b""), request(b"", length=False), request(b" ")],
    "not JSON": [request(b"\xff\x00"), request(b"[]"), request(b'{"Inputs": 3}')],
    "wrong cell": [request(BODY.replace(b"53", b'"x"'))],
    "chunked": [chunked(BODY), request() + chunked(BODY) + request()],
    "large": [request(LARGE) + request()],
    "too large": [request(b"[" * (LIMIT + 1))],
    "interpreted": [request(BODY, to("slow")) + request() + request(BODY, to("slow")) + request(b"{}")],
    "throttled": [request(BODY, to("full")) + request()],
    "a fault": [request(BODY, to("broken")) + request()],
    "parameters": [
        b"".join(
            request(BODY[:-1] + b', "GlobalParameters": %s}' % given, to("variant"))
            for given in (b'{"Mode": "b"}', b'{"Mode": "b"}', b'{"Mode": "a"}', b'{"Moda": 1}', b"null")
        )
    ],
    "not HTTP": [b"hello\r\n\r\n"],
    "upgrade": [request(b"", PATH, KEY, "Connection: upgrade, close", "Upgrade: other")],
}


def talk(server: Running, parts: list[bytes]) -> bytes:
    """Everything that the server says until it ends the connection, ids and times left out."""
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        try:
            for part in [*parts, CLOSE]:
                connection.sendall(part)
            while data := connection.recv(1 << 16):
                received += data
        except ConnectionError:  # ended by the server before all was sent
            pass
    return neutral(received)


def neutral(received: bytes) -> bytes:
    received = re.sub(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"ID", received)
    return re.sub(rb"(?m)^date: .* GMT\r$", b"date: NOW\r", received)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_both_ways_say_the_same(ways: tuple[Running, Running], name: str) -> None:
    ordinary, short = ways
    expected = talk(ordinary, CONVERSATIONS[name])
    assert expected.startswith(b"HTTP/1.1 ")
    assert talk(short, CONVERSATIONS[name]) == expected
    assert short.counts() == ordinary.counts()


def test_the_short_way_is_taken(ways: tuple[Running, Running]) -> None:
    before = CountingApp.calls
    slash = request(BODY, PATH.replace("execute", "execute/"))
    coded = request(BODY, PATH, KEY, "Content-Encoding: UTF-8")
    answers = talk(ways[1], [request() * 5, slash, coded, request()[:-1], request()[-1:]])
    assert answers.count(b"HTTP/1.1 200 OK\r\ndate: NOW\r\n") == 8
    assert CountingApp.calls == before + 1  # the request that ends the connection


@pytest.mark.parametrize("coding", ["gzip", "UTF-8, gzip", "BR"])
def test_a_compressed_body_is_refused_by_name(ways: tuple[Running, Running], coding: str) -> None:
    for server in ways:
        answer = talk(server, [request(b"\x1f\x8b\x08", PATH, KEY, f"Content-Encoding: {coding}")])
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert f"Content-Encoding says '{coding}'".encode() in answer
        assert b"Send the JSON as it is" in answer


def test_a_call_before_a_broken_request_is_answered(ways: tuple[Running, Running]) -> None:
    statuses = re.findall(rb"HTTP/1.1 (\d+)", talk(ways[1], [request() + b"\x00\x00\r\n\r\n"]))
    assert statuses == [b"200", b"400"]


def test_expect_continue_gets_its_interim_answer(ways: tuple[Running, Running]) -> None:
    for server in ways:
        head, body = request(BODY, PATH, KEY, "Expect: 100-continue")[: -len(BODY)], BODY
        with server.connect() as connection:
            connection.sendall(head)
            assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(body)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_reads_late_gets_all_its_answers_in_order(ways: tuple[Running, Running]) -> None:
    rows = [dict(make_row(), age=age) for age in range(150)]
    bodies = [json.dumps({"Inputs": {"input1": [row] * 30}}).encode() for row in rows]
    calls = b"".join(map(request, bodies)) + CLOSE
    for server in ways:
        with server.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sender = threading.Thread(target=connection.sendall, args=(calls,))
            sender.start()
            wait_for(partial(has_answered, server, 20))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # from now on it reads fast
            received = b""
            while data := connection.recv(1 << 16):
                received += data
            sender.join(20)
        ages = re.findall(rb'"Values":\[\["(\d+)"', received)
        assert ages == [b"%d" % age for age in range(150)]


def test_a_client_that_leaves_frees_its_place(ways: tuple[Running, Running]) -> None:
    for server in ways:
        gone = server.plane.find_live("small")
        assert gone is not None
        with server.connect() as connection:
            connection.sendall(request()[:-5])
        wait_for(partial(has_lost_one, server))
        assert talk(server, [request()]).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("short", [False, True])
def test_a_server_that_ends_lets_a_begun_call_finish(short: bool) -> None:
    with running(short) as server, server.connect() as begun, server.connect() as idle:
        idle.sendall(request())
        assert idle.recv(1 << 16).startswith(b"HTTP/1.1 200")
        begun.sendall(request()[:-5])
        wait_for(lambda: any(slot.running for slot in server.plane._slots.values()))
        server.server.should_exit = True
        assert idle.recv(1 << 16) == b""
        begun.sendall(request()[-5:])
        received = b""
        while data := begun.recv(1 << 16):
            received += data
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close\r\n" in received
        assert neutral(received).endswith(b"}}")

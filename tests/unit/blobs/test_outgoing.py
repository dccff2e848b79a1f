"""General requests, against a real server on this machine."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.exchange import Request
from restudio.blobs.fetch_errors import FetchError
from restudio.blobs.outgoing import Outgoing
from restudio.seams.engine import Cancelled
from restudio.storage.clock import SystemClock


class _Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(int(self.headers.get("x-status", "200")))
        told = f"{self.command} {self.path} {self.headers['host']} ".encode() + body
        self.send_header("content-length", str(len(told)))
        self.send_header("X-Told", "yes")
        self.end_headers()
        self.wfile.write(told)

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def make() -> Iterator[Callable[..., Outgoing]]:
    opened: list[Outgoing] = []

    def build(policy: EgressPolicy | None = None, own_url: str = "") -> Outgoing:
        opened.append(Outgoing(policy or EgressPolicy(), SystemClock(), own_url=own_url))
        return opened[-1]

    yield build
    for outgoing in opened:
        outgoing.close()


def test_an_answer_of_any_status_comes_back_whole(make: Callable[..., Outgoing], address: str) -> None:
    outgoing = make(EgressPolicy(allow_private=True))
    answer = outgoing.request(Request("POST", f"{address}/a?b=1", {"x-status": "418"}, b"tea"))
    host = address.removeprefix("http://")
    assert (answer.status, answer.body) == (418, f"POST /a?b=1 {host} tea".encode())
    assert answer.headers["x-told"] == "yes"
    redirected = outgoing.request(Request("GET", address))
    assert (redirected.status, redirected.headers["Location"]) == (302, "/elsewhere")


def test_only_our_own_public_address_is_an_exception(make: Callable[..., Outgoing], address: str) -> None:
    outgoing = make(own_url=address)
    assert outgoing.request(Request("POST", f"{address}/x", {}, b"")).status == 200
    port = int(address.rpartition(":")[2])
    for other in (
        f"http://127.0.0.1:{port + 1}/x",
        f"http://localhost:{port}/x",
        f"https://127.0.0.1:{port}/x",
        "http://169.254.169.254/latest",
    ):
        with pytest.raises(FetchError, match="not a public address") as refused:
            outgoing.request(Request("POST", other))
        assert refused.value.module_number == "0029"


@pytest.mark.parametrize("url", ["ftp://example.org/x", "/x", "http://", "http://[::1", "file:///etc/passwd"])
def test_other_schemes_and_no_hosts_are_refused(make: Callable[..., Outgoing], url: str) -> None:
    with pytest.raises(FetchError):
        make(EgressPolicy(allow_private=True)).request(Request("GET", url))


def test_too_much_and_cancelled(make: Callable[..., Outgoing], address: str) -> None:
    outgoing = make(EgressPolicy(allow_private=True))
    with pytest.raises(FetchError, match="more than 100 bytes"):
        outgoing.request(Request("POST", address, {}, b"x" * 200, max_bytes=100))
    with pytest.raises(Cancelled):
        outgoing.request(Request("POST", address, {}, b"x"), lambda: True)


def test_no_secret_of_an_address_is_told(make: Callable[..., Outgoing]) -> None:
    request = Request("GET", "http://user:hidden@127.0.0.1:9/x?sig=hidden", {"authorization": "hidden"})
    with pytest.raises(FetchError) as refused:
        make(EgressPolicy(allow_private=True)).request(request)
    assert "hidden" not in str(refused.value) + repr(request)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from restudio.client.connection import Connection, ServerError, Unreachable, error_of
from restudio.client.types import Workspace
from restudio.core.errors import Kind

ENVELOPE = (
    b'{"error":{"code":"Conflict","message":"Resource already exists.",'
    b'"details":[{"code":"NameExists","message":"A dataset named \'a\' exists already."}]}}'
)


def test_an_answer_becomes_a_typed_value_and_unknown_members_are_ignored(peer: Any) -> None:
    peer.reply = lambda verb, path, headers, body: (200, b'{"id":"1","name":"n","region":"r","new":3}')
    with Connection(peer.url + "/") as connection:
        found = connection.json("GET", "/x", Workspace, params={"a": 1, "b": None})
    assert found == Workspace("1", "n", "r")
    assert peer.seen == [("GET", "/x?a=1")]


def test_the_token_travels_as_bearer(peer: Any) -> None:
    peer.reply = lambda verb, path, headers, body: (200, headers.get("authorization", "none").encode())
    for token, sent in (("t+/=", "Bearer t+/="), (None, "none")):
        with Connection(peer.url, token) as connection:
            assert connection.text("/x") == sent


def test_an_envelope_becomes_its_error(peer: Any) -> None:
    peer.reply = lambda verb, path, headers, body: (409, ENVELOPE)
    with Connection(peer.url) as connection, pytest.raises(ServerError, match="exists already") as caught:
        connection.send("POST", "/x", json={})
    assert (caught.value.status, caught.value.kind, caught.value.detail) == (409, Kind.CONFLICT, "NameExists")


@pytest.mark.parametrize(
    ("body", "message"),
    [(b"", "The server answered 502."), (b"<h1>gateway</h1>", "<h1>gateway</h1>"), (b"[]", "[]"), (b"\xff", "\ufffd")],
)
def test_a_body_that_is_no_envelope_is_the_message(body: bytes, message: str) -> None:
    error = error_of(502, body)
    assert (error.message, error.kind, error.status) == (message, Kind.INTERNAL, 502)


def test_nobody_at_the_address_is_told_plainly(peer: Any) -> None:
    peer.close()
    with Connection(peer.url, timeout=2) as connection, pytest.raises(Unreachable, match="restudio serve"):
        connection.send("GET", "/")


def test_downloads_stream_into_a_file_or_raise(peer: Any, tmp_path: Path) -> None:
    peer.reply = lambda verb, path, headers, body: (200, b"x" * 3_000_000) if path == "/big" else (409, ENVELOPE)
    target = tmp_path / "f"
    with Connection(peer.url) as connection:
        assert connection.download("/big", target) == target.stat().st_size == 3_000_000
        with pytest.raises(ServerError):
            connection.download("/refused", tmp_path / "g")
    assert not (tmp_path / "g").exists()

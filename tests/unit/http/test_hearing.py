"""A refusal waits until the client has said what it had to say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from restudio.http import hearing
from restudio.http.hearing import hear_out


def call(status: int, headers: Mapping[str, str], parts: int, *, reads: int = 0) -> tuple[int, list[str]]:
    """How many parts of the body were taken before the answer began, of an application that reads some itself."""
    taken, before = 0, 0
    sent: list[str] = []

    async def receive() -> Any:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": taken < parts}

    async def send(message: Any) -> None:
        nonlocal before
        before = taken if not sent else before
        sent.append(message["type"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body", "body": b""})

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(hear_out(app, {"type": "http", "headers": raw}, receive, send))
    return before, sent


BODY = {"content-length": "50"}


@pytest.mark.parametrize(
    ("status", "headers", "reads", "taken"),
    [
        (413, BODY, 0, 5),
        (401, {"transfer-encoding": "chunked"}, 2, 5),
        (400, BODY, 5, 5),
        (200, BODY, 0, 0),  # who is served may go on
        (413, {**BODY, "expect": "100-continue"}, 0, 0),
        (404, {}, 0, 0),
        (405, {"content-length": "0"}, 0, 0),
    ],
)
def test_what_is_read_before_an_answer(status: int, headers: Mapping[str, str], reads: int, taken: int) -> None:
    assert call(status, headers, 5, reads=reads) == (taken, ["http.response.start", "http.response.body"])


def test_who_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "MAX_BYTES", 35)
    assert call(413, BODY, 1000)[0] == 4

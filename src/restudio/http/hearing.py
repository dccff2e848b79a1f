"""Hearing a client out before it is refused.

A client that still sends when its connection is closed gets a reset, not the answer that says why: what it has left to
say is read, and forgotten, first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from restudio.http.rrs import Message, Receive, Scope, Send

MAX_BYTES = 256 << 20
"""Of a body that nobody wants. Who sends more is cut off."""
MAX_SECONDS = 30.0


App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def hear_out(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Call an application; a refusal that it sends before it has read the whole body waits for the rest of it. Not that
    of a client which asked first (``Expect: 100-continue``): it has sent nothing."""
    if not _has_body(scope):
        await app(scope, receive, send)
        return
    more = True

    async def receive_noted() -> Message:
        nonlocal more
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def forget_rest() -> None:
        size = 0
        while more and size <= MAX_BYTES:
            message = await receive_noted()
            size += len(message.get("body", b""))

    async def send_late(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400 and more:
            with suppress(TimeoutError):
                await asyncio.wait_for(forget_rest(), MAX_SECONDS)
        await send(message)

    await app(scope, receive_noted, send_late)


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"expect" not in headers and (
        headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    )

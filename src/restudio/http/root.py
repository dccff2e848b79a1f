"""The root of the listener: hands each request to its face by the look of its path.

Request-response scoring and blobs are raw ASGI applications and see the request as it came. The rest gets a request id
and its path tidied: classic clients send doubled and trailing slashes.
"""

from __future__ import annotations

import re
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from restudio.core.ids import new_id
from restudio.http.answers import REQUEST_ID
from restudio.http.arm_path import folded_path
from restudio.http.hearing import hear_out
from restudio.http.metrics import Requests
from restudio.http.rrs import is_scoring, match_route

_SLASHES = re.compile("//+")


class RootApp:
    """ASGI callable. ``rest`` is the Litestar application."""

    def __init__(self, *, rrs: ASGIApp, blob: ASGIApp, rest: ASGIApp, requests: Requests) -> None:
        self._rrs = rrs
        self._blob = blob
        self._rest = rest
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._rest(scope, receive, send)
            return
        hear: Any = hear_out  # speaks of the same messages in plain words
        await hear(self._face(scope["path"]), scope, receive, send)

    def _face(self, path: str) -> ASGIApp:
        if is_scoring(path) and match_route(path) is not None:
            return self._rrs
        return self._blob if path.startswith("/blob/") else self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = new_id()
        tidy = cast("dict[str, Any]", scope)
        tidy["path"] = folded_path(_SLASHES.sub("/", scope["path"]))
        tidy["restudio_request_id"] = request_id

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests.count(message["status"])
                message = _marked(message, request_id)
            await send(message)

        await self._rest(scope, receive, send_marked)


def _marked(message: HTTPResponseStartEvent, request_id: str) -> HTTPResponseStartEvent:
    headers = list(message.get("headers", ()))
    if not any(name.lower() == REQUEST_ID.encode() for name, _ in headers):
        headers.append((REQUEST_ID.encode(), request_id.encode()))
    return {**message, "headers": headers}

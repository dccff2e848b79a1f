"""Where outside services tell that work is done which a pipeline waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from restudio.core.errors import Kind, RestudioError
from restudio.factory.callbacks import MAX_BYTES, PATH, Callbacks


def routes(callbacks: Callbacks) -> list[HTTPRouteHandler]:
    """The address itself is the credential."""

    @post(f"{PATH}/{{id:str}}/{{signature:str}}", status_code=200, tags=["Data Factory"], summary="Call a WebHook back")
    async def call_back(request: Request[Any, Any, Any], id: FromPath[str], signature: FromPath[str]) -> None:
        received = bytearray()
        async for chunk in request.stream():
            received += chunk
            if len(received) > MAX_BYTES:
                raise RestudioError(Kind.TOO_LARGE, "RequestTooLarge", f"A call has at most {MAX_BYTES} bytes.")
        await asyncio.to_thread(callbacks.receive, id[:64], signature, received.decode("utf-8", "replace"))

    return [call_back]

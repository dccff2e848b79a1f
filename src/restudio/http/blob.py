"""The Blob endpoint: a raw ASGI application for ``/blob/{account}/{container}/{blob…}``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from litestar.types import HTTPScope, Receive, Scope, Send

from restudio.blobs.sas import VERSION
from restudio.blobs.service import BlobService
from restudio.core.errors import RestudioError
from restudio.core.ids import new_id
from restudio.http.blob_auth import authorize
from restudio.http.blob_errors import describe, error_xml
from restudio.http.blob_operations import XML, Answer, Call, Operation, find_operation
from restudio.http.blob_request import BlobRequest, decode_request, read_body
from restudio.seams.clock import Clock

T = TypeVar("T")
_log = logging.getLogger(__name__)
_THREADS = 16


class BlobApp:
    """ASGI callable. Bodies are taken in before a worker thread is used, so slow clients hold no thread."""

    def __init__(self, service: BlobService, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="blob")

    def close(self) -> None:
        """Let the worker threads go."""
        self._threads.shutdown(wait=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(cast(HTTPScope, scope), receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        fixed = {"x-ms-request-id": new_id(), "x-ms-version": headers.get("x-ms-version", VERSION)}
        if "x-ms-client-request-id" in headers:
            fixed["x-ms-client-request-id"] = headers["x-ms-client-request-id"]
        is_head = scope["method"] == "HEAD"
        try:
            answer = await self._answer(decode_request(scope), receive)
        except ConnectionResetError:
            return
        except RestudioError as error:
            answer = _refused(*describe(error), error.message, fixed["x-ms-request-id"], is_head)
        except Exception:
            _log.exception("blob request %s failed", fixed["x-ms-request-id"])
            message = "The server encountered an internal error. Please retry the request."
            answer = _refused(500, "InternalError", message, fixed["x-ms-request-id"], is_head)
        await self._send(answer, fixed, is_head, receive, send)

    async def _answer(self, request: BlobRequest, receive: Receive) -> Answer:
        operation = find_operation(request)
        now = self._clock.now().timestamp()
        granted = await self._run(lambda: authorize(request, self._service.accounts, operation.letters, now))
        call = Call(self._service, request, granted, now)
        if operation.body is None:
            return await self._run(lambda: operation.perform(call))
        return await self._perform_with_body(operation, call, operation.body(self._service), receive)

    async def _perform_with_body(self, operation: Operation, call: Call, limit: int, receive: Receive) -> Answer:
        async with read_body(receive, limit, call.request.content_length()) as body:
            whole = Call(call.service, call.request, call.granted, call.now, body)
            return await self._run(lambda: operation.perform(whole))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _send(
        self, answer: Answer, fixed: Mapping[str, str], is_head: bool, receive: Receive, send: Send
    ) -> None:
        length = answer.stream[2] if answer.stream else len(answer.body)
        headers = {"content-length": str(length), **answer.headers, **fixed}
        if answer.status == 304:
            del headers["content-length"]
        await send({"type": "http.response.start", "status": answer.status, "headers": _encode(headers)})
        if answer.stream is None or is_head:
            await send({"type": "http.response.body", "body": b"" if is_head else answer.body, "more_body": False})
            return
        await self._stream(self._service.read(*answer.stream), receive, send)

    async def _stream(self, chunks: Iterator[bytes], receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_wait_gone(receive))
        try:
            while not gone.done():
                chunk = await self._run(lambda: next(chunks, b""))
                await send({"type": "http.response.body", "body": chunk, "more_body": bool(chunk)})
                if not chunk:
                    return
        finally:
            gone.cancel()


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _refused(status: int, code: str, message: str, request_id: str, is_head: bool) -> Answer:
    headers = {"x-ms-error-code": code}
    if is_head:
        return Answer(status, headers)
    return Answer(status, {**headers, "content-type": XML}, error_xml(code, message, request_id))


def _encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    # Values come from users (metadata, signature overrides): nothing in them may end a header line.
    clean = {name: "".join(c if c.isprintable() else " " for c in value) for name, value in headers.items()}
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in clean.items()]

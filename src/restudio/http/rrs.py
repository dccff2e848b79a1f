"""Request-response scoring over raw ASGI, in front of the web framework (classic web services reference, 3).

    POST /workspaces/{ws}/services/{endpoint}/execute?api-version=2.0[&details=true][&format=swagger]
    POST /subscriptions/{sub}/services/{endpoint}/execute?…
    POST /workspaces/{ws}/services/{endpoint}/score
    POST /api/v1/service/{endpoint}/score           the designer's address: rows in, typed rows out, no query

Small calls of kernel scorers are answered on the event loop; large bodies and interpreted scorers go to a thread. The
``Date`` header is the server's (uvicorn sends it). Most calls never get here: ``rrs_protocol`` answers them earlier.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import is_id, workspace_of
from restudio.http.errors import envelope, status_of
from restudio.scoring.dataplane import Admission, DataPlane
from restudio.scoring.live import Live
from restudio.scoring.wire import Call, Wire, decode_call, decode_legacy

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 32 << 20
"""Bytes of a request body, unless the settings say otherwise."""
INLINE_BODY = 128 << 10
"""Larger bodies are scored in a thread, so that they do not hold up small calls."""
API_VERSION = "2.0"

_log = logging.getLogger(__name__)
_LONGEST_PATH = 300
"""Ids have 32 characters; the cache of routes must not keep what strangers make up."""
_CODINGS = frozenset({b"gzip", b"x-gzip", b"deflate", b"br", b"zstd", b"compress", b"x-compress"})
_JSON = (b"content-type", b"application/json; charset=utf-8")
_Answer = tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass(frozen=True, slots=True)
class Form:
    """How the query wants the answer."""

    details: bool = False
    swagger: bool = False
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """The place that a path names. ``form`` is set where the path decides it and the query says nothing."""

    workspace_id: str | None
    endpoint_id: str
    legacy: bool
    form: Form | None = None


@lru_cache(maxsize=4096)
def match_route(path: str) -> Route | None:
    """The route of a path, None for paths of other faces. Empty segments are skipped."""
    if len(path) > _LONGEST_PATH:
        return None
    match [part for part in path.split("/") if part]:
        case ["workspaces", workspace, "services", endpoint, "execute"]:
            return Route(workspace, endpoint, legacy=False)
        case ["workspaces", workspace, "services", endpoint, "score"]:
            return Route(workspace, endpoint, legacy=True, form=Form())
        case ["api", "v1", "service", endpoint, "score"]:
            return Route(None, endpoint, legacy=False, form=Form(typed=True))
        case ["subscriptions", subscription, "services", endpoint, "execute"]:
            return Route(workspace_of(subscription), endpoint, legacy=False)
    return None


def is_scoring(path: str) -> bool:
    """Whether a path may be one of :func:`match_route`, by its end alone: cheap enough for every request."""
    return path.endswith(("/execute", "/score", "/execute/", "/score/"))


def is_compressed(content_encoding: bytes) -> bool:
    """Whether a body is packed. Clients also send character sets in this header; those mean nothing."""
    return any(coding.strip().lower() in _CODINGS for coding in content_encoding.split(b","))


@lru_cache(maxsize=256)
def parse_form(query: bytes) -> Form:
    """Query parameters in any order and case; unknown ones are ignored."""
    given = {name.casefold(): value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    version = given.get("api-version", "")
    if version != API_VERSION:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "BadVersionCall",
            f"The query must say api-version={API_VERSION}, got '{version[:40]}'.",
            target="api-version",
        )
    return Form(
        _choice(given, "details", {"true": True, "false": False}),
        _choice(given, "format", {"swagger": True, "table": False}),
    )


def _choice(given: dict[str, str], name: str, values: dict[str, bool]) -> bool:
    value = given.get(name, "")
    if not value:
        return False
    if value.casefold() not in values:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "InvalidQueryParameter",
            f"Query parameter '{name}' must be one of {', '.join(values)}, got '{value[:40]}'.",
            target=name,
        )
    return values[value.casefold()]


class RrsApp:
    """An ASGI application for exactly the paths of :func:`match_route`; ``plane`` says what is live.

    ``executor`` runs what is too slow for the event loop; by default a pool of eight threads. ``catch_up`` makes
    ``plane`` know all that other processes did until a moment (of ``time.monotonic``): one of them may just have made
    the endpoint, or the key, that is unknown here.
    """

    def __init__(
        self,
        plane: DataPlane,
        *,
        max_body: int = MAX_BODY,
        executor: Executor | None = None,
        catch_up: Callable[[float], None] | None = None,
    ) -> None:
        self.plane = plane
        self._catch_up = catch_up
        self._catching = ThreadPoolExecutor(1, thread_name_prefix="catch-up")
        self.max_body = max_body
        self._executor = executor or ThreadPoolExecutor(8, thread_name_prefix="score")
        self._prefix = str(uuid.uuid4())[:24]
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = self.new_request_id()
        try:
            status, body, headers = await self._answer(scope, receive)
        except ClientGone:
            return
        except Exception as error:
            status, body = self.refuse(error, request_id)
            headers = ((b"allow", b"POST"),) if status == 405 else ()
        start = [_JSON, (b"content-length", b"%d" % len(body)), (b"x-ms-request-id", request_id.encode()), *headers]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": body})

    def new_request_id(self) -> str:
        """An id for the next call, unlike all others."""
        return f"{self._prefix}{next(self._numbers):012x}"

    def refuse(self, error: Exception, request_id: str) -> tuple[int, bytes]:
        """Status and body for a call that failed; faults of ours are logged."""
        if not isinstance(error, RestudioError):
            _log.error("scoring call %s failed", request_id, exc_info=error)
        return envelope(error, request_id)

    async def _answer(self, scope: Scope, receive: Receive) -> _Answer:
        route = match_route(scope["path"])
        if route is None:
            raise RestudioError(Kind.NOT_FOUND, "WebServiceNotFound", "There is no such address.")
        if scope["method"] != "POST":
            raise RestudioError(
                Kind.METHOD_NOT_ALLOWED, "MethodNotAllowed", f"Scoring takes POST, got {scope['method']}."
            )
        authorization, length, coding = None, 0, b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"content-length" and value.isdigit():
                length = int(value)
            elif name == b"content-encoding":
                coding = value
        admission = await self._admit(route, authorization)
        status = 500
        try:
            form = route.form or parse_form(scope["query_string"])
            self._ensure_size(length)
            _ensure_plain(coding)
            body = await self._read(receive)
            result = await self._score(admission.live, route, form, body)
            status = 200
            return status, result, ((b"x-ms-restudio-revision", admission.live.revision.encode()),)
        except RestudioError as error:
            status = status_of(error)
            raise
        except ClientGone:
            status = 499  # as proxies log it
            raise
        finally:
            admission.release(status)

    async def _admit(self, route: Route, authorization: bytes | None) -> Admission:
        try:
            return self.plane.admit(route.endpoint_id, route.workspace_id, authorization)
        except RestudioError as error:
            if not self.may_have_missed(error, authorization) or not is_id(route.endpoint_id):
                raise
        await self._hear(time.monotonic())
        return self.plane.admit(route.endpoint_id, route.workspace_id, authorization)

    async def _hear(self, until: float) -> None:
        if self._catch_up is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(self._catching, self._catch_up, until)
            except RestudioError:
                _log.exception("what other processes did could not be read")

    def may_have_missed(self, refusal: RestudioError, authorization: bytes | None) -> bool:
        """Whether a call may only be refused because another process did something a moment ago."""
        doubtful = refusal.kind in (Kind.NOT_FOUND, Kind.UNAUTHORIZED) and authorization is not None
        return doubtful and self._catch_up is not None

    async def _read(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._ensure_size(len(body))
            return body
        parts, size = [body], len(body)
        while message["type"] == "http.request" and message.get("more_body", False):
            message = await receive()
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            self._ensure_size(size)
        if message["type"] == "http.disconnect":
            raise ClientGone
        return b"".join(parts)

    def _ensure_size(self, size: int) -> None:
        if size > self.max_body:
            raise RestudioError(
                Kind.TOO_LARGE,
                "RequestBodyInvalid",
                f"The request body may have {self.max_body} bytes, got {size}. Use a batch job for larger data.",
            )

    async def _score(self, live: Live, route: Route, form: Form, body: bytes) -> bytes:
        if len(body) <= INLINE_BODY:
            call = decode(live, route.legacy, body)
            wire = live.find_wire(call.GlobalParameters)
            if wire is not None and wire.fast:
                return answer(wire, route.legacy, form, call)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, score, live, route.legacy, form, body)


def _ensure_plain(coding: bytes) -> None:
    if is_compressed(coding):
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "RequestBodyInvalid",
            f"The header Content-Encoding says '{coding.decode('latin-1')[:40]}'; compressed bodies are not read. Send "
            "the JSON as it is, in UTF-8, without Content-Encoding.",
            target="Content-Encoding",
        )


def score(live: Live, legacy: bool, form: Form, body: bytes) -> bytes:
    """Body to answer: decode, convert, score, encode; compiles first where the parameters' values are new."""
    call = decode(live, legacy, body)
    return answer(live.wire(call.GlobalParameters), legacy, form, call)


def decode(live: Live, legacy: bool, body: bytes) -> Call:
    """The call of a body."""
    return decode_legacy(body, next(iter(live.scorer.inputs), "input1")) if legacy else decode_call(body)


def answer(wire: Wire, legacy: bool, form: Form, call: Call) -> bytes:
    """The answer's body for a call."""
    if legacy:
        return wire.score_legacy(call)
    return wire.score_typed(call) if form.typed else wire.score(call, details=form.details, swagger=form.swagger)


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""

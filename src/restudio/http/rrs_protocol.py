"""Scoring calls answered by the connection itself.

For a call of one row the ASGI machinery (scope, task, events, messages) costs more than scoring does. So the connection
recognises the ordinary scoring call, and writes its answer in one piece as soon as the body is complete. Everything out
of the ordinary takes uvicorn's own way to :class:`RrsApp`: other addresses and verbs, ``Expect``, chunked and large
bodies, scorers that need a thread, a client that does not read its answers, calls behind one that is still running.
Answers are the same to the byte on both ways.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import ClassVar, NamedTuple

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from restudio.core.errors import RestudioError
from restudio.http.errors import status_of
from restudio.http.rrs import (
    INLINE_BODY,
    Route,
    RrsApp,
    answer,
    decode,
    is_compressed,
    is_scoring,
    match_route,
    parse_form,
)
from restudio.scoring.dataplane import Admission

_LONGEST_URL = 500
_ORDINARY = "1.1"


class Address(NamedTuple):
    """A scoring address with its query."""

    route: Route
    query: bytes


@lru_cache(maxsize=4096)
def read_address(url: bytes) -> Address | None:
    """The address of a request line; None for what takes the ordinary way."""
    try:
        parsed = httptools.parse_url(url)
        path = (parsed.path or b"").decode("ascii")
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
        return None
    route = match_route(path) if "%" not in path and is_scoring(path) else None
    return None if route is None else Address(route, parsed.query or b"")


class _Call:
    """A call whose body is on its way; without ``admission`` it is answered and the body is not wanted."""

    __slots__ = ("address", "admission", "keep_alive", "parts", "request_id")

    def __init__(self, address: Address, request_id: str, keep_alive: bool) -> None:
        self.address = address
        self.request_id = request_id
        self.keep_alive = keep_alive
        self.admission: Admission | None = None
        self.parts: list[bytes] = []


class ScoringProtocol(HttpToolsProtocol):
    """uvicorn's connection, with the short way for the calls of ``rrs``."""

    rrs: ClassVar[RrsApp]
    _call: _Call | None = None
    _defaults: tuple[object, bytes] = (None, b"")

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        address = self._find_address()
        if address is None:
            self._take_ordinary_way()
            return
        rrs = self.rrs
        call = self._call = _Call(address, rrs.new_request_id(), self.parser.should_keep_alive())
        authorization = None
        for name, value in self.headers:
            if name == b"authorization":
                authorization = value
        try:
            call.admission = rrs.plane.admit(address.route.endpoint_id, address.route.workspace_id, authorization)
        except RestudioError as error:
            if rrs.may_have_missed(error, authorization):
                self._take_ordinary_way()
            else:
                self._refuse(call, error)

    def on_body(self, body: bytes) -> None:
        call = self._call
        if call is None:
            super().on_body(body)
        elif call.admission is not None:
            call.parts.append(body)

    def on_message_complete(self) -> None:
        call = self._call
        if call is None:
            super().on_message_complete()
            return
        self._call = None
        if call.admission is not None:
            self._finish(call, call.admission, b"".join(call.parts))

    def connection_lost(self, exc: Exception | None) -> None:
        call = self._call
        if call is not None and call.admission is not None:
            call.admission.release(499)  # as proxies log it
        self._call = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._call is not None and self._call.admission is not None:
            self._call.keep_alive = False
        else:
            super().shutdown()

    def _find_address(self) -> Address | None:
        """Where an ordinary call goes to, if this is one."""
        if len(self.url) > _LONGEST_URL or self.parser.get_method() != b"POST":
            return None
        address = read_address(self.url)
        if address is None or not self._is_free() or self.parser.get_http_version() != _ORDINARY:
            return None
        live = self.rrs.plane.find_live(address.route.endpoint_id)
        if live is None or not live.scorer.fast or not self._is_plain():
            return None
        return address

    def _is_free(self) -> bool:
        """Whether nothing stands before this request, and nobody limits or logs requests."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and self.limit_concurrency is None
            and not self.config.access_log
            and not self.root_path
        )

    def _is_plain(self) -> bool:
        """Whether the body comes in one announced piece that is small enough to be scored here."""
        if self.expect_100_continue or self.parser.should_upgrade():
            return False
        for name, value in self.headers:
            if name == b"content-length":
                if int(value) > min(INLINE_BODY, self.rrs.max_body):
                    return False
            elif name == b"transfer-encoding" or (name == b"content-encoding" and is_compressed(value)):
                return False
        return True

    def _take_ordinary_way(self) -> None:
        self._call = None
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)
        super().on_headers_complete()

    def _finish(self, call: _Call, admission: Admission, body: bytes) -> None:
        route = call.address.route
        live = admission.live
        try:
            form = route.form or parse_form(call.address.query)
            read = decode(live, route.legacy, body)
            wire = live.find_wire(read.GlobalParameters)
            if wire is None or not wire.fast:
                admission.withdraw()
                self._take_ordinary_way()
                super().on_body(body)
                super().on_message_complete()
                return
            result = answer(wire, route.legacy, form, read)
        except Exception as error:
            admission.release(status_of(error))
            self._refuse(call, error)
            return
        admission.release(200)
        revision = b"x-ms-restudio-revision: %b\r\n" % live.revision.encode()
        self._write(call, 200, result, revision)

    def _refuse(self, call: _Call, error: Exception) -> None:
        status, body = self.rrs.refuse(error, call.request_id)
        self._write(call, status, body, b"")

    def _write(self, call: _Call, status: int, body: bytes, more: bytes) -> None:
        if not call.keep_alive:
            more += b"connection: close\r\n"
        head = (
            b"%b%bcontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\nx-ms-request-id: %b\r\n%b\r\n"
            % (STATUS_LINE[status], self._default_lines(), len(body), call.request_id.encode(), more)
        )
        self.transport.write(head + body)
        if not call.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _default_lines(self) -> bytes:
        """The server's own headers (``Date``); uvicorn makes a new list every second."""
        headers = self.server_state.default_headers
        known, lines = self._defaults
        if known is not headers:
            lines = b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in headers)
            self._defaults = headers, lines
        return lines


def protocol_of(app: RrsApp) -> type[asyncio.Protocol]:
    """The connection class for uvicorn's ``http`` setting whose scoring calls ``app`` would answer."""
    return type("BoundScoringProtocol", (ScoringProtocol,), {"rrs": app})

"""How every Litestar face answers: JSON through msgspec, errors in the one envelope."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from restudio.core.errors import Kind, RestudioError, TooManyAttempts
from restudio.core.ids import new_id
from restudio.http.errors import envelope

JSON = "application/json; charset=utf-8"
REQUEST_ID = "x-ms-request-id"
IDEMPOTENCY_KEY = "idempotency-key"
"""A request header: what changes under one key changes once, however often the request is sent."""
_log = logging.getLogger(__name__)
_KINDS = {
    401: (Kind.UNAUTHORIZED, "ManagementRequestUnauthorized"),
    403: (Kind.FORBIDDEN, "Forbidden"),
    404: (Kind.NOT_FOUND, "ResourceNotFound"),
    405: (Kind.METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    413: (Kind.TOO_LARGE, "RequestTooLarge"),
    503: (Kind.UNAVAILABLE, "ServiceUnavailable"),
}


def json_answer(value: object, status: int = 200) -> Response[bytes]:
    """Any msgspec-encodable value as a JSON answer."""
    return Response(msgspec.json.encode(value), status_code=status, media_type=JSON)


def error_answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to a failed request; what is not a known error is logged under the request's id."""
    request_id = request.scope.get("restudio_request_id") or new_id()
    known = _known(request, error)
    if not isinstance(known, RestudioError):
        _log.error("request %s %s %s failed", request_id, request.method, request.url.path, exc_info=error)
    status, body = envelope(known, str(request_id))
    headers = {REQUEST_ID: str(request_id)}
    if isinstance(error, HTTPException) and error.headers:
        headers.update(error.headers)
    if isinstance(known, TooManyAttempts):
        headers["Retry-After"] = str(known.wait_s)
    return Response(body, status_code=status, media_type=JSON, headers=headers)


def refuse_null_characters(request: Request[Any, Any, Any]) -> None:
    """Refuse an address with a null character: no name has one, and databases differ in what they make of it."""
    if "\0" in request.url.path or b"%00" in request.scope["query_string"]:
        message = "The address holds a null character (%00), which no name has."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidAddress", message)


def _known(request: Request[Any, Any, Any], error: Exception) -> Exception:
    if not isinstance(error, HTTPException) or error.status_code == 500:
        return error
    kind, detail = _KINDS.get(error.status_code, (Kind.BAD_ARGUMENT, "InvalidQueryParameter"))
    text = error.detail
    if kind is Kind.NOT_FOUND:
        text = f"There is nothing at {request.url.path}."
    elif kind is Kind.METHOD_NOT_ALLOWED:
        text = f"{request.method} is not possible at {request.url.path}."
    return RestudioError(kind, detail, text)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {Exception: error_answer}

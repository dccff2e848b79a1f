"""Which HTTP status a refusal of the Blob service gets, and its XML body."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from restudio.blobs.failures import CODES
from restudio.core.errors import Kind, RestudioError

_BY_CODE: Mapping[str, int] = {
    "CannotVerifyCopySource": 404,
    "ConditionNotMet": 412,
    "InvalidRange": 416,
    "MissingContentLengthHeader": 411,
}
_BY_KIND: Mapping[Kind, int] = {
    Kind.UNAUTHORIZED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.INTERNAL: 500,
    Kind.UNAVAILABLE: 503,
}


def describe(error: RestudioError) -> tuple[int, str]:
    """Status and storage error code of an error; what is not a code of storage becomes its nearest one."""
    status = _BY_CODE.get(error.detail) or _BY_KIND.get(error.kind, 400)
    if error.detail in CODES:
        return status, error.detail
    return status, {500: "InternalError", 503: "ServerBusy"}.get(status, "InvalidInput")


def error_xml(code: str, message: str, request_id: str) -> bytes:
    """The body that storage clients read. Messages of 500s tell nothing about the inside."""
    text = escape(f"{message}\nRequestId:{request_id}")
    return f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'.encode()

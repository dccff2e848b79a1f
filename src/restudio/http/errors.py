"""Which HTTP status and which bytes an error becomes (classic web services reference, sections 3.7 and 11).

Every face of the web-service protocol answers errors in one envelope; clients index ``error.code``, ``error.message``
and ``error.details[0].message``, so all three are always there and ``details`` is never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from restudio.core.errors import Kind, ManyErrors, ModuleError, RestudioError


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """Status and class message (``error.message``) of a kind."""

    status: int
    message: str


CLASSES: Mapping[Kind, ErrorClass] = {
    Kind.BAD_ARGUMENT: ErrorClass(400, "Invalid argument provided."),
    Kind.BAD_USER_ARGUMENT: ErrorClass(400, "Invalid user argument provided."),
    Kind.INVALID_OPERATION: ErrorClass(400, "The operation is not allowed in the current state."),
    Kind.LIBRARY_EXECUTION: ErrorClass(400, "Module execution encountered an internal library error."),
    Kind.MODULE_EXECUTION: ErrorClass(400, "Module execution encountered an error."),
    Kind.PACKAGE: ErrorClass(400, "The web service package is invalid."),
    Kind.UNAUTHORIZED: ErrorClass(401, "Request is unauthorized to access resource."),
    Kind.FORBIDDEN: ErrorClass(403, "The caller is not allowed to do this."),
    Kind.NOT_FOUND: ErrorClass(404, "Resource not found."),
    Kind.METHOD_NOT_ALLOWED: ErrorClass(405, "The resource does not support this method."),
    Kind.TIMEOUT: ErrorClass(408, "The request did not complete in time."),
    Kind.CONFLICT: ErrorClass(409, "Resource already exists."),
    Kind.PRECONDITION: ErrorClass(412, "The resource is not in the state that the request names."),
    Kind.TOO_LARGE: ErrorClass(413, "The request is too large."),
    Kind.MEMORY: ErrorClass(413, "The model needs more memory than allowed."),
    Kind.TOO_MANY: ErrorClass(429, "There were too many requests of this kind."),
    Kind.INTERNAL: ErrorClass(500, "The server failed to handle the request."),
    Kind.UNAVAILABLE: ErrorClass(503, "The service is temporarily unavailable."),
}

Detail = dict[str, str | int]
MAX_DETAILS = 100
"""More findings of one check are only counted: an answer must not grow with what a stranger sends."""
MAX_MESSAGE = 8_000
"""Characters of a message; a longer one is cut."""


def status_of(error: BaseException) -> int:
    """The HTTP status of any exception; what is not a RestudioError is a fault of the server."""
    return CLASSES[error.kind].status if isinstance(error, RestudioError) else 500


def envelope(error: BaseException, request_id: str | None = None) -> tuple[int, bytes]:
    """Status and JSON body for an error.

    An exception that is not a :class:`RestudioError` shows nothing of itself: its caller logs it under ``request_id``,
    the value of the answer's ``x-ms-request-id`` header, and the body tells that id.
    """
    if not isinstance(error, RestudioError):
        return 500, _encode(Kind.INTERNAL.value, CLASSES[Kind.INTERNAL].message, [_unexpected(request_id)])
    known = CLASSES[error.kind]
    found = list(_flat(error))
    details = [_detail(e) for e in found[:MAX_DETAILS]]
    if len(found) > MAX_DETAILS:
        details.append({"code": error.detail, "message": f"… and {len(found) - MAX_DETAILS} more findings."})
    return known.status, _encode(error.kind.value, known.message, details)


def _flat(error: RestudioError) -> Iterable[RestudioError]:
    if isinstance(error, ManyErrors) and error.errors:
        for one in error.errors:
            yield from _flat(one)
    else:
        yield error


def _detail(error: RestudioError) -> Detail:
    detail: Detail = {"code": error.detail}
    if error.target is not None:
        detail["target"] = _short(error.target)
    detail["message"] = _short(error.message)
    if isinstance(error, ModuleError):
        placed = {"parameter": error.parameter, "column": error.column, "row": error.row, "module": error.module}
        detail |= {key: value for key, value in placed.items() if value is not None}
    return detail


def _short(text: str) -> str:
    """A text of bounded length, without half surrogates, which JSON cannot carry."""
    cut = text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
    return cut.encode(errors="replace").decode()


def _unexpected(request_id: str | None) -> Detail:
    quote = f" Quote request id {request_id} to the operator." if request_id else ""
    return {"code": "UnknownError", "message": f"An unexpected error occurred; nothing was changed by it.{quote}"}


def _encode(code: str, message: str, details: list[Detail]) -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": message, "details": details}})

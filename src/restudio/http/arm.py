"""How faces with resource-manager addresses answer errors: ``{"error": {"code", "message"}}`` with the precise code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from restudio.http.answers import error_answer
from restudio.http.framework import Routes


def arm_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The house's answer to an error with its first finding on top, which is where these clients look."""
    answer = error_answer(request, error)
    details = msgspec.json.decode(answer.content)["error"]["details"]
    shown: dict[str, object] = {
        "code": details[0]["code"],
        "message": " ".join(detail["message"] for detail in details),
        "target": details[0].get("target"),
        "details": details if len(details) > 1 else [],
    }
    answer.content = msgspec.json.encode({"error": shown})
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return answer


def arm_router(handlers: Sequence[HTTPRouteHandler]) -> Routes:
    """Handlers whose errors are answered by :func:`arm_error`."""
    return Routes(handlers, exception_handlers={Exception: arm_error})

"""Studio API: the catalog."""

from __future__ import annotations

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from restudio.core.describe import describe
from restudio.core.registry import Registry
from restudio.http.answers import json_answer


def routes(registry: Registry) -> list[HTTPRouteHandler]:
    """The catalog needs no key: it is the same for everyone."""
    shown = [describe(entry) for entry in registry.values()]

    @get("/studio/api/modules", sync_to_thread=False)
    def modules() -> Response[bytes]:
        return json_answer(shown)

    return [modules]

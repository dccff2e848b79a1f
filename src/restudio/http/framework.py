"""Litestar, cut to what this server needs: half a second less at every start."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Litestar, Response, Router, route
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ControllerRouterHandler, ExceptionHandlersMap, Scope
from litestar.types.internal_types import PathParameterDefinition


class Framework(Litestar):
    """With the plugin for our own classes only, not those for pydantic and attrs, which other libraries bring along."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


class Routes(Router):
    """Handlers that are registered together, and once. One by one, each would have all addresses sorted anew; and a
    router of Litestar is copied with all that is in it, for those who register it twice."""

    def __init__(
        self,
        handlers: Sequence[ControllerRouterHandler],
        *,
        exception_handlers: ExceptionHandlersMap | None = None,
    ) -> None:
        alone = [handler for handler in handlers if isinstance(handler, HTTPRouteHandler)]
        first = [_options_of(alone)] if alone else []
        super().__init__("/", route_handlers=[*first, *handlers], exception_handlers=exception_handlers)

    def __deepcopy__(self, memo: dict[int, object]) -> Routes:
        return self


def _options_of(handlers: Sequence[HTTPRouteHandler]) -> HTTPRouteHandler:
    """What answers ``OPTIONS`` at all addresses of these. Where nothing does, the framework makes a handler for each
    address, and examines it as long as any other."""
    allowed: Mapping[str, set[str]] = defaultdict(lambda: {"OPTIONS"})
    for handler in handlers:
        for path in handler.paths:
            allowed[_template(path)].update(handler.http_methods)

    @route(
        sorted({path for handler in handlers for path in handler.paths}),
        http_method="OPTIONS",
        include_in_schema=False,
        sync_to_thread=False,
    )
    def options(scope: Scope) -> Response[Any]:
        return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(allowed[scope["path_template"]]))})

    return options


def _template(path: str) -> str:
    """As a request tells where it goes: parameters without their types."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def operation_id(_: HTTPRouteHandler, method: str, path: Sequence[str | PathParameterDefinition]) -> str:
    """Unlike the framework's own, different for paths that differ in case only."""
    parts = [part if isinstance(part, str) else part.name for part in path]
    return "_".join([method.lower(), *(re.sub(r"\W+", "_", part) for part in parts)])

"""``/metrics`` for Prometheus, and ``/health/…`` for whoever watches the process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from restudio.core.errors import Kind, RestudioError
from restudio.http.answers import json_answer
from restudio.http.threads import threaded


class Requests:
    """Counters of one process. A registry of its own, so that several applications may live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "restudio_http_answers",
            "Answers of the management faces by status class.",
            ["status"],
            registry=self.registry,
        )
        self._by_class = [self._answers.labels(status=f"{digit}xx") for digit in range(1, 6)]

    def count(self, status: int) -> None:
        self._by_class[status // 100 - 1].inc()

    def gauge(self, name: str, help: str, read: Callable[[], float]) -> None:
        """A number that is read when somebody asks."""
        Gauge(name, help, registry=self.registry).set_function(read)


def routes(
    requests: Requests,
    check_ready: Callable[[], str | None],
    find_failing: Callable[[], Mapping[str, str]] = dict,
) -> list[HTTPRouteHandler]:
    """``check_ready`` tells what is missing, or None; it may use the database.

    ``find_failing`` tells why endpoints (by id) do not answer with their live revision. They do not make the process
    unready: all others answer.
    """

    @get("/health/live", sync_to_thread=False, include_in_schema=False)
    def live() -> Response[bytes]:
        return json_answer({"status": "live"})

    @get("/health/ready", include_in_schema=False)
    @threaded
    def ready() -> Response[Any]:
        missing = check_ready()
        if missing is not None:
            raise RestudioError(Kind.UNAVAILABLE, "NotReady", f"Not ready: {missing}")
        failing = dict(find_failing())
        return json_answer({"status": "ready", **({"failing_endpoints": failing} if failing else {})})

    @get("/metrics", include_in_schema=False)
    @threaded
    def metrics() -> Response[bytes]:
        return Response(generate_latest(requests.registry), media_type=CONTENT_TYPE_LATEST)

    return [live, ready, metrics]

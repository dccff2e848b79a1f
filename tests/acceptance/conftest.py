"""The loop on the Adult data set, by HTTP alone, against a real server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from adult import Loop, build_loop
from server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session", params=["logistic", "trees"])
def loop(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """Trained, published and approved: a training service and a predictive service with a second endpoint."""
    return build_loop(server, request.param, tmp_path_factory.mktemp("adult"))

"""The loop on the Adult data set, by HTTP alone, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.adult import Loop, build_loop
from tests.acceptance.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pipelines of the open server may use."""
    return tmp_path_factory.mktemp("open-folder")


@pytest.fixture(scope="session")
def open_server(open_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may call this machine."""
    home = tmp_path_factory.mktemp("open-home")
    (home / "restudio.toml").write_text(f'egress = ["127.0.0.0/8"]\npipeline_folders = ["{open_folder}"]\n')
    running = Server(home).start()
    yield running
    running.stop()


@pytest.fixture(scope="session", params=["logistic", "trees"])
def loop(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """Trained, published and approved: a training service and a predictive service with a second endpoint."""
    return build_loop(server, request.param, tmp_path_factory.mktemp("adult"))

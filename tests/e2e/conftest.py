"""A server for what needs no home of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.server import started

from restudio.client import Client

ROWS = "x,name,y\n" + "".join(f"{n},n{n % 3},{'yes' if n > 20 else 'no'}\n" for n in range(40))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a running server."""
    server = started(tmp_path_factory.mktemp("e2e") / "home")
    yield server.home
    server.stop()


@pytest.fixture(scope="session")
def rows(home: Path) -> None:
    """Saves the data set ``rows``."""
    Client.from_home(home).datasets.upload_bytes(ROWS.encode(), "rows", "GenericCSV")

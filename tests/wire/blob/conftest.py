"""A real Blob endpoint on loopback, and real clients for it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import uvicorn
from azure.storage.blob import BlobServiceClient
from litestar.types import ASGIApp
from tests.databases import make_sqlite

from restudio.blobs.service import BlobService
from restudio.http.blob import BlobApp
from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.storage.objects import FileObjects
from restudio.storage.secrets import MasterKeySecrets

ACCOUNT = "acme"


@contextmanager
def _served(app: ASGIApp, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def serve(home: Path) -> Iterator[BlobService]:
    """The service over files and a database below ``home``, behind a server; again over the same ones after a stop."""
    listener = socket.create_server(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    file = home / "restudio.db"
    database = open_database(f"sqlite:///{file}") if file.exists() else make_sqlite(file)
    clock = SystemClock()
    service = BlobService(database, FileObjects(home / "objects"), MasterKeySecrets(bytes(range(32))), clock, base_url)
    if not service.accounts.exists(ACCOUNT):
        service.accounts.create(ACCOUNT)
    app = BlobApp(service, clock)
    with _served(app, listener):
        yield service
    app.close()
    database.close()


@pytest.fixture
def serve_blobs(tmp_path: Path) -> Callable[[], AbstractContextManager[BlobService]]:
    return lambda: serve(tmp_path)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[BlobService]:
    with serve(tmp_path) as running:
        yield running


@pytest.fixture
def client(service: BlobService) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(service.accounts.connection_string(ACCOUNT), retry_total=0) as opened:
        yield opened

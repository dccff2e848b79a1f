"""The management API, help pages and request-response scoring over HTTP, without the rest of the studio."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from litestar import Litestar
from tests.unit.endpoints.world import World

from restudio.http import help as help_pages
from restudio.http import management, metrics
from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.door import Door
from restudio.http.management import Management
from restudio.http.root import RootApp
from restudio.http.rrs import RrsApp
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets


@contextmanager
def serving(db: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> Iterator[tuple[World, httpx.Client]]:
    """A world whose addresses are those of the server, and a client with the workspace token."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world = World(db, secrets, clock, url)
        server = uvicorn.Server(uvicorn.Config(_app(world), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert world.workspace.tokens is not None
        try:
            with httpx.Client(base_url=f"{url}/workspaces/{world.ws}", timeout=60) as client:
                client.headers["Authorization"] = f"bearer  {world.workspace.tokens.secondary}"
                yield world, client
        finally:
            server.should_exit = True
            thread.join()


def _app(world: World) -> Any:
    api = Management(world.services, world.endpoints, world.identity, Door(world.identity))
    handlers = [*management.routes(api), *help_pages.routes(world.endpoints)]
    rest = Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    return RootApp(rrs=RrsApp(world.plane), blob=rest, rest=rest, requests=metrics.Requests())  # type: ignore[arg-type]

"""One server process: listens, gets ready, answers, stops gracefully."""

from __future__ import annotations

import asyncio
import errno
import faulthandler
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import uvicorn

from restudio.app.compose import Studio, compose
from restudio.app.replicas import Replicas
from restudio.app.settings import Settings
from restudio.engine.sandbox import find_weakness
from restudio.seams.clock import Clock

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_log = logging.getLogger(__name__)
STOP_SECONDS = 10
RELEASE_SECONDS = 3
BACKLOG = 2048


class Faces(NamedTuple):
    """What answers: the application, and the class of its connections (uvicorn's ``http`` setting)."""

    app: ASGI3Application
    protocol: type[asyncio.Protocol]


Build = Callable[[Studio], Faces]
"""The faces for a composed studio; handed in because they stand above this layer."""


def serve(
    settings: Settings,
    build: Build,
    *,
    inherited: int | None = None,
    on_ready: Callable[[Settings], None] | None = None,
    clock: Clock | None = None,
) -> None:
    """Run until SIGINT or SIGTERM. ``inherited`` is the descriptor of a listening socket of the parent process;
    ``clock`` stands in for the machine's, in this process only."""
    faulthandler.enable()  # a crash in native code leaves its stack in the log
    asked = _end_on_signals()
    os.umask(0o077)  # keys, data and models are for this user alone
    listener = listen(settings.host, settings.port) if inherited is None else socket.socket(fileno=inherited)
    if inherited is None:
        settings = replace(settings, port=listener.getsockname()[1])
    else:
        _leave_with_parent()
    studio = compose(settings, clock)
    tempfile.tempdir = str(studio.scratch.path)  # what a killed process leaves is found there and removed
    try:
        if inherited is None and settings.role != "worker":  # clients come to the others
            studio.prepare_home()
            _tell_weakness()
        studio.start()
        count = settings.web_workers - 1 if inherited is None else 0
        replicas = Replicas(lambda: _start_replica(settings, listener), count)
        try:
            faces = build(studio)
            if not asked.is_set():
                _answer(settings, faces, listener, on_ready, studio.rest)
        finally:
            replicas.stop()
    finally:
        if not studio.stop():
            _end_now()


def _end_now() -> NoReturn:
    """End as a killed process does. The interpreter's own end would wait for the threads that still work."""
    _log.warning("Something still ran and was left to the next start; it goes on there.")
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def _tell_weakness() -> None:
    weakness = find_weakness()
    if weakness is not None:
        _log.warning("%s Install bubblewrap and allow user namespaces to contain scripts fully.", weakness)


def _end_on_signals() -> threading.Event:
    """Set when a signal has come. The exception that it raises may be lost where Python lets none out (a finaliser,
    a callback of a library)."""
    asked = threading.Event()

    # uvicorn takes the signals while it answers and raises them again afterwards: then everything is let go in order.
    def end(number: int, frame: object) -> None:
        asked.set()
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return asked


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _bind(listener, (host, port))
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def _bind(listener: socket.socket, address: tuple[str, int]) -> None:
    """Replicas of a server that was just killed need a moment to notice it and let go of its port."""
    deadline = time.monotonic() + RELEASE_SECONDS
    while True:
        try:
            listener.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


class _Server(uvicorn.Server):
    """Tells when it answers, and when it is about to stop answering."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_leave: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_leave = on_leave

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(self._on_leave)
        await super().shutdown(sockets)


def _answer(
    settings: Settings,
    faces: Faces,
    listener: socket.socket,
    on_ready: Callable[[Settings], None] | None,
    on_leave: Callable[[], None],
) -> None:
    config = uvicorn.Config(
        faces.app,
        http=faces.protocol,
        log_level=settings.log_level,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=75,
    )
    _Server(config, lambda: on_ready(settings) if on_ready else None, on_leave).run(sockets=[listener])


def replica_command(settings: Settings, descriptor: int) -> list[str]:
    """The command line of one more web process on the same socket."""
    told: Mapping[str, Any] = {
        "--home": settings.home,
        "--host": settings.host,
        "--port": settings.port,
        "--role": "web",
        "--inherited": descriptor,
        **({"--public-url": settings.public_url} if settings.public_url else {}),
    }
    arguments = [str(part) for pair in told.items() for part in pair]
    return [sys.executable, "-m", "restudio", "serve", *arguments]


def _start_replica(settings: Settings, listener: socket.socket) -> subprocess.Popen[bytes]:
    # Its standard input is a pipe that ends with us, so that it never outlives a killed parent.
    descriptor = listener.fileno()
    return subprocess.Popen(replica_command(settings, descriptor), stdin=subprocess.PIPE, pass_fds=[descriptor])


def _leave_with_parent() -> None:
    def wait_for_end() -> None:
        # Not through sys.stdin: a thread that waits in its buffer makes the interpreter abort at its end.
        while os.read(0, 1):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, name="parent", daemon=True).start()

"""A PostgreSQL server of our own, from the system's package, for as long as tests need it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def running_postgresql(*, durable: bool = False) -> Iterator[str]:
    """Address (without a database name) of a PostgreSQL server of our own on a free loopback port. Unless ``durable``
    it is quick, and forgets in a crash."""
    binaries = _find_postgresql()
    folder = Path(f"/tmp/restudio-pg-{uuid.uuid4().hex[:12]}")  # short: the path of a Unix socket has 107 bytes
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)  # initdb refuses to run as root
    data = folder / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "restudio", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        user=user,
        cwd="/",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sync = f"fsync={'on' if durable else 'off'}"
    options = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", sync, "max_connections=200")
    command = [
        str(binaries / "postgres"),
        "-D",
        str(data),
        "-p",
        str(port),
        *(part for o in options for part in ("-c", o)),
    ]
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, user=user, cwd="/")
    try:
        address = f"postgresql://restudio@127.0.0.1:{port}"
        _wait_until_up(f"{address}/postgres", server, log)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown
        server.wait(30)
        shutil.rmtree(folder)


def _find_postgresql() -> Path:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not installed:
        raise AssertionError("these tests need PostgreSQL: install your system's package 'postgresql'")
    return installed[-1].parent


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return

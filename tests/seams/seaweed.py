"""SeaweedFS, a server of the S3 protocol that checks signatures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from obstore.store import S3Store

ACCESS_KEY, SECRET_KEY = "reader", "for-tests-alone"
_SERVERS = ("master", "volume", "filer", "s3", "admin")


def s3_store(endpoint: str, bucket: str) -> S3Store:
    """A bucket, which is made when something is put into it."""
    return S3Store(
        bucket,
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        client_options={"allow_http": True},
    )


@contextmanager
def running_seaweed(folder: Path) -> Iterator[str]:
    """Its endpoint. Everything listens on loopback, and nothing is told to anybody."""
    ports = {f"{name}.port{kind}": port for (name, kind), port in _free_ports().items()}
    command = [
        *(str(Path(sys.executable).with_name("weed")), "-logtostderr", "mini", f"-dir={folder}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-webdav=false", "-admin.ui=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={port}" for name, port in ports.items())),
    ]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=folder)
    try:
        yield _answering(f"http://127.0.0.1:{ports['s3.port']}", server, log)
    finally:
        server.terminate()
        server.wait(30)


def _answering(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{endpoint}/any", timeout=5).status_code == httpx.codes.FORBIDDEN:
                s3_store(endpoint, "first").put("ready", b"")
                return endpoint
        except (httpx.TransportError, OSError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"SeaweedFS did not start:\n{log.read_text()}")


def _free_ports() -> dict[tuple[str, str], int]:
    """Different free ports, for HTTP and gRPC of each server: it takes no zero."""
    with ExitStack() as stack:
        found = {}
        for name in _SERVERS:
            for kind in ("", ".grpc"):
                one = stack.enter_context(socket.socket())
                one.bind(("127.0.0.1", 0))
                found[name, kind] = one.getsockname()[1]
        return found

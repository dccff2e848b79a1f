"""A MariaDB server of our own, from the system's package, for as long as tests need it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


@contextmanager
def running_mariadb() -> Iterator[str]:
    """Address (without a database name) of a MariaDB server of our own on a free loopback port."""
    install, program = _find("mariadb-install-db"), _find("mariadbd")
    folder = Path(f"/tmp/restudio-my-{uuid.uuid4().hex[:12]}")  # short: the path of a Unix socket has 107 bytes
    folder.mkdir()
    user = "mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, user)  # the server refuses to run as root
    common = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={user}"]
    subprocess.run(
        [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sync = "--innodb-flush-log-at-trx-commit=0"
    reach = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'socket'}"]
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen([program, *common, *reach, sync], stdout=output, stderr=output, cwd="/")
    try:
        _wait_until_up(port, server, log)
        yield f"mysql://root@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)


def _find(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found is not None, "these tests need MariaDB: install your system's package 'mariadb-server'"
    return found


def _wait_until_up(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    engine = sa.create_engine(f"mysql+pymysql://root@127.0.0.1:{port}", poolclass=sa.NullPool)
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"MariaDB did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return

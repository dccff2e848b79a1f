"""Leases: a process holds its name for as long as it lives, and others can see that it is gone.

The operating system or the database server lets go of a lease when its holder dies, kill -9 included. A heartbeat would
do the same later and worse: a living process too busy to beat would be taken for dead and its work done twice at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg

from restudio.seams.clock import Clock

_log = logging.getLogger(__name__)
_GRACE_S = 2.0
"""A server that restarts drops all leases; their living holders take them again within this time."""


class Leases(Protocol):
    """Not thread-safe, but for ``hold`` and ``release`` before and after the other calls."""

    def hold(self, name: str) -> bool:
        """Take the lease until :meth:`release` or the end of the process; False when somebody else holds it."""
        ...

    def keep(self) -> None:
        """Make sure that a lease taken is still held; call it about once a second."""
        ...

    def is_free(self, name: str) -> bool:
        """Whether its holder is certainly gone."""
        ...

    def release(self) -> None: ...


class FileLeases:
    """File locks in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: tuple[Path, int] | None = None

    def hold(self, name: str) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try_lock(descriptor):
            os.close(descriptor)
            return False
        self._held = (path, descriptor)
        return True

    def keep(self) -> None:
        """The kernel keeps a file lock."""

    def is_free(self, name: str) -> bool:
        try:
            descriptor = os.open(self._folder / f"{name}.lock", os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            return _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def release(self) -> None:
        if self._held is not None:
            path, descriptor = self._held
            path.unlink(missing_ok=True)
            os.close(descriptor)
            self._held = None


class PostgresLeases:
    """Session advisory locks, each on a connection of its own."""

    def __init__(self, address: str, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._held: tuple[str, psycopg.Connection] | None = None
        self._free_since: dict[str, float] = {}

    def hold(self, name: str) -> bool:
        connection = psycopg.connect(self._address, autocommit=True, application_name="restudio worker")
        if not _ask(connection, "SELECT pg_try_advisory_lock(%s)", name):
            connection.close()
            return False
        self._held = (name, connection)
        return True

    def keep(self) -> None:
        if self._held is None:
            return
        name, connection = self._held
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            connection.close()
            if not self.hold(name):  # another worker is looking at this moment; the next call takes it
                _log.warning("the lease of worker %s was lost and is not back yet", name)

    def is_free(self, name: str) -> bool:
        if not self._can_lock(name):
            self._free_since.pop(name, None)
            return False
        since = self._free_since.setdefault(name, self._clock.monotonic())
        if self._clock.monotonic() - since < _GRACE_S:
            return False
        del self._free_since[name]
        return True

    def release(self) -> None:
        if self._held is not None:
            self._held[1].close()
            self._held = None

    def _can_lock(self, name: str) -> bool:
        with psycopg.connect(self._address, autocommit=True) as connection:
            # Given back at once: a server process may outlive its connection by a moment, lock and all.
            return _ask(connection, "SELECT pg_try_advisory_lock(%s)", name) and _ask(
                connection, "SELECT pg_advisory_unlock(%s)", name
            )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ask(connection: psycopg.Connection, question: str, name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(b"restudio lease " + name.encode()).digest()[:8], "big", signed=True)
    row = connection.execute(question.encode(), (number,)).fetchone()
    return row is not None and row[0] is True


if TYPE_CHECKING:
    from restudio.storage.clock import SystemClock

    _files: Leases = FileLeases(Path())
    _postgresql: Leases = PostgresLeases("", SystemClock())

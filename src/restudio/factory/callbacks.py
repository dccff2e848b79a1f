"""Addresses by which an outside service tells that work which a pipeline waits for is done.

An address is signed, so it cannot be guessed or made; it takes one call, while the activity waits, and no second one.
"""

from __future__ import annotations

import base64
import hmac

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory.tables import callbacks as table
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

PATH = "/factory/callbacks"
MAX_BYTES = 4 << 20
LIFETIME_S = 100 * 86_400.0


class Callbacks:
    """Thread-safe; the same for all processes on one database. ``url`` is our public base address."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock, url: str) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._url = url.rstrip("/")

    def open(self, id: str) -> str:
        """The address for an id of the caller's choice, the same whenever it is asked for; waiting begins."""
        with self._db.begin() as conn:
            if conn.scalar(sa.select(table.c.id).where(table.c.id == id)) is None:
                conn.execute(table.insert().values(id=id, created=self._clock.now().timestamp()))
        return f"{self._url}{PATH}/{id}/{self._signature(id)}"

    def find(self, id: str) -> str | None:
        """What the call brought; None while it has not come."""
        with self._db.read() as conn:
            row = conn.execute(sa.select(table.c.received, table.c.sealed_body).where(table.c.id == id)).one_or_none()
        return None if row is None or row.received is None else self._secrets.open(row.sealed_body)

    def receive(self, id: str, signature: str, body: str) -> None:
        """Take the call. Every address that is wrong, over or used is the same ``CallbackNotFound``."""
        known = hmac.compare_digest(self._signature(id).encode(), signature.encode())
        with self._db.begin() as conn:
            waiting = table.update().where(table.c.id == id, table.c.received.is_(None))
            values = {"received": self._clock.now().timestamp(), "sealed_body": self._secrets.seal(body)}
            if not known or conn.execute(waiting.values(values)).rowcount != 1:
                raise RestudioError(
                    Kind.NOT_FOUND,
                    "CallbackNotFound",
                    "Nothing waits at this address: it is wrong, was called already, or the activity has ended.",
                )

    def close(self, id: str) -> None:
        """Waiting is over; the address is dead."""
        with self._db.begin() as conn:
            conn.execute(table.delete().where(table.c.id == id))

    def purge(self) -> int:
        """Forget what was opened longer ago than anybody waits; gives its number."""
        before = self._clock.now().timestamp() - LIFETIME_S
        with self._db.begin() as conn:
            return int(conn.execute(table.delete().where(table.c.created < before)).rowcount)

    def _signature(self, id: str) -> str:
        return base64.urlsafe_b64encode(self._secrets.sign(f"callback\n{id}".encode())).rstrip(b"=").decode()

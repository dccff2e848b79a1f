"""The people of a workspace and what was done in it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from restudio.client.connection import Connection


class Member(msgspec.Struct, frozen=True):
    """``role`` is reader, member, deployer or owner."""

    email: str
    name: str
    role: str


class AuditLine(msgspec.Struct, frozen=True):
    """One change. ``at`` in epoch seconds; ``principal`` is ``kind:id``, ``name`` its readable name."""

    id: int
    at: float
    principal: str
    name: str
    action: str
    resource: str
    detail: dict[str, object] = {}


class Members:
    """Changes need the role of an owner."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/members"
        self._audit = f"{root}/audit"

    def list(self) -> Sequence[Member]:
        return self._connection.json("GET", self._root, list[Member])

    def put(self, email: str, role: str, *, name: str | None = None, password: str | None = None) -> Member:
        """Give a person a role here; ``password`` makes an account where there is none for the address."""
        body = {"role": role, "name": name, "password": password}
        return self._connection.json("PUT", self._one(email), Member, json=body)

    def remove(self, email: str) -> None:
        """Take the role away; the account stays."""
        self._connection.send("DELETE", self._one(email))

    def set_password(self, email: str, password: str) -> None:
        """For somebody who is a member of this workspace alone."""
        self._connection.send("POST", f"{self._one(email)}/password", json={"password": password})

    def audit(self, *, limit: int = 100, before: int | None = None) -> Sequence[AuditLine]:
        """The newest changes first; the last line's id as ``before`` gives the next page."""
        return self._connection.json("GET", self._audit, list[AuditLine], params={"limit": limit, "before": before})

    def _one(self, email: str) -> str:
        return f"{self._root}/{quote(email, safe='')}"

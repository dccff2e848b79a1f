"""Accounts of programs: service principals, whose secret is also a lasting key."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from restudio.client.connection import Connection


class Program(msgspec.Struct, frozen=True):
    """``client_secret`` is set only in the answer of its creation."""

    client_id: str
    tenant_id: str
    name: str
    role: str
    client_secret: str | None = None


class Programs:
    """All of it needs the role of an owner."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/programs"

    def list(self) -> Sequence[Program]:
        return self._connection.json("GET", self._root, list[Program])

    def add(self, name: str, role: str = "member") -> Program:
        """Make an account; keep its secret, it is not shown again."""
        return self._connection.json("POST", self._root, Program, json={"name": name, "role": role})

    def remove(self, client_id: str) -> None:
        """End an account: its tokens and its secret are refused from now on."""
        self._connection.send("DELETE", f"{self._root}/{client_id}")

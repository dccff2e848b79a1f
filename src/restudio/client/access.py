"""New tokens and keys in the place of those that leaked."""

from __future__ import annotations

from typing import Literal

import msgspec

from restudio.client.connection import Connection


class Tokens(msgspec.Struct, frozen=True):
    """Of a workspace. Either opens it; renew one while callers use the other."""

    primary: str
    secondary: str


class StorageKey(msgspec.Struct, frozen=True):
    """The storage account of a workspace and how to reach it with its new key."""

    account: str
    connection_string: str


class Access:
    """Changes need the role of an owner. What is replaced is refused from then on."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = f"{root}/access"

    def renew_token(self, which: Literal["primary", "secondary"]) -> Tokens:
        """Replace one token of the workspace. A client that came in by it must come in anew."""
        return self._connection.json("POST", f"{self._root}/tokens/{which}", Tokens)

    def renew_storage_key(self) -> StorageKey:
        """Replace the key of the workspace's storage account; addresses signed with the former one end."""
        return self._connection.json("POST", f"{self._root}/storage-key", StorageKey)

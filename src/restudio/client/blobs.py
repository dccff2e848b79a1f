"""Uploading and downloading blobs with a storage connection string, as far as batch jobs need it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, urlsplit

from restudio.blobs.connection_string import parse_connection_string
from restudio.blobs.sharedkey import authorization, parse_query
from restudio.client.connection import Connection, ServerError
from restudio.core.errors import Kind, RestudioError

_VERSION = "2021-12-02"


class BlobAccount:
    """One storage account, by its connection string with an account key. ``now`` dates the requests: by the server's
    clock, or it refuses them."""

    def __init__(self, connection_string: str, now: Callable[[], float] = time.time) -> None:
        self.connection_string = connection_string
        self._now = now
        self._account = parse_connection_string(connection_string)
        self._connection = Connection(self._account.endpoint, timeout=600)

    def upload(self, path: str, data: bytes | Path) -> None:
        """Put ``container/name``; the container is created when it is missing, an old blob is replaced."""
        container, _, name = path.partition("/")
        if not name:
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidBlob", f"'{path}' is not container/name.")
        try:
            self._send("PUT", f"/{container}", "restype=container", b"", {})
        except ServerError as error:
            if error.status != 409:
                raise
        content = data if isinstance(data, bytes) else data.read_bytes()
        headers = {"x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream"}
        self._send("PUT", f"/{container}/{quote(name)}", "", content, headers)

    def download(self, path: str) -> bytes:
        """The bytes of ``container/name``."""
        return self._send("GET", f"/{quote(path)}", "", None, {})

    def _send(self, method: str, path: str, query: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        if self._account.key is None:
            raise RestudioError(Kind.BAD_ARGUMENT, "MissingKeys", "The connection string has no AccountKey.")
        sent = {"x-ms-date": formatdate(self._now(), usegmt=True), "x-ms-version": _VERSION, **headers}
        signed = {**sent, "content-length": str(len(body))} if body is not None else sent
        root = urlsplit(self._account.endpoint).path
        sent["authorization"] = authorization(
            self._account.account, self._account.key, method, signed, root + path, parse_query(query)
        )
        address = f"{path}?{query}" if query else path
        return self._connection.send(method, address, content=body, headers=sent).content

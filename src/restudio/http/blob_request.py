"""One request of the Blob protocol, decoded; and its body, held in memory or aside in a file."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import unquote

from litestar.types import HTTPScope, Receive

from restudio.blobs.failures import refusal
from restudio.blobs.rules import check_container_name
from restudio.blobs.sharedkey import parse_query
from restudio.blobs.types import BlobHeaders, Conditions

IN_MEMORY = 8 << 20
"""Bodies up to this size never touch the disk before they are stored (clients send blocks of 4 MiB)."""


@dataclass(frozen=True, slots=True)
class BlobRequest:
    """``raw_path`` is the path as sent, still escaped; ``blob`` and ``container`` are empty above their level."""

    method: str
    raw_path: str
    account: str
    container: str
    blob: str
    pairs: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    client: str | None
    is_https: bool

    @property
    def query(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.pairs}

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def metadata(self) -> dict[str, str]:
        start = "x-ms-meta-"
        return {name.removeprefix(start): value for name, value in self.headers.items() if name.startswith(start)}

    def blob_headers(self, *, plain: bool = False) -> BlobHeaders:
        """System properties to set. ``plain``: the ordinary headers count too (Put Blob)."""

        def pick(name: str) -> str:
            return self.header(f"x-ms-blob-{name}") or (self.header(name) if plain else "")

        return BlobHeaders(
            content_type=pick("content-type") or "application/octet-stream",
            content_encoding=pick("content-encoding"),
            content_language=pick("content-language"),
            content_disposition=self.header("x-ms-blob-content-disposition"),
            cache_control=pick("cache-control"),
            content_md5=self.header("x-ms-blob-content-md5"),
        )

    def conditions(self) -> Conditions:
        return Conditions(
            if_match=self.headers.get("if-match"),
            if_none_match=self.headers.get("if-none-match"),
            if_modified_since=self._time("if-modified-since"),
            if_unmodified_since=self._time("if-unmodified-since"),
        )

    def _time(self, name: str) -> float | None:
        text = self.headers.get(name)
        if text is None:
            return None
        try:
            return parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError) as cause:
            raise refusal("InvalidHeaderValue", f"{name} must be an HTTP date.", target=name) from cause

    def content_length(self) -> int | None:
        text = self.headers.get("content-length")
        if text is None:
            return None
        if not text.isdecimal() or len(text) > 18:
            raise refusal("InvalidHeaderValue", "Content-Length must be a number.", target="content-length")
        return int(text)


def decode_request(scope: HTTPScope) -> BlobRequest:
    """Read an ASGI scope below ``/blob/``. Container names are checked here, so that no query runs on nonsense."""
    raw_path = bytes(scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    _, _, rest = raw_path.partition("/blob/")
    account, _, rest = rest.partition("/")
    container, _, blob = rest.partition("/")
    if container:
        check_container_name(unquote(container))
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    client = scope.get("client")
    return BlobRequest(
        method=str(scope["method"]),
        raw_path=raw_path,
        account=unquote(account),
        container=unquote(container),
        blob=unquote(blob),
        pairs=parse_query(scope["query_string"].decode("latin-1")),
        headers=headers,
        client=client[0] if client else None,
        is_https=scope.get("scheme") == "https",
    )


@dataclass(frozen=True, slots=True)
class Body:
    """A request body: bytes, or a file that lives as long as the request. ``md5`` is Base64."""

    content: bytes | Path
    size: int
    md5: str

    def read(self) -> bytes:
        """All of it; for bodies with a small limit."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@asynccontextmanager
async def read_body(receive: Receive, limit: int, announced: int | None) -> AsyncIterator[Body]:
    """Take a body in; refuse it as soon as it is known to be larger than ``limit`` bytes."""
    too_large = refusal("RequestBodyTooLarge", f"The limit is {limit} bytes.")
    if announced is not None and announced > limit:
        raise too_large
    digest = hashlib.md5(usedforsecurity=False)
    with ExitStack() as files:
        file: BinaryIO | None = None
        held: list[bytes] = []
        size = 0
        async for chunk in _chunks(receive):
            size += len(chunk)
            if size > limit:
                raise too_large
            digest.update(chunk)
            held.append(chunk)
            if size > IN_MEMORY:
                file = file or cast(BinaryIO, files.enter_context(tempfile.NamedTemporaryFile()))
                file.writelines(held)
                held.clear()
        if announced is not None and size != announced:
            raise refusal("InvalidInput", f"{announced} bytes were announced, {size} came.")
        md5 = base64.b64encode(digest.digest()).decode()
        if file is None:
            yield Body(b"".join(held), size, md5)
        else:
            file.flush()
            yield Body(Path(file.name), size, md5)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client went away while it was sending")
        yield cast(bytes, message.get("body", b""))  # the key is optional in ASGI
        if not message.get("more_body", False):
            return

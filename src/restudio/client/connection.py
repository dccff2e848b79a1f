"""One HTTP connection to a Restudio server: JSON in, typed values out, errors as the server told them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from restudio.core.decoding import decode_json
from restudio.core.errors import Kind, RestudioError

T = TypeVar("T")
_KINDS = {kind.value: kind for kind in Kind}
_BY_STATUS = {
    400: Kind.BAD_ARGUMENT,
    401: Kind.UNAUTHORIZED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    409: Kind.CONFLICT,
    412: Kind.PRECONDITION,
}
"""For faces of the resource manager, whose errors carry a precise code where others have the kind."""
CHUNK = 1 << 20


class ServerError(RestudioError):
    """The server refused. ``status`` is the HTTP status; kind, detail and message are the server's own words."""

    def __init__(self, status: int, kind: Kind, detail: str, message: str) -> None:
        super().__init__(kind, detail, message)
        self.status = status


class Unreachable(RestudioError):
    """Nobody answers at the address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            Kind.UNAVAILABLE, "Unreachable", f"No server answers at {url} ({reason}). Is `restudio serve` running?"
        )


class Connection:
    """Thread-safe. ``token`` is a workspace token, a session token or an endpoint key, sent as a bearer token."""

    def __init__(self, url: str, token: str | None = None, *, timeout: float = 120.0) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(headers=headers, timeout=timeout)
        # Scripts rarely close: the sockets go with the last reference, without a warning.
        weakref.finalize(self, self._http.close)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | Iterator[bytes] | None = None,
        params: Mapping[str, str | int | None] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One request below the base URL (or to an absolute URL); an answer of 400 and above is raised."""
        url = path if path.startswith(("http://", "https://")) else f"{self.url}{path}"
        sent = {k: v for k, v in (params or {}).items() if v is not None}
        body = {"json": json} if json is not None else {"content": content} if content is not None else {}
        try:
            answer = self._http.request(method, url, params=sent or None, headers=dict(headers or {}), **body)
        except httpx.TransportError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__) from error
        if answer.status_code >= 400:
            raise error_of(answer.status_code, answer.content)
        return answer

    def json(self, method: str, path: str, as_: type[T], **request: Any) -> T:
        """As :meth:`send`, with the answer's JSON as a value of ``as_``."""
        return decode_json(self.send(method, path, **request).content, as_)

    def text(self, path: str, **request: Any) -> str:
        return self.send("GET", path, **request).text

    def download(self, path: str, target: Path) -> int:
        """Stream an answer to a file and return its size in bytes."""
        url = path if path.startswith(("http://", "https://")) else f"{self.url}{path}"
        size = 0
        with self._http.stream("GET", url) as answer:
            if answer.status_code >= 400:
                raise error_of(answer.status_code, answer.read())
            with target.open("wb") as file:
                for chunk in answer.iter_bytes(CHUNK):
                    size += file.write(chunk)
        return size


def error_of(status: int, body: bytes) -> ServerError:
    """The error that an answer's body tells; a body that is no envelope becomes the message itself."""
    try:
        envelope = decode_json(body, _Envelope).error
    except msgspec.DecodeError:
        text = body.decode("utf-8", "replace").strip()[:500]
        return ServerError(status, Kind.INTERNAL, str(status), text or f"The server answered {status}.")
    details = [d.message for d in envelope.details if d.message]
    detail = envelope.details[0].code if envelope.details else envelope.code
    message = " ".join(details) or envelope.message
    kind = _KINDS.get(envelope.code) or _BY_STATUS.get(status, Kind.INTERNAL)
    return ServerError(status, kind, detail, message)


class _Detail(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    code: str
    message: str = ""
    details: list[_Detail] = []


class _Envelope(msgspec.Struct):
    error: _Error

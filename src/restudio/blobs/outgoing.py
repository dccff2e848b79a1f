"""Requests to outside addresses over HTTP: pinned to a checked IP address, without redirects, bounded in size and time.

Our own blobs are not read this way; see ``fetch``. Our own public address is always allowed: whoever may call us from
outside may do so from here.

The HTTP library is imported, and its trusted certificates are read, by the first transfer: not every server makes one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from restudio.blobs.egress import EgressPolicy, Resolve, choose_address, resolve_host
from restudio.blobs.exchange import Answer, Request, Streamed
from restudio.blobs.fetch_errors import FetchError, storage_refused
from restudio.blobs.reference import Address
from restudio.blobs.sas import VERSION, format_time, parse_sas, parse_time, redact
from restudio.blobs.sharedkey import authorization, parse_query
from restudio.seams.clock import Clock
from restudio.seams.engine import Cancelled

if TYPE_CHECKING:
    import httpx

IsCancelled = Callable[[], bool]
"""Asked between pieces of a transfer; when it says so, the transfer ends in ``Cancelled``."""
_CODE = re.compile(r"<Code>([A-Za-z]{1,80})</Code>")
_CHUNK = 1 << 20
_ERROR_BYTES = 8192
_ANYWHERE = EgressPolicy(allow_private=True)


def never() -> bool:
    """For transfers that nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """``max_bytes`` of one file; ``seconds`` for the whole transfer, ``idle_seconds`` between two packets."""

    max_bytes: int = 10 << 30
    seconds: float = 3600.0
    idle_seconds: float = 60.0


DEFAULT_LIMITS = FetchLimits()


class Outgoing:
    """Thread-safe; one connection pool for all transfers."""

    def __init__(
        self,
        policy: EgressPolicy,
        clock: Clock,
        limits: FetchLimits = DEFAULT_LIMITS,
        resolve: Resolve = resolve_host,
        own_url: str = "",
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._limits = limits
        self._resolve = resolve
        own = urlsplit(own_url)
        self._own = _origin(own.scheme, own.hostname or "", own.port)

    @cached_property
    def _client(self) -> httpx.Client:
        return _client(self._limits.idle_seconds, verify=True)

    @cached_property
    def _unverified(self) -> httpx.Client:
        return _client(self._limits.idle_seconds, verify=False)

    def close(self) -> None:
        for name in ("_client", "_unverified"):
            if name in self.__dict__:
                self.__dict__[name].close()

    def request(self, request: Request, is_cancelled: IsCancelled = never) -> Answer:
        """The answer, of any status, with its whole body. ``FetchError`` when there is none in time, or too much."""
        with self.stream(request, is_cancelled) as streamed:
            return Answer(streamed.status, streamed.headers, b"".join(streamed.chunks))

    @contextmanager
    def stream(self, request: Request, is_cancelled: IsCancelled = never) -> Iterator[Streamed]:
        """As :meth:`request`, with a body that is still to be read, decoded, in pieces."""
        url = _parse_url(request.url, redact(request.url.partition("?")[0]))
        shown = redact(str(url.copy_with(query=None)))
        deadline = self._clock.monotonic() + request.seconds
        with self._sent(request.method, url, shown, request.headers, request.body, request) as answer:
            yield Streamed(
                answer.status_code, answer.headers, self._chunks(answer, request, shown, deadline, is_cancelled)
            )

    def _chunks(
        self, answer: httpx.Response, request: Request, shown: str, deadline: float, is_cancelled: IsCancelled
    ) -> Iterator[bytes]:
        size = 0
        for chunk in answer.iter_bytes(_CHUNK):
            size += len(chunk)
            if size > request.max_bytes:
                raise FetchError(
                    "InvalidBlob",
                    f"The answer of '{shown}' has more than {request.max_bytes} bytes.",
                    module_number="0030",
                )
            self._ensure_going(deadline, shown, is_cancelled, request.seconds)
            yield chunk

    def download(self, address: Address, shown: str, target: Path, is_cancelled: IsCancelled = never) -> str | None:
        """Write what is at the address to a new file; gives the content type."""
        deadline = self._clock.monotonic() + self._limits.seconds
        with self._exchange("GET", address, shown, {"accept-encoding": "identity"}) as answer:
            self._ensure_size(int(answer.headers.get("content-length", "0") or "0"), shown)
            size = 0
            with target.open("xb") as file:
                for chunk in answer.iter_raw(_CHUNK):
                    size += len(chunk)
                    self._ensure_size(size, shown)
                    self._ensure_going(deadline, shown, is_cancelled)
                    file.write(chunk)
            content_type: str | None = answer.headers.get("content-type")
            return content_type

    def upload(
        self,
        address: Address,
        shown: str,
        source: Path,
        content_type: str,
        *,
        overwrite: bool,
        is_cancelled: IsCancelled = never,
        metadata: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Put a local file there as one block blob: all of it, or after an error or ``Cancelled`` nothing."""
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "content-type": content_type,
            "content-length": str(source.stat().st_size),
            **{f"x-ms-meta-{name}": value for name, value in metadata.items()},
        }
        if not overwrite:
            headers["if-none-match"] = "*"
        deadline = self._clock.monotonic() + self._limits.seconds

        def chunks() -> Iterator[bytes]:
            with source.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    self._ensure_going(deadline, shown, is_cancelled)
                    yield chunk

        with self._exchange("PUT", address, shown, headers, chunks()):
            return

    @contextmanager
    def ask_storage(
        self, method: str, address: Address, shown: str, query: str = "", is_cancelled: IsCancelled = never
    ) -> Iterator[Streamed]:
        """A good answer of blob storage to a request without a body, signed like a transfer; ``FetchError`` for any
        other. ``query`` has no question mark."""
        deadline = self._clock.monotonic() + self._limits.seconds
        with self._exchange(method, address, shown, {"accept-encoding": "identity"}, query=query) as answer:

            def chunks() -> Iterator[bytes]:
                for chunk in answer.iter_raw(_CHUNK):
                    self._ensure_going(deadline, shown, is_cancelled)
                    yield chunk

            yield Streamed(answer.status_code, answer.headers, chunks())

    def ensure_reachable(self, url: str) -> None:
        """Refuse (``FetchError``) an address that no transfer would be made to."""
        self._pin(_parse_url(url, redact(url.partition("?")[0])))

    def resolve(self, host: str, port: int) -> str:
        """The IP address of a host that may be reached, for protocols other than HTTP."""
        return choose_address(self._policy, host, port, self._resolve)

    @contextmanager
    def _exchange(
        self,
        method: str,
        address: Address,
        shown: str,
        headers: Mapping[str, str],
        body: Iterator[bytes] | None = None,
        query: str = "",
    ) -> Iterator[httpx.Response]:
        signed = address.url + address.sas
        url = _parse_url(signed + (("&" if "?" in signed else "?") + query if query else ""), shown)
        sent = dict(headers)
        if address.key is not None or parse_sas(address.sas).get("sig"):
            sent |= {"x-ms-version": VERSION, "x-ms-date": format_datetime(self._clock.now(), usegmt=True)}
        if address.key is not None and address.account is not None:
            path = url.raw_path.decode().partition("?")[0]
            pairs = parse_query(url.query.decode())
            sent["authorization"] = authorization(address.account, address.key, method, sent, path, pairs)
        with self._sent(method, url, shown, sent, body) as answer:
            self._ensure_good(answer, address, shown)
            yield answer

    @contextmanager
    def _sent(
        self,
        method: str,
        url: httpx.URL,
        shown: str,
        headers: Mapping[str, str],
        body: bytes | Iterator[bytes] | None,
        bounds: Request | None = None,
    ) -> Iterator[httpx.Response]:
        import httpx

        client = self._client if bounds is None or bounds.verify else self._unverified
        timeout = client.timeout if bounds is None else httpx.Timeout(bounds.seconds, connect=min(10.0, bounds.seconds))
        request = client.build_request(
            method,
            url.copy_with(host=self._pin(url)),
            headers={**headers, "host": url.netloc.decode()},
            content=body,
            extensions={"sni_hostname": url.host},
            timeout=timeout,
        )
        try:
            answer = client.send(request, stream=True)
            try:
                yield answer
            finally:
                answer.close()
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            why = redact(str(cause)) or type(cause).__name__
            raise FetchError(
                "BlobNotFound", f"'{shown}' at {url.host} could not be reached: {why}.", module_number="0030"
            ) from None

    def _pin(self, url: httpx.URL) -> str:
        origin = _origin(url.scheme, url.host, url.port)
        return choose_address(self._policy if origin != self._own else _ANYWHERE, url.host, origin[2], self._resolve)

    def _ensure_good(self, answer: httpx.Response, address: Address, shown: str) -> None:
        if answer.is_success:
            return
        if answer.is_redirect or answer.status_code in (300, 304):
            raise FetchError(
                "InvalidBlob",
                f"'{shown}' answers with a redirection ({answer.status_code}), which is not followed. Give the final "
                "address.",
                module_number="0078",
            )
        body = next(answer.iter_raw(_ERROR_BYTES), b"").decode("utf-8", "replace")
        named = _CODE.search(body)
        code = answer.headers.get("x-ms-error-code") or (named[1] if named else answer.reason_phrase)
        raise storage_refused(shown, answer.status_code, redact(code)[:80], self._expired(address))

    def _expired(self, address: Address) -> str:
        ends = parse_time(parse_sas(address.sas).get("se", ""))
        if ends is None or ends > self._clock.now().timestamp():
            return ""
        return f"the signature expired at {format_time(ends)}. Ask for the job's status again to get a fresh one."

    def _ensure_size(self, size: int, shown: str) -> None:
        if size > self._limits.max_bytes:
            raise FetchError(
                "InvalidBlob", f"'{shown}' is larger than {self._limits.max_bytes} bytes.", module_number="0030"
            )

    def _ensure_going(
        self, deadline: float, shown: str, is_cancelled: IsCancelled, seconds: float | None = None
    ) -> None:
        if is_cancelled():
            raise Cancelled
        if self._clock.monotonic() > deadline:
            raise FetchError(
                "BlobNotFound",
                f"The transfer of '{shown}' took longer than {seconds or self._limits.seconds:g} s.",
                module_number="0030",
            )


def _client(idle_seconds: float, *, verify: bool) -> httpx.Client:
    import httpx

    return httpx.Client(
        follow_redirects=False,
        trust_env=False,
        verify=verify,
        timeout=httpx.Timeout(idle_seconds, connect=min(10.0, idle_seconds)),
    )


def _parse_url(text: str, shown: str) -> httpx.URL:
    """An address over HTTP or HTTPS with a host."""
    import httpx

    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as cause:
        raise FetchError("InvalidBlob", f"'{shown}' is not a valid address.", module_number="0029") from cause
    if url.scheme not in ("http", "https") or not url.host:
        raise FetchError("InvalidBlob", f"'{shown}' is no address over http or https.", module_number="0029")
    return url


def _origin(scheme: str, host: str, port: int | None) -> tuple[str, str, int]:
    return scheme, host, port or (443 if scheme == "https" else 80)

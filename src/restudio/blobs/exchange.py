"""One request to an outside service and what comes back, without the library that carries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from restudio.blobs.sas import redact


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """``seconds`` bounds the wait for the answer and then the reading of it; ``max_bytes`` its body, decoded.

    ``repr`` shows neither headers nor query, where secrets are.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] | None = None
    seconds: float = 60.0
    max_bytes: int = 4 << 20
    verify: bool = True

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {redact(self.url.partition('?')[0])!r})"


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers`` are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer whose body is read once, in pieces."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

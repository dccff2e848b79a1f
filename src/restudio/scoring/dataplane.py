"""Data plane: the endpoints that this process answers for, in memory.

A call touches nothing but what stands here: no database, no file, no registry. Installing a revision is one attribute
assignment between two calls; a call keeps the revision that it started with to its end.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from restudio.core.errors import Kind, RestudioError
from restudio.scoring.counts import CallCounts
from restudio.scoring.live import Live

_BEARER = re.compile(rb"\s*bearer\s+(\S+)\s*\Z", re.IGNORECASE)


def key_digest(key: str) -> bytes:
    """How the data plane remembers a key: its SHA-256.

    Keys are 64 random bytes, so a plain hash cannot be reversed, and looking it up leaks nothing of the key through
    its timing.
    """
    return hashlib.sha256(key.encode()).digest()


def bearer_digest(header: bytes | None) -> bytes | None:
    """Digest of the token of an ``Authorization`` header; None when it holds none."""
    match = _BEARER.match(header) if header else None
    return None if match is None else hashlib.sha256(match[1]).digest()


class Slot:
    """One endpoint: what is live now, and how many calls run."""

    __slots__ = ("counts", "live", "running")

    def __init__(self, live: Live) -> None:
        self.live = live
        self.running = 0
        self.counts = CallCounts()


@dataclass(slots=True)
class Admission:
    """A call that was let in. Release it exactly once, whatever happens."""

    slot: Slot
    live: Live
    started: float

    def release(self, status: int) -> None:
        self.slot.running -= 1
        self.slot.counts.add(status, time.perf_counter() - self.started)

    def withdraw(self) -> None:
        """Instead of :meth:`release` when the call is let in once more elsewhere."""
        self.slot.running -= 1


class DataPlane:
    """Endpoints by id. ``install`` and ``remove`` may be called from any thread, ``admit`` from the event loop."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}

    def install(self, endpoint_id: str, live: Live) -> None:
        """Make a revision live, from the next call on; running calls and counts stay as they are."""
        slot = self._slots.get(endpoint_id)
        if slot is None:
            self._slots[endpoint_id] = Slot(live)
        else:
            slot.live = live

    def remove(self, endpoint_id: str) -> None:
        """Answer no more calls of an endpoint; unknown ids are fine."""
        self._slots.pop(endpoint_id, None)

    def find_live(self, endpoint_id: str) -> Live | None:
        slot = self._slots.get(endpoint_id)
        return None if slot is None else slot.live

    def iter_ids(self) -> Iterator[str]:
        return iter(tuple(self._slots))

    def admit(self, endpoint_id: str, workspace_id: str | None, authorization: bytes | None) -> Admission:
        """Let a call in, or raise: 401 without a valid key, 404 for an unknown endpoint, 503 over the limit."""
        digest = bearer_digest(authorization)
        if digest is None:
            raise _unauthorized("No API key was sent; send the header 'Authorization: Bearer {key}'.")
        slot = self._slots.get(endpoint_id)
        if slot is None:
            raise RestudioError(Kind.NOT_FOUND, "WebServiceNotFound", "There is no such web service endpoint.")
        live = slot.live
        if digest not in live.keys:
            raise _unauthorized("Invalid credentials provided.")
        if workspace_id is not None and live.workspace_id is not None and workspace_id != live.workspace_id:
            raise RestudioError(
                Kind.NOT_FOUND, "WebServiceIdNotFoundInWorkspace", "The endpoint does not belong to this workspace."
            )
        if slot.running >= live.max_concurrent:
            slot.counts.add(503, 0.0)
            raise RestudioError(
                Kind.UNAVAILABLE,
                "RequestThrottled",
                f"Endpoint '{endpoint_id}' already answers {live.max_concurrent} calls, as many as it may at once."
                " Try again later, or raise its maximum of concurrent calls.",
            )
        slot.running += 1
        return Admission(slot, live, time.perf_counter())

    def iter_counts(self) -> Iterator[tuple[str, CallCounts]]:
        """Endpoint id and counts of its calls so far."""
        for endpoint_id, slot in tuple(self._slots.items()):
            yield endpoint_id, slot.counts


def _unauthorized(message: str) -> RestudioError:
    return RestudioError(Kind.UNAUTHORIZED, "ScoreRequestUnauthorized", message)

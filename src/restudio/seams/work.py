"""Work: durable jobs by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Handler = Callable[[str], None]
"""Does the work named by an id. Called at least once, never twice at the same time for one id; what it does must be
idempotent: it looks the state up, continues from there, and its final write decides the effect once."""


class HandOver(Exception):
    """Raised by a handler that cannot finish because this process stops: the work is done again, here or elsewhere."""


class Work(Protocol):
    """Thread-safe. A submitted id is never lost: it is handled after a crash of any process, on start or by a living
    worker that notices the dead one. Submitting an id again while it is known does nothing. Handlers run in worker
    threads; one that raises is not retried (handlers record failures themselves), except by raising ``HandOver``.

    ``partition`` limits how many of one partition run at once to ``limit`` (40 batch jobs of an endpoint); the rest
    wait in order of submission. ``cancel`` removes waiting work; work that runs must notice by itself (its own state
    in the database, or a killed child process).
    """

    def register(self, kind: str, handler: Handler, *, limit: int | None = None) -> None:
        """Name the handler of a kind. Before :meth:`start` only. ``limit`` is per partition."""
        ...

    def start(self) -> None:
        """Begin to take work, first what a crash left behind."""
        ...

    def submit(self, kind: str, key: str, *, partition: str | None = None) -> None: ...

    def cancel(self, key: str) -> None: ...

    def rest(self) -> None:
        """Take no more work; what runs goes on. For an orderly end, before running handlers are told to hand over."""
        ...

    def purge(self, before: float) -> int:
        """Forget work that was done before a moment (epoch seconds); returns how much."""
        ...

    def stop(self, timeout: float = 10.0) -> bool:
        """Take no more work, wait for what runs up to ``timeout`` seconds, then leave it to the next start.

        False when something runs still; it is done again after this process has ended."""
        ...

"""Work in threads of this process, for tests: nothing outlives the process."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from restudio.seams.work import Handler, HandOver

_log = logging.getLogger(__name__)


class MemoryWork:
    """One thread per running job; waiting jobs stand in one line per kind and partition."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._handlers: dict[str, tuple[Handler, int | None]] = {}
        self._known: set[tuple[str, str]] = set()
        self._waiting: list[tuple[str, str, str]] = []  # kind, key, partition
        self._running: Counter[tuple[str, str]] = Counter()
        self._active = False

    def register(self, kind: str, handler: Handler, *, limit: int | None = None) -> None:
        if kind in self._handlers:
            raise ValueError(f"work of kind {kind!r} has a handler already")
        self._handlers[kind] = (handler, limit)

    def start(self) -> None:
        with self._changed:
            self._active = True
            self._take_work()

    def submit(self, kind: str, key: str, *, partition: str | None = None) -> None:
        if kind not in self._handlers:
            raise ValueError(f"work of kind {kind!r} has no handler; known: {sorted(self._handlers)}")
        with self._changed:
            if (kind, key) in self._known:
                return
            self._known.add((kind, key))
            self._waiting.append((kind, key, partition or ""))
            self._take_work()

    def cancel(self, key: str) -> None:
        with self._changed:
            self._waiting = [job for job in self._waiting if job[1] != key]

    def rest(self) -> None:
        with self._changed:
            self._active = False

    def purge(self, before: float) -> int:
        """Nothing is kept longer than the process lives."""
        return 0

    def stop(self, timeout: float = 10.0) -> bool:
        deadline = time.monotonic() + timeout
        with self._changed:
            self._active = False
            while self._running.total() and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._running.total()

    def _take_work(self) -> None:
        """Start what may start; the lock is held."""
        if not self._active:
            return
        still: list[tuple[str, str, str]] = []
        for kind, key, partition in self._waiting:
            handler, limit = self._handlers[kind]
            line = (kind, partition)
            if limit is not None and self._running[line] >= limit:
                still.append((kind, key, partition))
                continue
            self._running[line] += 1
            threading.Thread(target=self._handle, args=(handler, key, line), name=f"{kind}:{key}", daemon=True).start()
        self._waiting = still

    def _handle(self, handler: Handler, key: str, line: tuple[str, str]) -> None:
        try:
            handler(key)
        except HandOver:
            with self._changed:
                self._waiting.append((line[0], key, line[1]))
        except Exception:
            _log.exception("work %s:%s failed", line[0], key)
        finally:
            with self._changed:
                self._running[line] -= 1
                self._take_work()
                self._changed.notify_all()


if TYPE_CHECKING:
    from restudio.seams.work import Work

    _fits: Work = MemoryWork()

"""Upkeep: what a worker process looks after now and then, beside its work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so many seconds, the first time at once. Doing it twice does no harm."""

    name: str
    every_s: float
    do: Callable[[], object]


class Upkeep:
    """One thread that does chores in turn. A chore that fails is logged, and done again when it is due."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._due = dict.fromkeys(chores, 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for the chore that is being done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep_up(self) -> None:
        while not self._stopping.is_set():
            for chore in [c for c, due in self._due.items() if due <= time.monotonic()]:
                self._do(chore)
                self._due[chore] = time.monotonic() + chore.every_s
            next_due = min(self._due.values(), default=float("inf"))
            self._stopping.wait(min(max(next_due - time.monotonic(), 0.0), 3600.0))

    def _do(self, chore: Chore) -> None:
        if self._stopping.is_set():
            return
        try:
            chore.do()
        except Exception:  # the database may be away for a while
            _log.exception("upkeep: %s failed; it is done again in %.0f s", chore.name, chore.every_s)

"""Warnings of libraries that tell their user nothing, kept off the log: also where learners run in threads."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


class _Filters:
    """The warning filters of the process, which belong to all of its threads.

    ``warnings.catch_warnings`` in two threads that overlap puts back the filters of the other. Here the first of all
    threads keeps them, and the last puts them back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._ignored: set[type[Warning]] = set()
        self._before = ExitStack()

    def enter(self, category: type[Warning]) -> None:
        with self._lock:
            if not self._users:
                self._before.enter_context(warnings.catch_warnings())
            self._users += 1
            if category not in self._ignored:
                self._ignored.add(category)
                warnings.simplefilter("ignore", category)

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._ignored.clear()
                self._before.close()


_FILTERS = _Filters()


@contextmanager
def without(category: type[Warning]) -> Iterator[None]:
    """Nothing of the category is told meanwhile."""
    _FILTERS.enter(category)
    try:
        yield
    finally:
        _FILTERS.leave()

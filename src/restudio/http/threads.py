"""Handlers that wait for the database or for files, moved off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def threaded(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """A coroutine function that runs ``function`` in a worker thread; stands below the route decorator.

    Not Litestar's own ``sync_to_thread=True``: 2.25 wraps a handler twice when its path has a second method, and then
    answers with a coroutine that nobody awaits.
    """

    @wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    return run

"""The attempts of one run that need threads: announced, launched, ended in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from restudio.factory.activity import Output
from restudio.factory.runs.attempt import Attempt, Finished
from restudio.factory.steering import Steering
from restudio.seams.clock import Clock
from restudio.seams.engine import Cancelled
from restudio.seams.work import HandOver

THREADS = 64
"""Attempts of one run at the same time; more wait."""
GRACE_S = 10.0
"""How long an attempt that was told to end may take for it, before it is left to itself."""
Run = Callable[[], Output | Steering]
_log = logging.getLogger(__name__)


class AttemptThreads:
    """Used by the thread that drives the run, which gets :class:`Finished` messages from the others."""

    def __init__(self, run_id: str, clock: Clock, send: Callable[[Finished], None]) -> None:
        self._run_id = run_id
        self._clock = clock
        self._send = send
        self._attempts: dict[str, Attempt] = {}
        self._announced: list[tuple[Attempt, Run]] = []
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=f"pipeline-{run_id[:8]}")

    def add(self, attempt: Attempt, run: Run) -> None:
        """Announce an attempt; it begins with the next :meth:`launch`."""
        self._attempts[attempt.path] = attempt
        self._announced.append((attempt, run))

    def launch(self) -> None:
        announced, self._announced = self._announced, []
        for attempt, run in announced:
            self._pool.submit(self._run, attempt, run)

    def end(self, path: str) -> bool:
        """Tell the attempt of an activity to end, as cancelled; False when there is none."""
        attempt = self._attempts.get(path)
        if attempt is not None:
            attempt.end(Cancelled, self._clock.monotonic())
        return attempt is not None

    def end_all(self) -> None:
        """Tell all to end, because this process does."""
        for attempt in self._attempts.values():
            attempt.end(HandOver, self._clock.monotonic())

    def remove(self, attempt: Attempt) -> bool:
        """Forget an attempt that is over; False when it was left to itself before."""
        if self._attempts.get(attempt.path) is not attempt:
            return False
        del self._attempts[attempt.path]
        return True

    def watch(self) -> list[Finished]:
        """End what is over its time; gives those that did not end when they were told to."""
        now, monotonic = self._clock.now().timestamp(), self._clock.monotonic()
        stuck = []
        for attempt in self._attempts.values():
            if attempt.limit is not None and now >= attempt.limit:
                attempt.end(Cancelled, monotonic, expired=True)
            if attempt.ended is not None and monotonic - attempt.ended > GRACE_S:
                _log.warning("activity %s of run %s did not end when told to", attempt.path, self._run_id)
                stuck.append(Finished(attempt, None, attempt.why()))
        return stuck

    @property
    def next_limit(self) -> float | None:
        """When the time of an attempt is over (epoch seconds)."""
        return min((each.limit for each in self._attempts.values() if each.limit is not None), default=None)

    @property
    def has_running(self) -> bool:
        """Whether any launched attempt is not over."""
        return len(self._attempts) > len(self._announced)

    def close(self) -> None:
        self.end_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, attempt: Attempt, run: Run) -> None:
        output, error = None, None
        try:
            attempt.pause(0)
            output = run()
        except BaseException as raised:  # the driver decides what each kind means
            error = raised
        attempt.clean()
        self._send(Finished(attempt, output, error))

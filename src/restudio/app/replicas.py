"""Replicas: web processes beside the one that started them, kept alive."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
PATIENCE_S = 20.0
"""Longer than a web process takes to finish what it is answering."""
STEADY_S = 60.0
"""A replica that lived so long had started well: what ended it is no reason to wait."""
_log = logging.getLogger(__name__)


def next_pause(pause: float, lived: float) -> float:
    """Seconds until another one starts, after one that lived so long and had been waited for so long."""
    return FIRST_PAUSE_S if lived >= STEADY_S or pause == 0.0 else min(pause * 2, LONGEST_PAUSE_S)


class Replicas:
    """``count`` processes made by ``start``; one that ends is replaced until :meth:`stop`."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], count: int) -> None:
        self._start = start
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._living: set[subprocess.Popen[bytes]] = set()
        self._keepers = [
            threading.Thread(target=self._keep_one, name=f"replica-{i}", daemon=True) for i in range(count)
        ]
        for keeper in self._keepers:
            keeper.start()

    def stop(self, patience: float = PATIENCE_S) -> None:
        """End all politely; one that has not ended after ``patience`` seconds is killed."""
        with self._lock:
            self._stopping.set()
            for process in self._living:
                process.terminate()
        deadline = time.monotonic() + patience
        for keeper in self._keepers:
            keeper.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            for process in self._living:
                _log.warning("the web process %d did not end in %.0f s and is killed", process.pid, patience)
                process.kill()
        for keeper in self._keepers:
            keeper.join()

    def _keep_one(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            begun = time.monotonic()
            ended = self._live_once()
            pause = next_pause(pause, time.monotonic() - begun)
            if not self._stopping.is_set():
                _log.warning("a web process %s; another one starts in %.1f s", ended, pause)

    def _live_once(self) -> str:
        """Start one and wait for its end; how that was."""
        with self._lock:
            if self._stopping.is_set():
                return "was not started"
            try:
                process = self._start()
            except OSError as error:
                return f"could not be started ({error})"
            self._living.add(process)
        status = process.wait()
        with self._lock:
            self._living.discard(process)
        if process.stdin is not None:
            process.stdin.close()
        return (
            f"({process.pid}) was killed by signal {-status}" if status < 0 else f"({process.pid}) ended with {status}"
        )

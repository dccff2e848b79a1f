"""A clock that another process moves, by lines on a pipe."""

from __future__ import annotations

import logging
import os
import threading
from datetime import timedelta

from restudio.seams.clock import Clock
from restudio.storage.clock import ShiftedClock

_log = logging.getLogger(__name__)


def steered_clock(shift: timedelta, descriptor: int) -> Clock:
    """Starts ``shift`` away from the machine's clock and leaps ahead by the seconds that each line tells. It runs on
    when the pipe ends."""
    clock = ShiftedClock(shift)
    threading.Thread(target=_follow, args=(clock, descriptor), name="clock", daemon=True).start()
    return clock


def _follow(clock: ShiftedClock, descriptor: int) -> None:
    # Not through a buffered file: a thread that waits in one makes the interpreter abort at its end.
    rest = b""
    while found := os.read(descriptor, 4096):
        *lines, rest = (rest + found).split(b"\n")
        for line in lines:
            try:
                clock.advance(timedelta(seconds=float(line)))
            except (ValueError, OverflowError) as error:
                _log.warning("the clock stays: expected a line with seconds from 0 on, got %r (%s)", line, error)

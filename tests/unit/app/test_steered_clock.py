from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

from restudio.app.steered_clock import steered_clock
from restudio.seams.clock import Clock

DAY = timedelta(days=1)


def days_off(clock: Clock) -> int:
    return round((clock.now() - datetime.now(UTC)) / DAY)


def wait_for(clock: Clock, days: int) -> None:
    deadline = time.monotonic() + 30
    while days_off(clock) != days:
        assert time.monotonic() < deadline, days_off(clock)
        time.sleep(0.01)


def test_lines_move_it_and_mistakes_do_not() -> None:
    reading, writing = os.pipe()
    clock = steered_clock(-10 * DAY, reading)
    assert days_off(clock) == -10
    os.write(writing, b"864")
    os.write(writing, b"00\n86400\n")
    wait_for(clock, -8)
    os.write(writing, b"-86400\nsoon\ninf\nnan\n172800\n")
    wait_for(clock, -6)
    os.close(writing)
    assert days_off(clock) == -6

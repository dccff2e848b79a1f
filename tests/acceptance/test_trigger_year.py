"""A simulated year of an hourly and a weekly trigger over both changes of daylight saving, with restarts.

Every hour of the year takes minutes: that is for ``make soak``. Otherwise the hourly trigger runs in the days around
both changes, and the weekly one all the year.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.unit.triggers.recorder import Recorder
from tests.unit.triggers.test_loop import Bench, every, ref

from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase, open_database

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def quick_database() -> Iterator[SqlDatabase]:
    """Tens of thousands of transactions: in memory where the system offers a folder for that."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        opened = open_database(f"sqlite:///{folder}/restudio.db")
        opened.create_all()
        yield opened
        opened.close()


AROUND_CHANGES = (
    (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
    (datetime(2026, 10, 22, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)),
)
PERIODS = ((BEGIN, END),) if os.environ.get("RESTUDIO_EVERY_HOUR") else AROUND_CHANGES
RESTARTS = 0.01 if os.environ.get("RESTUDIO_EVERY_HOUR") else 0.05
"""How likely a restart is after a firing."""


@pytest.mark.timeout(900)  # nearly nine thousand firings
def test_a_year_fires_exactly_the_expected_instants(quick_database: SqlDatabase) -> None:
    bench = Bench(quick_database, ManualClock(BEGIN))
    weekly = every("Week", timeZone="W. Europe Standard Time", schedule={"weekDays": ["Sunday"], "hours": [2, 3]})
    hourly = every("Hour", timeZone="W. Europe Standard Time")
    bench.service.start(ref("weekly"), "ScheduleTrigger", weekly)
    chance = random.Random(2026)

    def restart() -> None:
        if chance.random() < RESTARTS:
            bench.loop = bench.new_loop()

    for begin, end in PERIODS:
        bench.run_until(begin, restart)
        bench.service.start(ref("hourly"), "ScheduleTrigger", hourly)
        bench.run_until(end, restart)
        bench.service.stop(ref("hourly"))
    bench.run_until(END, restart)
    recorder: Recorder = bench.recorder
    assert recorder.started("hourly") == [
        begin + timedelta(hours=hour)
        for begin, end in PERIODS
        for hour in range(1, int((end - begin) / timedelta(hours=1)) + 1)
    ]
    sundays = [datetime(2026, 1, 4) + timedelta(days=7 * week) for week in range(52)]
    local = [sunday.replace(hour=hour, tzinfo=BERLIN) for sunday in sundays for hour in (2, 3)]
    # On the last Sunday of March two o'clock is skipped and fires at three, where the trigger fires anyway; on the last
    # Sunday of October it comes twice and fires once.
    assert recorder.started("weekly") == sorted({each.astimezone(UTC) for each in local})
    assert len(recorder.started("weekly")) == 103

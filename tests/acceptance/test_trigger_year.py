"""A simulated year of an hourly and a weekly trigger over both changes of daylight saving, with restarts."""

from __future__ import annotations

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


@pytest.mark.timeout(900)  # nearly nine thousand firings
def test_a_year_fires_exactly_the_expected_instants(quick_database: SqlDatabase) -> None:
    bench = Bench(quick_database, ManualClock(BEGIN))
    weekly = every("Week", timeZone="W. Europe Standard Time", schedule={"weekDays": ["Sunday"], "hours": [2, 3]})
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour", timeZone="W. Europe Standard Time"))
    bench.service.start(ref("weekly"), "ScheduleTrigger", weekly)
    chance = random.Random(2026)

    def restart() -> None:
        if chance.random() < 0.01:
            bench.loop = bench.new_loop()

    bench.run_until(END, restart)
    recorder: Recorder = bench.recorder
    assert recorder.started("hourly") == [BEGIN + timedelta(hours=hour) for hour in range(1, 365 * 24 + 1)]
    sundays = [datetime(2026, 1, 4) + timedelta(days=7 * week) for week in range(52)]
    local = [sunday.replace(hour=hour, tzinfo=BERLIN) for sunday in sundays for hour in (2, 3)]
    # On the last Sunday of March two o'clock is skipped and fires at three, where the trigger fires anyway; on the last
    # Sunday of October it comes twice and fires once.
    assert recorder.started("weekly") == sorted({each.astimezone(UTC) for each in local})
    assert len(recorder.started("weekly")) == 103

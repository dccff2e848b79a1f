from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from restudio.storage.clock import ManualClock, ShiftedClock, SystemClock


def test_the_system_clock_is_utc() -> None:
    clock = SystemClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.monotonic() <= clock.monotonic()


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(60)
    assert clock.now() == datetime(2026, 3, 1, 0, 1, tzinfo=UTC)
    assert clock.monotonic() == 60
    with pytest.raises(ValueError, match="forwards"):
        clock.advance(-1)


def test_a_shifted_clock_runs_beside_the_machine_and_leaps_only_forwards() -> None:
    week = timedelta(days=7)
    clock = ShiftedClock(-week)
    before, durations = datetime.now(UTC), clock.monotonic()
    assert before - week <= clock.now() <= datetime.now(UTC) - week
    clock.advance(2 * week)
    assert before + week <= clock.now() <= datetime.now(UTC) + week
    assert clock.monotonic() - durations < week.total_seconds()
    with pytest.raises(ValueError, match="forwards"):
        clock.advance(-week)
    assert clock.shift == week

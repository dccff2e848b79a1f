from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from restudio.storage.clock import ManualClock, SystemClock


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

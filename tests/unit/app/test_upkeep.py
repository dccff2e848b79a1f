from __future__ import annotations

import logging
import threading

import pytest

from restudio.app.upkeep import Chore, Upkeep


def test_chores_are_done_again_and_again_even_when_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    enough = threading.Event()

    def fail() -> None:
        done.append("fails")
        raise OSError("no room")

    def count() -> None:
        done.append("often")
        if done.count("often") == 3:
            enough.set()

    upkeep = Upkeep(
        [Chore("rare", 3600, lambda: done.append("rare")), Chore("bad", 0.01, fail), Chore("o", 0.01, count)]
    )
    with caplog.at_level(logging.ERROR):
        upkeep.start()
        assert enough.wait(20)
        upkeep.stop()
    assert done.count("rare") == 1
    assert done.count("fails") >= 2
    assert "upkeep: bad failed" in caplog.text


def test_what_was_never_started_can_be_stopped() -> None:
    Upkeep([]).stop()

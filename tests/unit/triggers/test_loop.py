"""The trigger loop with a clock moved by hand, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest
import sqlalchemy as sa
from tests.unit.triggers.recorder import Recorder

from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.errors import Kind, RestudioError
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.triggers.events import CustomEvent
from restudio.triggers.loop import TAKEN, TriggerLoop
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.service import TriggerService
from restudio.triggers.tables import firings
from restudio.triggers.types import Change, Completion, Firing, FiringState, Ref

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
KIND, OWNER = "test", "owner"


def ref(name: str) -> Ref:
    return Ref(KIND, OWNER, name)


class Bench:
    """One server: its clock, loop and service."""

    def __init__(self, db: SqlDatabase, clock: ManualClock) -> None:
        self.db, self.clock = db, clock
        self.recorder = Recorder(db)
        self.service = TriggerService(db, clock, {KIND: self.recorder})
        self.loop = self.new_loop()

    def new_loop(self) -> TriggerLoop:
        return TriggerLoop(self.db, self.clock, {KIND: self.recorder})

    def run_until(self, end: datetime, after_tick: Callable[[], None] = lambda: None) -> None:
        """Let the clock jump from one due instant to the next."""
        while (due := self.loop.next_due()) is not None and due <= end:
            self.clock.advance(max((due - self.clock.now()).total_seconds(), 0.0))
            self.loop.tick()
            after_tick()
        self.clock.advance(max((end - self.clock.now()).total_seconds(), 0.0))
        self.loop.tick()

    def states(self, name: str) -> list[FiringState]:
        """From the oldest on."""
        return [each.state for each in self.firings(name)]

    def firings(self, name: str) -> list[Firing]:
        found = self.service.list_firings(KIND, OWNER, [firings.c.name == name], limit=10_000)
        return found[::-1]


@pytest.fixture
def bench(database: SqlDatabase, clock: ManualClock) -> Bench:
    return Bench(database, clock)


def every(frequency: str, interval: int = 1, **more: Any) -> dict[str, Any]:
    recurrence = {"frequency": frequency, "interval": interval, "startTime": "2025-01-01T00:00:00", **more}
    return {"recurrence": recurrence}


def test_rules_are_read_before_they_are_due(bench: Bench) -> None:
    bench.service.start(ref("soon"), "ScheduleTrigger", every("Hour"))
    bench.service.start(ref("as soon"), "ScheduleTrigger", every("Hour"))
    asked: list[str] = []

    class Counting(Recorder):
        def read(self, type: str, document: Any) -> Any:
            asked.append(type)
            return super().read(type, document)

    loop = TriggerLoop(bench.db, bench.clock, {KIND: Counting(bench.db)})
    loop.fire()
    assert asked == []  # an hour is long
    bench.clock.advance(3580)
    loop.fire()
    assert asked == ["ScheduleTrigger"]  # once for both, for they say the same
    bench.clock.advance(20)
    loop.fire()
    assert asked == ["ScheduleTrigger"]
    assert len(bench.firings("soon")) == len(bench.firings("as soon")) == 1


def windows(frequency: str = "Hour", interval: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "frequency": frequency,
        "interval": interval,
        "startTime": "2025-12-31T20:00:00Z",
        "maxConcurrency": 2,
        **more,
    }


def test_schedule_fires_from_its_start_on_and_not_after_its_stop(bench: Bench) -> None:
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour"))
    bench.run_until(START + 3.5 * HOUR)
    bench.service.stop(ref("Hourly"))
    bench.run_until(START + 6 * HOUR)
    assert bench.recorder.started("hourly") == [START + n * HOUR for n in (1, 2, 3)]
    assert bench.states("hourly") == [FiringState.SUCCEEDED] * 3
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour"))
    bench.run_until(START + 8 * HOUR)
    assert bench.recorder.started("hourly")[3:] == [START + n * HOUR for n in (7, 8)]


def test_missed_firings_are_left_out_but_for_the_last_minute(bench: Bench) -> None:
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour"))
    bench.clock.advance(5 * 3600 + 30)
    bench.loop.tick()
    bench.clock.advance(5 * 3600)
    bench.clock.advance(120)
    bench.loop.tick()
    bench.run_until(START + 12 * HOUR)
    assert bench.recorder.started("hourly") == [START + n * HOUR for n in (5, 11, 12)]


def test_what_becomes_due_while_many_are_started_is_not_missed(bench: Bench) -> None:
    for i in range(300):
        bench.service.start(ref(f"many {i}"), "ScheduleTrigger", every("Hour"))
    bench.service.start(ref("late"), "ScheduleTrigger", every("Hour", startTime="2025-01-01T00:00:10"))

    class Slow(Recorder):
        def start(self, trigger: Any, firing: Firing) -> Any:
            bench.clock.advance(0.5)
            return super().start(trigger, firing)

    bench.clock.advance(3600)
    TriggerLoop(bench.db, bench.clock, {KIND: Slow(bench.db)}).fire()
    assert bench.clock.now() > START + HOUR + timedelta(seconds=149)
    assert bench.recorder.started("late") == [START + HOUR + timedelta(seconds=10)]


def test_what_cannot_be_started_fails_with_its_reason(bench: Bench) -> None:
    bench.service.start(ref("refused"), "ScheduleTrigger", every("Hour"))
    bench.run_until(START + HOUR)
    [firing] = bench.firings("refused")
    assert (firing.state, firing.message) == (FiringState.FAILED, "the expression has no such member")
    assert firing.runs == {}


def test_a_reason_may_quote_anything(bench: Bench) -> None:
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour"))
    bench.service.start(ref("other"), "ScheduleTrigger", every("Hour"))

    class Quoting(Recorder):
        def start(self, trigger: Any, firing: Firing) -> Any:
            if firing.ref.name == "hourly":
                raise RestudioError(Kind.BAD_ARGUMENT, "InvalidTemplate", "there is no 'a\0b\ud800'")
            return super().start(trigger, firing)

    bench.clock.advance(3600)
    TriggerLoop(bench.db, bench.clock, {KIND: Quoting(bench.db)}).tick()
    assert [each.message for each in bench.firings("hourly")] == ["there is no 'a\ufffdb?'"]
    assert bench.states("other") == [FiringState.SUCCEEDED]


def test_restarts_around_both_changes_of_daylight_saving(bench: Bench) -> None:
    """With a new loop (a restart) now and then: exactly the expected instants."""
    zone: dict[str, Any] = {"timeZone": "Eastern Standard Time"}
    documents = {
        "spring": every("Hour", startTime="2026-03-07T00:00:00", endTime="2026-03-09T00:00:00", **zone),
        "autumn": every("Hour", startTime="2026-10-31T00:00:00", endTime="2026-11-02T00:00:00", **zone),
        "weekly": every("Week", schedule={"weekDays": ["Sunday"], "hours": [2], "minutes": [30]}, **zone),
    }
    for name, document in documents.items():
        bench.service.start(ref(name), "ScheduleTrigger", document)
    chance = random.Random(7)

    def restart() -> None:
        if chance.random() < 0.1:
            bench.loop = bench.new_loop()

    end = datetime(2026, 12, 1, tzinfo=UTC)
    bench.run_until(end, restart)
    for name, document in documents.items():
        rule = bench.recorder.read("ScheduleTrigger", document)
        assert isinstance(rule, Recurrence)
        assert bench.recorder.started(name) == list(takewhile(lambda each: each <= end, rule.iter_after(START)))
    assert [len(bench.recorder.started(name)) for name in documents] == [48, 50, 48]


def test_windows_fill_the_past_oldest_first_a_few_at_a_time(bench: Bench) -> None:
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows())
    bench.loop.tick()
    assert bench.states("w") == [FiringState.RUNNING] * 2 + [FiringState.WAITING] * 2
    most = 0
    for _ in range(2):
        most = max(most, bench.recorder.running())
        bench.recorder.end("Succeeded")
        bench.loop.tick()
    bench.recorder.end("Succeeded")
    bench.run_until(START + 2 * HOUR)
    assert most == 2
    assert bench.recorder.started("w") == [START + n * HOUR for n in (-3, -2, -1, 0, 1, 2)]
    assert bench.firings("w")[0].window_start == START - 4 * HOUR


def test_windows_are_not_lost_while_no_server_runs_or_the_trigger_is_stopped(bench: Bench) -> None:
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(maxConcurrency=50))
    bench.loop.tick()
    bench.service.stop(ref("w"))
    bench.clock.advance(10 * 3600)
    bench.loop.tick()
    assert len(bench.firings("w")) == 4
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(maxConcurrency=50))
    bench.clock.advance(10 * 3600)
    bench.loop.tick()
    assert [each.number for each in bench.firings("w")] == list(range(24))


def test_a_long_past_is_written_down_bit_by_bit(bench: Bench) -> None:
    start = "2025-12-20T00:00:00Z"
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(startTime=start, maxConcurrency=50))
    while len(bench.firings("w")) < 12 * 24:
        before = len(bench.firings("w"))
        bench.loop.tick()
        assert len(bench.firings("w")) - before <= 200
        bench.recorder.end("Succeeded")
        bench.clock.advance(2)
    assert bench.recorder.started("w") == sorted(set(bench.recorder.started("w")))


def test_failed_windows_are_retried_with_new_runs_before_they_count_as_failed(bench: Bench) -> None:
    retrying = windows(startTime="2025-12-31T23:00:00Z", retryPolicy={"count": 1, "intervalInSeconds": 45})
    bench.service.start(ref("w"), "TumblingWindowTrigger", retrying)
    bench.loop.tick()
    bench.recorder.end("Failed")
    bench.loop.tick()
    assert bench.states("w") == [FiringState.STARTING]
    bench.clock.advance(44)
    bench.loop.tick()
    assert bench.states("w") == [FiringState.STARTING]
    bench.clock.advance(1)
    bench.loop.tick()
    [firing] = bench.firings("w")
    assert (firing.state, firing.attempt) == (FiringState.RUNNING, 1)
    bench.recorder.end("Failed", *firing.runs.values())
    bench.loop.tick()
    [firing] = bench.firings("w")
    assert firing.state is FiringState.FAILED
    assert "pipeline failed" in firing.message
    # By hand once more.
    bench.service.rerun(ref("w"), firing.id)
    bench.loop.tick()
    bench.recorder.end("Succeeded", *bench.firings("w")[0].runs.values())
    bench.loop.tick()
    assert bench.states("w") == [FiringState.SUCCEEDED]
    assert len(bench.recorder.started("w")) == 3


def test_a_window_whose_expression_fails_fails_with_the_reason_and_keeps_no_other_waiting(bench: Bench) -> None:
    second = "equals(trigger().outputs.windowStartTime, '2025-12-31T21:00:00Z')"
    document = windows(
        maxConcurrency=50, delay=f"@if({second}, 'soon', '00:30:00')", retryPolicy={"count": "@add(0, 1)"}
    )
    bench.service.start(ref("w"), "TumblingWindowTrigger", document)
    bench.loop.tick()
    running, failed = FiringState.RUNNING, FiringState.FAILED
    assert bench.states("w") == [running, failed, running]
    bench.clock.advance(1800)
    bench.loop.tick()
    assert bench.states("w") == [running, failed, running, running]
    message = bench.firings("w")[1].message
    assert message.startswith("'delay' of the window from 2025-12-31T21:00:00+00:00: expected a time span")
    with pytest.raises(RestudioError, match="'delay' of the window"):
        bench.service.rerun(ref("w"), bench.firings("w")[1].id)
    bench.recorder.end("Failed")
    bench.loop.tick()
    assert [each.retries_left for each in bench.firings("w")] == [0, 0, 0, 0]
    assert bench.states("w").count(FiringState.STARTING) == 3


def test_windows_wait_for_earlier_ones_of_their_own(bench: Bench) -> None:
    after = [{"type": "SelfDependencyTumblingWindowTriggerReference", "offset": "-01:00:00"}]
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(dependsOn=after))
    bench.loop.tick()
    assert bench.states("w") == [FiringState.RUNNING] + [FiringState.BLOCKED] * 3
    bench.recorder.end("Failed")
    bench.loop.tick()
    assert bench.states("w") == [FiringState.FAILED] + [FiringState.BLOCKED] * 3
    bench.service.rerun(ref("w"), bench.firings("w")[0].id)
    for _ in range(4):
        bench.loop.tick()
        bench.recorder.end("Succeeded")
    bench.loop.tick()
    assert bench.states("w") == [FiringState.SUCCEEDED] * 4


def test_windows_wait_for_those_of_other_triggers_for_seven_days(bench: Bench) -> None:
    reference = {"referenceName": "Hours", "type": "TriggerReference"}
    after = [{"type": "TumblingWindowTriggerDependencyReference", "referenceTrigger": reference}]
    bench.service.start(ref("hours"), "TumblingWindowTrigger", windows(maxConcurrency=50))
    daily = windows("Hour", 4, dependsOn=after, endTime="2026-01-01T04:00:00Z")
    bench.service.start(ref("four"), "TumblingWindowTrigger", daily)
    bench.loop.tick()
    assert bench.states("four") == [FiringState.BLOCKED]
    assert "hours" in bench.firings("four")[0].message.lower()
    bench.recorder.end("Succeeded")
    bench.loop.tick()
    assert bench.states("four") == [FiringState.RUNNING]
    bench.recorder.end("Succeeded")
    bench.clock.advance(4 * 3600)
    bench.service.stop(ref("hours"))
    bench.loop.tick()
    assert bench.states("four") == [FiringState.SUCCEEDED, FiringState.BLOCKED]
    bench.clock.advance(7 * 86_400)
    bench.loop.tick()
    assert bench.states("four") == [FiringState.SUCCEEDED, FiringState.FAILED]


def rerun(begin: str, end: str, **more: Any) -> dict[str, Any]:
    """Of the windows of ``w``, which is one of :func:`windows`."""
    return {
        "parentTrigger": {"referenceName": "W", "type": "TriggerReference"},
        "requestedStartTime": begin,
        "requestedEndTime": end,
        "rerunConcurrency": 1,
        "parent": {"type": "TumblingWindowTrigger", "typeProperties": windows(maxConcurrency=50)},
        **more,
    }


def test_windows_run_once_more_and_end_in_the_place_of_the_first_time(bench: Bench) -> None:
    after = [{"type": "TumblingWindowTriggerDependencyReference", "referenceTrigger": {"referenceName": "w"}}]
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(maxConcurrency=50))
    bench.service.start(ref("below"), "TumblingWindowTrigger", windows(maxConcurrency=50, dependsOn=after))
    bench.loop.tick()
    bench.recorder.end("Failed")
    bench.loop.tick()
    again = rerun("2025-12-31T21:00:00Z", "2025-12-31T23:00:00Z")
    bench.service.start(ref("again"), "RerunTumblingWindowTrigger", again)
    bench.loop.tick()
    assert bench.states("again") == [FiringState.RUNNING, FiringState.WAITING]  # one at once
    assert [each.window_start for each in bench.firings("again")] == [START - 3 * HOUR, START - 2 * HOUR]
    assert bench.states("w") == [FiringState.FAILED] * 4
    bench.recorder.end("Succeeded")
    for _ in range(2):
        bench.loop.tick()
    first, second = bench.firings("again")
    assert (first.state, second.state) == (FiringState.SUCCEEDED, FiringState.RUNNING)
    succeeded, failed = FiringState.SUCCEEDED, FiringState.FAILED
    assert bench.states("w") == [failed, succeeded, failed, failed]
    assert bench.firings("w")[1].runs == first.runs
    assert bench.firings("w")[1].message == ""
    assert bench.states("below") == [FiringState.BLOCKED, FiringState.RUNNING, FiringState.BLOCKED, FiringState.BLOCKED]
    bench.recorder.end("Failed", *second.runs.values())
    bench.loop.tick()
    assert bench.states("again") == [succeeded, failed]
    assert "failed" in bench.firings("w")[2].message
    bench.clock.advance(7200)
    bench.loop.tick()
    assert len(bench.firings("again")) == 2
    bench.service.rerun(ref("again"), second.id)
    bench.loop.tick()
    bench.recorder.end("Succeeded")
    bench.loop.tick()
    assert bench.states("w")[:4] == [failed, succeeded, succeeded, failed]


def test_a_window_runs_once_more_when_it_has_ended(bench: Bench) -> None:
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows())
    bench.loop.tick()
    again = rerun("2025-12-31T20:00:00Z", "2025-12-31T22:00:00Z", rerunConcurrency=2)
    bench.service.start(ref("again"), "RerunTumblingWindowTrigger", again)
    bench.loop.tick()
    assert bench.states("again") == [FiringState.BLOCKED] * 2
    assert "the window of W" in bench.firings("again")[0].message
    bench.recorder.end("Succeeded", *bench.firings("w")[1].runs.values())
    bench.loop.tick()
    assert bench.states("again") == [FiringState.BLOCKED, FiringState.RUNNING]
    bench.service.rerun(ref("w"), bench.firings("w")[1].id)  # by hand, meanwhile
    bench.loop.tick()
    bench.recorder.end("Failed", *bench.firings("again")[1].runs.values())
    bench.loop.tick()
    assert bench.states("again")[1] is FiringState.FAILED
    assert bench.states("w")[1] in (FiringState.WAITING, FiringState.RUNNING)  # what runs is not overwritten


def test_two_servers_let_a_window_that_runs_once_more_end_once(bench: Bench) -> None:
    """The second one read it as running; meanwhile its trigger ran it again."""
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(maxConcurrency=50))
    bench.loop.tick()
    bench.recorder.end("Failed")
    bench.loop.tick()
    again = rerun("2025-12-31T20:00:00Z", "2025-12-31T21:00:00Z")
    bench.service.start(ref("again"), "RerunTumblingWindowTrigger", again)
    bench.loop.tick()

    class Late(Recorder):
        def states(self, run_ids: Any) -> Any:
            found = super().states(run_ids)
            bench.loop.tick()
            [first, *_] = bench.firings("w")
            bench.service.rerun(ref("w"), first.id)
            bench.loop.tick()
            bench.recorder.end("Succeeded")
            bench.loop.tick()
            return found

    bench.recorder.end("Failed", *bench.firings("again")[0].runs.values())
    TriggerLoop(bench.db, bench.clock, {KIND: Late(bench.db)}).tick()
    assert bench.states("again") == [FiringState.FAILED]
    assert bench.states("w")[0] is FiringState.SUCCEEDED


def test_a_dependency_that_does_not_exist_blocks(bench: Bench) -> None:
    after = [{"type": "TumblingWindowTriggerDependencyReference", "referenceTrigger": {"referenceName": "nobody"}}]
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(dependsOn=after))
    bench.loop.tick()
    assert bench.states("w") == [FiringState.BLOCKED] * 4


def test_a_dependency_beyond_the_ends_of_time_keeps_no_other_trigger_waiting(bench: Bench) -> None:
    own = "SelfDependencyTumblingWindowTriggerReference"
    for name, offset, size in (
        ("far", "-9999999.00:00:00", "00:05:00"),
        ("all", "-9999999.00:00:00", "9999999.00:00:00"),
    ):
        after = [{"type": own, "offset": offset, "size": size}]
        bench.service.start(ref(name), "TumblingWindowTrigger", windows("Minute", 5, dependsOn=after))
    bench.service.start(ref("other"), "TumblingWindowTrigger", windows())
    bench.loop.tick()
    assert bench.states("other").count(FiringState.RUNNING) == 2
    assert bench.states("far").count(FiringState.RUNNING) == 2  # nothing of its own was so long ago
    assert bench.states("all").count(FiringState.RUNNING) == 1  # all of its own come first


def test_cancel_ends_what_waits_at_once_and_what_runs_through_its_run(bench: Bench) -> None:
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows())
    bench.loop.tick()
    first, *_, last = bench.firings("w")
    bench.service.cancel(ref("w"), first.id)
    bench.service.cancel(ref("w"), last.id)
    bench.loop.tick()
    states = bench.states("w")
    assert (states[0], states[-1]) == (FiringState.CANCELLED, FiringState.CANCELLED)
    assert states.count(FiringState.RUNNING) == 2
    with pytest.raises(RestudioError, match="cannot be cancelled"):
        bench.service.cancel(ref("w"), last.id)
    with pytest.raises(RestudioError, match="has not ended"):
        bench.service.rerun(ref("w"), bench.firings("w")[1].id)
    with pytest.raises(RestudioError, match="not found"):
        bench.service.cancel(ref("other"), last.id)


@pytest.mark.parametrize("deleted", [False, True])
def test_runs_of_what_is_cancelled_while_it_is_started_are_cancelled(bench: Bench, deleted: bool) -> None:
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour"))
    bench.service.start(ref("other"), "ScheduleTrigger", every("Hour"))

    class Slow(Recorder):
        def start(self, trigger: Any, firing: Firing) -> Any:
            started = super().start(trigger, firing)
            if firing.ref.name == "hourly":
                if deleted:
                    bench.service.forget(firing.ref)
                else:
                    bench.service.cancel(firing.ref, firing.id)
            return started

    bench.clock.advance(3600)
    TriggerLoop(bench.db, bench.clock, {KIND: Slow(bench.db)}).tick()
    assert bench.states("hourly") == [FiringState.CANCELLED]
    assert bench.states("other") == [FiringState.SUCCEEDED]
    assert bench.recorder.running() == 1


def test_forgetting_cancels_what_waits_and_starts_anew_under_the_same_name(bench: Bench) -> None:
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows())
    bench.loop.tick()
    bench.service.forget(ref("w"))
    bench.recorder.end("Succeeded")
    bench.loop.tick()
    assert bench.states("w") == [FiringState.SUCCEEDED] * 2 + [FiringState.CANCELLED] * 2
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(maxConcurrency=4))
    bench.loop.tick()
    assert bench.states("w").count(FiringState.RUNNING) == 4


def test_fire_by_hand(bench: Bench) -> None:
    """Without ever starting the trigger; a window that is named, or the last one that is over."""
    bench.service.fire(ref("s"), "ScheduleTrigger", every("Day"), at=START + 5 * HOUR)
    bench.service.fire(ref("w"), "TumblingWindowTrigger", windows())
    bench.service.fire(ref("w"), "TumblingWindowTrigger", windows(), at=START - 3.5 * HOUR)
    bench.loop.tick()
    assert bench.recorder.started("s") == [START + 5 * HOUR]
    starts = {each.window_start for each in bench.firings("w")}
    assert starts == {START - HOUR, START - 4 * HOUR}
    assert not bench.service.is_started(ref("s"))
    with pytest.raises(RestudioError, match="no window"):
        bench.service.fire(ref("w"), "TumblingWindowTrigger", windows(), at=START - 9 * HOUR)


def test_blob_events_are_one_firing_each(bench: Bench, secrets: MasterKeySecrets) -> None:
    blobs = BlobService(bench.db, MemoryObjects(), secrets, bench.clock, "http://localhost")
    blobs.accounts.create("lake")
    blobs.create_container("lake", "data")
    document = {
        "scope": "/x/storageAccounts/lake",
        "events": ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"],
        "blobPathBeginsWith": "/data/blobs/in/",
    }
    put = blobs.put_blob
    put(BlobPath("lake", "data", "in/before.csv"), b"1")
    bench.loop.tick()
    for name in ("one", "two"):
        bench.service.start(ref(name), "BlobEventsTrigger", document)
    put(BlobPath("lake", "data", "in/a.csv"), b"1")
    put(BlobPath("lake", "data", "in/a.csv"), b"12")
    put(BlobPath("lake", "data", "out/b.csv"), b"1")
    blobs.delete_blob(BlobPath("lake", "data", "in/a.csv"))
    loops = [bench.loop, bench.new_loop()]
    for loop in loops * 2:
        loop.tick()
    for name in ("one", "two"):
        fired = bench.firings(name)
        assert [each.body for each in fired] == [{"folderPath": "data/in", "fileName": "a.csv"}] * 3
        assert len({each.id for each in fired}) == 3


def test_custom_events_are_taken_once(bench: Bench) -> None:
    document = {"scope": "/x/topics/models", "events": ["drifted"]}
    bench.service.start(ref("c"), "CustomEventsTrigger", document)

    def event(name: str, topic: str = "Models", source: str = "") -> CustomEvent:
        return CustomEvent(topic, source, name, "Drifted", "loans", {"id": name, "data": {"n": 1}})

    assert bench.service.publish(KIND, OWNER, [event("1"), event("2"), event("3", "others")]) == 2
    bench.service.publish(KIND, OWNER, [event("2")])
    bench.service.publish(KIND, OWNER, [event("long" * 1000), event("2", source="/elsewhere")])
    assert bench.service.publish(KIND, "somebody else", [event("4")]) == 0
    bench.loop.tick()
    bodies = sorted(str(each.body) for each in bench.firings("c"))
    assert bodies == sorted(str({"event": {"id": name, "data": {"n": 1}}}) for name in ("1", "2", "2", "long" * 1000))


def test_a_trigger_that_cannot_be_read_keeps_no_event_from_others(bench: Bench) -> None:
    document = {"scope": "/x/topics/models", "events": ["drifted"]}
    for name in ("broken", "whole"):
        bench.service.start(ref(name), "CustomEventsTrigger", document)
    with bench.db.begin() as conn:
        conn.execute(sa.text("UPDATE triggers SET document = '{}' WHERE name = 'broken'"))
    assert bench.service.publish(KIND, OWNER, [CustomEvent("models", "", "1", "Drifted", "", {})]) == 1
    bench.loop.tick()
    assert bench.states("whole") == [FiringState.SUCCEEDED]


def test_polling_takes_every_version_of_a_file_once(bench: Bench) -> None:
    document = {"folderPath": "lake/in", "maxConcurrency": 1, "linkedService": {"referenceName": "Lake"}}
    bench.service.start(ref("p"), "BlobTrigger", document)
    bench.recorder.files = [Change(f"a/{n}", START + n * HOUR, {"fileName": "a"}) for n in (-5, 0)]
    bench.loop.tick()
    assert bench.states("p") == [FiringState.RUNNING]
    bench.recorder.files.append(Change("a/1", START + timedelta(seconds=30), {"fileName": "a"}))
    bench.run_until(START + timedelta(minutes=5))
    assert bench.states("p") == [FiringState.RUNNING, FiringState.WAITING]
    bench.recorder.end("Succeeded")
    bench.loop.tick()
    assert bench.states("p") == [FiringState.SUCCEEDED, FiringState.RUNNING]


def test_polling_takes_no_file_from_before_the_start_and_none_twice(bench: Bench) -> None:
    document = {"folderPath": "lake/in", "maxConcurrency": 50, "linkedService": {"referenceName": "Lake"}}
    bench.service.start(ref("p"), "BlobTrigger", document)
    bench.recorder.files = [Change(f"a/{n}", START + timedelta(seconds=n), {"fileName": "a"}) for n in (-30, -1, 30)]
    bench.run_until(START + timedelta(minutes=1))
    # Written by a process that was slow to say so.
    bench.recorder.files.append(Change("a/late", START + timedelta(seconds=59), {"fileName": "a"}))
    bench.run_until(START + timedelta(minutes=3))
    assert [each.key for each in bench.firings("p")] == ["a/30", "a/late"]


def test_what_was_seen_for_another_folder_is_not_taken(bench: Bench) -> None:
    """A trigger that is stopped, changed and started again while a slow store is asked for it."""
    document = {"folderPath": "lake/in", "maxConcurrency": 1, "linkedService": {"referenceName": "Lake"}}
    bench.service.start(ref("p"), "BlobTrigger", document)

    class Slow(Recorder):
        def list_changes(self, trigger: Any, folder: str, since: datetime) -> list[Change]:
            bench.service.stop(ref("p"))
            bench.service.start(ref("p"), "BlobTrigger", {**document, "folderPath": "lake/out"})
            return [Change(f"{folder}/a", START, {"fileName": "a"})]

    TriggerLoop(bench.db, bench.clock, {KIND: Slow(bench.db)}).tick()
    assert bench.firings("p") == []
    bench.recorder.files = [Change("lake/out/b", START, {"fileName": "b"})]
    bench.loop.tick()
    assert [each.key for each in bench.firings("p")] == ["lake/out/b"]


def test_chaining_brings_runs_of_one_dimension_together(bench: Bench) -> None:
    document = {"dependsOn": [{"referenceName": "a"}, {"referenceName": "b"}], "runDimension": "Day"}
    bench.service.start(ref("c"), "ChainingTrigger", document)
    found = bench.recorder.completed
    found += [Completion("r1", START, "a", "mon"), Completion("r2", START, "b", "tue")]
    bench.loop.tick()
    assert bench.firings("c") == []
    found += [Completion("r3", START, "b", "mon"), Completion("r4", START, "a", "mon")]
    bench.run_until(START + timedelta(seconds=20))
    assert [each.body for each in bench.firings("c")] == [{"Day": "mon"}]
    found += [Completion("r5", START, "b", "mon")]
    bench.run_until(START + timedelta(seconds=40))
    assert [each.body for each in bench.firings("c")] == [{"Day": "mon"}] * 2


def test_a_firing_that_a_killed_server_took_is_started_by_the_next_one(bench: Bench) -> None:
    bench.service.start(ref("hourly"), "ScheduleTrigger", every("Hour"))
    start = bench.recorder.start

    class Dying(Recorder):
        def start(self, trigger: Any, firing: Any) -> Any:
            start(trigger, firing)
            raise KeyboardInterrupt  # the process ends between the start of the run and the note that it was started

    dying = TriggerLoop(bench.db, bench.clock, {KIND: Dying(bench.db)})
    bench.clock.advance(3600)
    with pytest.raises(KeyboardInterrupt):
        dying.tick()
    bench.loop.tick()
    assert bench.states("hourly") == [FiringState.STARTING]
    bench.clock.advance(TAKEN.total_seconds())
    bench.loop.tick()
    assert bench.states("hourly") == [FiringState.SUCCEEDED]
    assert bench.recorder.started("hourly") == [START + HOUR]


def test_a_trigger_that_cannot_be_read_keeps_no_other_from_firing(bench: Bench) -> None:
    for name in ("broken", "whole"):
        bench.service.start(ref(name), "ScheduleTrigger", every("Hour"))
    with bench.db.begin() as conn:
        conn.execute(sa.text("UPDATE triggers SET document = '{}' WHERE name = 'broken'"))
    bench.run_until(START + 2 * HOUR)
    assert bench.recorder.started("whole") == [START + HOUR, START + 2 * HOUR]
    assert bench.recorder.started("broken") == []


def test_a_trigger_whose_windows_are_due_after_the_end_of_time(bench: Bench) -> None:
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(startTime="9999-12-31T22:00:00Z", delay="02:00:00"))
    bench.loop.tick()
    due = bench.service.find_next(ref("w"))
    assert due is not None
    assert due.year == 9999
    bench.service.stop(ref("w"))
    assert not bench.service.is_started(ref("w"))


def test_purge_forgets_old_firings_but_no_windows(bench: Bench) -> None:
    bench.service.start(ref("s"), "ScheduleTrigger", every("Day"))
    bench.service.start(ref("w"), "TumblingWindowTrigger", windows(maxConcurrency=50))
    bench.run_until(START + 24 * HOUR)
    bench.recorder.end("Succeeded")
    bench.loop.tick()
    bench.service.stop(ref("s"))
    bench.service.stop(ref("w"))
    bench.clock.advance(46 * 86_400)
    kept = len(bench.firings("w"))
    assert bench.service.purge() == 1
    assert bench.firings("s") == []
    assert len(bench.firings("w")) == kept

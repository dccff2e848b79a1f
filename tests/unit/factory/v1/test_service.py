"""Documents of version 1 beside each other and beside version 2, and what a change of one does to slices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.factory.v1.bench import EVER, FIRST, WEEK, Bench, copy, dataset, pipeline, put_chain

from restudio.core.errors import RestudioError
from restudio.identity.types import SYSTEM
from restudio.triggers import rules
from restudio.triggers import store as trigger_store

READY = ("Ready", "")
NEVER_ENOUGH = {"validation": {"minimumSizeMB": 1}}


def put_failing(bench: Bench, **policy: Any) -> None:
    """One slice whose attempts all fail: it makes less than its dataset wants."""
    bench.upload("raw/20240101.csv")
    bench.put("dataset", "Raw", dataset("raw", external=True))
    bench.put("dataset", "Last", dataset("last", policy=NEVER_ENOUGH))
    made = pipeline(copy("it", "Raw", "Last", policy=policy), start="2024-01-01", end="2024-01-08")
    bench.put("pipeline", "P", made)


def attempts(bench: Bench) -> int:
    return len(bench.parts.monitor.list_runs(bench.factory, "Last", FIRST))


def test_a_paused_pipeline_does_not_try_again_either(bench: Bench) -> None:
    put_failing(bench, retry=2, longRetry=2, longRetryInterval="01:00:00")
    bench.advance(WEEK)
    bench.settle()
    assert (attempts(bench), bench.states("Last")) == (2, {"01-01": ("Waiting", "LongRetry")})
    bench.v1.suspend(SYSTEM, bench.factory, "P")
    bench.advance(timedelta(hours=2))
    bench.settle()
    assert (attempts(bench), bench.states("Last")) == (2, {"01-01": ("Waiting", "ActivityResume")})
    bench.v1.resume(SYSTEM, bench.factory, "P")
    bench.settle()
    assert (attempts(bench), bench.states("Last")) == (4, {"01-01": ("Failed", "Validation")})


def test_an_attempt_that_fails_while_its_pipeline_is_paused_is_the_last_until_it_goes_on(bench: Bench) -> None:
    put_failing(bench, retry=1)
    bench.advance(WEEK)
    bench.settle_until_running("Last")
    bench.v1.suspend(SYSTEM, bench.factory, "P")
    bench.settle()
    assert (attempts(bench), bench.states("Last")) == (1, {"01-01": ("Waiting", "ActivityResume")})
    bench.v1.resume(SYSTEM, bench.factory, "P")
    bench.settle()
    assert (attempts(bench), bench.states("Last")) == (2, {"01-01": ("Failed", "Validation")})


def test_slices_that_wait_follow_a_changed_policy(bench: Bench) -> None:
    put_failing(bench)
    bench.advance(WEEK)
    bench.v1.suspend(SYSTEM, bench.factory, "P")
    bench.settle()
    bench.set("Last", FIRST, "Waiting")
    put_failing(bench, retry=2)  # as written: not paused any more
    bench.settle()
    [found] = bench.list_slices("Last")
    assert (attempts(bench), found.retries, found.state) == (3, 2, "Failed")
    put_failing(bench)
    [found] = bench.list_slices("Last")
    assert (found.retries, found.attempts) == (0, 3)


def test_slices_that_can_never_run_do_not_hold_up_the_others(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_OPEN", 2)
    bench.upload(f"raw/{FIRST + 7 * WEEK:%Y%m%d}.csv")
    put_chain(bench, end="2024-02-26")
    bench.advance(9 * WEEK)
    for _ in range(8):
        bench.settle()
        bench.advance(timedelta(seconds=3))
    assert bench.states("Last")["02-19"] == READY
    others = {state for day, state in bench.states("Last").items() if day != "02-19"}
    assert others == {("Waiting", "DatasetDependencies")}


def test_the_newest_slice_of_all_goes_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_OPEN", 2)
    for week in range(5):
        bench.upload(f"raw/{FIRST + week * WEEK:%Y%m%d}.csv")
    bench.put("dataset", "Raw", dataset("raw", external=True))
    bench.put("dataset", "Last", dataset("last"))
    newest = copy("it", "Raw", "Last", policy={"executionPriorityOrder": "NewestFirst"})
    bench.put("pipeline", "P", pipeline(newest, start="2024-01-01", end="2024-02-05"))
    bench.slices.set_status(SYSTEM, bench.factory, "Raw", *EVER, "Ready")
    bench.advance(6 * WEEK)
    seen: list[str] = []
    while len(seen) < 5:
        bench.loop.tick()
        bench.rest()
        bench.advance(timedelta(seconds=3))
        ready = {day for day, state in bench.states("Last").items() if state == READY}
        seen += sorted(ready - set(seen), reverse=True)
    assert seen == ["01-29", "01-22", "01-15", "01-08", "01-01"]


def test_external_slices_are_looked_for_as_far_back_as_inputs_reach(bench: Bench) -> None:
    for day in ("20231218", "20231225"):
        bench.upload(f"raw/{day}.csv")
    bench.put("dataset", "Raw", dataset("raw", external=True))
    bench.put("dataset", "Last", dataset("last"))
    before = [{"name": "Raw", "startTime": "Date.AddDays(SliceStart, -14)", "endTime": "SliceStart"}]
    bench.put("pipeline", "P", pipeline(copy("it", "Raw", "Last", inputs=before), start="2024-01-01", end="2024-01-08"))
    assert list(bench.states("Raw")) == ["12-18", "12-25"]
    bench.upload("raw/20240101.csv")  # what is copied
    bench.advance(WEEK)
    bench.settle()
    assert bench.states("Last") == {"01-01": READY}


def test_version_2_is_not_written_over(bench: Bench) -> None:
    wait = {"name": "W", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}
    bench.parts.factories.put(SYSTEM, bench.factory, "pipeline", "weeks - First", {"activities": [wait]})
    with pytest.raises(RestudioError, match="version 2 has one of this name") as error:
        put_chain(bench)
    assert error.value.detail == "NameTaken"
    kept = bench.parts.factories.get(bench.factory, "pipeline", "Weeks - first").properties["activities"]
    assert [each["name"] for each in kept] == ["W"]
    bench.parts.factories.delete(SYSTEM, bench.factory, "pipeline", "weeks - first")
    put_chain(bench)
    put_chain(bench, description="its own are no others")


def test_two_activities_that_would_become_one_are_told(bench: Bench) -> None:
    bench.put("dataset", "Raw", dataset("raw", external=True))
    for name in ("One", "Two"):
        bench.put("dataset", name, dataset(name))
    bench.put("pipeline", "A", pipeline(copy("B - C", "Raw", "One"), start="2024-01-01", end="2024-02-01"))
    with pytest.raises(RestudioError, match="becomes 'A - B - C'") as error:
        bench.put("pipeline", "A - B", pipeline(copy("C", "Raw", "Two"), start="2024-01-01", end="2024-02-01"))
    assert error.value.detail == "DuplicateName"


@pytest.mark.parametrize(
    ("availability", "words"),
    [
        ({"frequency": "Fortnight", "interval": 1}, "Week"),
        ({"frequency": "Day"}, "interval"),
        ({"frequency": "Week", "interval": 100_000}, "from 1 to 5000"),
        ({"frequency": "Day", "interval": 1, "offset": "999999999.99:00:00"}, "time span"),
        ({"frequency": "Day", "interval": 1, "offset": "400.00:00:00"}, "within a year"),
        ({"frequency": "Day", "interval": 1, "anchorDateTime": "yesterday"}, "instant"),
        ({"frequency": "Day", "interval": 1, "style": "MiddleOfInterval"}, "EndOfInterval"),
    ],
)
def test_times_that_cannot_be_are_told(bench: Bench, availability: dict[str, Any], words: str) -> None:
    with pytest.raises(RestudioError, match=words):
        bench.put("dataset", "Last", dataset("last", availability=availability))


@pytest.mark.parametrize("anchor", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1901-01-01"])
def test_grids_from_the_ends_of_time(bench: Bench, anchor: str) -> None:
    far = {"frequency": "Month", "interval": 5000, "anchorDateTime": anchor, "offset": "-366.00:00:00"}
    bench.put("dataset", "Raw", dataset("raw", external=True, availability=far))
    bench.put("dataset", "Last", dataset("last", availability=far))
    period = pipeline(copy("it", "Raw", "Last"), start="0001-01-01T00:00:00+14:00", end="9999-12-31T23:59:59-14:00")
    bench.put("pipeline", "P", period)
    assert len(bench.list_slices("Last")) in range(1, 30)


def test_slices_that_wait_for_others_are_read_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put_chain(bench, end="2024-03-04")
    bench.advance(10 * WEEK)
    bench.settle()
    read: list[str] = []
    monkeypatch.setattr(trigger_store, "list_waiting", record(trigger_store.list_waiting, read))
    bench.loop.tick()
    bench.loop.tick()
    assert read == []
    bench.set("Middle", FIRST, "Ready")
    bench.upload("middle/20240101.csv")
    bench.settle()
    assert bench.states("Last")["01-01"] == READY
    assert read


def record(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def recorded(conn: Any, trigger_id: str) -> Any:
        calls.append(trigger_id)
        return function(conn, trigger_id)

    return recorded

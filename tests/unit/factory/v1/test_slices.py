"""Slices of version 1 from documents that are put one by one, on real storage and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.unit.factory.v1.bench import CONTAINER, FIRST, WEEK, Bench, copy, dataset, pipeline, put_chain

from restudio.core.errors import RestudioError
from restudio.identity.types import SYSTEM

READY = ("Ready", "")


def test_half_a_year_of_weeks_in_order_over_a_restart_and_one_of_them_again(make_bench: Callable[[], Bench]) -> None:
    bench = make_bench()
    weeks = [FIRST + n * WEEK for n in range(24)]
    for week in weeks:
        bench.upload(f"raw/{week:%Y%m%d}.csv")
    bench.put("dataset", "Raw", dataset("raw", external=True))
    bench.put("dataset", "Last", dataset("last"))
    bench.put("pipeline", "HalfYear", pipeline(copy("it", "Raw", "Last"), start="2024-01-01", end="2024-06-17"))
    assert [(each.state, each.substate) for each in bench.list_slices("Last")] == [("Waiting", "ScheduleTime")] * 24
    for part in range(4):
        bench = make_bench()
        bench.advance(6 * WEEK)
        if part == 2:  # in the middle of its slices
            for _ in range(6):
                bench.loop.tick()
            bench = make_bench()
        bench.settle()
        done = 6 * (part + 1)
        assert [each.state for each in bench.list_slices("Last")] == ["Ready"] * done + ["Waiting"] * (24 - done)
    slices = bench.list_slices("Last")
    assert [each.start for each in slices] == weeks
    runs = [bench.parts.monitor.list_runs(bench.factory, "Last", week) for week in weeks]
    begun = [run.begun or 0.0 for each in runs for run in each]
    assert len(begun) == 24
    assert begun == sorted(begun)
    # One of them again, and nothing else.
    chosen = weeks[10]
    assert bench.set("Last", chosen, "Waiting") == 1
    bench.settle()
    again = bench.parts.monitor.list_runs(bench.factory, "Last", chosen)
    assert [each.status for each in again] == ["Succeeded", "Succeeded"]
    assert again[0].id == runs[10][0].id
    assert sum(len(bench.parts.monitor.list_runs(bench.factory, "Last", week)) for week in weeks) == 25
    assert {each.state for each in bench.list_slices("Last")} == {"Ready"}


def test_what_a_missing_file_holds_up_goes_on_when_it_is_looked_for_again(any_bench: Bench) -> None:
    bench = any_bench
    bench.upload("raw/20240108.csv")
    put_chain(bench, end="2024-01-15")
    bench.advance(5 * WEEK)
    bench.settle()
    assert bench.states("Raw") == {"01-01": ("Failed", "TimedOut"), "01-08": READY}
    assert bench.states("Middle") == {"01-01": ("Waiting", "DatasetDependencies"), "01-08": READY}
    [failed] = bench.parts.monitor.list_runs(bench.factory, "Raw", FIRST)
    assert (failed.status, failed.percent) == ("FailedExecution", 100)
    assert failed.error == f"Looked 3 times: there is nothing at '{CONTAINER}/raw/20240101.csv'."
    bench.upload("raw/20240101.csv")
    bench.set("Last", FIRST, "Waiting", upstream=True)
    bench.settle()
    assert set(bench.states("Last").values()) == {READY}
    assert [len(bench.parts.monitor.list_runs(bench.factory, "Raw", day)) for day in (FIRST, FIRST + WEEK)] == [2, 1]


def test_a_slice_is_ready_or_skipped_because_a_user_says_so(bench: Bench) -> None:
    put_chain(bench, end="2024-01-15")
    bench.set("Middle", FIRST, "Ready")  # not due yet, and never made
    bench.upload("middle/20240101.csv")
    bench.set("Middle", FIRST + WEEK, "Skipped")
    bench.advance(5 * WEEK)
    bench.settle()
    assert bench.states("Middle") == {"01-01": READY, "01-08": ("Skipped", "")}
    assert bench.states("Last") == {"01-01": READY, "01-08": ("Waiting", "DatasetDependencies")}
    with pytest.raises(RestudioError, match="begins at 2024-01-01") as told:
        bench.parts.monitor.list_runs(bench.factory, "last", FIRST + timedelta(days=1))
    assert told.value.detail == "SliceNotFound"


def test_documents_come_in_any_order_and_the_pipeline_tells_what_is_missing(bench: Bench) -> None:
    bench.put("dataset", "Last", dataset("last", linkedServiceName="Nowhere"))
    with pytest.raises(RestudioError, match="there is no dataset 'Middle'"):
        bench.put("pipeline", "P", pipeline(copy("a", "Middle", "Last"), start="2024-01-01", end="2024-02-01"))
    bench.put("dataset", "Middle", dataset("middle"))
    with pytest.raises(RestudioError, match="Nowhere"):
        bench.put("pipeline", "P", pipeline(copy("a", "Middle", "Last"), start="2024-01-01", end="2024-02-01"))
    assert bench.v1.list_kind(bench.factory, "pipeline") == []
    assert bench.parts.factories.list_kind(bench.factory, "pipeline") == []


def test_a_changed_pipeline_keeps_the_slices_that_are_ready(bench: Bench) -> None:
    for week in range(4):
        bench.upload(f"raw/{FIRST + week * WEEK:%Y%m%d}.csv")
    put_chain(bench, end="2024-01-15")
    bench.advance(5 * WEEK)
    bench.settle()
    before = [each.run_id for each in bench.list_slices("Last")]
    put_chain(bench, end="2024-01-29")  # a longer period
    bench.settle()
    assert list(bench.states("Last").values()) == [READY] * 4
    assert [each.run_id for each in bench.list_slices("Last")][:2] == before
    bench.upload("raw/20231225.csv")
    activities = copy("second", "middle", "last"), copy("first", "raw", "Middle", policy={"retry": 2})
    bench.put("pipeline", "weeks", pipeline(*activities, start="2023-12-25", end="2024-01-08"))  # earlier, and shorter
    bench.settle()
    assert bench.states("Last") == {"12-25": READY, "01-01": READY}
    put_chain(bench, end="2024-01-29")
    assert [each.run_id for each in bench.list_slices("Last")][:2] == before
    bench.put("dataset", "Raw", dataset("raw", external=True, description="the same data"))
    assert set(bench.states("Last").values()) == {READY}


def test_a_paused_pipeline_does_nothing_until_it_is_not(bench: Bench) -> None:
    bench.upload("raw/20240101.csv")
    put_chain(bench, end="2024-01-08", isPaused=True)
    bench.advance(2 * WEEK)
    bench.settle()
    assert bench.states("Last") == {"01-01": ("Waiting", "ActivityResume")}
    put_chain(bench, end="2024-01-08", isPaused=False)
    bench.settle()
    assert bench.states("Last") == {"01-01": READY}
    bench.v1.suspend(SYSTEM, bench.factory, "weeks")
    assert bench.v1.get(bench.factory, "pipeline", "weeks").properties["isPaused"] is True
    bench.set("Last", FIRST, "Waiting")
    bench.settle()
    assert bench.states("Last") == {"01-01": ("Waiting", "ActivityResume")}
    bench.v1.resume(SYSTEM, bench.factory, "weeks")
    bench.settle()
    assert bench.states("Last") == {"01-01": READY}


def test_deleting_a_pipeline_takes_what_it_became(bench: Bench) -> None:
    put_chain(bench)
    for kind, name in (("dataset", "Raw"), ("linkedService", "lake")):
        with pytest.raises(RestudioError, match="is used by") as told:
            bench.v1.delete(SYSTEM, bench.factory, kind, name)  # type: ignore[arg-type]  # two kinds in a loop
        assert told.value.detail == "ResourceInUse"
    assert bench.v1.delete(SYSTEM, bench.factory, "pipeline", "WEEKS")
    assert not bench.v1.delete(SYSTEM, bench.factory, "pipeline", "Weeks")
    held = bench.parts.factories.list_all(bench.factory)
    assert [(each.kind, each.name) for each in held] == [("linkedService", "Lake")]
    assert bench.list_slices("Last") == []
    for name in ("Raw", "Middle", "Last"):
        assert bench.v1.delete(SYSTEM, bench.factory, "dataset", name)
    assert bench.v1.delete(SYSTEM, bench.factory, "linkedService", "Lake")
    assert bench.parts.factories.list_all(bench.factory) == []


def test_a_factory_with_slices_can_be_deleted(bench: Bench) -> None:
    put_chain(bench)
    assert bench.parts.factories.delete_factory(SYSTEM, "w", "group", "factory")
    bench.parts.factories.ensure("w", "group", "factory")
    assert bench.v1.list_kind(bench.factory) == []


def test_a_day_over_hours_waits_for_all_of_them(bench: Bench) -> None:
    hours = {"typeProperties": {"folderPath": f"{CONTAINER}/hours"}, "external": True}
    bench.put("dataset", "Hours", dataset("hours", "Hour", **hours))
    bench.put("dataset", "Day", dataset("day", "Day"))
    bench.upload("hours/one.csv")
    bench.put("pipeline", "P", pipeline(copy("a", "Hours", "Day"), start="2024-01-01", end="2024-01-02"))
    bench.advance(timedelta(hours=23, minutes=30))
    bench.settle()
    assert len(bench.list_slices("Hours")) == 24
    assert sum(each.state == "Ready" for each in bench.list_slices("Hours")) == 23
    assert bench.states("Day") == {"01-01": ("Waiting", "ScheduleTime")}
    bench.advance(timedelta(minutes=31))
    bench.settle()
    assert bench.states("Day") == {"01-01": READY}


@pytest.mark.parametrize(("size", "state"), [(0, READY), (1, ("Failed", "Validation"))])
def test_what_was_made_is_validated(bench: Bench, size: int, state: tuple[str, str]) -> None:
    bench.upload("raw/20240101.csv")
    bench.put("dataset", "Raw", dataset("raw", external=True))
    bench.put("dataset", "Middle", dataset("middle", policy={"validation": {"minimumSizeMB": size}}))
    bench.put("dataset", "Last", dataset("last"))
    activities = copy("first", "Raw", "Middle"), copy("second", "Middle", "Last")
    bench.put("pipeline", "P", pipeline(*activities, start="2024-01-01", end="2024-01-08"))
    bench.advance(WEEK)
    bench.settle()
    assert bench.states("Middle") == {"01-01": state}
    assert bench.states("Last") == {"01-01": READY if state == READY else ("Waiting", "DatasetDependencies")}


def test_a_one_time_pipeline_runs_once_at_once_and_is_removed_when_it_is_over(bench: Bench) -> None:
    def private(name: str, **more: object) -> dict[str, object]:
        place = {"folderPath": CONTAINER, "fileName": f"{name}.csv"}
        return {
            "name": name,
            "properties": {"type": "AzureBlob", "linkedServiceName": "Lake", "typeProperties": place, **more},
        }

    bench.upload("from.csv")
    once = {
        "pipelineMode": "OneTime",
        "expirationTime": "1.00:00:00",
        "datasets": [private("from", external=True), private("between"), private("to")],
        "activities": [copy("two", "between", "to"), copy("one", "from", "between")],
    }
    bench.put("pipeline", "Once", once)
    bench.settle()
    assert [(each.state, each.activity) for each in bench.list_slices("to")] == [("Ready", "two")]
    bench.put("pipeline", "Once", {**once, "description": "changed"})
    bench.advance(timedelta(hours=23))
    bench.settle()
    assert len(bench.parts.monitor.list_runs(bench.factory, "to", FIRST)) == 1
    with pytest.raises(RestudioError, match="cannot be changed"):
        bench.put("pipeline", "Once", {**once, "pipelineMode": "Scheduled"})
    assert bench.v1.purge() == 0
    bench.advance(timedelta(hours=2))
    assert bench.v1.purge() == 1
    assert bench.v1.list_kind(bench.factory, "pipeline") == []
    assert [each.kind for each in bench.parts.factories.list_all(bench.factory)] == ["linkedService"]

"""Watching version 1: what a monitoring page asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.factory.v1.bench import FIRST, WEEK, Bench, copy, dataset, pipeline, put_chain

from restudio.core.errors import RestudioError
from restudio.factory.v1 import monitoring
from restudio.factory.v1.monitoring import WindowQuery
from restudio.factory.v1.types import ActivityWindow, Link
from restudio.identity.types import SYSTEM

END = FIRST + 10 * WEEK


@pytest.fixture
def weeks(bench: Bench) -> Bench:
    """Two weeks are done; the third has no data, and is looked for three times."""
    for week in range(2):
        bench.upload(f"raw/{FIRST + week * WEEK:%Y%m%d}.csv")
    put_chain(bench)
    bench.advance(3 * WEEK + timedelta(hours=1))
    bench.settle()
    return bench


def list_windows(bench: Bench, **asked: Any) -> list[ActivityWindow]:
    return list(bench.parts.monitor.list_windows(bench.factory, WindowQuery(**asked)).windows)


def shown(windows: list[ActivityWindow]) -> list[tuple[str, str, str]]:
    return [(f"{each.start:%m-%d}", each.activity, each.state) for each in windows]


def test_activity_windows(weeks: Bench) -> None:
    found = list_windows(weeks)
    assert len(found) == 8
    assert shown(found[:3]) == [("01-01", "first", "Ready"), ("01-01", "second", "Ready"), ("01-08", "first", "Ready")]
    done = found[0]
    assert (done.pipeline, done.type, done.attempts, done.percent) == ("Weeks", "Copy", 1, 100)
    assert (done.inputs, done.outputs, done.end) == (("raw",), ("Middle",), FIRST + WEEK)
    assert done.begun is not None
    waits = found[4]
    assert (waits.state, waits.substate, waits.attempts, waits.begun) == ("Waiting", "DatasetDependencies", 0, None)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"activity": "FIRST", "pipeline": "weeks"}, ["01-01", "01-08", "01-15", "01-22"]),
        ({"dataset": "last", "begin": FIRST + WEEK, "end": FIRST + 2 * WEEK}, ["01-08"]),
        ({"pipeline": "Another"}, []),
        ({"activity": "first", "state": "waiting", "substate": "datasetdependencies"}, ["01-15"]),
        ({"activity": "first", "filter": "PercentComplete eq 100 and WindowStart gt 2024-01-02"}, ["01-08"]),
        ({"activity": "first", "order": "WindowState, WindowStart desc"}, ["01-08", "01-01", "01-22", "01-15"]),
        ({"activity": "first", "top": 1}, ["01-01"]),
        ({"activity": "first", "run_begin": FIRST, "run_end": END}, ["01-01", "01-08"]),
        ({"run_end": FIRST}, []),
    ],
)
def test_some_of_them(weeks: Bench, asked: dict[str, Any], expected: list[str]) -> None:
    assert [f"{each.start:%m-%d}" for each in list_windows(weeks, **asked)] == expected


def test_pages_of_windows(weeks: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "PAGE", 3)
    read: list[ActivityWindow] = []
    skip: int | None = 0
    while skip is not None:
        page = weeks.parts.monitor.list_windows(weeks.factory, WindowQuery(top=7, skip=skip))
        assert len(page.windows) <= 3
        read += page.windows
        skip = page.rest
    monkeypatch.undo()
    assert read == list_windows(weeks)[:7]
    monkeypatch.setattr(monitoring, "_MOST_WINDOWS", 7)
    with pytest.raises(RestudioError, match="more than 7 activity windows") as error:
        list_windows(weeks)
    assert error.value.detail == "TooManyWindows"


def test_one_run_by_its_id(weeks: Bench) -> None:
    [run] = weeks.parts.monitor.list_runs(weeks.factory, "Middle", FIRST)
    assert weeks.parts.monitor.get_run(weeks.factory, run.id) == run
    wait = {"name": "W", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}
    weeks.parts.factories.put(SYSTEM, weeks.factory, "pipeline", "Two", {"activities": [wait]})
    other = weeks.parts.runs.create(SYSTEM, weeks.factory, "Two")
    for unknown in (other.id, "nothing"):
        with pytest.raises(RestudioError) as error:
            weeks.parts.monitor.get_run(weeks.factory, unknown)
        assert error.value.detail == "PipelineRunNotFound"


def names(link: Link) -> list[Any]:
    return [link.dataset, [f"{each.start:%m-%d}" for each in link.slices], *map(names, link.dependencies)]


def test_what_a_slice_is_made_of(weeks: Bench) -> None:
    link = weeks.parts.monitor.trace(weeks.factory, "last", FIRST + WEEK, FIRST + 2 * WEEK + timedelta(days=1))
    days = ["01-08", "01-15"]
    assert names(link) == ["LAST", days, ["Middle", days, ["Raw", days]]]
    raw = link.dependencies[0].dependencies[0]
    assert [(each.state, each.substate) for each in raw.slices] == [("Ready", ""), ("Failed", "TimedOut")]
    with pytest.raises(RestudioError) as error:
        weeks.parts.monitor.trace(weeks.factory, "nothing", FIRST, END)
    assert error.value.detail == "SliceNotFound"


def test_what_slices_wait_for_in_the_end(weeks: Bench) -> None:
    def causes(most: int, begin: datetime = FIRST) -> list[tuple[str, list[str]]]:
        found = weeks.parts.monitor.list_causes(weeks.factory, "last", begin, END, most)
        return [(each.dataset, [f"{one.start:%m-%d} {one.state}" for one in each.slices]) for each in found]

    assert causes(20) == [("Middle", ["01-22 Waiting"]), ("Raw", ["01-15 Failed", "01-22 Waiting"])]
    assert causes(2) == [("Middle", ["01-22 Waiting"]), ("Raw", ["01-15 Failed"])]
    assert causes(0) == []
    weeks.set("Middle", FIRST + 2 * WEEK, "Ready")
    assert ("Raw", ["01-15 Failed"]) not in causes(20)


def test_a_dataset_made_of_its_own_earlier_slices_is_followed_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put("dataset", "Sum", dataset("sum"))
    own = {"name": "Sum", "startTime": "Date.AddDays(SliceStart, -7)", "endTime": "SliceStart"}
    bench.put(
        "pipeline", "P", pipeline(copy("add", "Sum", "Sum") | {"inputs": [own]}, start="2024-01-01", end="2025-01-01")
    )
    link = bench.parts.monitor.trace(bench.factory, "Sum", FIRST + WEEK, FIRST + 2 * WEEK)
    assert names(link) == ["Sum", ["01-08"], ["Sum", ["01-01"]]]
    monkeypatch.setattr(monitoring, "_MOST_LINKED", 50)
    with pytest.raises(RestudioError, match="More than 50 slices") as error:
        bench.parts.monitor.trace(bench.factory, "Sum", FIRST, FIRST + 52 * WEEK)
    assert error.value.detail == "TooManySlices"


def test_external_data_that_is_not_there_is_looked_for_again(bench: Bench) -> None:
    put_chain(bench, end="2024-01-08")
    bench.advance(WEEK)
    bench.loop.decide()
    bench.loop.fire()
    bench.wait_for("Raw", ("Waiting", "ValidationRetry"))
    assert bench.states("Middle") == {"01-01": ("Waiting", "DatasetDependencies")}


def test_the_active_period_is_set(weeks: Bench) -> None:
    end = FIRST + 2 * WEEK
    weeks.v1.set_active_period(SYSTEM, weeks.factory, "weeks", FIRST, end)
    assert weeks.states("Last") == {"01-01": ("Ready", ""), "01-08": ("Ready", "")}
    told = weeks.v1.get(weeks.factory, "pipeline", "Weeks").properties
    assert (told["start"], told["end"]) == ("2024-01-01T00:00:00+00:00", "2024-01-15T00:00:00+00:00")
    with pytest.raises(RestudioError, match="must be after start"):
        weeks.v1.set_active_period(SYSTEM, weeks.factory, "weeks", end, FIRST)
    with pytest.raises(RestudioError, match="Did you mean 'Weeks'"):
        weeks.v1.set_active_period(SYSTEM, weeks.factory, "week", FIRST, end)
    once = pipeline(copy("once", "Raw", "Once"), start="2024-01-01", end="2024-01-02", pipelineMode="OneTime")
    weeks.put("pipeline", "Once", once | {"datasets": [{"name": "Once", "properties": dataset("once")}]})
    with pytest.raises(RestudioError, match="runs once"):
        weeks.v1.set_active_period(SYSTEM, weeks.factory, "Once", FIRST, end)

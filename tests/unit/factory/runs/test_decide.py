"""The pure core of the loop: dependencies, outcomes, containers, retries, cancelling, recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from restudio.factory.activities import control
from restudio.factory.activity import Activities, Activity
from restudio.factory.documents.pipeline import Pipeline, read_pipeline
from restudio.factory.documents.problems import Problems
from restudio.factory.properties import Json
from restudio.factory.runs.decide import Ask, Start, Stop, decide, next_due
from restudio.factory.runs.events import (
    Cancelling,
    Ended,
    Entered,
    ErrorInfo,
    Left,
    Retrying,
    RunEnded,
    RunStarted,
    Sleeping,
    Started,
)
from restudio.factory.runs.recovery import inherit
from restudio.factory.runs.state import RunState
from restudio.factory.types import Recovery

CATALOG = Activities(tuple(each for each in vars(control).values() if isinstance(each, Activity)))
OUTCOMES = yaml.safe_load((Path(__file__).parent / "outcomes.yaml").read_text())
BOOM = ErrorInfo("E", "boom", "UserError")


def activity(name: str, *after: str, type: str = "Wait", **properties: Json) -> dict[str, Json]:
    depends = []
    for entry in after:
        predecessor, _, conditions = entry.partition("=")
        depends.append({"activity": predecessor, "dependencyConditions": (conditions or "Succeeded").split("+")})
    return {"name": name, "type": type, "dependsOn": depends, "typeProperties": properties}


def read(*activities: dict[str, Json]) -> Pipeline:
    problems = Problems("p")
    pipeline = read_pipeline("p", {"activities": list(activities)}, CATALOG, problems)
    assert not problems.found
    return pipeline


def started(step: Start, now: float = 0.0, retries: int = 0) -> Started:
    return Started(at=now, path=step.path, id=f"{step.path}#{step.attempt}", attempt=step.attempt, retries=retries)


def settle(
    pipeline: Pipeline,
    state: RunState,
    finish: Callable[[Start], Iterable[object]],
    now: float = 0.0,
    conditions: Callable[[Ask], bool] = lambda test: True,
) -> list[str]:
    """Take steps until none is left; gives the order in which activities started."""
    order: list[str] = []
    if state.started is None:
        state.apply(RunStarted(at=now))
    while steps := [step for step in decide(pipeline, state, now) if not isinstance(step, Stop)]:
        for step in steps:
            if isinstance(step, Start):
                order.append(step.path)
                for event in (started(step, now), *finish(step)):
                    state.apply(event)  # type: ignore[arg-type]
            elif isinstance(step, Ask):
                done = conditions(step)
                state.apply(
                    Left(at=now, path=step.path, index=step.index, inner=step.inner, error=step.error, done=done)
                )
            else:
                assert not isinstance(step, Stop)
                state.apply(step)
    return order


def succeed(step: Start) -> list[object]:
    return [Ended(at=0, path=step.path, status="Succeeded")]


def fail(step: Start) -> list[object]:
    return [Ended(at=0, path=step.path, status="Failed", error=BOOM)]


@pytest.mark.parametrize("case", OUTCOMES, ids=[case["title"] for case in OUTCOMES])
def test_statuses_and_outcome_follow_the_table(case: Mapping[str, Json]) -> None:
    pipeline = read(*(activity(name, *after) for name, after in case["activities"].items()))
    state = RunState()
    settle(pipeline, state, lambda step: fail(step) if step.path in case["fails"] else succeed(step))
    assert {path: each.status for path, each in state.activities.items()} == case["expect"]
    assert state.status == ("Failed" if case["outcome"] else "Succeeded")
    if case["outcome"]:
        assert state.message == f"Operation on target {case['outcome'][0]} failed: boom"


def test_a_loop_runs_at_most_as_many_passes_at_once_as_asked() -> None:
    pipeline = read(
        activity("Each", type="ForEach", items={"value": "@x", "type": "Expression"}, activities=[activity("In")])
    )
    state = RunState()
    open_at_once = 0

    def finish(step: Start) -> list[object]:
        if step.path == "Each":
            return [Entered(at=0, path="Each", branch="activities", count=1000, items=list(range(1000)), at_once=50)]
        nonlocal open_at_once
        open_at_once = max(open_at_once, len(state.activities["Each"].open))
        return succeed(step)

    order = settle(pipeline, state, finish)
    assert open_at_once == 50
    assert len(order) == 1001
    assert state.status == "Succeeded"


def test_all_passes_run_although_one_fails_and_then_the_loop_fails() -> None:
    pipeline = read(activity("Each", type="ForEach", items={}, activities=[activity("In")]))
    state = RunState()

    def finish(step: Start) -> list[object]:
        if step.path == "Each":
            return [Entered(at=0, path="Each", branch="activities", count=3, items=[1, 2, 3])]
        return fail(step) if step.path == "Each:1/In" else succeed(step)

    order = settle(pipeline, state, finish)
    assert order == ["Each", "Each:0/In", "Each:1/In", "Each:2/In"]
    assert state.message == (
        "Operation on target Each failed: Activity failed because an inner activity failed; Inner activity name: In, "
        "Error: boom"
    )


def test_an_until_goes_on_over_failures_and_ends_as_its_last_pass() -> None:
    pipeline = read(activity("Loop", type="Until", expression={}, activities=[activity("In")]))
    state = RunState()

    def finish(step: Start) -> list[object]:
        if step.path == "Loop":
            entered = Entered(at=0, path="Loop", branch="activities", count=None, until="expression", deadline=100.0)
            return [entered]
        return fail(step) if step.path == "Loop:0/In" else succeed(step)

    order = settle(pipeline, state, finish, conditions=lambda test: test.index == 2)
    assert order == ["Loop", "Loop:0/In", "Loop:1/In", "Loop:2/In"]
    assert state.status == "Succeeded"


def test_an_until_past_its_time_stops_what_runs_in_it_and_fails() -> None:
    pipeline = read(activity("Loop", type="Until", expression={}, activities=[activity("In")]))
    state = RunState()

    def finish(step: Start) -> list[object]:
        if step.path == "Loop":
            return [Entered(at=0, path="Loop", branch="activities", count=None, until="expression", deadline=100.0)]
        return []

    settle(pipeline, state, finish)
    assert next_due(state) == 100.0
    assert decide(pipeline, state, 100.0) == [Stop("Loop:0/In")]
    state.apply(Ended(at=100.0, path="Loop:0/In", status="Cancelled"))
    settle(pipeline, state, finish, now=100.0)
    assert (state.status, state.activities["Loop"].attempt.timed_out) == ("Failed", True)


def test_a_retry_waits_for_its_time_and_counts_once_for_dependencies() -> None:
    pipeline = read(activity("A"), activity("B", "A"))
    state = RunState()

    def finish(step: Start) -> list[object]:
        if step.path == "A" and step.attempt == 0:
            return [Retrying(at=0, path="A", error=BOOM, again=30.0)]
        return succeed(step)

    assert settle(pipeline, state, finish) == ["A"]
    assert next_due(state) == 30.0
    assert settle(pipeline, state, finish, now=30.0) == ["A", "B"]
    assert [each.status for each in state.activities["A"].attempts] == ["Failed", "Succeeded"]
    assert state.status == "Succeeded"


def test_a_sleep_ends_at_its_time() -> None:
    pipeline = read(activity("A"))
    state = RunState()
    settle(pipeline, state, lambda step: [Sleeping(at=0, path="A", until=60.0)])
    assert state.ended is None
    settle(pipeline, state, succeed, now=60.0)
    assert state.status == "Succeeded"


def test_inactive_activities_count_as_they_are_marked() -> None:
    document = activity("A") | {"state": "Inactive", "onInactiveMarkAs": "Failed"}
    state = RunState()
    order = settle(read(document, activity("B", "A=Failed")), state, succeed)
    assert (order, state.status) == (["B"], "Succeeded")


def test_cancelling_stops_what_runs_and_starts_nothing() -> None:
    pipeline = read(activity("A"), activity("S"), activity("B", "A"))
    state = RunState()
    settle(pipeline, state, lambda step: [Sleeping(at=0, path="S", until=9.0)] if step.path == "S" else [])
    state.apply(Cancelling(at=1))
    steps = decide(pipeline, state, 1.0)
    assert steps[0] == Stop("A")
    assert isinstance(steps[1], Ended)
    assert (steps[1].path, steps[1].status) == ("S", "Cancelled")
    state.apply(steps[1])
    state.apply(Ended(at=2, path="A", status="Cancelled"))
    (end,) = decide(pipeline, state, 2.0)
    assert isinstance(end, RunEnded)
    assert end.status == "Cancelled"


def test_a_recovery_repeats_from_the_failure() -> None:
    pipeline = read(
        activity("A", type="Fail"), activity("B", "A", type="Fail"), activity("C", "B", type="Fail"), activity("W")
    )
    before = RunState()
    settle(pipeline, before, lambda step: fail(step) if step.path == "B" else succeed(step))
    inherited = inherit(pipeline, before, Recovery("r", from_failure=True))
    state = RunState()
    state.apply(RunStarted(at=0))
    order = _settle_inherited(pipeline, state, inherited)
    assert order == ["W", "B", "C"], "what had succeeded is not repeated, except what is cheap and sets the scene"


def test_a_recovery_from_a_named_activity_repeats_it_and_what_follows() -> None:
    inner = [activity("In1", type="Fail"), activity("In2", "In1", type="Fail")]
    pipeline = read(
        activity("A", type="Fail"),
        activity("If", "A", type="IfCondition", expression={}, ifTrueActivities=inner),
        activity("Z", "If", type="Fail"),
    )
    before = RunState()

    def finish(step: Start) -> list[object]:
        if step.path == "If":
            return [Entered(at=0, path="If", branch="ifTrueActivities")]
        return succeed(step)

    settle(pipeline, before, finish)
    inherited = inherit(pipeline, before, Recovery("r", start_activity="in2"))
    assert set(inherited.ended) == {"A", "If", "If:0/In1"}


def _settle_inherited(pipeline: Pipeline, state: RunState, inherited: object) -> list[str]:
    order = []
    while steps := decide(pipeline, state, 0.0, inherited):  # type: ignore[arg-type]
        for step in steps:
            if isinstance(step, Start):
                order.append(step.path)
                state.apply(started(step))
                state.apply(Ended(at=0, path=step.path, status="Succeeded"))
            else:
                assert not isinstance(step, (Stop, Ask))
                state.apply(step)
    return order


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[Pipeline, set[str]]:
    count = draw(st.integers(1, 8))
    conditions = st.sampled_from(["Succeeded", "Failed", "Skipped", "Completed", "Failed+Skipped"])
    written = []
    for i in range(count):
        before = draw(st.lists(st.sampled_from([f"a{j}" for j in range(i)]), unique=True)) if i else []
        written.append(activity(f"a{i}", *(f"{name}={draw(conditions)}" for name in before)))
    failing = draw(st.sets(st.sampled_from([f"a{i}" for i in range(count)])))
    return read(*written), failing


@given(pipelines())
def test_every_run_ends_with_every_activity_decided_once(case: tuple[Pipeline, set[str]]) -> None:
    pipeline, failing = case
    state = RunState()
    order = settle(pipeline, state, lambda step: fail(step) if step.path in failing else succeed(step))
    assert len(order) == len(set(order))
    assert state.status in ("Succeeded", "Failed")
    assert all(each.is_over for each in state.activities.values())
    assert len(state.activities) == len(pipeline.activities)
    if not failing:
        assert state.status == "Succeeded"

"""Runs carried out: effects, outputs, retries, time, cancelling, secrets, child runs, hand-over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.unit.factory.runs.workshop import Gate, Workshop, expression, failing, step

from restudio.core.errors import RestudioError
from restudio.factory.activity import ActivityContext, Output
from restudio.factory.properties import Properties
from restudio.factory.runs import store
from restudio.factory.runs.loop import MAX_DEPTH
from restudio.factory.tables import pipeline_run_events, pipeline_runs
from restudio.factory.types import PipelineRun
from restudio.identity.types import SYSTEM
from restudio.seams.engine import Cancelled
from restudio.storage.db import SqlDatabase

Make = Callable[..., Workshop]


@pytest.fixture
def make(database: SqlDatabase, tmp_path: Path) -> Iterator[Make]:
    """Makes workshops on one database; each is the next process."""
    made: list[Workshop] = []

    def make(*arguments: Any) -> Workshop:
        shop = Workshop(database, tmp_path / "scratch", *arguments)
        shop.work.start()
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.stop()


def test_outputs_variables_and_conditions_flow(make: Make) -> None:
    shop = make()
    shop.put(
        "P",
        step("A", value={"n": 2}),
        step("S", "SetVariable", "A", variableName="v", value="@string(activity('a').output.value.n)"),
        step(
            "If",
            "IfCondition",
            "S",
            expression=expression("@equals(variables('V'), '2')"),
            ifTrueActivities=[step("Yes", value="@{variables('v')} is two")],
            ifFalseActivities=[step("No")],
        ),
        step(
            "Sw",
            "Switch",
            "If",
            on=expression("@activity('A').output.value.n"),
            cases=[{"value": "1", "activities": [step("One")]}, {"value": "2", "activities": [step("Two")]}],
            defaultActivities=[step("Other")],
        ),
        step("F", "Filter", "Sw", items=expression("@range(0, 5)"), condition=expression("@greater(item(), 2)")),
        step("Last", "Do", "F", value="@activity('F').output.Value"),
        variables={"v": {"type": "String"}},
    )
    run = shop.run("P")
    assert run.status == "Succeeded"
    outputs = {each.path: each.output for each in shop.attempts(run)}
    assert outputs["If:0/Yes"] == {"value": "2 is two"}
    assert "Sw:0/Two" in outputs
    assert not {"If:0/No", "Sw:0/One", "Sw:0/Other"} & set(outputs)
    assert outputs["Last"] == {"value": [3, 4]}


def test_a_parallel_loop_collects_in_a_variable_and_an_until_counts(make: Make) -> None:
    shop = make()
    shop.put(
        "P",
        step(
            "Each",
            "ForEach",
            items=expression("@pipeline().parameters.sites"),
            activities=[
                step("Do", value="@item().name"),
                step("Add", "AppendVariable", "Do", variableName="all", value="@activity('Do').output.value"),
            ],
        ),
        step(
            "Loop",
            "Until",
            "Each",
            expression=expression("@greaterOrEquals(length(variables('all')), 6)"),
            activities=[step("More", "AppendVariable", variableName="all", value="x")],
        ),
        step("Out", "Do", "Loop", value="@variables('all')"),
        parameters={"sites": {"type": "Array"}},
        variables={"all": {"type": "Array", "defaultValue": ["seed"]}},
    )
    run = shop.run("P", {"sites": [{"name": name} for name in "abc"]})
    assert run.status == "Succeeded"
    (out,) = [each for each in shop.attempts(run) if each.path == "Out"]
    assert sorted(out.output["value"]) == ["a", "b", "c", "seed", "x", "x"]


def test_a_failing_attempt_is_retried_and_each_is_shown(make: Make) -> None:
    do, seen = failing(2)
    shop = make(do)
    shop.put(
        "P", step("A", policy={"retry": 3, "retryIntervalInSeconds": 0}), step("B", "Wait", "A", waitTimeInSeconds=0)
    )
    run = shop.run("P")
    assert run.status == "Succeeded"
    attempts = [each for each in shop.attempts(run) if each.name == "A"]
    assert [(each.status, each.attempt) for each in attempts] == [("Failed", 0), ("Failed", 1), ("Succeeded", 2)]
    assert [each.id for each in attempts] == seen
    assert attempts[0].error is not None
    assert (attempts[0].error.error_code, attempts[0].error.target) == ("2108", "A")


def test_a_run_fails_with_the_words_of_its_activity(make: Make) -> None:
    do, _ = failing(9)
    shop = make(do)
    shop.put("P", step("A"))
    run = shop.run("P")
    assert (run.status, run.message) == ("Failed", "Operation on target A failed: no luck in attempt 1")


def test_an_error_of_ours_shows_nothing_of_itself(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    def do(p: Properties, ctx: ActivityContext) -> Output:
        raise KeyError("internals")

    shop = make(do)
    shop.put("P", step("A"))
    assert shop.run("P").message.endswith("failed inside Restudio; the server's log says why.")
    assert "internals" in caplog.text


def test_wrong_inputs_and_expressions_fail_the_activity_by_its_documented_code(make: Make) -> None:
    shop = make()
    shop.put(
        "P",
        step("A", number="@pipeline().parameters.n"),
        step("B", "Do", "A=Failed", value="@activity('A').output.nothing.there"),
        parameters={"n": {"type": "String"}},
    )
    run = shop.run("P", {"n": "many"})
    a, b = shop.attempts(run)
    assert a.error is not None
    assert b.error is not None
    assert (a.error.error_code, a.error.message) == (
        "2104",
        "The type of the property 'number' is incorrect. The expected type is integer.",
    )
    assert b.error.error_code == "InvalidTemplate"
    assert run.status == "Failed"


def test_an_attempt_over_its_time_is_ended(make: Make) -> None:
    gate = Gate()
    shop = make(gate)
    shop.put("P", step("A", policy={"timeout": "00:00:01"}))
    run = shop.run("P")
    assert (run.status, gate.told) == ("Failed", ["Cancelled"])
    assert "did not end within its timeout of 1 s" in run.message


def test_a_cancelled_run_ends_what_runs(make: Make) -> None:
    gate = Gate()
    shop = make(gate)
    shop.put("P", step("A"), step("B", "Do", "A"))
    run = shop.start("P")
    assert gate.entered.wait(10)
    shop.runs.cancel(SYSTEM, shop.factory, run.id)
    ended = shop.wait(run.id)
    assert (ended.status, gate.told) == ("Cancelled", ["Cancelled"])
    (attempt,) = shop.attempts(ended)
    assert attempt.status == "Cancelled"
    shop.runs.cancel(SYSTEM, shop.factory, run.id)
    assert shop.wait(run.id).status == "Cancelled"


def test_the_places_of_a_pipeline_are_given_in_order(make: Make) -> None:
    gate = Gate()
    shop = make(gate)
    shop.put("P", step("A"), concurrency=1)
    first, second, third = (shop.start("P") for _ in range(3))
    assert gate.entered.wait(10)
    assert [shop.status(each.id) for each in (first, second, third)] == ["InProgress", "Queued", "Queued"]
    shop.runs.cancel(SYSTEM, shop.factory, second.id)
    gate.open.set()
    assert [shop.wait(each.id).status for each in (first, second, third)] == ["Succeeded", "Cancelled", "Succeeded"]
    assert (shop.wait(third.id).started or 0) >= (shop.wait(first.id).ended or 0)


# SQLite has one writer: there nothing happens between the look for a place and the record.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_place_that_becomes_free_while_a_run_is_recorded_is_given_to_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    shop = make(gate)
    shop.put("P", step("A"), concurrency=1)
    first = shop.start("P")
    assert gate.entered.wait(10)
    insert = store.insert_run

    def insert_late(conn: sa.Connection, run: PipelineRun) -> None:
        gate.open.set()
        assert shop.wait(first.id).status == "Succeeded"  # it found nobody waiting
        insert(conn, run)

    monkeypatch.setattr(store, "insert_run", insert_late)
    second = shop.start("P")
    assert second.status == "Queued"
    assert shop.wait(second.id).status == "Succeeded"


def test_a_child_run_gives_its_return_value_and_its_failure(make: Make) -> None:
    shop = make()
    returned = [{"key": "n", "value": {"type": "Int", "content": "@pipeline().parameters.n"}}]
    shop.put(
        "Child",
        step("R", "SetVariable", variableName="pipelineReturnValue", setSystemVariable=True, value=returned),
        step(
            "Check",
            "IfCondition",
            "R",
            expression=expression("@greater(pipeline().parameters.n, 1)"),
            ifFalseActivities=[step("No", "Fail", message="too small", errorCode="1")],
        ),
        parameters={"n": {"type": "Int"}},
    )
    shop.put(
        "P",
        step(
            "Call", "ExecutePipeline", pipeline={"referenceName": "Child"}, parameters={"n": 2}, waitOnCompletion=True
        ),
        step("Use", "Do", "Call", value="@activity('Call').output.pipelineReturnValue.n"),
        step(
            "Bad",
            "ExecutePipeline",
            "Use",
            pipeline={"referenceName": "Child"},
            parameters={"n": 1},
            waitOnCompletion=True,
        ),
    )
    run = shop.run("P")
    assert run.status == "Failed"
    assert run.message.startswith("Operation on target Bad failed: Operation on target Check failed: Activity failed")
    use = next(each for each in shop.attempts(run) if each.name == "Use")
    assert use.output == {"value": 2}
    call = next(each for each in shop.attempts(run) if each.name == "Call")
    child = shop.runs.find(str(call.child_run_id))
    assert child is not None
    assert (child.invoked_by.type, child.invoked_by.run_id) == ("PipelineActivity", run.id)


def test_secured_and_secret_values_are_used_but_neither_kept_nor_shown(make: Make, database: SqlDatabase) -> None:
    seen: list[object] = []

    def do(p: Properties, ctx: ActivityContext) -> Output:
        seen.append(p.get("value"))
        return {"token": f"made-of-{p.get('value')}"}

    shop = make(do)
    secure = {"secureInput": True, "secureOutput": True}
    shop.put(
        "P",
        step("A", policy=secure, value="@pipeline().parameters.password"),
        step(
            "S", "SetVariable", "A", policy={"secureInput": True}, variableName="v", value="@activity('A').output.token"
        ),
        step("B", "Do", "S", policy={"secureOutput": True}, value="@variables('v')"),
        step("C", "Fail", "B", message="was @{pipeline().parameters.password}", errorCode="1"),
        parameters={"password": {"type": "SecureString"}},
        variables={"v": {"type": "String"}},
    )
    run = shop.run("P", {"password": "open-sesame"})
    assert seen == ["open-sesame", "made-of-open-sesame"]
    assert run.message == "Operation on target C failed: was **********"
    a = shop.attempts(run)[0]
    assert (a.input, a.output) == ({"secureInput": True}, {"secureOutput": True})
    with database.read() as conn:
        kept = [row.body for row in conn.execute(sa.select(pipeline_run_events))]
        kept += [json.dumps([str(value) for value in row]) for row in conn.execute(sa.select(pipeline_runs))]
    assert not [text for text in kept if "open-sesame" in text]


def test_a_run_sees_the_factory_as_it_was_when_it_started(make: Make) -> None:
    gate = Gate()
    shop = make(gate)
    shop.put("Child", step("X", "Fail", message="old", errorCode="1"))
    shop.put(
        "P", step("A"), step("Call", "ExecutePipeline", "A", pipeline={"referenceName": "Child"}, waitOnCompletion=True)
    )
    run = shop.start("P")
    assert gate.entered.wait(10)
    shop.put("Child", step("X", "Fail", message="new", errorCode="1"))
    gate.open.set()
    assert shop.wait(run.id).message.endswith("failed: old")


def test_a_stopped_process_hands_its_runs_over_and_the_next_goes_on(make: Make) -> None:
    gate, facts, calls = Gate(), [], []

    def first(p: Properties, ctx: ActivityContext) -> Output:
        calls.append(p.get("value"))
        if p.get("value") == "slow":
            ctx.remember(job="17")
            return gate(p, ctx)
        return {}

    def second(p: Properties, ctx: ActivityContext) -> Output:
        calls.append(p.get("value"))
        facts.append(ctx.recall("job"))
        return {}

    shop = make(first)
    shop.put("P", step("A", value="quick"), step("B", "Do", "A", value="slow"), step("C", "Do", "B", value="last"))
    run = shop.start("P")
    assert gate.entered.wait(10)
    shop.stop()
    assert gate.told == ["HandOver"]
    again = make(second)
    again.runs.recover()
    ended = again.wait(run.id)
    assert ended.status == "Succeeded"
    assert calls == ["quick", "slow", "slow", "last"], "what had finished is not repeated"
    assert facts == ["17", None]
    (b,) = [each for each in again.attempts(ended) if each.name == "B"]
    assert b.attempt == 0, "the interrupted attempt went on"


def test_a_recovery_goes_on_from_the_failure_with_the_same_parameters(make: Make) -> None:
    calls: list[object] = []
    broken = [True]

    def do(p: Properties, ctx: ActivityContext) -> Output:
        calls.append(p.get("value"))
        if p.get("value") == "b-7" and broken[0]:
            raise ValueError("broken")
        return {"got": p.get("value")}

    shop = make(do)
    shop.put(
        "P",
        step("A", value="@concat('a-', pipeline().parameters.n)"),
        step("B", "Do", "A", value="@concat('b-', pipeline().parameters.n)"),
        step("C", "Do", "B", value="@activity('A').output.got"),
        parameters={"n": {"type": "Int"}},
    )
    failed = shop.run("P", {"n": 7})
    broken[0] = False
    again = shop.run("P", reference_run_id=failed.id, is_recovery=True, from_failure=True)
    assert again.status == "Succeeded"
    assert calls == ["a-7", "b-7", "b-7", "a-7"]
    before = shop.runs.find(failed.id)
    assert before is not None
    assert (again.group_id, again.is_latest, before.is_latest) == (failed.group_id, True, False)
    calls.clear()
    fresh = shop.run("P", reference_run_id=failed.id)
    assert (fresh.status, fresh.group_id, calls) == ("Succeeded", fresh.id, ["a-7", "b-7", "a-7"])


def test_a_recovery_of_a_parent_recovers_its_child(make: Make) -> None:
    calls: list[object] = []
    broken = [True]

    def do(p: Properties, ctx: ActivityContext) -> Output:
        calls.append(p.get("value"))
        if p.get("value") == 2 and broken[0]:
            raise ValueError("broken")
        return {}

    shop = make(do)
    shop.put("Child", step("One", value=1), step("Two", "Do", "One", value=2))
    shop.put("P", step("Call", "ExecutePipeline", pipeline={"referenceName": "Child"}, waitOnCompletion=True))
    failed = shop.run("P")
    broken[0] = False
    assert shop.run("P", reference_run_id=failed.id, is_recovery=True, from_failure=True).status == "Succeeded"
    assert calls == [1, 2, 2]


@pytest.mark.parametrize("waits", [True, False])
def test_a_pipeline_that_executes_itself_comes_to_an_end(make: Make, waits: bool) -> None:
    shop = make()
    shop.put("P", step("Again", "ExecutePipeline", pipeline={"referenceName": "P"}, waitOnCompletion=waits))
    run = shop.run("P")
    chain = [run]
    while child := next((each.child_run_id for each in shop.attempts(chain[-1]) if each.child_run_id), None):
        found = shop.runs.find(child)
        if found is None:
            break
        chain.append(shop.wait(found.id))
    assert len(chain) == MAX_DEPTH + 1
    assert "started one another" in chain[-1].message
    assert run.status == ("Failed" if waits else "Succeeded")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "needs the parameter 'n'"),
        ({"n": "x"}, "must be a whole number"),
        ({"n": 1, "m": 1}, "has no parameter 'm'"),
    ],
)
def test_wrong_parameters_start_nothing(make: Make, parameters: dict[str, Any], words: str) -> None:
    shop = make()
    shop.put("P", step("A"), parameters={"n": {"type": "Int"}})
    with pytest.raises(RestudioError, match=words):
        shop.start("P", parameters)


def test_the_same_id_twice_is_one_run(make: Make) -> None:
    shop = make()
    shop.put("P", step("A"))
    first = shop.start("P", run_id="11111111-2222-3333-4444-555555555555")
    assert shop.start("P", run_id=first.id).id == first.id
    assert shop.wait(first.id).status == "Succeeded"
    assert len(shop.attempts(first)) == 1


def test_moving_data_is_handed_over_and_not_taken_for_cancelled(make: Make) -> None:
    entered, told = threading.Event(), []

    def first(p: Properties, ctx: ActivityContext) -> Output:
        entered.set()
        try:
            while not ctx.is_cancelled():
                time.sleep(0.01)
        except BaseException as error:
            told.append(type(error).__name__)
            raise ConnectionError("what it needed was gone") from error
        raise Cancelled

    shop = make(first)
    shop.put("P", step("A"))
    run = shop.start("P")
    assert entered.wait(10)
    shop.stop()
    again = make()
    again.runs.recover()
    assert again.wait(run.id).status == "Succeeded"
    assert told == ["HandOver"]

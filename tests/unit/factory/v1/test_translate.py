"""Version 1 documents become pipelines with slice triggers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from restudio.expressions.scope import Scope
from restudio.expressions.template import evaluate_tree
from restudio.expressions.v1 import Window, evaluate_slice_tree
from restudio.factory.documents.bundle import read_bundle
from restudio.factory.documents.problems import Problems
from restudio.factory.trigger import collect_triggers, read_trigger
from restudio.factory.v1.availability import Availability
from restudio.factory.v1.inputs import compile_needs
from restudio.factory.v1.translate import translate
from restudio.factory.v1.types import V1Document
from restudio.triggers.windows import Dependency, Windows

EXAMPLE = Path("examples/factory/v1")
WEEK = timedelta(days=7)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def translated(change: Any = None) -> tuple[dict[tuple[str, str], Any], list[str]]:
    written = {str(path): json.loads(path.read_text()) for path in sorted(EXAMPLE.rglob("*.json"))}
    if change is not None:
        change({each["name"]: each["properties"] for each in written.values()})
    found = translate(
        [
            V1Document("f", each.kind, each.name, "", each.properties, (), True, 0.0, 0.0, "", each.where)  # type: ignore[arg-type]  # the example has these kinds
            for each in read_bundle([(path, json.dumps(each).encode()) for path, each in written.items()])
        ]
    )
    made = [each for documents in found.made.values() for each in documents]
    return {(each.kind, each.name): each.properties for each in made}, [str(each) for each in found.problems]


def rule_of(properties: Any) -> Windows:
    problems = Problems("t")
    document = read_trigger("t", properties, collect_triggers(), problems)
    assert problems.found == []
    assert document is not None
    assert isinstance(document.rule, Windows)
    return document.rule


def test_weekly_retraining_runs_over_three_slices_in_order() -> None:
    found, problems = translated()
    assert problems == []
    train, publish = (found["trigger", f"WeeklyRetrain - {name}"] for name in ("train", "publish"))
    rule = rule_of(train)
    windows = [rule.window(rule.first + n) for n in range(5)]
    assert [each.start for each in windows if each] == [FIRST + n * WEEK for n in range(3)]
    assert (rule.retries, rule.max_concurrency, rule.due(windows[0])) == (1, 1, FIRST + WEEK)  # type: ignore[arg-type]
    after = rule_of(publish)
    assert [each.trigger for each in after.depends_on] == ["WeeklyRetrain - train"]
    window = after.window(after.first + 2)
    assert window is not None
    assert [each.start for each in after.needed(window, after.depends_on[0], rule)] == [FIRST + 2 * WEEK]
    looks = rule_of(found["trigger", "CensusWeek (external)"])
    assert [each.trigger for each in rule.depends_on] == ["CensusWeek (external)"]
    assert (looks.first, looks.window(looks.first)) == (rule.first, windows[0])


def test_expressions_and_partitions_are_those_of_the_slice() -> None:
    def change(documents: dict[str, Any]) -> None:
        until = {"Until": "$$Text.Format('{0:yyyy-MM-dd}', WindowEnd)"}
        documents["WeeklyRetrain"]["activities"][0]["typeProperties"]["globalParameters"] = until

    found, _ = translated(change)
    given = found["trigger", "WeeklyRetrain - train"]["pipeline"]["parameters"]["slice"]
    values = evaluate_slice_tree(given, Window(FIRST, FIRST + WEEK))
    assert sorted(values.values()) == [
        "2024-01-08",
        "lake/census/2024-01-01.csv",
        "lake/models/weeks/2024-01-01.ilearner",
    ]
    [activity] = found["pipeline", "WeeklyRetrain - train"]["activities"]
    file = activity["typeProperties"]["webServiceInput"]
    assert values[file["filePath"].rpartition(".")[2]] == "lake/census/2024-01-01.csv"
    assert file["linkedServiceName"]["referenceName"] == "WeeklyLake"
    looks = found["trigger", "CensusWeek (external)"]["pipeline"]["parameters"]["slice"]
    values = evaluate_slice_tree(looks, Window(FIRST, FIRST + WEEK))
    assert sorted(values.values()) == ["2024-01-01.csv", "2024-01-08 00:00:00+00:00"]
    [update] = found["pipeline", "WeeklyRetrain - publish"]["activities"]
    assert update["typeProperties"]["trainedModelName"] == "Census income [trained model]"
    assert update["typeProperties"]["trainedModelFilePath"].startswith("@pipeline().parameters.slice.")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["WeeklyRetrain"]["activities"][0]["outputs"].clear(), "needs an output dataset"),
        (lambda d: d["WeeklyRetrain"]["activities"][0].update(type="HDInsightHive"), "HDInsightHive"),
        (lambda d: d["WeeklyRetrain"]["activities"][0]["inputs"][0].update(name="CensusWek"), "CensusWeek"),
        (lambda d: d["WeeklyRetrain"]["activities"][1]["typeProperties"].update(trainedModelDatasetName="X"), "'X'"),
        (lambda d: d["WeeklyRetrain"].update(pipelineMode="Often"), "Scheduled"),
        (lambda d: d["WeeklyRetrain"].update(end="2024-01-01"), "must be after start"),
        (lambda d: d["WeeklyRetrain"]["activities"][1].update(outputs=[{"name": "CensusModel"}]), "also the output of"),
    ],
)
def test_what_has_no_translation_is_told(change: Any, words: str) -> None:
    def both(documents: dict[str, Any]) -> None:
        change(documents)
        documents["WeeklyRetrain"]["activities"][0].pop("scheduler")

    _, problems = translated(both)
    assert any(words in each for each in problems)


def test_rounds_of_attempts() -> None:
    def change(documents: dict[str, Any]) -> None:
        policy = {"retry": 3, "longRetry": 2, "longRetryInterval": "01:00:00"}
        documents["WeeklyRetrain"]["activities"][0]["policy"] = policy

    found, _ = translated(change)
    rule = rule_of(found["trigger", "WeeklyRetrain - train"])
    assert rule.retries == 5
    assert [rule.pause_after(n) for n in range(1, 6)] == [timedelta(0)] * 2 + [timedelta(hours=1)] + [timedelta(0)] * 2


def test_slices_that_an_input_asks_for() -> None:
    def change(documents: dict[str, Any]) -> None:
        port = documents["WeeklyRetrain"]["activities"][1]["inputs"][0]
        port |= {"startTime": "Date.AddDays(SliceStart, -14)", "endTime": "SliceEnd"}

    found, problems = translated(change)
    assert problems == []
    rule, upstream = (rule_of(found["trigger", f"WeeklyRetrain - {name}"]) for name in ("publish", "train"))
    window = rule.window(rule.first + 2)
    assert window is not None
    needed = rule.needed(window, rule.depends_on[0], upstream)
    assert [each.number - upstream.first for each in needed] == [0, 1, 2]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        # The documented sample: the week in which Sunday lies that was last, whatever day it is.
        ("Date.AddDays(SliceStart, -Date.DayOfWeek(SliceStart))", None, ["05-06"] * 6 + ["05-13"]),
        ("Date.AddDays(SliceStart, -7)", "SliceStart", ["05-06"] + ["05-06 05-13"] * 6),
        ("$$SliceStart", "SliceEnd", ["05-13"] * 7),
        ("Date.AddMonths(SliceStart, -1)", None, ["04-08"] * 2 + ["04-15"] * 5),
    ],
)
def test_intervals_of_inputs_are_those_of_each_slice(begin: str, end: str | None, expected: list[str]) -> None:
    needs = compile_needs(begin, end or begin)
    monday = datetime(2024, 5, 13, tzinfo=UTC)
    days = Availability("Day", 1).windows(monday, monday + WEEK)
    weeks = Availability("Week", 1).windows(datetime(2024, 1, 1, tzinfo=UTC), monday + 4 * WEEK)
    told = []
    for number in range(7):
        window = days.window(days.first + number)
        assert window is not None
        needed = days.needed(window, Dependency("weeks", tell_interval=needs), weeks)
        told.append(" ".join(f"{each.start:%m-%d}" for each in needed))
    assert told == expected


def slice_at(grid: Availability, instant: datetime) -> tuple[datetime, datetime]:
    window = grid.windows(instant, instant + timedelta(days=1)).at(instant)
    assert window is not None
    return window.start, window.end


def test_grids() -> None:
    instant = datetime(2024, 5, 16, 13, tzinfo=UTC)
    day = Availability("Day", 1)
    assert slice_at(day, instant)[0] == datetime(2024, 5, 16, tzinfo=UTC)
    assert slice_at(replace(day, offset=timedelta(hours=14)), instant)[0] == datetime(2024, 5, 15, 14, tzinfo=UTC)
    assert slice_at(Availability("Week", 1), instant)[0] == datetime(2024, 5, 13, tzinfo=UTC)
    odd = Availability("Hour", 23, anchor=datetime(2024, 5, 1, tzinfo=UTC))
    assert slice_at(odd, instant)[0] == datetime(2024, 5, 1, tzinfo=UTC) + 16 * timedelta(hours=23)
    assert slice_at(Availability("Minute", 15), instant)[0] == instant


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, ("02-01", "03-01")),
        (2, ("02-03", "03-03")),
        (-2, ("01-30", "02-28")),  # before the first of a month: 2024 is a leap year
        (30, ("01-31", "03-02")),
    ],
)
def test_months_begin_at_the_first_and_are_then_shifted(days: int, expected: tuple[str, str]) -> None:
    grid = Availability("Month", 1, at_start=True, offset=timedelta(days=days))
    start, end = slice_at(grid, datetime(2024, 2, 27, 7, tzinfo=UTC))
    assert (f"{start:%m-%d}", f"{end:%m-%d}") == expected
    whole = grid.windows(datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    edges = [whole.window(whole.first + n) for n in range(24)]
    assert all(a is not None and b is not None and a.end == b.start for a, b in pairwise(edges))
    assert all(whole.number_at(each.start) == each.number for each in edges if each is not None)
    assert not whole.same_grid(Availability("Month", 1, offset=timedelta(days=days + 1)).windows(start, end))


def test_the_scheduler_must_say_what_the_outputs_say() -> None:
    def change(documents: dict[str, Any]) -> None:
        documents["WeeklyRetrain"]["activities"][0]["scheduler"] = {"frequency": "Day", "interval": 7}

    _, problems = translated(change)
    assert len(problems) == 1
    assert "its scheduler is 7 Day, but the availability of dataset 'CensusModel' is 1 Week" in problems[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [("24:00:00", "24.00:00:00"), ("1.00:00:00", "1.00:00:00"), ("00:00:00", "30.00:00:00"), (None, "30.00:00:00")],
)
def test_a_day_is_not_written_as_24_hours(written: str | None, read: str) -> None:
    def change(documents: dict[str, Any]) -> None:
        documents["WeeklyRetrain"]["activities"][0]["policy"] = {"timeout": written}

    found, problems = translated(change)
    assert problems == []
    [activity] = found["pipeline", "WeeklyRetrain - train"]["activities"]
    assert activity["policy"] == {"timeout": read}


def test_texts_without_an_expression_mean_themselves() -> None:
    texts = ["@now()", "a @{b} c", "@{b}", "plain@example.org", "@@"]

    def change(documents: dict[str, Any]) -> None:
        documents["WeeklyRetrain"]["activities"][0]["typeProperties"]["globalParameters"] = {"Texts": texts}

    found, problems = translated(change)
    assert problems == []
    [activity] = found["pipeline", "WeeklyRetrain - train"]["activities"]
    lifted = activity["typeProperties"]["globalParameters"]["Texts"]
    assert evaluate_tree(lifted, Scope(now=datetime.now, random=Random(1))) == texts


def test_the_older_scoring_activity_writes_the_only_output_of_its_service() -> None:
    def change(documents: dict[str, Any]) -> None:
        activity = documents["WeeklyRetrain"]["activities"][0]
        activity |= {"type": "AzureMLBatchScoring", "typeProperties": {"webServiceParameters": {"Rows": 10}}}

    found, problems = translated(change)
    assert problems == []
    [activity] = found["pipeline", "WeeklyRetrain - train"]["activities"]
    told = activity["typeProperties"]
    assert sorted(told) == ["globalParameters", "webServiceInput", "webServiceOutput"]
    assert (told["globalParameters"], activity["type"]) == ({"Rows": 10}, "AzureMLBatchExecution")


def test_a_pipeline_without_an_active_period_has_no_slices() -> None:
    def change(documents: dict[str, Any]) -> None:
        for member in ("start", "end"):
            del documents["WeeklyRetrain"][member]

    found, problems = translated(change)
    assert problems == []
    rule = rule_of(found["trigger", "WeeklyRetrain - train"])
    assert rule.window(rule.first) is None

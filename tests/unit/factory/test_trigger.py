"""Trigger documents: what the rules that they are read as say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.blobs.types import BlobChange, BlobPath
from restudio.core.errors import RestudioError
from restudio.factory.documents.problems import Problems
from restudio.factory.trigger import Start, TriggerDocument, collect_triggers, parse_rule, read_trigger
from restudio.triggers.events import BlobEvents, Chaining, CustomEvent, CustomEvents, Polling
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.rules import decide_clock, decide_windows, first_due, window_of
from restudio.triggers.types import Ref, Trigger
from restudio.triggers.windows import Windows

FOLDER = Path(__file__).parent / "triggers"
CATALOG = collect_triggers()


def load(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text())
    return cases


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read(kind: str, properties: dict[str, Any], **outside: Any) -> TriggerDocument:
    problems = Problems("t")
    found = read_trigger("t", {"type": kind, "typeProperties": properties, **outside}, CATALOG, problems)
    assert problems.found == []
    assert found is not None
    return found


@pytest.mark.parametrize("case", load("recurrences.yaml"), ids=lambda case: case["name"])
def test_recurrence_fires_at(case: dict[str, Any]) -> None:
    rule = read("ScheduleTrigger", {"recurrence": case["recurrence"]}).rule
    assert isinstance(rule, Recurrence)
    expected = [instant(each) for each in case["fires"]]
    found = list(islice(rule.iter_after(instant(case["after"])), len(expected) + case.get("ends", False)))
    assert found == expected


@pytest.mark.parametrize("case", load("windows.yaml"), ids=lambda case: case["name"])
def test_windows_are(case: dict[str, Any]) -> None:
    rule = read("TumblingWindowTrigger", case["typeProperties"]).rule
    assert isinstance(rule, Windows)
    for number, expected in case["windows"].items():
        window = rule.window(number)
        found = None if window is None else [window.start, window.end]
        assert found == (None if expected is None else [instant(each) for each in expected])
    for number, expected in case.get("due", {}).items():
        window = rule.window(number)
        assert window is not None
        assert rule.due(window) == instant(expected)
    for number, retries in case.get("retries", {}).items():
        window = rule.window(number)
        assert window is not None
        assert rule.terms(window).retries == retries
    upstream = read("TumblingWindowTrigger", case["upstream"]).rule if "upstream" in case else rule
    assert isinstance(upstream, Windows)
    for number, expected in case.get("needs", {}).items():
        window = rule.window(number)
        assert window is not None
        assert [each.number for each in rule.needed(window, rule.depends_on[0], upstream)] == expected


@pytest.mark.parametrize(
    "case", load("mistakes.yaml"), ids=lambda case: f"{case['type']} {case['path']}: {case['words'][0]}"
)
def test_mistake_is_told_with_its_place(case: dict[str, Any]) -> None:
    problems = Problems("t")
    document = {"type": case["type"], "typeProperties": case["typeProperties"]}
    assert read_trigger("t", document, CATALOG, problems) is not None
    assert [each.path for each in problems.found] == [f"$.properties.typeProperties.{case['path']}"]
    for word in case["words"]:
        assert word in problems.found[0].message


@pytest.mark.parametrize(
    ("type", "words"),
    [
        (None, "is missing"),
        ("", "must not be empty"),
        (["ScheduleTrigger"], "expected a text"),
        ("SheduleTrigger", "Did you mean 'ScheduleTrigger'"),
    ],
)
def test_a_type_that_is_none_is_told(type: object, words: str) -> None:
    problems = Problems("t")
    assert read_trigger("t", {"type": type, "typeProperties": {}}, CATALOG, problems) is None
    [problem] = problems.found
    assert (problem.path, words in problem.message) == ("$.properties.type", True)


def test_all_kinds_are_collected() -> None:
    assert list(CATALOG) == [
        "BlobEventsTrigger",
        "BlobTrigger",
        "ChainingTrigger",
        "CustomEventsTrigger",
        "RerunTumblingWindowTrigger",
        "ScheduleTrigger",
        "SliceTrigger",
        "TumblingWindowTrigger",
    ]
    assert CATALOG["scheduletrigger"].spec.help


def test_unknown_type_is_told_with_the_nearest() -> None:
    problems = Problems("t")
    assert read_trigger("t", {"type": "SheduleTrigger", "typeProperties": {}}, CATALOG, problems) is None
    assert problems.found[0].path == "$.properties.type"
    assert "'ScheduleTrigger'" in problems.found[0].message


def test_pipelines_and_their_parameters() -> None:
    reference = {"referenceName": "train", "type": "PipelineReference"}
    document = read(
        "BlobEventsTrigger",
        {"scope": "/x/lake", "events": ["microsoft.storage.blobcreated"], "blobPathEndsWith": ".csv"},
        pipelines=[
            {"pipelineReference": reference, "parameters": {"f": "@triggerBody().fileName"}},
            {"pipelineReference": reference},
        ],
    )
    assert document.starts == (Start("train", {"f": "@triggerBody().fileName"}), Start("train", {}))


RERUN = {"parentTrigger": {"referenceName": "Hours"}, "rerunConcurrency": 3}
HOURS = {
    "frequency": "Hour",
    "interval": 6,
    "startTime": "2024-01-01T00:00:00Z",
    "maxConcurrency": 50,
    "retryPolicy": {"count": 2},
    "dependsOn": [{"type": "SelfDependencyTumblingWindowTriggerReference", "offset": "-06:00:00"}],
}


@pytest.mark.parametrize(
    ("begin", "end", "until", "numbers"),
    [
        ("2024-01-01T06:00:00Z", "2024-01-01T18:00:00Z", None, [1, 2]),
        ("2024-01-01T05:59:59", "2024-01-01T18:00:01", None, [0, 1, 2, 3]),  # those that have a part in it
        ("2023-12-01T00:00:00Z", "2024-01-01T06:00:00Z", None, [0]),
        ("2024-01-01T18:00:00Z", "2024-02-01T00:00:00Z", "2024-01-02T12:00:00Z", [3, 4, 5]),
        ("2024-01-03T00:00:00Z", "2024-01-04T00:00:00Z", "2024-01-02T00:00:00Z", []),
        ("2024-01-01T08:00:00+02:00", "2024-01-01T14:00:00+02:00", None, [1]),
    ],
)
def test_windows_that_run_once_more(begin: str, end: str, until: str | None, numbers: list[int]) -> None:
    hours = HOURS if until is None else HOURS | {"endTime": until}
    rerun = RERUN | {"requestedStartTime": begin, "requestedEndTime": end}
    parent = {"type": "TumblingWindowTrigger", "typeProperties": hours}
    rule = parse_rule("RerunTumblingWindowTrigger", {"typeProperties": rerun, "parent": parent}, CATALOG)
    assert isinstance(rule, Windows)
    assert list(range(rule.first, rule.last + 1)) == numbers
    assert (rule.reruns, rule.max_concurrency, rule.retries, len(rule.depends_on)) == ("Hours", 3, 2, 1)


def test_only_windows_run_once_more() -> None:
    rerun = RERUN | {"requestedStartTime": "2024-01-01T00:00:00Z", "requestedEndTime": "2024-02-01T00:00:00Z"}
    for kind, properties in (
        ("CustomEventsTrigger", {"scope": "/x/topic", "events": ["a"]}),
        ("RerunTumblingWindowTrigger", rerun),
    ):
        parent = {"type": kind, "typeProperties": properties}
        with pytest.raises(RestudioError, match=f"'Hours' is a {kind}"):
            parse_rule("RerunTumblingWindowTrigger", {"typeProperties": rerun, "parent": parent}, CATALOG)


def test_single_kinds_start_one_pipeline() -> None:
    reference = {"pipelineReference": {"referenceName": "train"}}
    properties = {"dependsOn": [{"referenceName": "a"}], "runDimension": "Day"}
    assert read("ChainingTrigger", properties, pipeline=reference).starts == (Start("train", {}),)
    problems = Problems("t")
    document = {"type": "ChainingTrigger", "typeProperties": properties, "pipelines": [reference, reference]}
    read_trigger("t", document, CATALOG, problems)
    assert [each.path for each in problems.found] == ["$.properties.pipeline"]


CHANGE = BlobChange(
    "1", BlobPath("lake", "data", "loans/2024/may.csv"), "BlobCreated", 10, datetime(2024, 5, 6, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("begins", "ends", "answers"),
    [
        ("/data/blobs/loans/", "", True),
        ("data/blobs/loans/2024", "", True),
        ("/data/", "", True),
        ("/dat/", "", False),
        ("/data/loans/", "", False),
        ("", ".csv", True),
        ("", "2024/may.csv", True),
        ("", "/data/blobs/loans/2024/may.csv", True),
        ("", ".CSV", False),
        ("/data/blobs/loans/*", "", False),
        ("/data/blobs/", ".json", False),
    ],
)
def test_blob_paths(begins: str, ends: str, answers: bool) -> None:
    properties = {
        "scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/lake",
        "events": ["Microsoft.Storage.BlobCreated"],
        "blobPathBeginsWith": begins,
        "blobPathEndsWith": ends,
    }
    rule = read("BlobEventsTrigger", properties).rule
    assert isinstance(rule, BlobEvents)
    expected = {"folderPath": "data/loans/2024", "fileName": "may.csv"} if answers else None
    assert rule.match(CHANGE) == expected


def test_blob_changes_of_other_kinds_do_not_count() -> None:
    properties = {"scope": "/x/lake", "events": ["Microsoft.Storage.BlobCreated"], "blobPathEndsWith": "v"}
    rule = read("BlobEventsTrigger", properties).rule
    assert isinstance(rule, BlobEvents)
    at = CHANGE.at
    assert rule.match(BlobChange("2", BlobPath("lake", "data", "a.csv"), "BlobDeleted", 10, at)) is None
    assert rule.match(BlobChange("3", BlobPath("pond", "data", "a.csv"), "BlobCreated", 10, at)) is None
    assert rule.match(BlobChange("4", BlobPath("lake", "data", "a.csv"), "BlobCreated", 0, at)) is None
    body = {"folderPath": "data", "fileName": "a.csv"}
    assert rule.match(BlobChange("5", BlobPath("lake", "data", "a.csv"), "BlobCreated", 1, at)) == body
    everything = read("BlobEventsTrigger", properties | {"ignoreEmptyBlobs": False}).rule
    assert isinstance(everything, BlobEvents)
    assert everything.match(BlobChange("6", BlobPath("lake", "data", "a.csv"), "BlobCreated", 0, at)) == body


def test_custom_events() -> None:
    properties = {
        "scope": "/x/Microsoft.EventGrid/topics/Models",
        "events": ["Loans.Drifted", "other"],
        "subjectBeginsWith": "loans/",
        "subjectEndsWith": "/weekly",
    }
    rule = read("CustomEventsTrigger", properties).rule
    assert isinstance(rule, CustomEvents)
    document = {"id": "7", "eventType": "loans.drifted", "subject": "loans/eu/weekly", "data": {"drift": 0.4}}

    def match(topic: str, kind: str, subject: str) -> Any:
        return rule.match(CustomEvent(topic, "", "7", kind, subject, document))

    assert match("models", "loans.DRIFTED", "loans/eu/weekly") == {"event": document}
    assert match("others", "loans.drifted", "loans/eu/weekly") is None
    assert match("models", "loans.retired", "loans/eu/weekly") is None
    assert match("models", "loans.drifted", "cars/eu/weekly") is None
    assert match("models", "loans.drifted", "loans/eu/daily") is None


def test_polling_and_chaining() -> None:
    polling = read(
        "BlobTrigger", {"folderPath": "/lake/in/", "maxConcurrency": 2, "linkedService": {"referenceName": "Lake"}}
    )
    assert isinstance(polling.rule, Polling)
    assert (polling.rule.folder, polling.rule.max_concurrency) == ("lake/in", 2)
    chaining = read(
        "ChainingTrigger", {"dependsOn": [{"referenceName": "a"}, {"referenceName": "b"}], "runDimension": "Day"}
    )
    assert chaining.rule == Chaining(pipelines=("a", "b"), dimension="Day")


INSTANTS = st.sampled_from(
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1900-01-01T00:00:00+14:00",
        "2024-02-29T23:59:59.999999Z",
        "2024-10-27T01:30:00",
        "9998-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59.999999Z",
    ]
)
SPANS = st.sampled_from(["00:00:00", "00:05:00", "31.00:00:00", "10675199.23:59:59"])
RECURRENCES = st.fixed_dictionaries(
    {
        "frequency": st.sampled_from(["Minute", "Hour", "Day", "Week", "Month", "Year"]),
        "interval": st.sampled_from([1, 7, 1000]),
        "startTime": INSTANTS,
        "timeZone": st.sampled_from(
            ["UTC", "Samoa Standard Time", "Lord Howe Standard Time", "Line Islands Standard Time"]
        ),
    },
    optional={
        "endTime": INSTANTS,
        "schedule": st.sampled_from([{"minutes": [0, 59]}, {"monthDays": [-31, 31]}, {"hours": [0]}]),
    },
)
WINDOWS = st.fixed_dictionaries(
    {
        "frequency": st.sampled_from(["Minute", "Hour", "Month"]),
        "interval": st.sampled_from([5, 100_000]),
        "startTime": INSTANTS,
        "maxConcurrency": st.just(1),
        "dependsOn": st.lists(
            st.fixed_dictionaries(
                {"referenceTrigger": st.just({"referenceName": "o"}), "offset": SPANS | SPANS.map("-{}".format)},
                optional={"size": SPANS},
            ),
            max_size=2,
        ),
    },
    optional={"endTime": INSTANTS, "delay": SPANS},
)


@settings(max_examples=400, deadline=None)
@given(RECURRENCES | WINDOWS, INSTANTS)
def test_whatever_is_taken_can_be_decided(written: dict[str, Any], now: str) -> None:
    """At any time, however far away: one trigger for which that failed would hold up all."""
    kind = "TumblingWindowTrigger" if "maxConcurrency" in written else "ScheduleTrigger"
    problems = Problems("t")
    properties = written if "maxConcurrency" in written else {"recurrence": written}
    document = read_trigger("t", {"type": kind, "typeProperties": properties}, CATALOG, problems)
    if problems.found:
        return
    assert document is not None
    at = max(
        min(instant(now).replace(tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)), datetime(1970, 1, 1, tzinfo=UTC)
    )
    trigger = Trigger("t", Ref("k", "o", "t"), kind, "{}", started=True)
    rule = document.rule
    if isinstance(rule, Recurrence):
        due = first_due(rule, trigger, at)
        decided = decide_clock(replace(trigger, next_due=due), rule, at)
    else:
        assert isinstance(rule, Windows)
        due = first_due(rule, trigger, at)
        decided = decide_windows(trigger, rule, {}, at)
        for firing in decided.firings:
            window = window_of(firing)
            assert window is not None
            for dependency in rule.depends_on:
                assert len(rule.needed_numbers(window, dependency, rule)) >= 0
    for told in (due, decided.next_due, *(each.scheduled for each in decided.firings)):
        # As the database keeps it: exact in our time, to a part of a millisecond thousands of years from now.
        assert told is None or abs(datetime.fromtimestamp(told.timestamp(), UTC) - told) < timedelta(milliseconds=1)

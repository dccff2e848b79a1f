"""Mistakes in documents of version 1 are told where they were made, whatever the documents become."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.factory.v1.bench import Bench

from restudio.factory.documents.bundle import read_bundle
from restudio.factory.v1.service import NewV1Document

EXAMPLE = Path("examples/factory/v1")
PIPELINE, MODEL, WEEK = "pipeline/WeeklyRetrain.json", "dataset/CensusModel.json", "dataset/CensusWeek.json"
TRAIN, PUBLISH = "$.properties.activities[0]", "$.properties.activities[1]"
Change = Callable[[Any], object]


def train(documents: Any) -> Any:
    return documents["WeeklyRetrain"]["activities"][0]


def publish(documents: Any) -> Any:
    return documents["WeeklyRetrain"]["activities"][1]


def problems(bench: Bench, change: Change) -> list[tuple[str, str, str]]:
    written = {path.relative_to(EXAMPLE).as_posix(): json.loads(path.read_text()) for path in EXAMPLE.rglob("*.json")}
    change({each["name"]: each["properties"] for each in written.values()})
    documents = [
        NewV1Document(each.kind, each.name, each.properties, each.where)  # type: ignore[arg-type]  # the example has these kinds
        for each in read_bundle([(path, json.dumps(each).encode()) for path, each in sorted(written.items())])
    ]
    return [(each.where, each.path, each.message) for each in bench.v1.check(bench.factory, documents)]


CASES: list[tuple[Change, str, str, str]] = [
    (lambda d: train(d).pop("name"), PIPELINE, f"{TRAIN}.name", "is missing"),
    (lambda d: train(d).update(type="AzureMLBatchExecutoin"), PIPELINE, f"{TRAIN}.type", "'AzureMLBatchExecution'"),
    (lambda d: train(d).update(linkedServiceName="WeeklyLake"), PIPELINE, f"{TRAIN}.linkedServiceName", "AzureStorage"),
    (lambda d: train(d).update(schedular={}), PIPELINE, f"{TRAIN}.schedular", "Did you mean 'scheduler'"),
    (
        lambda d: train(d)["typeProperties"].update(globalParameter={}),
        PIPELINE,
        f"{TRAIN}.typeProperties.globalParameter",
        "Did you mean 'globalParameters'",
    ),
    (
        lambda d: train(d)["typeProperties"].update(globalParameters={"x": ["$$Text.Frmat('{0}', SliceStart)"]}),
        PIPELINE,
        f"{TRAIN}.typeProperties.globalParameters.x[0]",
        "Did you mean 'Text.Format'",
    ),
    (lambda d: publish(d)["policy"].update(retry=50), PIPELINE, f"{PUBLISH}.policy.retry", "from 0 to 10; got 50"),
    (lambda d: publish(d)["policy"].update(timeout="soon"), PIPELINE, f"{PUBLISH}.policy.timeout", "got 'soon'"),
    (lambda d: publish(d)["policy"].update(retrys=1), PIPELINE, f"{PUBLISH}.policy.retrys", "Did you mean 'retry'"),
    (
        lambda d: publish(d)["typeProperties"].pop("trainedModelName"),
        PIPELINE,
        f"{PUBLISH}.typeProperties.trainedModelName",
        "is required",
    ),
    (
        lambda d: publish(d)["typeProperties"].pop("trainedModelDatasetName"),
        PIPELINE,
        f"{PUBLISH}.typeProperties.trainedModelDatasetName",
        "Known: 'CensusModel'",
    ),
    (
        lambda d: publish(d)["inputs"][0].update(startTime="SliceStart", endTime="Date.AddDays(SliceStart, -1)"),
        PIPELINE,
        f"{PUBLISH}.inputs[0].endTime",
        "must not be before startTime",
    ),
    (lambda d: publish(d)["inputs"][0].update(startTime="SliceStart"), PIPELINE, f"{PUBLISH}.inputs[0]", "go together"),
    (lambda d: d["WeeklyRetrain"].update(start="soon"), PIPELINE, "$.properties.start", "got 'soon'"),
    (lambda d: d["CensusModel"].update(linkedServiceName="Lak"), MODEL, "$.properties.linkedServiceName", "'Lak'"),
    (lambda d: d["CensusModel"].update(type="AzureBlb"), MODEL, "$.properties.type", "Did you mean 'AzureBlob'"),
    (
        lambda d: d["CensusModel"]["availability"].update(frequency="Wek"),
        MODEL,
        "$.properties.availability.frequency",
        "Did you mean 'Week'",
    ),
    (
        lambda d: d["CensusModel"].update(policy={"validation": {"minimumSizeMB": "big"}}),
        MODEL,
        "$.properties.policy.validation.minimumSizeMB",
        "Got 'big'",
    ),
    (
        lambda d: d["CensusWeek"]["policy"]["externalData"].update(dataDelay="late"),
        WEEK,
        "$.properties.policy.externalData.dataDelay",
        "got 'late'",
    ),
    (
        lambda d: d["CensusWeek"]["typeProperties"]["partitionedBy"][0]["value"].update(date="SliceStat"),
        WEEK,
        "$.properties.typeProperties.partitionedBy[0].value.date",
        "Did you mean 'SliceStart'",
    ),
]


@pytest.mark.parametrize(("change", "where", "path", "words"), CASES)
def test_one_mistake_is_one_problem_at_its_place(
    bench: Bench, change: Change, where: str, path: str, words: str
) -> None:
    [(found, there, message)] = problems(bench, change)
    assert (found, there, words in message) == (where, path, True), message


def test_the_example_has_none(bench: Bench) -> None:
    assert problems(bench, lambda documents: None) == []

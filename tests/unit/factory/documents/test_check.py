"""What is checked before anything runs, by a table of mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from restudio.factory.activity import collect_activities
from restudio.factory.dataset import all_datasets
from restudio.factory.documents.check import Catalogs, Document, check_documents
from restudio.factory.linked_service import all_linked_services
from restudio.factory.properties import Json, Properties
from restudio.factory.trigger import collect_triggers
from restudio.factory.types import ResourceKind

CATALOGS = Catalogs(collect_activities(), all_linked_services(), collect_triggers(), all_datasets())
CASES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text())
LAKE = {"type": "AzureBlobStorage", "typeProperties": {"connectionString": "UseDevelopmentStorage=true"}}
CHILD = {
    "parameters": {"day": {"type": "String"}},
    "activities": [{"name": "W", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}],
}
HELD: Mapping[tuple[ResourceKind, str], Json] = {("linkedService", "Lake"): LAKE, ("pipeline", "Child"): CHILD}


def check(*documents: Document) -> dict[str, str]:
    held = {(kind, name.casefold()): Properties(value) for (kind, name), value in HELD.items()}
    found = check_documents(
        documents,
        CATALOGS,
        lambda kind, name: held.get((kind, name.casefold())),
        lambda kind: [name for each, name in HELD if each == kind],
    )
    return {problem.path: problem.message for problem in found}


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_mistakes_in_pipelines(case: Mapping[str, Json]) -> None:
    properties = {"activities": case["activities"], **case.get("more", {})}
    found = check(Document("pipeline", "P", properties, "pipeline/P.json"))
    assert set(found) == {f"$.properties.{path}" for path in case["found"]}
    for path, words in case["found"].items():
        assert words in found[f"$.properties.{path}"]


def test_documents_see_each_other() -> None:
    caller = {
        "activities": [
            {
                "name": "A",
                "type": "ExecutePipeline",
                "typeProperties": {"pipeline": {"referenceName": "New", "type": "PipelineReference"}},
            }
        ]
    }
    new = Document("pipeline", "new", CHILD, "pipeline/new.json")
    assert check(Document("pipeline", "P", caller, "pipeline/P.json"), new) == {}


def test_the_same_resource_in_two_files_is_told() -> None:
    found = check(Document("pipeline", "A", CHILD, "a.json"), Document("pipeline", "a", CHILD, "b.json"))
    assert found == {"$.name": "'a' is also in a.json; keep one of them."}


def test_the_same_resource_twice_is_told() -> None:
    twice = [Document("pipeline", name, CHILD, "pipeline 'A'") for name in ("A", "a")]
    assert check(*twice) == {"$.name": "'a' is there twice; keep one of them."}


def test_datasets_and_linked_services_are_checked() -> None:
    dataset = {
        "type": "DelimitedText",
        "linkedServiceName": {"referenceName": "Lak", "type": "LinkedServiceReference"},
        "parameters": {"day": {"type": "string"}},
        "typeProperties": {"location": {"fileName": "@concat(dataset().dya, '.csv')"}},
    }
    found = check(Document("dataset", "D", dataset, "dataset/D.json"))
    assert "no linked service 'Lak'. Did you mean 'Lake'" in found["$.properties.linkedServiceName.referenceName"]
    assert "no dataset parameter 'dya'" in found["$.properties.typeProperties.location.fileName"]
    service = {"type": "AzureM", "typeProperties": {"mlEndpoint": "@pipeline().parameters.x"}}
    found = check(Document("linkedService", "S", service, "linkedService/S.json"))
    assert "Did you mean 'AzureML'" in found["$.properties.type"]
    assert "pipeline() does not exist" in found["$.properties.typeProperties.mlEndpoint"]
    needs = check(Document("linkedService", "S", {"type": "AzureML", "typeProperties": {}}, "f"))
    assert "'mlEndpoint' is required" in needs["$.properties.typeProperties.mlEndpoint"]


@pytest.mark.parametrize(
    ("kind", "properties", "member"),
    [
        ("linkedService", {"type": "AzureML", "typeProperties": {"mlEndpoint": "h", "apiKeys": 1}}, "apiKeys"),
        ("dataset", {"type": "Json", "typeProperties": {"location": {}, "locations": 1, "future": 1}}, "locations"),
        ("trigger", {"type": "CustomEventsTrigger", "typeProperties": {"scopes": "s"}}, "scopes"),
    ],
)
def test_slips_in_other_documents(kind: ResourceKind, properties: dict[str, Json], member: str) -> None:
    found = check(Document(kind, "D", properties, "f"))
    told = {where for where, message in found.items() if "is not a property here. Did you mean" in message}
    assert told == {f"$.properties.typeProperties.{member}"}


def test_triggers_are_held_against_their_pipelines() -> None:
    trigger: dict[str, Json] = {
        "type": "ScheduleTrigger",
        "typeProperties": {"recurrence": {"frequency": "Day", "interval": 1, "startTime": "2024-01-01T00:00:00Z"}},
        "pipelines": [
            {
                "pipelineReference": {"referenceName": "Child", "type": "PipelineReference"},
                "parameters": {"day": "@trigger().scheduledTime", "dya": "x"},
            }
        ],
    }
    found = check(Document("trigger", "T", trigger, "trigger/T.json"))
    assert list(found) == ["$.properties.pipelines[0].parameters.dya"]
    windows = {"frequency": "Hour", "interval": 1, "startTime": "2024-01-01T00:00:00Z", "maxConcurrency": 1}
    single = {"type": "TumblingWindowTrigger", "typeProperties": windows, "pipeline": trigger["pipelines"][0]}
    found = check(Document("trigger", "T", single, "trigger/T.json"))
    assert list(found) == ["$.properties.pipeline.parameters.dya"]


@pytest.mark.parametrize("wrong", [1.5, -1, True, [None], [[1]]])
def test_a_linked_service_of_a_wrong_type_is_told(wrong: Json) -> None:
    activity = {"name": "A", "type": "AzureMLBatchExecution", "linkedServiceName": wrong, "typeProperties": {}}
    found = check(Document("pipeline", "P", {"activities": [activity]}, "pipeline/P.json"))
    assert "referenceName" in found["$.properties.activities[0].linkedServiceName"]


@pytest.mark.parametrize("wrong", [{}, [], {"type": "Expression"}, 1.5, None])
def test_a_time_of_a_wrong_type_is_told(wrong: Json) -> None:
    recurrence = {
        "frequency": "Day",
        "interval": 1,
        "startTime": "2026-01-01T00:00:00Z",
        "schedule": {"hours": [wrong]},
    }
    properties = {"type": "ScheduleTrigger", "typeProperties": {"recurrence": recurrence}, "pipelines": []}
    found = check(Document("trigger", "T", properties, "trigger/T.json"))
    assert "hours from 0 to 23" in found["$.properties.typeProperties.recurrence.schedule.hours"]

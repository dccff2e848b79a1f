"""Bundles: the layouts in which factories are kept as files."""

from __future__ import annotations

import json

import pytest

from restudio.core.errors import RestudioError
from restudio.factory.documents.bundle import read_bundle, to_file
from restudio.factory.documents.generation import generation_of
from restudio.factory.properties import Json

PIPELINE = {"activities": [{"name": "W", "type": "Wait", "typeProperties": {"waitTimeInSeconds": "@add(0, 0)"}}]}


def text(value: Json) -> bytes:
    return json.dumps(value).encode()


def test_the_layout_of_a_repository_is_read() -> None:
    found = read_bundle(
        [
            ("pipeline/Main.json", text({"name": "Main", "properties": PIPELINE})),
            ("linkedService/Lake.json", text({"properties": {"type": "AzureBlobStorage", "typeProperties": {}}})),
            ("dataset/Rows.json", text({"name": "Rows", "properties": {"type": "Json"}})),
            ("trigger/Daily.json", text({"name": "Daily", "properties": {"type": "ScheduleTrigger"}})),
            (
                "factory/f.json",
                text({"name": "f", "properties": {"globalParameters": {"n": {"type": "int", "value": 1}}}}),
            ),
            ("integrationRuntime/Own.json", text({"name": "Own", "properties": {"type": "SelfHosted"}})),
        ],
        {"n": "7"},
    )
    assert [(each.kind, each.name) for each in found] == [
        ("pipeline", "Main"),
        ("linkedService", "Lake"),
        ("dataset", "Rows"),
        ("trigger", "Daily"),
        ("globalParameters", "default"),
    ]
    assert found[-1].properties == {"n": {"type": "int", "value": 7}}


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        (PIPELINE, "pipeline"),
        ({"type": "Json", "linkedServiceName": {"referenceName": "x"}}, "dataset"),
        ({"type": "AzureML", "typeProperties": {}}, "linkedService"),
        ({"type": "TumblingWindowTrigger", "typeProperties": {}}, "trigger"),
    ],
)
def test_a_file_alone_is_known_by_what_is_in_it(properties: Json, kind: str) -> None:
    (found,) = read_bundle([("thing.json", text({"properties": properties}))])
    assert (found.kind, found.name) == (kind, "thing")


def test_a_template_is_filled_in() -> None:
    template = {
        "$schema": "http://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
        "parameters": {
            "factoryName": {"type": "string"},
            "Lake_connectionString": {"type": "secureString"},
            "day": {"type": "string", "defaultValue": "monday"},
        },
        "variables": {"prefix": "[concat('p-', parameters('day'))]"},
        "resources": [
            {
                "name": "[concat(parameters('factoryName'), '/Lake')]",
                "type": "Microsoft.DataFactory/factories/linkedServices",
                "properties": {
                    "type": "AzureBlobStorage",
                    "typeProperties": {"connectionString": "[parameters('Lake_connectionString')]"},
                },
                "dependsOn": ["[resourceId('x', 'y')]"],
            },
            {
                "name": "[concat(parameters('factoryName'), '/Main')]",
                "type": "Microsoft.DataFactory/factories/pipelines",
                "properties": {**PIPELINE, "description": "[variables('prefix')]", "folder": {"name": "[[not]"}},
            },
        ],
    }
    lake, main = read_bundle([("arm.json", text(template))], {"Lake_connectionString": "007"})
    assert (lake.kind, lake.name, lake.properties["typeProperties"]["connectionString"]) == (
        "linkedService",
        "Lake",
        "007",
    )
    assert (main.name, main.properties["description"], main.properties["folder"]["name"]) == (
        "Main",
        "p-monday",
        "[not]",
    )
    with pytest.raises(RestudioError, match="--set Lake_connectionString="):
        read_bundle([("arm.json", text(template))])


def test_members_of_documents_are_set() -> None:
    service = {
        "type": "AzureML",
        "typeProperties": {"MlEndpoint": "http://old", "apiKey": {"type": "SecureString", "value": "old"}},
    }
    (found,) = read_bundle(
        [("linkedService/Train.json", text({"name": "Train", "properties": service}))],
        {"train.mlEndpoint": "http://new", "Train.apiKey": "123", "Train.description": "d"},
    )
    assert found.properties["typeProperties"] == {
        "MlEndpoint": "http://new",
        "apiKey": {"type": "SecureString", "value": "123"},
        "description": "d",
    }
    with pytest.raises(RestudioError, match=r"no document 'Trian'\. Did you mean 'Train'"):
        read_bundle([("linkedService/Train.json", text({"name": "Train", "properties": service}))], {"Trian.x": "1"})


def test_what_is_no_document_is_told_with_its_file() -> None:
    with pytest.raises(RestudioError, match=r"x\.json\[0\] is not a factory document"):
        read_bundle([("x.json", b"[1]")])
    with pytest.raises(RestudioError, match=r"x\.json: it cannot be told what this is"):
        read_bundle([("x.json", b'{"properties": {}}')])
    with pytest.raises(RestudioError, match="no factory documents"):
        read_bundle([])


def test_all_files_that_cannot_be_read_are_told() -> None:
    files = [("a.json", b"{"), ("pipeline/P.json", b'{"name": "P", "properties": {}}'), ("b.json", b"[1]")]
    with pytest.raises(RestudioError) as error:
        read_bundle(files)
    assert "a.json is not JSON" in error.value.message
    assert "b.json[0] is not a factory document" in error.value.message


def test_an_exported_file_is_read_again() -> None:
    path, content = to_file("pipeline", "Main", PIPELINE)
    (found,) = read_bundle([(path, text(content))])
    assert (found.kind, found.name, found.properties) == ("pipeline", "Main", PIPELINE)


@pytest.mark.parametrize(
    ("properties", "generation"),
    [
        ({"start": "2024-01-01", "end": "2024-02-01", "activities": []}, 1),
        ({"type": "AzureBlob", "linkedServiceName": "S", "availability": {"frequency": "Week", "interval": 1}}, 1),
        ({"activities": [{"name": "a", "type": "Copy", "inputs": [{"name": "D"}]}]}, 1),
        ({"activities": [{"name": "a", "typeProperties": {"q": "$$Text.Format('{0}', SliceStart)"}}]}, 1),
        ({"activities": [{"name": "a", "dependsOn": []}]}, 2),
        ({"type": "Json", "linkedServiceName": {"referenceName": "S"}}, 2),
        ({"activities": [{"name": "a", "typeProperties": {"q": "@utcNow()"}}]}, 2),
        ({"type": "AzureML", "typeProperties": {"mlEndpoint": "http://x"}}, None),
    ],
)
def test_the_generation_of_a_document_shows_in_it(properties: Json, generation: int | None) -> None:
    assert generation_of(properties) == generation

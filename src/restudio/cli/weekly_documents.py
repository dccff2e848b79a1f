"""Documents of the weekly demo: Data Factory version 2, as they stand in a repository of a factory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from restudio.cli.demo_experiment import METRICS, MODEL, TRAINING_DATA
from restudio.client.factories import Document
from restudio.client.types import Endpoint

PIPELINE = "RetrainWeekly"
LAKE, TRAINING, SCORING = "Lake", "Training", "Scoring"
CONTAINER = "lake"
WEEK_HOURS = 7 * 24
_WEEK = "pipeline().parameters.week"


def weekly_documents(connection: str, trainer: Endpoint, fresh: Endpoint, update_address: str) -> list[Document]:
    """The pipeline that trains on the file of a week and updates the endpoint, and what it connects to.

    ``connection`` is the connection string of the account where data and models lie.
    """
    lake = {"type": "AzureBlobStorage", "typeProperties": {"connectionString": _secret(connection)}}
    return [
        Document("linkedService", LAKE, lake),
        Document("linkedService", TRAINING, _service(trainer)),
        Document("linkedService", SCORING, _service(fresh, updateResourceEndpoint=update_address)),
        Document("pipeline", PIPELINE, _pipeline(fresh.resources[0].name)),
    ]


def weekly_trigger(name: str, start: datetime, end: datetime) -> Document:
    """A window for every week between two instants, one at a time; the pipeline is told the day that it starts on."""
    windows = {
        "frequency": "Hour",
        "interval": WEEK_HOURS,
        "startTime": _instant(start),
        "endTime": _instant(end),
        "maxConcurrency": 1,
    }
    pipeline = {
        "pipelineReference": _reference(PIPELINE, "Pipeline"),
        "parameters": {"week": "@formatDateTime(trigger().outputs.windowStartTime, 'yyyy-MM-dd')"},
    }
    return Document("trigger", name, {"type": "TumblingWindowTrigger", "pipeline": pipeline, "typeProperties": windows})


def data_path(week: datetime) -> str:
    """Where the pipeline looks for the rows of a week."""
    return f"{CONTAINER}/weeks/{week:%Y-%m-%d}.csv"


def _pipeline(model: str) -> dict[str, Any]:
    train = {
        "name": "Train",
        "type": "AzureMLBatchExecution",
        "linkedServiceName": _reference(TRAINING, "LinkedService"),
        "typeProperties": {
            "webServiceInputs": {TRAINING_DATA: _file("weeks", ".csv")},
            "webServiceOutputs": {
                MODEL: _file("models", ".ilearner"),
                METRICS: _file("models", "-metrics.csv"),
            },
        },
    }
    update = {
        "name": "Update",
        "type": "AzureMLUpdateResource",
        "dependsOn": [{"activity": "Train", "dependencyConditions": ["Succeeded"]}],
        "linkedServiceName": _reference(SCORING, "LinkedService"),
        "typeProperties": {
            "trainedModelName": model,
            "trainedModelLinkedServiceName": _reference(LAKE, "LinkedService"),
            "trainedModelFilePath": _path("models", ".ilearner"),
        },
    }
    return {"parameters": {"week": {"type": "String"}}, "concurrency": 1, "activities": [train, update]}


def _service(endpoint: Endpoint, **more: str) -> dict[str, Any]:
    told = {"mlEndpoint": f"{endpoint.api_location}/jobs", "apiKey": _secret(endpoint.primary_key), **more}
    return {"type": "AzureML", "typeProperties": told}


def _file(folder: str, ending: str) -> Mapping[str, Any]:
    return {"filePath": _path(folder, ending), "linkedServiceName": _reference(LAKE, "LinkedService")}


def _path(folder: str, ending: str) -> Mapping[str, str]:
    return {"type": "Expression", "value": f"@concat('{CONTAINER}/{folder}/', {_WEEK}, '{ending}')"}


def _reference(name: str, kind: str) -> Mapping[str, str]:
    return {"referenceName": name, "type": f"{kind}Reference"}


def _secret(value: str) -> Mapping[str, str]:
    return {"type": "SecureString", "value": value}


def _instant(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"

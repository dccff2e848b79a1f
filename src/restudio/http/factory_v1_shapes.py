"""Shapes of the management API of Data Factory version 1 (Data Factory reference, section 9.9)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from restudio.factory.documents.instant import instant_text, second_text
from restudio.factory.properties import Json, Properties
from restudio.factory.types import Factory
from restudio.factory.v1.types import Slice, SliceRun, V1Document, V1Kind

COLLECTIONS: Mapping[str, V1Kind] = {
    "linkedservices": "linkedService",
    "datasets": "dataset",
    "datapipelines": "pipeline",
}
_PROVIDER = "Microsoft.DataFactory/datafactories"


def address(factory: Factory, subscription: str) -> str:
    """The resource id of a factory."""
    return f"/subscriptions/{subscription}/resourcegroups/{factory.resource_group}/providers/{_PROVIDER}/{factory.name}"


def factory(found: Factory, subscription: str) -> dict[str, Json]:
    told = Properties(found.body)
    return {
        "name": found.name,
        "id": address(found, subscription),
        "type": _PROVIDER,
        "location": told.get("location") or "local",
        "tags": told.get("tags") or {},
        "properties": {
            "dataFactoryId": str(uuid.UUID(found.id)),
            "provisioningState": "Succeeded",
            "error": None,
            "errorMessage": None,
        },
    }


def document(found: V1Document, owner: Factory, subscription: str, collection: str) -> dict[str, Json]:
    properties: dict[str, Json] = {**found.properties, "provisioningState": "Succeeded"}
    if found.kind == "pipeline":
        properties["runtimeInfo"] = {
            "deploymentTime": instant_text(found.changed),
            "pipelineState": "Running" if found.active else "Paused",
        }
    return {
        "id": f"{address(owner, subscription)}/{collection}/{found.name}",
        "name": found.name,
        "type": f"{_PROVIDER}/{collection}",
        "properties": properties,
    }


def slice_(found: Slice) -> dict[str, Json]:
    """``status`` is what clients of the first versions read instead of state and substate."""
    return {
        "start": second_text(found.start),
        "end": second_text(found.end),
        "state": found.state,
        "substate": found.substate,
        "status": found.state,
        "latencyStatus": None,
        "retryCount": found.retries,
        "longRetryCount": found.long_retries,
    }


def slice_run(found: SliceRun) -> dict[str, Json]:
    return {
        "id": found.id,
        "datasetName": found.dataset,
        "tableName": found.dataset,
        "pipelineName": found.pipeline,
        "activityName": found.activity,
        "processingStartTime": _instant(found.begun),
        "processingEndTime": _instant(found.ended),
        "percentComplete": found.percent,
        "dataSliceStart": second_text(found.start),
        "dataSliceEnd": second_text(found.end),
        "status": found.status,
        "timestamp": instant_text(found.created),
        "retryAttempt": found.attempt,
        "errorMessage": found.error,
        "hasLogs": False,
        "properties": {},
        "inputRunRecordReferences": [],
        "outputRunRecordReferences": [],
    }


def studio_slice(found: Slice) -> dict[str, Json]:
    """As the studio API tells it: with what it belongs to."""
    return {
        "dataset": found.dataset,
        "pipeline": found.pipeline,
        "activity": found.activity,
        "start": second_text(found.start),
        "end": second_text(found.end),
        "state": found.state,
        "substate": found.substate,
        "retries": found.retries,
        "longRetries": found.long_retries,
        "message": found.message,
        "runId": found.run_id,
    }


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else instant_text(seconds)

"""Shapes of the management API of Data Factory version 1 (Data Factory reference, section 9.9)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from restudio.factory.documents.instant import instant_text, second_text
from restudio.factory.properties import Json, Properties
from restudio.factory.types import Factory
from restudio.factory.v1.types import ActivityWindow, Link, Slice, SliceRun, V1Document, V1Kind

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


def activity_window(found: ActivityWindow, owner: Factory) -> dict[str, Json]:
    over = found.begun is not None and found.ended is not None
    return {
        "resourceGroupName": owner.resource_group,
        "dataFactoryName": owner.name,
        "pipelineName": found.pipeline,
        "activityName": found.activity,
        "activityType": found.type,
        "linkedServiceName": found.linked_service or None,
        "runAttempts": found.attempts,
        "runStart": _instant(found.begun),
        "runEnd": _instant(found.ended),
        "duration": _span((found.ended or 0.0) - (found.begun or 0.0)) if over else None,
        "percentComplete": found.percent,
        "windowStart": second_text(found.start),
        "windowEnd": second_text(found.end),
        "windowState": found.state,
        "windowSubstate": found.substate or None,
        "inputDatasets": list(found.inputs),
        "outputDatasets": list(found.outputs),
    }


def link(found: Link) -> dict[str, Json]:
    """Slices, and those that they are made of, as the monitoring page reads them."""
    return {
        "tableName": found.dataset,
        "slices": [slice_(each) for each in found.slices],
        "dependencies": [link(each) for each in found.dependencies],
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


def _span(seconds: float) -> str:
    """A time span with seven fractional digits.

    >>> _span(93784.5)
    '1.02:03:04.5000000'
    """
    whole, ticks = divmod(round(seconds * 10_000_000), 10_000_000)
    days, rest = divmod(whole, 86_400)
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{ticks:07d}"
    return f"{days}.{text}" if days else text


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else instant_text(seconds)

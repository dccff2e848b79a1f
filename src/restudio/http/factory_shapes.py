"""Shapes of the Data Factory management API (Data Factory reference, section 10.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from restudio.factory.documents.instant import instant_text
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.events import ErrorInfo
from restudio.factory.runs.queries import Page
from restudio.factory.types import ActivityRun, Factory, PipelineRun, ResourceKind, StoredResource

COLLECTIONS: Mapping[str, ResourceKind] = {
    "linkedservices": "linkedService",
    "datasets": "dataset",
    "pipelines": "pipeline",
    "triggers": "trigger",
}
Item = TypeVar("Item")
_VERSION = "2018-06-01"
_PROVIDER = "Microsoft.DataFactory/factories"
_NO_ERROR = ErrorInfo()


def address(factory: Factory, subscription: str) -> str:
    """The resource id of a factory."""
    return f"/subscriptions/{subscription}/resourceGroups/{factory.resource_group}/providers/{_PROVIDER}/{factory.name}"


def factory(found: Factory, subscription: str, global_parameters: Mapping[str, Json]) -> dict[str, Json]:
    told = Properties(found.body)
    properties = dict(told.object("properties"))
    shown: dict[str, Json] = {
        "id": address(found, subscription),
        "name": found.name,
        "type": _PROVIDER,
        "location": told.get("location") or "local",
        "tags": told.get("tags") or {},
        "eTag": found.etag,
        "properties": {
            **{name: value for name, value in properties.items() if name.casefold() != "globalparameters"},
            "provisioningState": "Succeeded",
            "createTime": instant_text(found.created),
            "version": _VERSION,
            **({"globalParameters": dict(global_parameters)} if global_parameters else {}),
        },
    }
    if told.get("identity"):
        shown["identity"] = told["identity"]
    return shown


def resource(found: StoredResource, owner: Factory, subscription: str, collection: str) -> dict[str, Json]:
    return {
        "id": f"{address(owner, subscription)}/{collection}/{found.name}",
        "name": found.name,
        "type": f"{_PROVIDER}/{collection}",
        "etag": found.etag,
        "properties": dict(found.properties),
    }


def pipeline_run(run: PipelineRun) -> dict[str, Json]:
    duration = None if run.ended is None else round((run.ended - (run.started or run.created)) * 1000)
    invoked: dict[str, Json] = {
        "id": run.invoked_by.id,
        "name": run.invoked_by.name,
        "invokedByType": run.invoked_by.type,
    }
    if run.invoked_by.run_id is not None:
        invoked |= {"pipelineName": run.invoked_by.pipeline, "pipelineRunId": run.invoked_by.run_id}
    return {
        "id": run.id,
        "runId": run.id,
        "debugRunId": None,
        "runGroupId": run.group_id,
        "isLatest": run.is_latest,
        "pipelineName": run.pipeline,
        "parameters": {name: _text(value) for name, value in run.parameters.items()},
        "invokedBy": invoked,
        "runStart": instant_text(run.started or run.created),
        "runEnd": _instant(run.ended),
        "lastUpdated": instant_text(run.updated),
        "durationInMs": duration,
        "status": run.status,
        "message": run.message,
        "runDimensions": dict(run.dimensions),
        "runDimension": dict(run.dimensions),
        "annotations": [],
        "pipelineReturnValue": run.returned,
    }


def activity_run(run: ActivityRun) -> dict[str, Json]:
    return {
        "activityName": run.name,
        "activityType": run.type,
        "activityRunId": run.id,
        "pipelineName": run.pipeline,
        "pipelineRunId": run.run_id,
        "linkedServiceName": run.linked_service,
        "status": run.status,
        "activityRunStart": instant_text(run.started),
        "activityRunEnd": _instant(run.ended),
        "durationInMs": None if run.ended is None else round((run.ended - run.started) * 1000),
        "input": run.input if run.input is not None else {},
        "output": run.output if run.output is not None else {},
        "error": msgspec.to_builtins(run.error or _NO_ERROR),
        "retryAttempt": run.attempt or None,
        "userProperties": dict(run.user_properties),
        "iterationHash": run.path if "/" in run.path else "",
        "integrationRuntimeNames": [],
        "executionDetails": {"path": run.path, "progress": run.progress, "childPipelineRunId": run.child_run_id},
    }


def page(found: Page[Item], show: Callable[[Item], dict[str, Json]]) -> dict[str, Json]:
    """One page of a query; the token is absent on the last one."""
    shown: dict[str, Json] = {"value": [show(each) for each in found.items]}
    if found.next_offset is not None:
        shown["continuationToken"] = str(found.next_offset)
    return shown


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _instant(seconds: float | None) -> str | None:
    return None if seconds is None else instant_text(seconds)

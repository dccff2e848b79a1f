"""The Swagger document of the submit calls."""

from __future__ import annotations

from collections.abc import Sequence

_TEXT = {"type": "string"}
_SCOPE = (
    "/pipelines/v1.0/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"
    "/Microsoft.MachineLearningServices/workspaces/{workspaceName}"
)
_SUBMIT = f"{_SCOPE}/PipelineRuns"


def submit_swagger(url: str) -> dict[str, object]:
    """For clients that are generated: all ways to submit a pipeline, and to follow and cancel its run."""
    scheme, _, host = url.partition("://")
    return {
        "swagger": "2.0",
        "info": {"title": "Pipeline submission", "version": "v1.0"},
        "host": host,
        "schemes": [scheme],
        "securityDefinitions": {"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}},
        "security": [{"Bearer": []}],
        "paths": {
            f"{_SUBMIT}/PipelineSubmit/{{pipelineId}}": _submit("SubmitPipeline", ["pipelineId"]),
            f"{_SUBMIT}/PipelineEndpointSubmit/Id/{{endpointId}}": _submit("SubmitEndpoint", ["endpointId"]),
            f"{_SUBMIT}/PipelineEndpointSubmit/Id/{{endpointId}}/{{version}}": _submit(
                "SubmitEndpointVersion", ["endpointId", "version"]
            ),
            f"{_SUBMIT}/PipelineEndpointSubmit/Name": _submit("SubmitEndpointByName", [], ["name", "pipelineVersion"]),
            f"{_SUBMIT}/{{runId}}": {"get": _operation("GetPipelineRun", [_in_path("runId")])},
            f"{_SUBMIT}/{{runId}}/Cancel": {"post": _operation("CancelPipelineRun", [_in_path("runId")])},
        },
        "definitions": _definitions(),
    }


def _submit(name: str, in_path: Sequence[str], in_query: Sequence[str] = ()) -> dict[str, object]:
    body = {
        "name": "submission", "in": "body", "required": False, "schema": {"$ref": "#/definitions/PipelineSubmission"}
    }  # fmt: skip
    query = [{"name": q, "in": "query", "required": q == "name", **_TEXT} for q in in_query]
    return {"post": _operation(name, [*map(_in_path, in_path), *query, body])}


def _operation(name: str, parameters: Sequence[object]) -> dict[str, object]:
    scope = [_in_path(p) for p in ("subscriptionId", "resourceGroupName", "workspaceName")]
    errors = {
        "400": "A parameter is unknown or of a wrong type.",
        "401": "No valid token.",
        "403": "The role does not allow it.",
        "404": "No such pipeline, endpoint, version, data store or path.",
        "409": "The pipeline or endpoint is disabled.",
    }
    failures = {
        status: {"description": text, "schema": {"$ref": "#/definitions/Error"}} for status, text in errors.items()
    }
    done = {"200": {"description": "The run.", "schema": {"$ref": "#/definitions/PipelineRun"}}}
    return {
        "operationId": name,
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "parameters": [*scope, *parameters],
        "responses": {**done, **failures},
    }


def _in_path(name: str) -> dict[str, object]:
    return {"name": name, "in": "path", "required": True, **_TEXT}


def _definitions() -> dict[str, object]:
    path = {"type": "object", "properties": {"DataStoreName": _TEXT, "RelativePath": _TEXT}}
    saved = {"type": "object", "properties": {"SavedDataSetReference": _object(Id=_TEXT)}}
    flag = {"type": "boolean"}
    submission = _object(
        ExperimentName=_TEXT,
        Description=_TEXT,
        Tags=_map(_TEXT),
        RunSource=_TEXT,
        ParameterAssignments=_map({}),
        DataPathAssignments=_map(path),
        DataSetDefinitionValueAssignments=_map(saved),
        ContinueOnStepFailure=flag,
        ParentRunId=_TEXT,
    )
    run = _object(
        Id=_TEXT, Status=_TEXT, RunHistoryExperimentName=_TEXT, GraphId=_TEXT, ParentRunId=_TEXT, ErrorMessage=_TEXT
    )
    return {
        "PipelineSubmission": submission,
        "PipelineRun": run,
        "Error": _object(error=_object(code=_TEXT, message=_TEXT)),
    }


def _object(**members: object) -> dict[str, object]:
    return {"type": "object", "properties": members}


def _map(values: object) -> dict[str, object]:
    return {"type": "object", "additionalProperties": values}

"""The swagger document of an endpoint (classic web services reference, section 10.1).

Clients read more than the standard promises: the R client takes the second path as the one to call, reads
``definitions.input1Item`` and ``ExecutionRequest.example``, and converts answer columns by the position of
``output1Item.properties``. Descriptions hold no angle brackets, because that client strips all HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from restudio.core.schema import Column, DType, Schema
from restudio.endpoints.description import ServiceDescription, example_parameters
from restudio.graph.model import GraphParameter

Document = dict[str, object]

EXECUTE_PATH = "/execute?api-version=2.0&format=swagger"

_TYPES: dict[DType, Document] = {
    DType.STRING: {"type": "string"},
    DType.INTEGER: {"type": "integer", "format": "int64"},
    DType.DOUBLE: {"type": "number", "format": "double"},
    DType.BOOLEAN: {"type": "boolean"},
    DType.DATETIME: {"type": "string", "format": "date-time"},
    DType.TIMESPAN: {"type": "string", "format": "time-span"},
}


def swagger(service: ServiceDescription) -> Document:
    """The document as plain JSON values; member order matters to clients and is kept."""
    address = urlsplit(service.api_location)
    return {
        "swagger": "2.0",
        "info": {
            "title": _plain(service.title),
            "description": _plain(service.description) or "No description provided for this web service.",
            "version": "2.0",
            "x-endpoint-name": service.endpoint,
        },
        "host": address.netloc,
        "basePath": address.path,
        "schemes": [address.scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": _paths(),
        "securityDefinitions": {"apiKeyBearer": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        "security": [{"apiKeyBearer": []}],
        "definitions": _definitions(service),
    }


def _plain(text: str) -> str:
    return re.sub(r"[<>]", "", text)


def _operation(operation: str, summary: str, success: Document, *parameters: Document, status: str = "200") -> Document:
    error = {"description": "Error", "schema": {"$ref": "#/definitions/ErrorResponse"}}
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {status: success, "default": error},
    }


def _body(name: str, definition: str) -> Document:
    return {"name": name, "in": "body", "required": True, "schema": {"$ref": f"#/definitions/{definition}"}}


def _answer(description: str, definition: str | None = None) -> Document:
    schema = {"schema": {"$ref": f"#/definitions/{definition}"}} if definition else {}
    return {"description": description, **schema}


def _paths() -> Document:
    job = {"name": "jobId", "in": "path", "required": True, "type": "string"}
    job_id: Document = {"description": "Id of the job", "schema": {"type": "string"}}
    return {
        "/swagger.json": {"get": _operation("getSwaggerDocument", "This document", _answer("The swagger document"))},
        EXECUTE_PATH: {
            "post": _operation(
                "execute",
                "Score rows and wait for the answer",
                _answer("Execution result", "ExecutionResponse"),
                _body("executionPayload", "ExecutionRequest"),
            )
        },
        "/jobs?api-version=2.0": {
            "post": _operation("submitJob", "Create a batch job", job_id, _body("jobPayload", "BatchScoreRequest"))
        },
        "/jobs/{jobId}/start?api-version=2.0": {
            "post": _operation("startJob", "Start a batch job", _answer("Started"), job, status="204")
        },
        "/jobs/{jobId}?api-version=2.0": {
            "get": _operation(
                "getJobStatus", "State and results of a batch job", _answer("Status", "BatchScoreStatus"), job
            ),
            "delete": _operation("deleteJob", "Cancel or delete a batch job", _answer("Deleted"), job),
        },
    }


def _object(properties: Document, **more: object) -> Document:
    return {"type": "object", **more, "properties": properties}


def _definitions(service: ServiceDescription) -> Document:
    text: Document = {"type": "string"}
    reference = _object(
        {"ConnectionString": text, "RelativeLocation": text, "BaseLocation": text, "SasBlobToken": text}
    )
    by_name: Document = {"type": "object", "additionalProperties": {"$ref": "#/definitions/BlobReference"}}
    parameters = _parameters(service.parameters)
    definitions: Document = {
        "ExecutionRequest": _object(
            {"Inputs": {"$ref": "#/definitions/ExecutionInputs"}, "GlobalParameters": parameters},
            required=["Inputs"],
            example=example_request(service),
        ),
        "ExecutionInputs": _object({port.name: _rows(port.name) for port in service.inputs}),
    }
    for port in service.inputs:
        definitions[f"{port.name}Item"] = _object(_columns(port.schema))
    definitions["ExecutionResponse"] = _object({"Results": _object({p.name: _rows(p.name) for p in service.outputs})})
    for port in service.outputs:
        definitions.setdefault(f"{port.name}Item", _object(_columns(port.schema)))
    definitions["BlobReference"] = reference
    definitions["BatchScoreRequest"] = _object(
        {
            "Inputs": by_name,
            "Outputs": by_name,
            "GlobalParameters": parameters,
            "Input": {"$ref": "#/definitions/BlobReference"},
        }
    )
    definitions["BatchScoreStatus"] = _object(
        {
            "StatusCode": {"type": "string", "enum": ["NotStarted", "Running", "Failed", "Cancelled", "Finished"]},
            "Results": by_name,
            "Details": text,
        }
    )
    detail = _object({"code": text, "target": text, "message": text})
    error = _object({"code": text, "message": text, "details": {"type": "array", "items": detail}})
    definitions["ErrorResponse"] = _object({"error": error})
    return definitions


def example_request(service: ServiceDescription) -> Document:
    """A request in swagger form with one row an input."""
    inputs = {
        port.name: [dict(zip(port.schema.names, row, strict=True)) for row in port.rows(1)] for port in service.inputs
    }
    return {"Inputs": inputs, "GlobalParameters": example_parameters(service.parameters)}


def _rows(port: str) -> Document:
    return {"type": "array", "items": {"$ref": f"#/definitions/{port}Item"}}


def _columns(schema: Schema) -> Document:
    return {column.name: _column(column) for column in schema}


def _column(column: Column) -> Document:
    described = dict(_TYPES[column.dtype])
    if column.categories is not None and column.dtype is DType.STRING:
        # Levels are a hint and no "enum": unseen levels are legal requests.
        described["x-ms-categories"] = [_plain(str(level)) for level in column.categories[:100]]
    if column.nullable:
        described["x-ms-isnullable"] = True
    return described


_PARAMETER_TYPES: dict[str, Document] = {
    "Int": {"type": "integer"},
    "Float": {"type": "number", "format": "double"},
    "Double": {"type": "number", "format": "double"},
    "Boolean": {"type": "boolean"},
}


_READERS: dict[str, Callable[[str], object]] = {
    "Int": int,
    "Float": float,
    "Double": float,
    "Boolean": lambda text: text.casefold() == "true",
}


def _parameters(parameters: Sequence[GraphParameter]) -> Document:
    properties: Document = {}
    for parameter in parameters:
        described = dict(_PARAMETER_TYPES.get(parameter.kind, {"type": "string"}))
        if parameter.description:
            described["description"] = _plain(parameter.description)
        if parameter.default is not None:
            described["default"] = _typed(parameter)
        properties[parameter.name] = described
    required = [p.name for p in parameters if p.required]
    return _object(properties, **({"required": required} if required else {}))


def _typed(parameter: GraphParameter) -> object:
    """The default as its declared type; graphs often keep numbers as text, which would make the document invalid."""
    text = str(parameter.default).strip()
    try:
        return _READERS.get(parameter.kind, str)(text)
    except ValueError:
        return text

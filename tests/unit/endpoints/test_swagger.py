"""The swagger document validates as Swagger 2.0 and keeps what old clients read from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator

from restudio.core.schema import Column, DType, Schema
from restudio.endpoints.description import ServiceDescription, TablePort
from restudio.endpoints.swagger import swagger
from restudio.graph.model import GraphParameter

INPUT = Schema.of(
    [
        Column("age", DType.INTEGER),
        Column("plan <x>", DType.STRING, categories=("a", "b")),
        Column("since", DType.DATETIME),
        Column("score", DType.DOUBLE, nullable=False),
        Column("active", DType.BOOLEAN),
    ]
)
OUTPUT = Schema.of([Column("Scored Labels", DType.STRING), Column("Scored Probabilities", DType.DOUBLE)])


@pytest.fixture
def service() -> ServiceDescription:
    root = "http://127.0.0.1:8000/workspaces/9a/webservices/3f/endpoints"
    return ServiceDescription(
        title="Churn [Predictive Exp.]",
        kind="predictive",
        endpoint="default",
        api_location="http://127.0.0.1:8000/workspaces/9a/services/c4",
        update_location=f"{root}/default",
        help_location="http://127.0.0.1:8000/apihelp/workspaces/9a/webservices/3f/endpoints/c4",
        updated="2016-03-02T09:15:44Z",
        inputs=(TablePort("input1", INPUT, ((41, "b", None, 1.5, True),)),),
        outputs=(TablePort("output1", OUTPUT),),
        parameters=(GraphParameter("Random seed", "7", required=False, kind="Int"), GraphParameter("Query")),
        resources=("Churn [trained model]",),
    )


def test_document_is_valid_swagger(service: ServiceDescription) -> None:
    document = json.loads(json.dumps(swagger(service)))
    OpenAPIV2SpecValidator(document).validate()


def test_document_serves_the_r_client(service: ServiceDescription) -> None:
    document: dict = json.loads(json.dumps(swagger(service)))  # type: ignore[type-arg]
    paths = list(document["paths"])
    assert [p for p in paths if "/execute?" in p] == [paths[1]]
    assert next(iter(document["paths"][paths[1]])) == "post"
    assert list(document["definitions"]["output1Item"]["properties"]) == list(OUTPUT.names)
    assert document["definitions"]["input1Item"]["properties"]["age"]["type"] == "integer"
    [row] = document["definitions"]["ExecutionRequest"]["example"]["Inputs"]["input1"]
    assert row == {"age": 41, "plan <x>": "b", "since": None, "score": 1.5, "active": True}


def test_address_is_that_of_the_endpoint(service: ServiceDescription) -> None:
    document = swagger(service)
    assert (document["host"], document["basePath"], document["schemes"]) == (
        "127.0.0.1:8000",
        "/workspaces/9a/services/c4",
        ["http"],
    )


def test_placeholders_stand_in_for_samples(service: ServiceDescription) -> None:
    bare = replace(service, inputs=(TablePort("input1", INPUT),))
    document: dict = swagger(bare)  # type: ignore[type-arg]
    [row] = document["definitions"]["ExecutionRequest"]["example"]["Inputs"]["input1"]
    assert (row["age"], row["plan <x>"], row["active"]) == (0, "a", False)


def test_required_parameters_are_required(service: ServiceDescription) -> None:
    document: dict = swagger(service)  # type: ignore[type-arg]
    described = document["definitions"]["ExecutionRequest"]["properties"]["GlobalParameters"]
    assert described["required"] == ["Query"]
    assert described["properties"]["Random seed"] == {"type": "integer", "default": 7}


def test_descriptions_hold_no_markup(service: ServiceDescription) -> None:
    document: dict = swagger(replace(service, title="a <b> c", description="<script>"))  # type: ignore[type-arg]
    assert document["info"]["title"] == "a b c"
    assert "<" not in document["info"]["description"]

"""The calls that the original's Python client (``azureml-pipeline-core``) makes for published pipelines and endpoints.

They were never documented; addresses and members are those of the client. It wants a run's status as an object where
the documented calls have a word, so it is known by its ``User-Agent``.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import hexadecimal
from restudio.designer.service import DesignerService
from restudio.designer.types import EndpointVersion, PipelineEndpoint, PublishedPipeline
from restudio.http.answers import json_answer
from restudio.http.door import Door
from restudio.http.pipelines import caller, created_endpoint, is_active_only, paths, query_of
from restudio.http.pipelines_bodies import read_body, text_of, version_of
from restudio.http.pipelines_shapes import Shapes, status_word, when
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
_DIGITS = 9
_STATUS_WORDS = {"0": True, "2": False, "active": True, "disabled": False}
"""What the client says for active and disabled: numbers of an enumeration, or words."""

_FILES = (
    *("AnyFile", "AzureBlobReference", "AzureDataLakeReference", "AzureFilesReference", "AzureSqlDatabaseReference"),
    *("AzurePostgresDatabaseReference", "AzureDataLakeGen2Reference", "AzureMLDataset", "AzureMySqlDatabaseReference"),
    "DBFSReference",
)
_SERVICES = ("api", "experimentation", "history", "hyperdrive", "modelmanagement", "studio", "pipelines")
"""What the client asks the discovery service for (its setting ``AZUREML_DISCOVERY_SERVICE_ENDPOINT``); all are here."""
_DATA_TYPES = [
    {"Id": name, "Name": name, "Description": name, "IsDirectory": name == "AnyDirectory", "EntityStatus": "Active"}
    for name in (*_FILES, "AnyDirectory")
]
"""The client makes those that it misses before anything else."""


def routes(designer: DesignerService, door: Door, url: str) -> list[HTTPRouteHandler]:
    """Handlers beside those of ``pipelines``, which answer the client's other calls."""
    shapes = Shapes(url)

    @get("/discovery")
    @threaded
    def discovery() -> Answer:
        return json_answer(dict.fromkeys(_SERVICES, url))

    return [discovery, *_pipelines(designer, door, shapes), *_endpoints(designer, door, shapes), *_runs(designer, door)]


def _pipelines(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    published = designer.published

    @get(paths("DataTypes"))
    @threaded
    def data_types(request: AnyRequest) -> Answer:
        caller(door, request, Action.READ)
        return json_answer(_DATA_TYPES)

    @get(paths("Pipelines"))
    @threaded
    def list_(request: AnyRequest) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        found = published.list(workspace, active_only=is_active_only(request))
        return json_answer([pipeline_entity(shapes, one) for one in found])

    @get(paths("Pipelines/{pipeline:str}"))
    @threaded
    def show(request: AnyRequest, pipeline: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return json_answer(pipeline_entity(shapes, published.get(workspace, hexadecimal(pipeline))))

    @put(paths("Pipelines/{pipeline:str}/status"))
    @threaded
    def set_status(request: AnyRequest, pipeline: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        published.set_active(principal, workspace, hexadecimal(pipeline), _active(_word(body)))
        return json_answer(None)

    return [data_types, list_, show, set_status]


def _endpoints(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    endpoints = designer.endpoints

    @post(_spelled("Create"), status_code=200)
    @threaded
    def create(request: AnyRequest, body: RawBody) -> Answer:
        made = created_endpoint(endpoints, *caller(door, request, Action.DEPLOY), body)
        return json_answer(endpoint_entity(shapes, made))

    @get(_spelled("Id/{endpoint:str}"))
    @threaded
    def by_id(request: AnyRequest, endpoint: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return json_answer(endpoint_entity(shapes, endpoints.get(workspace, hexadecimal(endpoint))))

    @get(_spelled("Name"))
    @threaded
    def by_name(request: AnyRequest) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return json_answer(endpoint_entity(shapes, endpoints.get(workspace, query_of(request, "name"))))

    @put(paths("PipelineEndpoints/{endpoint:str}"))
    @threaded
    def change(request: AnyRequest, endpoint: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        members = read_body(body)
        listed = members.get("pipelineversionlist")
        changed = endpoints.update(
            principal,
            workspace,
            hexadecimal(endpoint),
            name=text_of(members, "name") or None,
            description=text_of(members, "description"),
            active=_active(text_of(members, "entitystatus") or "0"),
            version=version_of(members, "defaultversion") or None,
            versions=[_version(one) for one in listed] if isinstance(listed, list) else (),
        )
        return json_answer(endpoint_entity(shapes, changed))

    @get(paths("PipelineEndpoints/{endpoint:str}/pipelines"))
    @threaded
    def pipelines(request: AnyRequest, endpoint: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        only = is_active_only(request)
        found = endpoints.pipelines(workspace, hexadecimal(endpoint), active_only=only)
        return json_answer([pipeline_entity(shapes, one) for _, one in found])

    return [create, by_id, by_name, change, pipelines]


def _runs(designer: DesignerService, door: Door) -> list[HTTPRouteHandler]:
    @delete(paths("PipelineRuns/{run:str}/Execution"), status_code=200)
    @threaded
    def cancel(request: AnyRequest, run: FromPath[str]) -> Answer:
        principal, workspace = caller(door, request, Action.SCORE)
        designer.cancel(principal, workspace, hexadecimal(run))
        return json_answer(None)

    return [cancel]


def _spelled(rest: str) -> list[str]:
    """Paths where names of endpoints stand elsewhere: only as the client writes them, for names have a case."""
    return [f"{prefix}/{rest}" for prefix in paths("PipelineEndpoints")]


def pipeline_entity(shapes: Shapes, found: PublishedPipeline) -> dict[str, object]:
    shown = shapes.pipeline(found)
    return {**shown, "Url": shown["RestEndpoint"], "EntityStatus": status_word(found.active),
            "CreatedDate": when(found.created), "ParameterAssignments": {}}  # fmt: skip


def endpoint_entity(shapes: Shapes, found: PipelineEndpoint) -> dict[str, object]:
    shown = shapes.endpoint(found)
    return {**shown, "Url": shown["RestEndpoint"], "EntityStatus": status_word(found.active)}


def _version(value: object) -> EndpointVersion:
    if isinstance(value, dict):
        told = {str(name).casefold(): str(one) for name, one in value.items()}
        number = told.get("version", "")
        if number.isdecimal() and len(number) < _DIGITS and "pipelineid" in told:
            return EndpointVersion(int(number), hexadecimal(told["pipelineid"]))
    text = f"'PipelineVersionList' must be a list of objects with Version and PipelineId, got {str(value)[:100]!r}."
    raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", text, target="PipelineVersionList")


def _word(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body))
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")


def _active(word: str) -> bool:
    found = _STATUS_WORDS.get(word.strip().casefold())
    if found is None:
        text = f"A status is Active or Disabled, got '{word[:50]}'."
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", text, target="EntityStatus")
    return found

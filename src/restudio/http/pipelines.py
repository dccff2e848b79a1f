"""The designer's REST calls: submit published pipelines and endpoints, follow and cancel runs, manage both.

Paths are those of the original, with any subscription and resource group; the workspace is named by name or id. They
are declared in lower case, which :func:`restudio.http.arm_path.folded_path` brings every request to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import hexadecimal
from restudio.designer.pipeline_endpoints import PipelineEndpoints
from restudio.designer.service import DesignerService
from restudio.designer.types import PipelineEndpoint, PipelineRun, Submission
from restudio.http.answers import json_answer
from restudio.http.door import Door
from restudio.http.pipelines_bodies import (
    REQUEST_ID,
    active_of,
    flag_of,
    object_of,
    read_body,
    read_change,
    read_submission,
    required_text,
    text_of,
    version_of,
)
from restudio.http.pipelines_shapes import SWAGGER, Shapes, step
from restudio.http.pipelines_swagger import submit_swagger
from restudio.http.threads import threaded
from restudio.identity.types import Action, Principal

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
SCOPE = (
    "subscriptions/{subscription:str}/resourcegroups/{group:str}/providers/microsoft.machinelearningservices"
    "/workspaces/{workspace:str}"
)
_PIPELINE = "the id of a published pipeline"
_ORIGINAL_CLIENT = "amlpipelinesapi10/"
"""In the ``User-Agent`` of the original's Python client."""
PREFIXES = (f"/pipelines/v1.0/{SCOPE}", f"/api/v1.0/{SCOPE}")


def paths(rest: str) -> list[str]:
    """A path below each of the prefixes."""
    return [f"{prefix}/{rest.lower()}" for prefix in PREFIXES]


def routes(designer: DesignerService, door: Door, url: str) -> list[HTTPRouteHandler]:
    """Handlers of submit calls, runs, published pipelines and pipeline endpoints."""
    shapes = Shapes(url)
    return [
        *_submits(designer, door, shapes),
        *_runs(designer, door, shapes),
        *_published(designer, door, shapes),
        *_endpoints(designer, door, shapes),
        *_versions(designer, door, shapes),
    ]


def _submits(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    def enter(request: AnyRequest) -> tuple[Principal, str]:
        return caller(door, request, Action.SCORE)

    @post(paths("PipelineRuns/PipelineSubmit/{pipeline:str}"), status_code=200)
    @threaded
    def by_pipeline(request: AnyRequest, pipeline: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = enter(request)
        return answer_run(
            request,
            shapes,
            designer.submit_pipeline(principal, workspace, hexadecimal(pipeline), _asked(request, body)),
        )

    @post(paths("PipelineRuns/PipelineEndpointSubmit/Id/{endpoint:str}"), status_code=200)
    @threaded
    def by_endpoint(request: AnyRequest, endpoint: FromPath[str], body: RawBody) -> Answer:
        return submit_endpoint(request, hexadecimal(endpoint), query_of(request, "pipelineversion") or None, body)

    @post(paths("PipelineRuns/PipelineEndpointSubmit/Id/{endpoint:str}/{version:str}"), status_code=200)
    @threaded
    def by_version(request: AnyRequest, endpoint: FromPath[str], version: FromPath[str], body: RawBody) -> Answer:
        return submit_endpoint(request, hexadecimal(endpoint), version, body)

    @post(paths("PipelineRuns/PipelineEndpointSubmit/Name"), status_code=200)
    @threaded
    def by_name(request: AnyRequest, body: RawBody) -> Answer:
        name = query_of(request, "name").strip()
        if not name:
            text = "Give the name of the pipeline endpoint in the query: …/PipelineEndpointSubmit/Name?name=NAME."
            raise RestudioError(Kind.BAD_ARGUMENT, "MissingName", text, target="name")
        return submit_endpoint(request, name, query_of(request, "pipelineversion") or None, body)

    @get(SWAGGER)
    @threaded
    def swagger() -> Answer:
        return json_answer(submit_swagger(shapes.url))

    def submit_endpoint(request: AnyRequest, endpoint: str, version: str | None, body: bytes) -> Answer:
        principal, workspace = enter(request)
        run = designer.submit_endpoint(principal, workspace, endpoint, _asked(request, body), version=version)
        return answer_run(request, shapes, run)

    return [by_pipeline, by_endpoint, by_version, by_name, swagger]


def _runs(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    @get(paths("PipelineRuns/{run:str}"))
    @threaded
    def show(request: AnyRequest, run: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return answer_run(request, shapes, designer.get_run(workspace, hexadecimal(run)))

    @get(paths("PipelineRuns/{run:str}/Steps"))
    @threaded
    def steps(request: AnyRequest, run: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        run_id = hexadecimal(run)
        return json_answer([step(run_id, found) for found in designer.steps(workspace, run_id)])

    @get(paths("PipelineRuns/Pipeline/{pipeline:str}"))
    @threaded
    def of_pipeline(request: AnyRequest, pipeline: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        known = designer.published.get(workspace, hexadecimal(pipeline))
        return json_answer([shapes.run(run) for run in designer.list_runs(workspace, pipeline_id=known.id)])

    @post(paths("PipelineRuns/{run:str}/Cancel"), status_code=200)
    @threaded
    def cancel(request: AnyRequest, run: FromPath[str]) -> Answer:
        principal, workspace = caller(door, request, Action.SCORE)
        return json_answer(shapes.run(designer.cancel(principal, workspace, hexadecimal(run))))

    @post(paths("PipelineRuns/{run:str}/rerun"), status_code=200)
    @threaded
    def rerun(request: AnyRequest, run: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.SCORE)
        asked = read_submission(read_body(body), request.headers.get(REQUEST_ID))
        return json_answer(shapes.run(designer.resubmit(principal, workspace, hexadecimal(run), asked)))

    return [show, steps, of_pipeline, cancel, rerun]


def _published(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    def answer(workspace: str, pipeline_id: str) -> dict[str, object]:
        last = designer.list_runs(workspace, pipeline_id=pipeline_id, limit=1)
        return shapes.pipeline(designer.published.get(workspace, pipeline_id), last[0] if last else None)

    @get(paths("PublishedPipelines"))
    @threaded
    def list_(request: AnyRequest) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        found = designer.published.list(workspace, active_only=is_active_only(request))
        return json_answer([answer(workspace, pipeline.id) for pipeline in found])

    @post(paths("PublishedPipelines"), status_code=201)
    @threaded
    def publish(request: AnyRequest, body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.EDIT)
        members = read_body(body)
        run = text_of(members, "runid")
        choose = designer.published.publish_run if run else designer.published.publish_draft
        made = choose(
            principal,
            workspace,
            hexadecimal(run or required_text(members, "draftid", "the id of a draft, or RunId the id of a run")),
            name=text_of(members, "name") or None,
            description=text_of(members, "description"),
            version=text_of(members, "version"),
            defaults=object_of(members, "defaultvalues"),
            continue_on_failure=flag_of(members, "continuerunonstepfailure"),
        )
        return json_answer(answer(workspace, made.id), 201)

    @get(paths("PublishedPipelines/{pipeline:str}"))
    @threaded
    def show(request: AnyRequest, pipeline: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return json_answer(answer(workspace, hexadecimal(pipeline)))

    @patch(paths("PublishedPipelines/{pipeline:str}"))
    @threaded
    def change(request: AnyRequest, pipeline: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        active = active_of(read_change(body, "Status"))
        if active is not None:
            designer.published.set_active(principal, workspace, hexadecimal(pipeline), active)
        return json_answer(answer(workspace, hexadecimal(pipeline)))

    return [list_, publish, show, change]


def _endpoints(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    endpoints = designer.endpoints

    @get(paths("PipelineEndpoints"))
    @threaded
    def list_(request: AnyRequest) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        found = endpoints.list(workspace, active_only=is_active_only(request))
        return json_answer([shapes.endpoint(endpoint) for endpoint in found])

    @post(paths("PipelineEndpoints"), status_code=201)
    @threaded
    def create(request: AnyRequest, body: RawBody) -> Answer:
        made = created_endpoint(endpoints, *caller(door, request, Action.DEPLOY), body)
        return json_answer(shapes.endpoint(made), 201)

    @get(paths("PipelineEndpoints/{endpoint:str}"))
    @threaded
    def show(request: AnyRequest, endpoint: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return json_answer(shapes.endpoint(endpoints.get(workspace, endpoint)))

    @patch(paths("PipelineEndpoints/{endpoint:str}"))
    @threaded
    def change(request: AnyRequest, endpoint: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        members = read_change(body, "Status", "DefaultVersion", "Name", "Description")
        changed = endpoints.update(
            principal,
            workspace,
            endpoint,
            version=version_of(members, "defaultversion") or None,
            name=text_of(members, "name") or None,
            description=text_of(members, "description") if "description" in members else None,
            active=active_of(members),
        )
        return json_answer(shapes.endpoint(changed))

    return [list_, create, show, change]


def _versions(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    endpoints = designer.endpoints

    @get(paths("PipelineEndpoints/{endpoint:str}/versions"))
    @threaded
    def versions(request: AnyRequest, endpoint: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        known = endpoints.get(workspace, endpoint)
        found = endpoints.pipelines(workspace, known.id, active_only=is_active_only(request))
        return json_answer(
            [
                {
                    **shapes.pipeline(pipeline),
                    "EndpointVersion": str(number),
                    "IsDefault": number == known.default_version,
                }
                for number, pipeline in found
            ]
        )

    @post(paths("PipelineEndpoints/{endpoint:str}/versions"), status_code=201)
    @threaded
    def add(request: AnyRequest, endpoint: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        members = read_body(body)
        changed = endpoints.add(
            principal,
            workspace,
            endpoint,
            hexadecimal(required_text(members, "pipelineid", _PIPELINE)),
            default=flag_of(members, "isdefault") or False,
        )
        return json_answer(shapes.endpoint(changed), 201)

    @get(paths("PipelineEndpoints/{endpoint:str}/runs"))
    @threaded
    def runs(request: AnyRequest, endpoint: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        known = endpoints.get(workspace, endpoint)
        return json_answer([shapes.run(run) for run in designer.list_runs(workspace, endpoint_id=known.id)])

    return [versions, add, runs]


def caller(door: Door, request: AnyRequest, action: Action) -> tuple[Principal, str]:
    """Who calls, and the id of the workspace that the address names."""
    principal = door.enter_arm(request, request.path_params["workspace"], action)
    assert principal.workspace_id is not None
    return principal, principal.workspace_id


def answer_run(request: AnyRequest, shapes: Shapes, run: PipelineRun) -> Answer:
    """A run in the form that the caller reads."""
    entity = _ORIGINAL_CLIENT in request.headers.get("user-agent", "")
    return json_answer(shapes.run_entity(run) if entity else shapes.run(run))


def created_endpoint(endpoints: PipelineEndpoints, by: Principal, workspace_id: str, body: bytes) -> PipelineEndpoint:
    """The endpoint that a body asks for, made."""
    members = read_body(body)
    return endpoints.create(
        by,
        workspace_id,
        required_text(members, "name", "the name of the new endpoint"),
        hexadecimal(required_text(members, "pipelineid", _PIPELINE)),
        description=text_of(members, "description"),
    )


def query_of(request: AnyRequest, name: str) -> str:
    """A query parameter by its name in lower case; nothing when it is missing."""
    return next((value for given, value in request.query_params.items() if given.casefold() == name), "")


def _asked(request: AnyRequest, body: bytes) -> Submission:
    asked = read_submission(read_body(body), request.headers.get(REQUEST_ID))
    return replace(asked, parent_run_id=asked.parent_run_id or query_of(request, "parentrunid") or None)


def is_active_only(request: AnyRequest) -> bool:
    """Whether a list is to leave out what is disabled."""
    return query_of(request, "activeonly").casefold() == "true"

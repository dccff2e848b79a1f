"""Studio API: what runs of pipelines gave, inference pipelines, and publishing to endpoints."""

from __future__ import annotations

from typing import Any, get_args

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.designer.inference import Inference, InferenceService
from restudio.designer.results import RunResults
from restudio.designer.service import DesignerService
from restudio.designer.types import PipelineRole
from restudio.endpoints.addresses import Addresses
from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.pipelines_bodies import flag_of, object_of, read_body, text_of
from restudio.http.pipelines_shapes import Shapes
from restudio.http.studio_assets import line_of
from restudio.http.studio_pipelines import DRAFT, RUNS, draft_shown
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]


def routes(
    designer: DesignerService, inference: InferenceService, results: RunResults, addresses: Addresses, door: Door
) -> list[HTTPRouteHandler]:
    """Handlers around finished runs."""
    return [
        *_results(results, door),
        *_inference(inference, addresses, door),
        _publish(designer, Shapes(addresses.base_url), door),
    ]


def _results(results: RunResults, door: Door) -> list[HTTPRouteHandler]:
    @get(f"{RUNS}/{{run:str}}/metrics")
    @threaded
    def metrics(request: AnyRequest, workspace: FromPath[str], run: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(results.metrics(workspace, run))

    @post(f"{RUNS}/{{run:str}}/register-model", status_code=201)
    @threaded
    def register_model(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        node = optional_text(members, "node")
        made = results.register_model(principal, workspace, run, text_member(members, "name"), node=node)
        return json_answer(line_of(made), 201)

    @post(f"{RUNS}/{{run:str}}/register-dataset", status_code=201)
    @threaded
    def register_data(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        node, port, name = (text_member(members, member) for member in ("node", "port", "name"))
        return json_answer(line_of(results.register_data(principal, workspace, run, node, port, name)), 201)

    return [metrics, register_model, register_data]


def _inference(inference: InferenceService, addresses: Addresses, door: Door) -> list[HTTPRouteHandler]:
    @post(f"{RUNS}/{{run:str}}/inference", status_code=201)
    @threaded
    def create(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        train = optional_text(members, "train")
        return shown(inference.create(principal, workspace, run, _role(text_member(members, "role")), train=train))

    @post(f"{DRAFT}/update-inference", status_code=201)
    @threaded
    def update(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        run = optional_text(parse_json(body), "run") if body.strip() else None
        return shown(inference.update(principal, workspace, draft, run_id=run))

    @post(f"{DRAFT}/deploy", status_code=201)
    @threaded
    def deploy(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body) if body.strip() else {}
        published = inference.deploy(
            principal,
            workspace,
            draft,
            name=optional_text(members, "name"),
            service_id=optional_text(members, "service_id"),
            go_live=members.get("go_live") is not False,
        )
        told = {
            "service_id": published.service.id,
            "name": published.service.name,
            "version": published.version.number,
            "stage": published.version.stage,
            "endpoint": published.endpoint.name,
            "scoring_uri": addresses.designer(published.endpoint),
            "api_location": addresses.api(published.endpoint),
        }
        return json_answer(told, 201)

    def shown(made: Inference) -> Answer:
        changes = [{"node": c.node, "what": c.what, "why": c.why} for c in made.changes]
        return json_answer({"draft": draft_shown(made.draft), "changes": changes, "run": made.run_id}, 201)

    return [create, update, deploy]


def _publish(designer: DesignerService, shapes: Shapes, door: Door) -> HTTPRouteHandler:
    @post(f"{DRAFT}/publish", status_code=201)
    @threaded
    def publish(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = read_body(body)
        made = designer.published.publish_draft(
            principal,
            workspace,
            draft,
            name=text_of(members, "name") or None,
            description=text_of(members, "description"),
            version=text_of(members, "version"),
            defaults=object_of(members, "defaultvalues"),
            continue_on_failure=flag_of(members, "continuerunonstepfailure"),
        )
        return json_answer(shapes.pipeline(made), 201)

    return publish


def _role(text: str) -> PipelineRole:
    for role in get_args(PipelineRole):
        if role == text and role != "training":
            return role  # type: ignore[no-any-return]  # one of the names of PipelineRole
    message = f"'role' must be real-time or batch, got '{text[:40]}'."
    raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target="role")

"""Studio API: pipeline drafts with their parameters, what is published from them, and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import hexadecimal
from restudio.designer.drafts import uses
from restudio.designer.service import DesignerService
from restudio.designer.types import Draft, DraftSettings, PipelineRun
from restudio.graph.model import GraphParameter
from restudio.graph.promotion import Use
from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.pipelines_bodies import REQUEST_ID, read_body, read_submission
from restudio.http.pipelines_shapes import Shapes, step
from restudio.http.studio_assets import ROOT
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
DRAFTS = f"{ROOT}/pipelines/drafts"
DRAFT = f"{DRAFTS}/{{draft:str}}"
RUNS = f"{ROOT}/pipelines/runs"
YAML = "application/yaml; charset=utf-8"


def routes(designer: DesignerService, door: Door, url: str) -> list[HTTPRouteHandler]:
    """Handlers of drafts and pipeline runs."""
    shapes = Shapes(url)
    return [*_drafts(designer, door), *_views(designer, door), *_parameters(designer, door),
            *_uses(designer, door), *_actions(designer, door, shapes),
            *_runs(designer, door, shapes)]  # fmt: skip


def _drafts(designer: DesignerService, door: Door) -> list[HTTPRouteHandler]:
    drafts = designer.drafts

    @get(DRAFTS)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer([draft_shown(found) for found in drafts.list(workspace, tags=dict(request.query_params))])

    @post(DRAFTS, status_code=201)
    @threaded
    def create(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        return json_answer(draft_shown(drafts.import_yaml(principal, workspace, _text(body))), 201)

    @get(DRAFT)
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(draft_shown(drafts.get(workspace, draft)))

    @put(DRAFT)
    @threaded
    def replace_(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        return json_answer(draft_shown(drafts.import_yaml(principal, workspace, _text(body), draft_id=draft)))

    @patch(DRAFT)
    @threaded
    def change(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        before = drafts.get(workspace, draft)
        changed = drafts.update(
            principal,
            workspace,
            draft,
            name=optional_text(members, "name"),
            description=optional_text(members, "description"),
            settings=_settings(members, before.settings),
        )
        return json_answer(draft_shown(changed))

    @delete(DRAFT, status_code=204)
    @threaded
    def forget(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str]) -> None:
        drafts.delete(door.enter(request, workspace, Action.EDIT), workspace, draft)

    return [list_, create, show, replace_, change, forget]


def _views(designer: DesignerService, door: Door) -> list[HTTPRouteHandler]:
    drafts = designer.drafts

    @get(f"{DRAFT}/yaml")
    @threaded
    def export(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return Response(drafts.export_yaml(workspace, draft).encode(), media_type=YAML)

    @get(f"{DRAFT}/problems")
    @threaded
    def problems(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        found = drafts.problems(workspace, draft)
        return json_answer([{"code": e.detail, "node": e.target, "message": e.message} for e in found])

    return [export, problems]


def _parameters(designer: DesignerService, door: Door) -> list[HTTPRouteHandler]:
    drafts = designer.drafts
    root = f"{DRAFT}/parameters"

    @post(root, status_code=201)
    @threaded
    def declare(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        default = members.get("default")
        parameter = GraphParameter(
            text_member(members, "name"),
            default,
            default is None,
            optional_text(members, "type") or "String",
            optional_text(members, "description") or "",
        )
        return json_answer(draft_shown(drafts.declare(principal, workspace, draft, parameter)), 201)

    @patch(f"{root}/{{parameter:str}}")
    @threaded
    def change(
        request: AnyRequest,
        workspace: FromPath[str],
        draft: FromPath[str],
        parameter: FromPath[str],
        body: RawBody,
    ) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        changed = drafts.change(
            principal,
            workspace,
            draft,
            parameter,
            new_name=optional_text(members, "name"),
            default=members.get("default"),
            description=optional_text(members, "description"),
        )
        return json_answer(draft_shown(changed))

    @delete(f"{root}/{{parameter:str}}", status_code=200)
    @threaded
    def remove(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], parameter: FromPath[str]) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        return json_answer(draft_shown(drafts.remove(principal, workspace, draft, parameter)))

    return [declare, change, remove]


def _uses(designer: DesignerService, door: Door) -> list[HTTPRouteHandler]:
    drafts = designer.drafts

    @post(f"{DRAFT}/attach", status_code=200)
    @threaded
    def attach(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        name = text_member(members, "parameter")
        return json_answer(draft_shown(drafts.attach(principal, workspace, draft, _use(members), name)))

    @post(f"{DRAFT}/detach", status_code=200)
    @threaded
    def detach(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        return json_answer(draft_shown(drafts.detach(principal, workspace, draft, _use(parse_json(body)))))

    return [attach, detach]


def _actions(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    @post(f"{DRAFT}/submit", status_code=201)
    @threaded
    def submit(request: AnyRequest, workspace: FromPath[str], draft: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        asked = read_submission(read_body(body), request.headers.get(REQUEST_ID))
        return json_answer(shapes.run(designer.submit_draft(principal, workspace, draft, asked)), 201)

    @post(f"{ROOT}/pipelines/published/{{pipeline:str}}/clone", status_code=201)
    @threaded
    def clone(request: AnyRequest, workspace: FromPath[str], pipeline: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        name = optional_text(parse_json(body), "name") if body.strip() else None
        made = designer.published.clone(principal, workspace, hexadecimal(pipeline), name=name)
        return json_answer(draft_shown(made), 201)

    return [submit, clone]


def _runs(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    @get(RUNS)
    @threaded
    def list_(
        request: AnyRequest,
        workspace: FromPath[str],
        experiment: FromQuery[str | None] = None,
        draft: FromQuery[str | None] = None,
        pipeline: FromQuery[str | None] = None,
        endpoint: FromQuery[str | None] = None,
        parent: FromQuery[str | None] = None,
        schedule: FromQuery[str | None] = None,
        limit: FromQuery[int] = 100,
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        found = designer.list_runs(
            workspace,
            experiment=experiment,
            draft_id=draft,
            pipeline_id=pipeline,
            endpoint_id=designer.endpoints.get(workspace, endpoint).id if endpoint else None,
            parent_run_id=parent,
            schedule_id=schedule,
            limit=limit,
        )
        return json_answer([shapes.run(run) for run in found])

    @get(f"{RUNS}/{{run:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], run: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(picture(designer.get_run(workspace, run)))

    @post(f"{RUNS}/{{run:str}}/cancel", status_code=200)
    @threaded
    def cancel(request: AnyRequest, workspace: FromPath[str], run: FromPath[str]) -> Answer:
        principal = door.enter(request, workspace, Action.SCORE)
        return json_answer(picture(designer.cancel(principal, workspace, run)))

    @post(f"{RUNS}/{{run:str}}/resubmit", status_code=201)
    @threaded
    def resubmit(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.SCORE)
        asked = read_submission(read_body(body), request.headers.get(REQUEST_ID))
        return json_answer(shapes.run(designer.resubmit(principal, workspace, run, asked)), 201)

    @post(f"{RUNS}/{{run:str}}/clone", status_code=201)
    @threaded
    def clone(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        name = optional_text(parse_json(body), "name") if body.strip() else None
        return json_answer(draft_shown(designer.clone_run(principal, workspace, run, name=name)), 201)

    def picture(run: PipelineRun) -> dict[str, object]:
        steps = designer.steps(run.record.workspace_id, run.id)
        return {**shapes.run(run), "Steps": [step(run.id, found) for found in steps]}

    return [list_, show, cancel, resubmit, clone]


def draft_shown(draft: Draft) -> dict[str, object]:
    """A draft as the studio API shows it."""
    document, settings = draft.document, draft.settings
    return {
        "id": draft.id,
        "name": document.title,
        "version": document.version,
        "description": document.description,
        "updated": document.updated,
        "experiment_name": settings.experiment_name,
        "tags": settings.tags,
        "continue_on_failure": settings.continue_on_failure,
        "role": settings.role,
        "training_id": document.training_id,
        "parameters": [
            {"name": p.name, "type": p.kind, "default": p.default, "required": p.required,
             "description": p.description, "uses": [{"node": node, "field": field} for node, field in p.uses]}
            for p in uses(document.graph)
        ],
        "nodes": [{"id": node.id, "module": node.module} for node in document.graph.nodes],
    }  # fmt: skip


def _settings(members: Mapping[str, object], before: DraftSettings) -> DraftSettings:
    changed = before
    if "experiment_name" in members:
        changed = replace(changed, experiment_name=optional_text(members, "experiment_name") or "")
    tags = members.get("tags")
    if isinstance(tags, dict):
        changed = replace(changed, tags={name: str(value) for name, value in tags.items()})
    if isinstance(flag := members.get("continue_on_failure"), bool):
        changed = replace(changed, continue_on_failure=flag)
    return changed


def _use(members: Mapping[str, object]) -> Use:
    return Use(text_member(members, "node"), text_member(members, "field"))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", "A pipeline file is UTF-8 text.") from error

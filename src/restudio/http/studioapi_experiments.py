"""Classic Studio API: experiments and their outputs (classic web services reference, 7.5 to 7.7)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody
from litestar.response import Stream

from restudio.core.errors import RestudioError
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment, Run
from restudio.http import studioapi_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.bodies import object_member, optional_text, parse_json, text_member
from restudio.http.studio_experiments import output_content
from restudio.http.studioapi import ROOT, StudioApi
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
_PROMOTED = (("trainedmodels", "TrainedModel", "model"), ("transformmodules", "Transform", "transform"))


def routes(api: StudioApi, experiments: ExperimentService) -> list[HTTPRouteHandler]:
    """Handlers of experiments, outputs and promotion."""
    promotions = [_promote(api, experiments, *names) for names in _PROMOTED]
    return [_list(api, experiments), _output(api, experiments), *promotions]


def experiment_id(workspace: str, inner: str) -> str:
    """The id as the Studio API shows it; clients test the workspace prefix."""
    return f"{workspace}.f-id.{inner}"


def inner_id(workspace: str, shown: str) -> str:
    """The id inside one that a client sends back; a bare one is fine too."""
    prefix = f"{workspace}.f-id."
    if "." in shown and not shown.startswith(prefix):
        raise RestudioError.not_found("ExperimentNotFound", "Experiment", shown)
    return shown.removeprefix(prefix)


def _list(api: StudioApi, experiments: ExperimentService) -> HTTPRouteHandler:
    @get(f"{ROOT}/experiments")
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        api.door.enter_classic(request, workspace, Action.READ)
        owner = api.identity.get_workspace(workspace).owner
        found = experiments.list(workspace)
        return json_answer([_line(one, next(iter(experiments.runs(one.id)), None), owner) for one in found])

    return list_


def _output(api: StudioApi, experiments: ExperimentService) -> HTTPRouteHandler:
    @get(f"{ROOT}/experiments/{{experiment:str}}/outputdata/{{node:str}}/{{port:str}}")
    @threaded
    def output(
        request: AnyRequest,
        workspace: FromPath[str],
        experiment: FromPath[str],
        node: FromPath[str],
        port: FromPath[str],
    ) -> Response[bytes] | Stream:
        api.door.enter_classic(request, workspace, Action.READ)
        run = _finished(experiments, workspace, experiment, node)
        return output_content(experiments, api.objects, run.id, node, port)

    return output


def _promote(api: StudioApi, experiments: ExperimentService, segment: str, member: str, kind: str) -> HTTPRouteHandler:
    @post(f"{ROOT}/{segment}", status_code=200)
    @threaded
    def promote(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Response[bytes]:
        principal = api.door.enter_classic(request, workspace, Action.EDIT)
        members = parse_json(body)
        told = object_member(members, member)
        node, port = text_member(members, "ModuleNodeId"), text_member(members, "OutputName")
        run = _finished(experiments, workspace, text_member(members, "ExperimentId"), node)
        family = optional_text(told, "FamilyId")
        name = text_member(told, "Name")
        return json_answer(experiments.promote(run.id, node, port, kind, name, family=family, owner=principal.name).id)

    return promote


def _finished(experiments: ExperimentService, workspace: str, shown: str, node: str) -> Run:
    """The newest run of an experiment of this workspace in which a node finished."""
    found = experiments.get(inner_id(workspace, shown))
    if found.workspace_id != workspace:
        raise RestudioError.not_found("ExperimentNotFound", "Experiment", shown)
    for run in experiments.runs(found.id):
        view = experiments.run_view(run.id).nodes.get(node)
        if view is not None and view.state == "Finished":
            return run
    raise RestudioError.not_found("OutputNotFound", "A finished run with the module", node)


def _line(found: Experiment, run: Run | None, owner: str) -> dict[str, object]:
    if run is None:
        status = shapes.status("InDraft", found.updated, None, None)
    else:
        detail = run.failure.message if run.failure else None
        status = shapes.status(run.state, run.created, run.started, run.ended, detail)
    etag = f"{found.id}-{found.version}"
    return shapes.experiment(
        experiment_id(found.workspace_id, found.id), found.title, etag, owner, run.id if run else None, status
    )

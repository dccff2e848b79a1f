"""Studio API: experiments as documents, and their runs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody
from litestar.response import Stream

from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.schema import Schema, to_json
from restudio.core.spec import PortKind
from restudio.experiments.checking import Checked, PortColumns, columns_of
from restudio.experiments.results import open_table
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment, Run, SetUp
from restudio.graph.document import from_yaml
from restudio.graph.events import Event, RunView
from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT, line_of
from restudio.http.threads import threaded
from restudio.identity.types import Action
from restudio.seams.objects import Objects
from restudio.tables.formats import get_codec

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
YAML = "application/yaml; charset=utf-8"
MAX_ROWS = 1000
"""Rows of a preview."""


class Own:
    """Experiments and runs of one workspace; those of others are not found."""

    def __init__(self, experiments: ExperimentService) -> None:
        self.experiments = experiments

    def experiment(self, workspace: str, experiment_id: str) -> Experiment:
        found = self.experiments.get(experiment_id)
        if found.workspace_id != workspace:
            raise RestudioError.not_found("ExperimentNotFound", "Experiment", experiment_id)
        return found

    def run(self, workspace: str, run_id: str) -> Run:
        found = self.experiments.get_run(run_id)
        if found.workspace_id != workspace:
            raise RestudioError.not_found("RunNotFound", "Run", run_id)
        return found


def routes(experiments: ExperimentService, objects: Objects, door: Door) -> list[HTTPRouteHandler]:
    """Handlers of experiments and runs."""
    own = Own(experiments)
    return [
        *_documents(own, door),
        *_imports(own, door),
        *_checks(own, door),
        *_runs(own, door),
        *_outputs(own, objects, door),
        *_results(own, door),
    ]


def _documents(own: Own, door: Door) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/experiments"

    @get(root)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer([_experiment(found) for found in own.experiments.list(workspace)])

    @get(f"{root}/{{experiment:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(_experiment(own.experiment(workspace, experiment)))

    @get(f"{root}/{{experiment:str}}/yaml")
    @threaded
    def export(
        request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str], version: FromQuery[int | None] = None
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        text = own.experiments.export_yaml(own.experiment(workspace, experiment).id, version)
        return Response(text.encode(), media_type=YAML)

    @get(f"{root}/{{experiment:str}}/versions")
    @threaded
    def versions(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        known = own.experiment(workspace, experiment)
        return json_answer(
            [_experiment(own.experiments.get(known.id, number)) for number in own.experiments.versions(known.id)]
        )

    @delete(f"{root}/{{experiment:str}}", status_code=204)
    @threaded
    def forget(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> None:
        door.enter(request, workspace, Action.EDIT)
        own.experiments.delete(own.experiment(workspace, experiment).id)

    return [list_, show, export, versions, forget]


def _imports(own: Own, door: Door) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/experiments"

    @post(root)
    @threaded
    def create(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        saved = own.experiments.import_yaml(workspace, _text(body), author=principal.name)
        return json_answer(_experiment(saved), 201)

    @post(f"{root}/classic")
    @threaded
    def create_from_classic(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        saved, findings = own.experiments.import_classic(workspace, _text(body), author=principal.name)
        report = [{"line": f.line, "subject": f.subject, "reason": f.reason} for f in findings]
        return json_answer({"experiment": _experiment(saved), "findings": report}, 201)

    @put(f"{root}/{{experiment:str}}")
    @threaded
    def update(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        known = own.experiment(workspace, experiment)
        saved = own.experiments.import_yaml(workspace, _text(body), experiment_id=known.id, author=principal.name)
        return json_answer(_experiment(saved))

    return [create, create_from_classic, update]


def _checks(own: Own, door: Door) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/experiments"

    @post(f"{root}/check", status_code=200)
    @threaded
    def check_text(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(_checked(own.experiments.check(workspace, from_yaml(_text(body)).graph)))

    @get(f"{root}/{{experiment:str}}/check")
    @threaded
    def check(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(_checked(own.experiments.check(workspace, own.experiment(workspace, experiment).graph)))

    return [check_text, check]


def _runs(own: Own, door: Door) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/experiments/{{experiment:str}}"

    @post(f"{root}/runs")
    @threaded
    def start(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        run = own.experiments.run(own.experiment(workspace, experiment).id, author=principal.name)
        return json_answer(_run(run), 201)

    @get(f"{root}/runs")
    @threaded
    def history(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        runs = own.experiments.runs(own.experiment(workspace, experiment).id)
        return json_answer([_run(run) for run in runs])

    @post(f"{root}/set-up-retraining")
    @threaded
    def retraining(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        known = own.experiment(workspace, experiment)
        return json_answer(_set_up(own.experiments.set_up_retraining(known.id, author=principal.name)))

    @get(f"{ROOT}/runs/{{run:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], run: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        found = own.run(workspace, run)
        return json_answer(_run(found, own.experiments.run_view(run)))

    @get(f"{ROOT}/runs/{{run:str}}/yaml")
    @threaded
    def snapshot(request: AnyRequest, workspace: FromPath[str], run: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        text = own.experiments.run_yaml(own.run(workspace, run).id)
        return Response(text.encode(), media_type=YAML)

    @get(f"{ROOT}/runs/{{run:str}}/events")
    @threaded
    def events(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], after: FromQuery[int] = -1) -> Answer:
        door.enter(request, workspace, Action.READ)
        numbered = own.experiments.run_events(own.run(workspace, run).id, after)
        return json_answer([_event(number, event) for number, event in numbered])

    @post(f"{ROOT}/runs/{{run:str}}/cancel", status_code=202)
    @threaded
    def cancel(request: AnyRequest, workspace: FromPath[str], run: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.EDIT)
        own.experiments.cancel(own.run(workspace, run).id)
        return json_answer(_run(own.run(workspace, run)), 202)

    return [start, history, retraining, show, snapshot, events, cancel]


def _outputs(own: Own, objects: Objects, door: Door) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/runs/{{run:str}}/outputs/{{node:str}}/{{port:str}}"

    @get(root)
    @threaded
    def preview(
        request: AnyRequest,
        workspace: FromPath[str],
        run: FromPath[str],
        node: FromPath[str],
        port: FromPath[str],
        rows: FromQuery[int] = 100,
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        own.run(workspace, run)
        if own.experiments.output_kind(run, node, port) is not PortKind.TABLE:
            return json_answer(own.experiments.summary(run, node, port))
        return json_answer(own.experiments.preview(run, node, port, rows=max(0, min(rows, MAX_ROWS))))

    @get(f"{root}/statistics")
    @threaded
    def statistics(
        request: AnyRequest, workspace: FromPath[str], run: FromPath[str], node: FromPath[str], port: FromPath[str]
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        own.run(workspace, run)
        return json_answer(own.experiments.statistics(run, node, port))

    @get(f"{root}/view")
    @threaded
    def view(
        request: AnyRequest, workspace: FromPath[str], run: FromPath[str], node: FromPath[str], port: FromPath[str]
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        own.run(workspace, run)
        return json_answer(own.experiments.view(run, node, port))

    @get(f"{root}/images/{{name:str}}")
    @threaded
    def image(
        request: AnyRequest,
        workspace: FromPath[str],
        run: FromPath[str],
        node: FromPath[str],
        port: FromPath[str],
        name: FromPath[str],
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        own.run(workspace, run)
        return Response(own.experiments.image(run, node, port, name), media_type="image/png")

    @get(f"{root}/content")
    @threaded
    def content(
        request: AnyRequest, workspace: FromPath[str], run: FromPath[str], node: FromPath[str], port: FromPath[str]
    ) -> Response[bytes] | Stream:
        door.enter(request, workspace, Action.READ)
        own.run(workspace, run)
        return output_content(own.experiments, objects, run, node, port)

    return [preview, statistics, view, image, content]


def _results(own: Own, door: Door) -> list[HTTPRouteHandler]:
    @post(f"{ROOT}/runs/{{run:str}}/promote")
    @threaded
    def promote(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        asset = own.experiments.promote(
            own.run(workspace, run).id,
            text_member(members, "node"),
            text_member(members, "port"),
            text_member(members, "kind"),
            text_member(members, "name"),
            family=optional_text(members, "family"),
            owner=principal.name,
        )
        return json_answer(line_of(asset), 201)

    @post(f"{ROOT}/runs/{{run:str}}/web-service")
    @threaded
    def set_up(request: AnyRequest, workspace: FromPath[str], run: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members: Mapping[str, object] = parse_json(body) if body.strip() else {}
        made = own.experiments.set_up_web_service(
            own.run(workspace, run).id,
            train=optional_text(members, "train"),
            owner=principal.name,
            fresh=members.get("fresh") is True,
        )
        return json_answer(_set_up(made), 201)

    return [promote, set_up]


def output_content(
    experiments: ExperimentService, objects: Objects, run: str, node: str, port: str, data_type: str = "GenericCSV"
) -> Response[bytes] | Stream:
    """All of an output: a table in a file format, anything else in its container."""
    key = experiments.output(run, node, port)
    if experiments.output_kind(run, node, port) is not PortKind.TABLE:
        return Stream(objects.stream(key), media_type="application/octet-stream")
    codec = get_codec(data_type)
    with tempfile.TemporaryDirectory(prefix="restudio-output-") as folder:
        path = Path(folder) / f"output{codec.extensions[0]}"
        with open_table(objects, key) as table:
            codec.write(table, path)
        return Response(path.read_bytes(), media_type=codec.media_type)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", "An experiment file is UTF-8 text.") from error


def _experiment(found: Experiment) -> dict[str, object]:
    return {
        "id": found.id,
        "title": found.title,
        "version": found.version,
        "updated": found.updated,
        "description": found.description,
        "training_id": found.training_id,
    }


def _checked(found: Checked) -> dict[str, object]:
    return {
        "can_run": found.can_run,
        "problems": [_problem(problem) for problem in found.problems],
        "ports": [_port(port) for port in found.ports],
    }


def _problem(problem: RestudioError) -> dict[str, object]:
    placed = problem if isinstance(problem, ModuleError) else None
    return {
        "code": problem.detail,
        "message": problem.message,
        "node": problem.target,
        "parameter": placed and placed.parameter,
        "column": placed and placed.column,
    }


def _port(port: PortColumns) -> dict[str, object]:
    shown: dict[str, object] = {"node": port.node, "port": port.port}
    if port.columns is None:
        return shown | {"columns": None, "exact": False, "reason": port.reason}
    exact = isinstance(port.columns, Schema)
    return shown | {"columns": to_json(columns_of(port.columns)), "exact": exact, "reason": ""}


def _run(run: Run, view: RunView | None = None) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": run.id,
        "experiment_id": run.experiment_id,
        "version": run.version,
        "title": run.title,
        "state": run.state,
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "failure": run.failure,
    }
    if view is not None:
        shown["nodes"] = {
            name: {**msgspec.to_builtins(node), "outputs": sorted(node.outputs)} for name, node in view.nodes.items()
        }
    return shown


def _event(number: int, event: Event) -> dict[str, object]:
    return {"number": number, **msgspec.to_builtins(event), "outputs": sorted(event.outputs)}


def _set_up(made: SetUp) -> dict[str, object]:
    changes = [{"node": c.node, "what": c.what, "why": c.why} for c in made.changes]
    return {"experiment": _experiment(made.experiment), "changes": changes}

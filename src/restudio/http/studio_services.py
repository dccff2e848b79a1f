"""Studio API: publishing, stages, ledgers; and the batch jobs of a workspace."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import RestudioError
from restudio.endpoints.endpoint_service import EndpointService
from restudio.endpoints.from_experiment import publish_experiment
from restudio.endpoints.service import Published, ServiceService, ServiceSummary
from restudio.endpoints.types import DEFAULT, Revision
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment
from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT
from restudio.http.threads import threaded
from restudio.identity.types import Action
from restudio.scoring.jobs.service import JobService
from restudio.scoring.jobs.types import Job

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
SERVICES = f"{ROOT}/services"
ENDPOINT = f"{SERVICES}/{{service:str}}/endpoints/{{endpoint:str}}"


def routes(
    services: ServiceService, endpoints: EndpointService, experiments: ExperimentService, jobs: JobService, door: Door
) -> list[HTTPRouteHandler]:
    """Handlers of services, ledgers and jobs."""
    return [
        *_services(services, experiments, door),
        *_stages(services, door),
        *_ledger(endpoints, door),
        *_jobs(jobs, door),
    ]


def _services(services: ServiceService, experiments: ExperimentService, door: Door) -> list[HTTPRouteHandler]:
    @get(SERVICES)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer([_service(found) for found in services.list(workspace)])

    @post(SERVICES)
    @threaded
    def publish(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        members = parse_json(body)
        published = publish_experiment(
            services,
            experiments,
            principal,
            own_experiment(experiments, workspace, text_member(members, "experiment_id")),
            name=optional_text(members, "name"),
            service_id=optional_text(members, "service_id"),
            description=optional_text(members, "description"),
        )
        return json_answer(_published(published), 201)

    @get(f"{SERVICES}/{{service:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(_service(services.get(workspace, service)))

    @delete(f"{SERVICES}/{{service:str}}", status_code=204)
    @threaded
    def forget(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> None:
        services.delete(door.enter(request, workspace, Action.DEPLOY), workspace, service)

    return [list_, publish, show, forget]


def own_experiment(experiments: ExperimentService, workspace: str, experiment_id: str) -> Experiment:
    """An experiment of this workspace; NotFound ``ExperimentNotFound``."""
    found = experiments.get(experiment_id)
    if found.workspace_id != workspace:
        raise RestudioError.not_found("ExperimentNotFound", "Experiment", experiment_id)
    return found


def _stages(services: ServiceService, door: Door) -> list[HTTPRouteHandler]:
    @post(f"{SERVICES}/{{service:str}}/ready", status_code=200)
    @threaded
    def ready(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        return json_answer(_published(services.mark_ready(principal, workspace, service)))

    @post(f"{SERVICES}/{{service:str}}/approve", status_code=200)
    @threaded
    def approve(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        principal = door.enter(request, workspace, Action.DEPLOY)
        return json_answer(_published(services.approve(principal, workspace, service)))

    return [ready, approve]


def _ledger(endpoints: EndpointService, door: Door) -> list[HTTPRouteHandler]:
    @get(f"{ENDPOINT}/ledger")
    @threaded
    def ledger(
        request: AnyRequest, workspace: FromPath[str], service: FromPath[str], endpoint: FromPath[str]
    ) -> Answer:
        principal = door.enter(request, workspace, Action.READ)
        found, lines = endpoints.ledger(principal, workspace, service, endpoint)
        return json_answer([_revision(line, live=line.seq == found.live_seq) for line in lines])

    @post(f"{ENDPOINT}/rollback", status_code=200)
    @threaded
    def rollback(
        request: AnyRequest, workspace: FromPath[str], service: FromPath[str], endpoint: FromPath[str], body: RawBody
    ) -> Answer:
        principal = door.enter(request, workspace, Action.UPDATE)
        members = parse_json(body) if body.strip() else {}
        outcome = endpoints.rollback(
            principal,
            workspace,
            service,
            endpoint,
            optional_text(members, "revision"),
            why=optional_text(members, "why") or "",
        )
        return json_answer(_revision(outcome.revision, live=True))

    return [ledger, rollback]


def _jobs(jobs: JobService, door: Door) -> list[HTTPRouteHandler]:
    @get(f"{ROOT}/jobs")
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer([_job(job) for job in jobs.list_jobs(workspace)])

    @get(f"{ROOT}/jobs/{{job:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], job: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(_job(jobs.find(workspace, job)))

    return [list_, show]


def _service(found: ServiceSummary) -> dict[str, object]:
    service, version = found.service, found.newest
    return {
        "id": service.id,
        "name": service.name,
        "description": service.description,
        "kind": version.kind,
        "stage": version.stage,
        "version": version.number,
        "experiment_id": version.experiment_id,
        "endpoints": found.endpoints,
        "default_endpoint": DEFAULT,
        "created": service.created,
    }


def _published(published: Published) -> dict[str, object]:
    shown = _service(ServiceSummary(published.service, published.version, 0))
    del shown["endpoints"]
    return {**shown, "endpoint_id": published.endpoint.id}


def _revision(line: Revision, *, live: bool) -> dict[str, object]:
    return {
        "id": line.id,
        "number": line.seq,
        "at": line.at,
        "who": line.who,
        "cause": line.cause,
        "why": line.why or line.cause,
        "live": live,
        "version": line.state.version,
        "resources": {name: held.asset for name, held in line.state.resources.items()},
        "gates": [{"gate": g.gate, "passed": g.passed, "message": g.message} for g in line.gates],
    }


def _job(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "endpoint_id": job.endpoint_id,
        "service_id": job.service_id,
        "status": job.state.shown,
        "progress": job.progress,
        "created": job.created,
        "started": job.started,
        "ended": job.ended,
        "failure": job.details if job.state.shown == "Failed" else None,
    }

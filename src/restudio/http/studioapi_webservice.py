"""Classic Studio API: a web service from an experiment (classic web services reference, 7.8).

The deploy button of the classic studio: the experiment goes live at once. The work is done when the answer comes, so
clients who poll see ``Completed`` the first time, and a failure is an error of the request that caused it.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from restudio.endpoints.endpoint_service import EndpointService
from restudio.endpoints.from_experiment import publish_experiment
from restudio.endpoints.service import ServiceService
from restudio.endpoints.types import DEFAULT
from restudio.experiments.service import ExperimentService
from restudio.http.answers import json_answer
from restudio.http.studio_services import own_experiment
from restudio.http.studioapi import ROOT, StudioApi
from restudio.http.studioapi_experiments import inner_id
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
PATH = f"{ROOT}/experiments/{{experiment:str}}/webservice"
Update = Annotated[str, QueryParameter(name="updateExistingWebService")]


def routes(
    api: StudioApi, experiments: ExperimentService, services: ServiceService, endpoints: EndpointService
) -> list[HTTPRouteHandler]:
    """Handlers of creation and of its status, whose activity id is the service's id."""

    @post(PATH, status_code=200)
    @threaded
    def create(
        request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str], update: Update = "false"
    ) -> Response[bytes]:
        principal = api.door.enter_classic(request, workspace, Action.DEPLOY)
        source = own_experiment(experiments, workspace, inner_id(workspace, experiment))
        known = [s for s in services.list(workspace) if s.newest.experiment_id == source.id]
        wanted = known[0].service.id if known and update.casefold() == "true" else None
        published = publish_experiment(services, experiments, principal, source, service_id=wanted, go_live=True)
        return json_answer(_status(published.service.id, published.endpoint.id))

    @get(PATH)
    @threaded
    def status(request: AnyRequest, workspace: FromPath[str], experiment: FromPath[str]) -> Response[bytes]:
        principal = api.door.enter_classic(request, workspace, Action.READ)
        service = services.get(workspace, experiment).service
        endpoint, _ = endpoints.ledger(principal, workspace, service.id, DEFAULT)
        return json_answer(_status(service.id, endpoint.id))

    return [create, status]


def _status(service_id: str, endpoint_id: str) -> dict[str, str]:
    return {
        "ActivityId": service_id,
        "WebServiceGroupId": service_id,
        "EndpointId": endpoint_id,
        "Status": "Completed",
    }

"""Resource-manager web services, as far as updating a trained model needs them (classic web services reference, 8).

A change is made before it is answered; the operation that its answer names is the ledger's line, so that any process
can tell its state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response, get, patch, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import workspace_of
from restudio.core.schema import DType
from restudio.endpoints.description import TablePort
from restudio.endpoints.endpoint_service import EndpointService, EndpointView
from restudio.endpoints.resource_manager import Named, assets_of, name_of, read_change, resolve
from restudio.endpoints.service import ServiceService
from restudio.endpoints.types import Outcome, Revision
from restudio.http.answers import IDEMPOTENCY_KEY, json_answer
from restudio.http.bodies import parse_json
from restudio.http.door import Door
from restudio.http.management_shapes import iso
from restudio.http.threads import threaded
from restudio.identity.types import Action, Principal

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
VERSIONS = ("2016-05-01-preview", "2017-01-01")
PROVIDER = "providers/microsoft.machinelearning"
SUBSCRIPTION = "/subscriptions/{subscription:str}"
SERVICES = SUBSCRIPTION + "/resourcegroups/{group:str}/" + PROVIDER + "/webservices"
SERVICE = SERVICES + "/{name:str}"
OPERATION = SUBSCRIPTION + "/" + PROVIDER + "/locations/{location:str}/operationsstatus/{operation:str}"
_TYPE = "Microsoft.MachineLearning/webServices"
_COLUMN_TYPES = {DType.INTEGER: "Integer", DType.DOUBLE: "Number", DType.BOOLEAN: "Boolean"}


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint as the resource that an address names."""

    principal: Principal
    workspace: str
    subscription: str
    group: str
    view: EndpointView

    @property
    def name(self) -> str:
        return name_of(self.view.service, self.view.endpoint)

    @property
    def id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{_TYPE}/{self.name}"


@dataclass(frozen=True, slots=True)
class WebServicesApi:
    """What the handlers share. ``url`` is the public address, ``region`` the location that all services are in."""

    services: ServiceService
    endpoints: EndpointService
    door: Door
    url: str
    region: str

    def enter(self, request: AnyRequest, action: Action = Action.READ) -> tuple[Principal, str]:
        workspace = workspace_of(str(request.path_params["subscription"]))
        principal = self.door.enter_arm(request, workspace, action)
        version = request.query_params.get("api-version")
        if version not in VERSIONS:
            code = "MissingApiVersionParameter" if version is None else "NoRegisteredProviderFound"
            message = f"The query parameter api-version must be one of {', '.join(VERSIONS)}; got {version!r}."
            raise RestudioError(Kind.BAD_ARGUMENT, code, message, target="api-version")
        return principal, workspace

    def place(self, request: AnyRequest, action: Action = Action.READ) -> Place:
        principal, workspace = self.enter(request, action)
        endpoint = resolve(str(request.path_params["name"]), self.named(principal, workspace))
        view = self.endpoints.get(principal, workspace, endpoint.service_id, endpoint.id)
        path = request.path_params
        return Place(principal, workspace, str(path["subscription"]), str(path["group"]), view)

    def named(self, principal: Principal, workspace: str) -> list[Named]:
        """All services of a workspace with their endpoints."""
        found = []
        for each in self.services.list(workspace):
            views = self.endpoints.list(principal, workspace, each.service.id)
            found.append(Named(each.service, [view.endpoint for view in views]))
        return found

    def assets(self, place: Place) -> dict[str, dict[str, object]]:
        view = place.view
        address = f"{self.url}/studio/api/workspaces/{place.workspace}/models"
        return assets_of(view.version, view.live.state, address)

    def definition(self, place: Place) -> dict[str, object]:
        """The service as GET shows it; no secrets."""
        view, settings = place.view, place.view.endpoint.settings
        subscription = place.workspace
        properties: dict[str, object] = {
            "packageType": "Graph",
            "title": place.name,
            "description": settings.description,
            "createdOn": iso(view.endpoint.created),
            "modifiedOn": iso(view.live.at),
            "provisioningState": "Succeeded",
            "readOnly": settings.prevent_update,
            "swaggerLocation": f"{self.url}/subscriptions/{subscription}/services/{view.endpoint.id}/swagger.json",
            "exposeSampleData": settings.sample_data,
            "realtimeConfiguration": {"maxConcurrentCalls": settings.max_calls},
            "diagnostics": {"level": settings.trace_level, "expiry": None},
            "input": _ports(view.version.inputs),
            "output": _ports(view.version.outputs),
            "assets": self.assets(place),
            "parameters": {},
            "payloadsInBlobStorage": False,
        }
        return self.envelope(place, properties)

    def envelope(self, place: Place, properties: Mapping[str, object]) -> dict[str, object]:
        return {
            "id": place.id,
            "name": place.name,
            "type": _TYPE,
            "location": self.region,
            "tags": {},
            "properties": dict(properties),
        }

    def change(self, request: AnyRequest, body: bytes) -> Answer:
        """Apply a PATCH or PUT of a definition, and name the operation that made it."""
        place = self.place(request, Action.UPDATE)
        members = {name.casefold(): value for name, value in parse_json(body).items()}
        properties = members.get("properties")
        if not isinstance(properties, Mapping):
            message = "The body must be an object with 'properties'."
            raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target="properties")
        asked = read_change(properties, self.assets(place), "Changed through the resource manager")
        asked = replace(asked, key=request.headers.get(IDEMPOTENCY_KEY, ""))
        endpoint = place.view.endpoint
        outcome = self.endpoints.patch(place.principal, place.workspace, endpoint.service_id, endpoint.id, asked)
        told = self.envelope(place, {"payloadsInBlobStorage": False, "provisioningState": "Provisioning"})
        answer = json_answer(told)
        answer.headers["Azure-AsyncOperation"] = self.operation(place, request, outcome)
        answer.headers["Azure-AsyncOperationPercentComplete"] = "0"
        answer.headers["Retry-After"] = "1"
        return answer

    def operation(self, place: Place, request: AnyRequest, outcome: Outcome) -> str:
        version = request.query_params["api-version"]
        root = f"{self.url}/subscriptions/{place.subscription}/providers/Microsoft.MachineLearning"
        name = f"{outcome.endpoint.id}-{outcome.revision.id}"
        return f"{root}/locations/{self.region}/operationsStatus/{name}?api-version={version}"


def routes(api: WebServicesApi) -> list[HTTPRouteHandler]:
    """Handlers of web services and of the operations that change them."""

    @get([SUBSCRIPTION + "/" + PROVIDER + "/webservices", SERVICES])
    @threaded
    def list_services(request: AnyRequest) -> Answer:
        principal, workspace = api.enter(request)
        path = request.path_params
        found = []
        for each in api.named(principal, workspace):
            for endpoint in each.endpoints:
                view = api.endpoints.get(principal, workspace, each.service.id, endpoint.id)
                group = str(path.get("group", "restudio"))
                place = Place(principal, workspace, str(path["subscription"]), group, view)
                sparse = {"packageType": "Graph", "title": place.name, "provisioningState": "Succeeded"}
                found.append(api.envelope(place, sparse))
        return json_answer({"value": found, "nextLink": None})

    @get(SERVICE)
    @threaded
    def get_service(request: AnyRequest) -> Answer:
        return json_answer(api.definition(api.place(request)))

    @patch(SERVICE)
    @threaded
    def patch_service(request: AnyRequest, body: RawBody) -> Answer:
        return api.change(request, body)

    @put(SERVICE, status_code=200)
    @threaded
    def put_service(request: AnyRequest, body: RawBody) -> Answer:
        return api.change(request, body)

    @get(SERVICE + "/listkeys")
    @threaded
    def list_keys(request: AnyRequest) -> Answer:
        keys = api.place(request, Action.DEPLOY).view.keys
        if keys is None:
            raise RestudioError(Kind.FORBIDDEN, "ActionForbidden", "The keys are shown to deployers only.")
        return json_answer({"primary": keys.primary, "secondary": keys.secondary})

    @get(OPERATION)
    @threaded
    def get_operation(request: AnyRequest, operation: FromPath[str]) -> Answer:
        principal, workspace = api.enter(request)
        line = _find_line(api, principal, workspace, operation)
        at = iso(line.at)
        shown = {"id": request.url.path, "name": operation, "status": "Succeeded", "startTime": at, "endTime": at}
        return json_answer(shown | {"percentComplete": 1.0})

    return [list_services, get_service, patch_service, put_service, list_keys, get_operation]


def _find_line(api: WebServicesApi, principal: Principal, workspace: str, operation: str) -> Revision:
    endpoint_id, _, revision_id = operation.partition("-")
    for each in api.named(principal, workspace):
        for endpoint in each.endpoints:
            if endpoint.id == endpoint_id:
                _, lines = api.endpoints.ledger(principal, workspace, each.service.id, endpoint.id)
                for line in lines:
                    if line.id == revision_id:
                        return line
    raise RestudioError.not_found("OperationNotFound", "Operation", operation[:80])


def _ports(ports: tuple[TablePort, ...]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {
            port.name: {
                "type": "object",
                "properties": {
                    column.name: {"type": _COLUMN_TYPES.get(column.dtype, "String")} for column in port.schema
                },
            }
            for port in ports
        },
    }

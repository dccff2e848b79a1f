"""Management API of web services and endpoints (classic web services reference, section 5), with Restudio's ledger.

Workspace tokens do everything their role allows; an endpoint's own key reads, patches, refreshes and rolls back that
endpoint. Endpoints are named by name or id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.endpoints.endpoint_service import EndpointService
from restudio.endpoints.service import ServiceService
from restudio.endpoints.types import Outcome
from restudio.http import management_shapes as shapes
from restudio.http.answers import IDEMPOTENCY_KEY, json_answer
from restudio.http.bodies import parse_json
from restudio.http.door import Door, bearer_of
from restudio.http.management_bodies import Members, folded, invalid, read_flag, read_patch, read_settings, read_text
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import Action, Principal

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
ROOT = "/workspaces/{workspace:str}/webservices"
SERVICE = ROOT + "/{service:str}"
ENDPOINTS = SERVICE + "/endpoints"
ENDPOINT = ENDPOINTS + "/{name:str}"
DRY_RUN_HEADER = "x-ms-restudio-dry-run"
DryRun = Annotated[str | None, QueryParameter(name="dryRun")]


@dataclass(frozen=True, slots=True)
class Management:
    """What the handlers share."""

    services: ServiceService
    endpoints: EndpointService
    identity: IdentityService
    door: Door

    def enter(self, request: AnyRequest, workspace: str) -> Principal:
        """The caller by workspace token or session; an unknown workspace is told as such."""
        self.identity.get_workspace(workspace)
        try:
            return self.door.enter(request, workspace, Action.READ)
        except RestudioError as error:
            if error.kind is not Kind.UNAUTHORIZED:
                raise
            raise _unauthorized() from error

    def enter_endpoint(self, request: AnyRequest, workspace: str, service: str, name: str) -> Principal:
        """As :meth:`enter`, or the caller by the key of that endpoint."""
        self.identity.get_workspace(workspace)
        token = bearer_of(request.headers.get("authorization"))
        own = self.endpoints.authenticate_named(workspace, service, name, token) if token else None
        return own or self.enter(request, workspace)

    def shown(self, principal: Principal, workspace: str, service: str, name: str) -> dict[str, object]:
        return shapes.endpoint(self.endpoints.get(principal, workspace, service, name), self.endpoints.addresses)

    def told(self, principal: Principal, outcome: Outcome, workspace: str, service: str, name: str) -> Answer:
        """The endpoint after a change, with what the change did."""
        return json_answer(self.shown(principal, workspace, service, name) | {"Change": shapes.change(outcome)})


def routes(api: Management) -> list[HTTPRouteHandler]:
    """All handlers of the management API."""
    return [*_services(api), *_stages(api), *_endpoints(api), *_updates(api), *_history(api)]


def _services(api: Management) -> list[HTTPRouteHandler]:
    @get(ROOT)
    @threaded
    def list_services(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        api.enter(request, workspace)
        return json_answer([shapes.service(found) for found in api.services.list(workspace)])

    @get(SERVICE)
    @threaded
    def show_service(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        api.enter(request, workspace)
        return json_answer(shapes.service(api.services.get(workspace, service)))

    @put(SERVICE)
    @threaded
    def publish_code(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        api.enter(request, workspace)
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "WebServiceTypeInvalid",
            "Publishing code as a web service is not offered here; valid types: experiments. Put the code into an "
            "Execute Python Script module and publish the experiment.",
            target="Type",
        )

    @delete(SERVICE, status_code=204)
    @threaded
    def delete_service(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> None:
        api.services.delete(api.enter(request, workspace), workspace, service)

    return [list_services, show_service, publish_code, delete_service]


def _stages(api: Management) -> list[HTTPRouteHandler]:
    @post(f"{SERVICE}/ready", status_code=200)
    @threaded
    def mark_ready(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        api.services.mark_ready(api.enter(request, workspace), workspace, service)
        return json_answer(shapes.service(api.services.get(workspace, service)))

    @post(f"{SERVICE}/approve", status_code=200)
    @threaded
    def approve(request: AnyRequest, workspace: FromPath[str], service: FromPath[str], body: RawBody) -> Answer:
        why = read_text(_members(body), "Reason") or ""
        api.services.approve(api.enter(request, workspace), workspace, service, why=why)
        return json_answer(shapes.service(api.services.get(workspace, service)))

    return [mark_ready, approve]


def _endpoints(api: Management) -> list[HTTPRouteHandler]:
    @get(ENDPOINTS)
    @threaded
    def list_endpoints(request: AnyRequest, workspace: FromPath[str], service: FromPath[str]) -> Answer:
        found = api.endpoints.list(api.enter(request, workspace), workspace, service)
        return json_answer([shapes.endpoint(view, api.endpoints.addresses) for view in found])

    @get(ENDPOINT)
    @threaded
    def show_endpoint(
        request: AnyRequest, workspace: FromPath[str], service: FromPath[str], name: FromPath[str]
    ) -> Answer:
        principal = api.enter_endpoint(request, workspace, service, name)
        return json_answer(api.shown(principal, workspace, service, name))

    @put(ENDPOINT, status_code=201)
    @threaded
    def add_endpoint(
        request: AnyRequest, workspace: FromPath[str], service: FromPath[str], name: FromPath[str], body: RawBody
    ) -> Answer:
        principal = api.enter(request, workspace)
        view = api.endpoints.add(principal, workspace, service, name, read_settings(_members(body)))
        return json_answer(shapes.endpoint(view, api.endpoints.addresses), 201)

    @delete(ENDPOINT, status_code=204)
    @threaded
    def delete_endpoint(
        request: AnyRequest, workspace: FromPath[str], service: FromPath[str], name: FromPath[str]
    ) -> None:
        api.endpoints.delete(api.enter(request, workspace), workspace, service, name)

    @post(f"{ENDPOINT}/regeneratekey", status_code=200)
    @threaded
    def regenerate_key(
        request: AnyRequest, workspace: FromPath[str], service: FromPath[str], name: FromPath[str], body: RawBody
    ) -> Answer:
        principal = api.enter(request, workspace)
        which = (read_text(_members(body), "KeyType") or "").casefold()
        if which not in ("primary", "secondary"):
            raise invalid('KeyType must be "Primary" or "Secondary".', "KeyType")
        view = api.endpoints.regenerate_key(
            principal, workspace, service, name, "primary" if which == "primary" else "secondary"
        )
        return json_answer(shapes.endpoint(view, api.endpoints.addresses))

    return [list_endpoints, show_endpoint, add_endpoint, delete_endpoint, regenerate_key]


def _updates(api: Management) -> list[HTTPRouteHandler]:
    @patch(ENDPOINT)
    @threaded
    def patch_endpoint(
        request: AnyRequest,
        workspace: FromPath[str],
        service: FromPath[str],
        name: FromPath[str],
        body: RawBody,
        dry_run: DryRun = None,
    ) -> Answer:
        principal = api.enter_endpoint(request, workspace, service, name)
        # Found first, so that a wrong address is told before a wrong body.
        api.endpoints.get(principal, workspace, service, name)
        asked = replace(read_patch(folded(parse_json(body))), key=request.headers.get(IDEMPOTENCY_KEY, ""))
        dry = _dry(request, dry_run)
        outcome = api.endpoints.patch(principal, workspace, service, name, asked, dry_run=dry)
        return api.told(principal, outcome, workspace, service, name)

    @post(f"{ENDPOINT}/refresh", status_code=200)
    @threaded
    def refresh(
        request: AnyRequest,
        workspace: FromPath[str],
        service: FromPath[str],
        name: FromPath[str],
        body: RawBody,
        dry_run: DryRun = None,
    ) -> Answer:
        principal = api.enter_endpoint(request, workspace, service, name)
        members = _members(body)
        overwrite, why = read_flag(members, "OverwriteResources") or False, read_text(members, "Reason") or ""
        dry = _dry(request, dry_run)
        outcome = api.endpoints.refresh(principal, workspace, service, name, overwrite=overwrite, why=why, dry_run=dry)
        if not outcome.changed and not dry:
            return Response(b"", status_code=304)
        return api.told(principal, outcome, workspace, service, name)

    return [patch_endpoint, refresh]


def _history(api: Management) -> list[HTTPRouteHandler]:
    @post(f"{ENDPOINT}/rollback", status_code=200)
    @threaded
    def rollback(
        request: AnyRequest,
        workspace: FromPath[str],
        service: FromPath[str],
        name: FromPath[str],
        body: RawBody,
        dry_run: DryRun = None,
    ) -> Answer:
        principal = api.enter_endpoint(request, workspace, service, name)
        members = _members(body)
        to, why = members.get("revision"), read_text(members, "Reason") or ""
        wanted = None if to is None else str(to)
        dry = _dry(request, dry_run)
        outcome = api.endpoints.rollback(principal, workspace, service, name, wanted, why=why, dry_run=dry)
        return api.told(principal, outcome, workspace, service, name)

    @get(f"{ENDPOINT}/ledger")
    @threaded
    def ledger(request: AnyRequest, workspace: FromPath[str], service: FromPath[str], name: FromPath[str]) -> Answer:
        principal = api.enter_endpoint(request, workspace, service, name)
        endpoint, lines = api.endpoints.ledger(principal, workspace, service, name)
        return json_answer([shapes.revision(line, live=line.seq == endpoint.live_seq) for line in lines])

    return [rollback, ledger]


def _members(body: bytes) -> Members:
    """Members by folded name; no body is an empty object."""
    return folded(parse_json(body)) if body.strip() else {}


def _dry(request: AnyRequest, query: str | None) -> bool:
    asked = query if query is not None else request.headers.get(DRY_RUN_HEADER)
    return bool(read_flag({"dryrun": asked}, "dryRun"))


def _unauthorized() -> RestudioError:
    return RestudioError(Kind.UNAUTHORIZED, "ManagementRequestUnauthorized", "Unauthorized")

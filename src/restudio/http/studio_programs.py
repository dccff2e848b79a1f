"""Studio API: accounts of programs (service principals). A secret is in the answer of its creation and nowhere else."""

from __future__ import annotations

import uuid
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT
from restudio.http.studio_members import read_role
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import Action, ServicePrincipal

AnyRequest = Request[Any, Any, Any]
PROGRAMS = f"{ROOT}/programs"


def routes(identity: IdentityService, door: Door) -> list[HTTPRouteHandler]:
    """Handlers for those who administer a workspace."""

    @get(PROGRAMS)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        door.enter(request, workspace, Action.ADMINISTER)
        return json_answer([_program(found) for found in identity.list_service_principals(workspace)])

    @post(PROGRAMS, status_code=201)
    @threaded
    def create(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Response[bytes]:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        members = parse_json(body)
        known = identity.list_service_principals(workspace)
        made = identity.create_service_principal(
            workspace,
            text_member(members, "name"),
            tenant_id=known[0].tenant_id if known else str(uuid.uuid4()),
            role=read_role(optional_text(members, "role") or "member"),
            by=principal,
        )
        return json_answer({**_program(made), "client_secret": made.secret}, 201)

    @delete(f"{PROGRAMS}/{{client:str}}", status_code=204)
    @threaded
    def remove(request: AnyRequest, workspace: FromPath[str], client: FromPath[str]) -> None:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        identity.remove_service_principal(workspace, client, by=principal)

    return [list_, create, remove]


def _program(found: ServicePrincipal) -> dict[str, object]:
    return {
        "client_id": found.client_id,
        "tenant_id": found.tenant_id,
        "name": found.name,
        "role": found.role.value,
    }

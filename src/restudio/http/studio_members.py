"""Studio API: the people of a workspace, their roles, and the audit log."""

from __future__ import annotations

import dataclasses
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import Action, Role

AnyRequest = Request[Any, Any, Any]
MEMBERS = f"{ROOT}/members"
_MOST_LINES = 1000


def routes(identity: IdentityService, door: Door) -> list[HTTPRouteHandler]:
    """Handlers for those who administer a workspace; members may read who else is there."""

    @get(MEMBERS)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        door.enter(request, workspace, Action.READ)
        return json_answer([_member(m.user.email, m.user.name, m.role) for m in identity.list_members(workspace)])

    @put(f"{MEMBERS}/{{email:str}}")
    @threaded
    def invite(request: AnyRequest, workspace: FromPath[str], email: FromPath[str], body: RawBody) -> Response[bytes]:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        members = parse_json(body)
        role = read_role(text_member(members, "role"))
        user = identity.find_user(email)
        if user is None:
            password = text_member(members, "password")
            user = identity.create_user(email, password, name=optional_text(members, "name") or "", by=principal)
        identity.set_role(workspace, user.id, role, by=principal)
        return json_answer(_member(user.email, user.name, role))

    @delete(f"{MEMBERS}/{{email:str}}", status_code=204)
    @threaded
    def remove(request: AnyRequest, workspace: FromPath[str], email: FromPath[str]) -> None:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        identity.set_role(workspace, identity.get_member(workspace, email).user.id, None, by=principal)

    @post(f"{MEMBERS}/{{email:str}}/password", status_code=204)
    @threaded
    def reset(request: AnyRequest, workspace: FromPath[str], email: FromPath[str], body: RawBody) -> None:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        user = identity.get_member(workspace, email).user
        if [known.id for known in identity.list_workspaces(user.id)] != [workspace]:
            message = (
                f"'{user.email}' is a member of other workspaces too; only they themselves may change the password."
            )
            raise RestudioError(Kind.FORBIDDEN, "ActionForbidden", message, target=email)
        identity.set_password(user.id, text_member(parse_json(body), "password"), by=principal)

    @get(f"{ROOT}/audit")
    @threaded
    def audit(
        request: AnyRequest, workspace: FromPath[str], limit: FromQuery[int] = 100, before: FromQuery[int | None] = None
    ) -> Response[bytes]:
        door.enter(request, workspace, Action.ADMINISTER)
        lines = identity.list_audit(workspace, limit=min(max(limit, 1), _MOST_LINES), before=before)
        return json_answer([dataclasses.asdict(line) for line in lines])

    return [list_, invite, remove, reset, audit]


def read_role(text: str) -> Role:
    """A role by its name; ``InvalidRole`` names those there are."""
    try:
        return Role(text.casefold())
    except ValueError:
        known = ", ".join(role.value for role in Role)
        message = f"'role' must be one of {known}, got '{text[:40]}'."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidRole", message, target="role") from None


def _member(email: str, name: str, role: Role) -> dict[str, str]:
    return {"email": email, "name": name, "role": role.value}

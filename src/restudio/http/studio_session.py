"""Studio API: signing in, and the workspaces of the one who did."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json, text_member
from restudio.http.door import Door
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService

AnyRequest = Request[Any, Any, Any]


def routes(identity: IdentityService, door: Door) -> list[HTTPRouteHandler]:
    """Handlers that belong to no workspace."""

    @post("/studio/api/login", status_code=200)
    @threaded
    def login(request: AnyRequest, body: RawBody) -> Response[bytes]:
        members = parse_json(body)
        address = request.client.host if request.client is not None else None
        email, password = text_member(members, "user"), text_member(members, "password")
        user = identity.authenticate_user(email, password, address=address)
        session = identity.issue_session(user)
        return json_answer({"token": session.text, "expires": session.expires, "workspaces": _workspaces(user.id)})

    @get("/studio/api/workspaces")
    @threaded
    def workspaces(request: AnyRequest) -> Response[bytes]:
        return json_answer(_workspaces(door.person(request)))

    def _workspaces(user_id: str) -> list[dict[str, str]]:
        return [{"id": w.id, "name": w.name, "region": w.region} for w in identity.list_workspaces(user_id)]

    return [login, workspaces]

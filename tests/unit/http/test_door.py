"""Who gets in with what, and the tokens that the server itself gives."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from litestar import Litestar, Request, Response, get
from litestar.params import FromPath
from litestar.testing import TestClient

from restudio.core.errors import RestudioError
from restudio.http import oauth
from restudio.http.answers import EXCEPTION_HANDLERS, json_answer
from restudio.http.arm import arm_router
from restudio.http.door import Door
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import Action, Role, ServicePrincipal, Workspace
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets

TENANT = "11111111-2222-3333-4444-555555555555"
URL = "http://studio.example"


@dataclass(frozen=True)
class House:
    identity: IdentityService
    workspace: Workspace
    program: ServicePrincipal
    clock: ManualClock
    client: TestClient[Litestar]

    def enter(self, token: str, workspace: str = "Churn", action: str = "edit") -> tuple[int, Any]:
        answer = self.client.get(f"/{workspace}/{action}", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json()

    def token(self, program: ServicePrincipal, version: str = "") -> Any:
        form = {"grant_type": "client_credentials", "client_id": program.client_id, "client_secret": program.secret}
        return self.client.post(f"/{TENANT}/oauth2{version}/token", data=form)


@pytest.fixture
def house(sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> Iterator[House]:
    identity = IdentityService(sqlite_database, secrets, clock)
    workspace = identity.create_workspace("Churn", owner="ada@example.org")
    program = identity.create_service_principal(workspace.id, "nightly", tenant_id=TENANT, role=Role.MEMBER)
    door = Door(identity)

    @get("/{workspace:str}/{action:str}")
    @threaded
    def enter(request: Request[Any, Any, Any], workspace: FromPath[str], action: FromPath[str]) -> Response[bytes]:
        principal = door.enter_arm(request, workspace, Action(action))
        return json_answer({"kind": principal.kind, "workspace": principal.workspace_id})

    @get("/studio/{workspace:str}/{action:str}")
    @threaded
    def enter_studio(
        request: Request[Any, Any, Any], workspace: FromPath[str], action: FromPath[str]
    ) -> Response[bytes]:
        return json_answer({"kind": door.enter(request, workspace, Action(action)).kind})

    handlers: list[Any] = [arm_router([enter]), enter_studio, *oauth.routes(identity, clock, URL)]
    with TestClient(Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)) as client:
        yield House(identity, workspace, program, clock, client)


def test_every_kind_of_bearer_enters_by_name_or_id(house: House) -> None:
    for token, kind in bearers(house).items():
        for name in ("Churn", "churn", house.workspace.id, house.workspace.id.upper()):
            assert house.enter(token, name) == (200, {"kind": kind, "workspace": house.workspace.id})


def test_every_kind_of_bearer_enters_the_studio_by_id(house: House) -> None:
    other = house.identity.create_workspace("Other", owner="bob@example.org")
    for token, kind in bearers(house).items():
        assert house.enter(token, f"studio/{house.workspace.id}") == (200, {"kind": kind})
        assert house.enter(token, f"studio/{other.id}")[0] in (401, 403)
    for token in ("nonsense", "a.b.c", "0" * 32):
        assert house.enter(token, f"studio/{house.workspace.id}")[0] == 401
    assert house.enter(house.program.secret or "", f"studio/{house.workspace.id}", "deploy")[0] == 403


def bearers(house: House) -> dict[str, str]:
    """What may stand behind ``Bearer``, and as whom it enters."""
    ada = house.identity.create_user("ada@example.org", "correct horse")
    house.identity.set_role(house.workspace.id, ada.id, Role.OWNER)
    assert house.workspace.tokens is not None
    return {
        house.workspace.tokens.secondary: "workspace",
        house.identity.issue_session(ada).text: "user",
        house.token(house.program).json()["access_token"]: "service",
        house.program.secret or "": "service",
    }


def test_of_workspaces_with_one_name_the_callers_own_is_meant(house: House) -> None:
    other = house.identity.create_workspace("Churn", owner="bob@example.org")
    assert other.tokens is not None
    assert house.enter(other.tokens.primary) == (200, {"kind": "workspace", "workspace": other.id})


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "0" * 32])
@pytest.mark.parametrize("workspace", ["Churn", "nowhere"])
def test_nobody_learns_what_exists(house: House, token: str, workspace: str) -> None:
    status, body = house.enter(token, workspace)
    assert status == 401
    assert body["error"]["code"] in ("ManagementRequestUnauthorized", "InvalidToken")
    assert body["error"]["message"]


def test_the_known_are_told_what_is_wrong(house: House) -> None:
    token = house.token(house.program).json()["access_token"]
    status, body = house.enter(token, "nowhere")
    assert (status, body["error"]["code"]) == (404, "WorkspaceNotFound")
    status, body = house.enter(token, action="deploy")
    assert (status, body["error"]["code"]) == (403, "ActionForbidden")
    other = house.identity.create_workspace("Other", owner="bob@example.org")
    assert house.enter(token, other.id)[0] == 403
    house.clock.advance(3600)
    status, body = house.enter(token)
    assert (status, body["error"]["code"]) == (401, "InvalidToken")
    assert "expired" in body["error"]["message"]


def test_both_versions_of_the_grant(house: House) -> None:
    first = house.token(house.program).json()
    assert (first["token_type"], first["expires_in"], first["resource"]) == (
        "Bearer",
        "3600",
        "https://management.azure.com/",
    )
    assert int(first["expires_on"]) - int(first["not_before"]) == 3600
    second = house.token(house.program, "/v2.0").json()
    assert (second["token_type"], second["expires_in"], second["ext_expires_in"]) == ("Bearer", 3600, 3600)
    coded = base64.b64encode(f"{house.program.client_id}:{house.program.secret}".replace("+", "%2B").encode()).decode()
    basic = house.client.post(
        f"/{TENANT}/oauth2/v2.0/token",
        data={"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"},
        headers={"Authorization": f"Basic {coded}"},
    )
    assert house.enter(basic.json()["access_token"])[0] == 200
    for version in ("", "/v2.0"):
        told = house.client.get(f"/{TENANT}{version}/.well-known/openid-configuration").json()
        assert told["token_endpoint"] == f"{URL}/{TENANT}/oauth2{version}/token"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "client_credentials"}, 400, "invalid_request"),
        ({"grant_type": "password", "client_id": "a", "client_secret": "b"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, 401, "invalid_client"),
    ],
)
def test_wrong_asks_get_the_directory_services_answer(
    house: House, form: dict[str, str], status: int, code: str
) -> None:
    answer = house.client.post(f"/{TENANT}/oauth2/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["error_description"].startswith(f"AADSTS{answer.json()['error_codes'][0]}: ")
    assert str(house.program.secret) not in answer.text


def test_a_removed_account_is_refused(house: House) -> None:
    token = house.token(house.program).json()["access_token"]
    house.identity.remove_service_principal(house.workspace.id, house.program.client_id)
    assert house.enter(token)[0] == 401
    assert house.enter(house.program.secret or "")[0] == 401
    with pytest.raises(RestudioError, match="was not found"):
        house.identity.remove_service_principal(house.workspace.id, house.program.client_id)

"""Accounts of programs over the studio API."""

from __future__ import annotations

from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from restudio.http import studio_programs
from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.door import Door
from restudio.identity.service import IdentityService
from restudio.identity.types import Role
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets


def test_owners_make_and_end_accounts(
    sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock
) -> None:
    identity = IdentityService(sqlite_database, secrets, clock)
    workspace = identity.create_workspace("Churn", owner="ada@example.org")
    assert workspace.tokens is not None
    handlers: list[Any] = studio_programs.routes(identity, Door(identity))
    path = f"/studio/api/workspaces/{workspace.id}/programs"
    with TestClient(Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)) as client:
        client.headers["Authorization"] = f"Bearer {workspace.tokens.primary}"
        first = client.post(path, json={"name": "nightly", "role": "reader"}).json()
        second = client.post(path, json={"name": "adf"}).json()
        assert (first["role"], second["role"], first["tenant_id"]) == ("reader", "member", second["tenant_id"])
        listed = client.get(path)
        assert [p["name"] for p in listed.json()] == ["adf", "nightly"]
        assert first["client_secret"] not in listed.text
        principal = identity.authenticate_bearer(first["client_secret"], workspace.id)
        assert (principal.kind, principal.roles) == ("service", frozenset({Role.READER}))
        assert (
            client.post(path, json={"name": "x", "role": "king"}).json()["error"]["details"][0]["code"] == "InvalidRole"
        )
        assert client.delete(f"{path}/{first['client_id']}").status_code == 204
        assert client.delete(f"{path}/{first['client_id']}").status_code == 404
        assert [p["name"] for p in client.get(path).json()] == ["adf"]
        client.headers["Authorization"] = f"Bearer {second['client_secret']}"
        assert client.get(path).status_code in (401, 403)

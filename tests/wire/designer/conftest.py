"""The designer's faces over a server's worth of services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.unit.designer.conftest import catalog, engine, object_folder, start_world, world
from tests.unit.designer.world import WORKSPACE, World

from restudio.http import oauth, pipelines, pipelines_entities, run_history, studio_data_stores, studio_pipelines
from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.arm import arm_router
from restudio.http.door import Door
from restudio.http.metrics import Requests
from restudio.http.root import RootApp
from restudio.identity.service import IdentityService
from restudio.identity.types import Role, ServicePrincipal
from restudio.storage.clock import SystemClock
from restudio.storage.secrets import MasterKeySecrets

__all__ = ["catalog", "engine", "object_folder", "start_world", "world"]

URL = "http://studio.example"
TENANT = "11111111-2222-3333-4444-555555555555"
SCOPE = "subscriptions/any/resourceGroups/other/providers/Microsoft.MachineLearningServices/workspaces/Churn"


@dataclass(frozen=True)
class House:
    """A world and a client of its faces, signed in as a service principal."""

    world: World
    identity: IdentityService
    http: TestClient[Any]
    program: ServicePrincipal

    def bearer(self, role: Role) -> dict[str, str]:
        """The header of another program with a role, which uses its secret as a lasting key."""
        made = self.identity.create_service_principal(WORKSPACE, f"a {role}", tenant_id=TENANT, role=role)
        return {"Authorization": f"Bearer {made.secret}"}

    def call(
        self, method: str, rest: str, body: object = None, *, base: str = "/pipelines/v1.0", **options: Any
    ) -> Any:
        """An answer's JSON, which must be a good one."""
        answer = self.http.request(method, f"{base}/{SCOPE}/{rest}", json=body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fail(self, method: str, rest: str, body: object = None, **options: Any) -> tuple[int, str, str]:
        """Status, code and message of an answer, which must be an error in the documented form."""
        answer = self.http.request(method, f"/pipelines/v1.0/{SCOPE}/{rest}", json=body, **options)
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["message"]

    def ended(self, run_id: str) -> Any:
        self.world.wait(self.world.designer.get_run(WORKSPACE, run_id))
        return self.call("GET", f"PipelineRuns/{run_id}")


@pytest.fixture
def house(world: World, secrets: MasterKeySecrets) -> Iterator[House]:
    clock = SystemClock()
    identity = IdentityService(world.database, secrets, clock)
    identity.create_workspace("Churn", owner="ada@example.org", workspace_id=WORKSPACE)
    program = identity.create_service_principal(WORKSPACE, "nightly", tenant_id=TENANT)
    door = Door(identity)
    handlers: list[Any] = [
        arm_router(
            [
                *pipelines.routes(world.designer, door, URL),
                *pipelines_entities.routes(world.designer, door, URL),
                *run_history.routes(world.designer, door, URL),
            ]
        ),
        *oauth.routes(identity, clock, URL),
        *studio_pipelines.routes(world.designer, door, URL),
        *studio_data_stores.routes(world.stores, door, 1 << 20),
    ]
    rest = Litestar(handlers, exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    app: Any = RootApp(rrs=rest, blob=rest, rest=rest, requests=Requests())
    with TestClient(app) as client:
        form = {"grant_type": "client_credentials", "client_id": program.client_id, "client_secret": program.secret}
        token = client.post(f"/{TENANT}/oauth2/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield House(world, identity, client, program)

"""The vendor's management client against a real server on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.mgmt.datafactory import DataFactoryManagementClient
from tests.acceptance.server import Server

ENDED = ("Succeeded", "Failed", "Cancelled")


class Client:
    """The client with subscription, group and factory of the server's home."""

    def __init__(self, server: Server, token: str | None = None) -> None:
        known = server.credentials
        self.home = server.home
        self.url = known.url
        self.subscription = known.subscription_id
        self.where = (known.resource_group, known.factory_name)
        self.token = token or known.client_secret
        self.sdk: Any = DataFactoryManagementClient(
            credential=cast("Any", object()),
            subscription_id=known.subscription_id,
            base_url=known.url,
            authentication_policy=AzureKeyCredentialPolicy(
                AzureKeyCredential(self.token), "Authorization", prefix="Bearer"
            ),
            polling_interval=0,
            retry_total=0,
        )

    def put_pipeline(self, name: str, *activities: dict[str, Any], **properties: Any) -> None:
        body = {"properties": {"activities": list(activities), **properties}}
        self.sdk.pipelines.create_or_update(*self.where, name, body)

    def run(self, pipeline: str, parameters: dict[str, Any] | None = None, **how: Any) -> str:
        run_id: str = self.sdk.pipelines.create_run(*self.where, pipeline, parameters=parameters, **how).run_id
        return run_id

    def wait(self, run_id: str, seconds: float = 30.0) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run = self.sdk.pipeline_runs.get(*self.where, run_id)
            if run.status in ENDED:
                return run
            time.sleep(0.05)
        raise AssertionError(f"run {run_id} did not end: {run.status}")

    def activity_runs(self, run_id: str, **filters: Any) -> list[Any]:
        asked = {"lastUpdatedAfter": "2020-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z", **filters}
        found: list[Any] = self.sdk.activity_runs.query_by_pipeline_run(*self.where, run_id, asked).value
        return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("home"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server)

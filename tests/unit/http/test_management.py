"""The management API as classic clients use it, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.unit.endpoints.world import RESOURCE, World, model, predictive_graph
from tests.unit.http.management_server import serving

from restudio.artifacts.container import write_bundle
from restudio.artifacts.values import Bundle
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets

House = tuple[World, httpx.Client]
DOCUMENTED = [
    "Name", "Description", "CreationTime", "WorkspaceId", "WebServiceId", "HelpLocation", "PrimaryKey", "SecondaryKey",
    "ApiLocation", "PreventUpdate", "MaxConcurrentCalls", "DiagnosticsTraceLevel", "ThrottleLevel", "Version",
    "SampleDataEnabled", "ExperimentLocation", "Resources",
]  # fmt: skip


@pytest.fixture
def house(sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> Iterator[House]:
    with serving(sqlite_database, secrets, clock) as house:
        yield house


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error["message"]
    assert error["details"][0]["message"]
    assert answer.headers["x-ms-request-id"]
    return answer.status_code, error["code"], error["details"][0]["code"]


def patch_body(world: World, turn: int = 55) -> dict[str, Any]:
    reference = world.upload(write_bundle(Bundle(model(turn))))
    location = {k: v for k, v in reference.to_json().items() if k != "ConnectionString"}
    return {"Resources": [{"Name": RESOURCE, "Location": location}]}


def test_services_and_endpoints(house: House) -> None:
    world, client = house
    assert client.get("/webservices").json() == []
    published = world.publish()
    [service] = client.get("/webservices").json()
    assert list(service)[:7] == [
        "Id", "Name", "Description", "CreationTime", "WorkspaceId", "DefaultEndpointName", "EndpointCount",
    ]  # fmt: skip
    assert (service["Id"], service["DefaultEndpointName"], service["EndpointCount"]) == (
        published.service.id,
        "default",
        1,
    )
    assert client.get(f"/webservices/{service['Id']}").json() == service
    [endpoint] = client.get(f"/webservices/{service['Id']}/endpoints").json()
    assert list(endpoint)[: len(DOCUMENTED)] == DOCUMENTED
    assert endpoint["Resources"] == [{"Name": RESOURCE, "Kind": "TrainedModel", "Location": None}]
    assert endpoint["ApiLocation"].endswith(f"/workspaces/{world.ws}/services/{published.endpoint.id}")
    assert endpoint["HelpLocation"].endswith(f"/endpoints/{published.endpoint.id}")
    for name in ("default", published.endpoint.id):
        assert client.get(f"/webservices/{service['Id']}//endpoints/{name}/").json() == endpoint


def test_an_endpoint_tells_where_its_experiment_is(house: House) -> None:
    world, client = house
    graph = predictive_graph(world.save_dataset().id, world.save_model().id)
    for experiment, expected in (("e" * 32, f"/studio/api/workspaces/{world.ws}/experiments/{'e' * 32}"), (None, "")):
        made = world.services.publish(world.owner, world.ws, graph, "Churn", go_live=True, experiment_id=experiment)
        [endpoint] = client.get(f"/webservices/{made.service.id}/endpoints").json()
        assert (endpoint["ExperimentLocation"] or "").endswith(expected)
        assert (endpoint["ExperimentLocation"] is None) == (experiment is None)


def test_the_retraining_loop_of_the_samples(house: House) -> None:
    world, client = house
    service = world.publish().service.id
    root = f"/webservices/{service}/endpoints"
    body = {"WebServiceId": service, "EndpointName": "eu", "Description": "EU", "ThrottleLevel": "High",
            "MaxConcurrentCalls": "10", "PreventUpdate": "False"}  # fmt: skip
    added = client.put(f"{root}/eu", json=body)
    assert (added.status_code, added.json()["MaxConcurrentCalls"], added.json()["Description"]) == (201, 10, "EU")
    key, api = added.json()["PrimaryKey"], added.json()["ApiLocation"]
    assert score(api, key) == "yes"
    own = {"Authorization": f"Bearer {key}"}
    patch = patch_body(world)
    dry = client.patch(f"{root}/eu", json=patch, params={"dryRun": "True"}, headers=own)
    assert (dry.status_code, dry.json()["Change"]["Changed"], dry.json()["Change"]["DryRun"]) == (200, True, True)
    assert score(api, key) == "yes"
    first = client.patch(f"{root}/eu", json=patch, headers={**own, "Content-Type": "text/json"})
    assert (first.status_code, first.json()["Change"]["Changed"]) == (200, True)
    assert score(api, key) == "no"
    again = client.patch(f"{root}/eu", json=patch, headers=own).json()
    assert again["Change"]["Changed"] is False
    assert again["Revision"] == first.json()["Revision"]
    ledger = client.get(f"{root}/eu/ledger", headers=own).json()
    assert [(line["Number"], line["Cause"], line["Live"]) for line in ledger] == [(2, "patch", True), (1, "add", False)]
    assert [gate["Passed"] for gate in ledger[0]["Gates"]] == [True, True, None]
    back = client.post(f"{root}/eu/rollback", json={"Revision": 1, "Reason": "too late"}, headers=own).json()
    assert (back["Change"]["Revision"]["Number"], back["Change"]["Revision"]["Why"]) == (3, "too late")
    assert score(api, key) == "yes"


def score(api: str, key: str) -> str:
    body = {"Inputs": {"input1": {"ColumnNames": ["age", "hours"], "Values": [["50", "20"]]}}, "GlobalParameters": {}}
    answer = httpx.post(f"{api}/execute?api-version=2.0", json=body, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    values = answer.json()["Results"]["output1"]["value"]["Values"]
    label: str = values[0][-2]
    return label


def test_refresh_keys_and_deletion(house: House) -> None:
    world, client = house
    service = world.publish().service.id
    endpoint = f"/webservices/{service}/endpoints/eu"
    old = client.put(endpoint, json={}).json()
    assert old["MaxConcurrentCalls"] == 20
    assert client.post(f"{endpoint}/refresh", json={"OverwriteResources": "True"}).status_code == 304
    client.patch(endpoint, json=patch_body(world))
    assert client.post(f"{endpoint}/refresh", json={"OverwriteResources": "False"}).status_code == 304
    assert client.post(f"{endpoint}/refresh", json={"OverwriteResources": True}).status_code == 200
    new = client.post(f"{endpoint}/regeneratekey", json={"KeyType": "Primary"}).json()
    assert new["PrimaryKey"] != old["PrimaryKey"]
    assert new["SecondaryKey"] == old["SecondaryKey"]
    assert client.get(endpoint, headers={"Authorization": f"Bearer {old['PrimaryKey']}"}).status_code == 401
    assert error_of(client.delete(f"/webservices/{service}/endpoints/default"))[2] == "DefaultEndpointInUse"
    assert client.delete(endpoint).status_code == 204
    assert client.delete(f"/webservices/{service}").status_code == 204
    assert client.get("/webservices").json() == []


def test_stages(house: House) -> None:
    world, client = house
    service = world.publish(go_live=False).service.id
    assert error_of(client.get(f"/webservices/{service}/endpoints/default"))[0] == 404
    staging = client.get(f"/webservices/{service}/endpoints/staging").json()
    assert score(staging["ApiLocation"], staging["PrimaryKey"]) == "yes"
    assert error_of(client.post(f"/webservices/{service}/approve")) == (400, "InvalidOperation", "WrongStage")
    assert client.post(f"/webservices/{service}/ready").json()["Stage"] == "ready"
    assert client.post(f"/webservices/{service}/approve", json={"Reason": "tested"}).json()["Stage"] == "production"
    assert client.get(f"/webservices/{service}/endpoints/default").status_code == 200


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic abc"])
def test_without_a_token(house: House, header: str | None) -> None:
    world, client = house
    service = world.publish().service.id
    client.headers.pop("Authorization")
    sent = {} if header is None else {"Authorization": header}
    for path in ("/webservices", f"/webservices/{service}/endpoints/default"):
        assert error_of(client.get(path, headers=sent)) == (401, "Unauthorized", "ManagementRequestUnauthorized")


@pytest.mark.parametrize(
    ("method", "path", "content", "expected"),
    [
        ("GET", "/webservices/{nothing}", "", (404, "NotFound", "WebServiceIdNotFoundInWorkspace")),
        ("PUT", "/webservices/{nothing}", '{"Type":"Code"}', (400, "BadArgument", "WebServiceTypeInvalid")),
        ("PUT", "{service}/endpoints/EU", "{}", (400, "BadArgument", "BadParameterValue")),
        ("PUT", "{service}/endpoints/default", "{}", (409, "Conflict", "EndpointAlreadyExists")),
        ("PUT", "{service}/endpoints/eu", "[]", (400, "BadArgument", "RequestBodyInvalid")),
        ("PUT", "{service}/endpoints/eu", "{", (400, "BadArgument", "RequestBodyInvalid")),
        ("PUT", "{service}/endpoints/eu", '{"MaxConcurrentCalls":"many"}', (400, "BadArgument", "RequestBodyInvalid")),
        ("PUT", "{service}/endpoints/eu", '{"ThrottleLevel":"Huge"}', (400, "BadArgument", "RequestBodyInvalid")),
        ("PATCH", "{service}/endpoints/default", "", (400, "BadArgument", "RequestBodyInvalid")),
        ("PATCH", "{service}/endpoints/us", "", (404, "NotFound", "WebServiceNotFound")),
        (
            "POST",
            "{service}/endpoints/default/refresh",
            "",
            (400, "InvalidOperation", "DefaultEndpointUpdateNotAllowed"),
        ),
        ("POST", "{service}/endpoints/default/rollback", "{}", (400, "InvalidOperation", "NoEarlierRevision")),
        ("POST", "{service}/endpoints/default/regeneratekey", "{}", (400, "BadArgument", "RequestBodyInvalid")),
        ("POST", "{service}/endpoints/default", "{}", (405, "MethodNotAllowed", "MethodNotAllowed")),
    ],
)
def test_refusals(house: House, method: str, path: str, content: str, expected: tuple[int, str, str]) -> None:
    world, client = house
    service = world.publish().service.id
    address = path.format(service=f"/webservices/{service}", nothing="0" * 32)
    assert error_of(client.request(method, address, content=content.encode())) == expected


def test_an_unknown_workspace(house: House) -> None:
    _, client = house
    url = str(client.base_url).rpartition("/workspaces/")[0] + f"/workspaces/{'0' * 32}/webservices"
    assert error_of(client.get(url)) == (404, "NotFound", "WorkspaceNotFound")

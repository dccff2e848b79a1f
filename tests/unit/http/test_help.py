"""Help pages and swagger documents at every documented address, without credentials."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator
from tests.unit.endpoints.world import RESOURCE, World
from tests.unit.http.management_server import serving

from restudio.endpoints.patch import Patch, SettingsChange
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets

House = tuple[World, httpx.Client]


@pytest.fixture
def house(sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> Iterator[House]:
    with serving(sqlite_database, secrets, clock) as (world, client):
        client.headers.pop("Authorization")
        yield world, client


def test_swagger_at_all_addresses(house: House) -> None:
    world, client = house
    endpoint = world.publish().endpoint
    scoring = f"{world.addresses.api(endpoint)}/swagger.json"
    addresses = [
        scoring,
        scoring.replace("/workspaces/", "/subscriptions/"),
        f"{world.addresses.help(endpoint)}/apidocument",
        f"/webservices/{endpoint.service_id}/endpoints/{endpoint.id}/apidocument",
    ]
    documents = [client.get(address).json() for address in addresses]
    assert all(document == documents[0] for document in documents)
    OpenAPIV2SpecValidator(documents[0]).validate()
    assert list(documents[0]["definitions"]["input1Item"]["properties"]) == ["age", "hours"]
    [row] = documents[0]["definitions"]["ExecutionRequest"]["example"]["Inputs"]["input1"]
    assert row == {"age": 0, "hours": 0}


def test_pages(house: House) -> None:
    world, client = house
    endpoint = world.publish().endpoint
    root = world.addresses.help(endpoint)
    for page in ("", "/score", "/jobs", "/update"):
        answer = client.get(root + page)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "Churn [Predictive Exp.]" in answer.text
        assert "http://www" not in answer.text
    assert "deploying the experiment again" in client.get(f"{root}/update").text
    assert client.get(f"{root}/nothing").status_code == 404


def test_the_training_service_has_nothing_to_update(house: House) -> None:
    world, client = house
    endpoint = world.publish_training().endpoint
    text = client.get(f"{world.addresses.help(endpoint)}/update").text
    assert "training web service" in text
    assert RESOURCE not in text


def test_unknown_endpoints(house: House) -> None:
    world, client = house
    service = world.publish().service.id
    nothing = "0" * 32
    assert client.get(f"/services/{nothing}/swagger.json").status_code == 404
    assert client.get(f"/webservices/{service}/endpoints/{nothing}/apidocument").status_code == 404
    assert client.get(f"/webservices/{nothing}/endpoints/{nothing}/apidocument").status_code == 404


def test_rows_of_the_data_show_where_an_endpoint_allows_it(house: House) -> None:
    world, client = house
    published = world.publish_training()
    service, endpoint = published.service.id, published.endpoint
    address = f"{world.addresses.api(endpoint)}/swagger.json"
    hidden = client.get(address).json()["definitions"]
    assert list(hidden["input1Item"]["properties"]) == ["age", "hours", "left"]
    assert hidden["ExecutionRequest"]["example"]["Inputs"]["input1"] == [{"age": 0, "hours": 0, "left": "value"}]
    allowed = Patch(settings=SettingsChange(sample_data=True))
    world.endpoints.patch(world.owner, world.ws, service, "default", allowed)
    shown = client.get(address).json()
    OpenAPIV2SpecValidator(shown).validate()
    example = shown["definitions"]["ExecutionRequest"]["example"]
    assert example["Inputs"]["input1"] == [{"age": 20, "hours": 0.0, "left": "no"}]
    predictive = world.publish()
    world.endpoints.patch(world.owner, world.ws, predictive.service.id, "default", allowed)
    page = client.get(f"{world.addresses.help(predictive.endpoint)}/score").text
    assert "[20, 0.0]" in page
    assert "[21, 1.0]" in page

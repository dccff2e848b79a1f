"""A pipeline that copies, trains and updates with its data in our own storage, and in Azurite where it is installed."""

from __future__ import annotations

from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from tests.acceptance.adult import Loop, build_loop
from tests.acceptance.server import Server
from tests.seams.azurite import find_azurite
from tests.seams.conftest import ACCOUNT, KEY, azurite

from restudio.blobs.connection_string import format_connection_string
from restudio.client.factories import Document

__all__ = ["azurite"]
CONTAINER = "pipelines"


@pytest.fixture(scope="module")
def loop(open_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    return build_loop(open_server, "logistic", tmp_path_factory.mktemp("storage"), rows=8000)


@pytest.fixture(params=["own", *(["azurite"] if find_azurite() else [])])
def connection(request: pytest.FixtureRequest, open_server: Server) -> str:
    if request.param == "own":
        return open_server.credentials.storage_connection_string
    return format_connection_string(ACCOUNT, KEY, request.getfixturevalue("azurite"))


def named(name: str) -> dict[str, str]:
    return {"referenceName": name, "type": "LinkedServiceReference"}


def dataset(name: str) -> dict[str, Any]:
    location = {"type": "AzureBlobStorageLocation", "container": CONTAINER, "fileName": name}
    properties = {"location": location, "firstRowAsHeader": True, "escapeChar": '"'}
    return {"type": "DelimitedText", "linkedServiceName": named("Store"), "typeProperties": properties}


def stored(name: str) -> dict[str, Any]:
    return {"filePath": f"{CONTAINER}/{name}", "linkedServiceName": named("Store")}


def after(name: str) -> list[dict[str, Any]]:
    return [{"activity": name, "dependencyConditions": ["Succeeded"]}]


def test_copy_train_and_update(loop: Loop, open_server: Server, connection: str) -> None:
    with BlobServiceClient.from_connection_string(connection) as storage:
        container = storage.get_container_client(CONTAINER)
        if not container.exists():
            container.create_container()
        container.upload_blob("week.csv", (loop.folder / "rest.csv").read_bytes(), overwrite=True)
    told = open_server.credentials
    trainer = loop.client.endpoints.get(loop.training.id, "default")
    url = f"{told.url}/workspaces/{told.workspace_id}/webservices/{loop.predictive.id}/endpoints/{loop.endpoint.name}"
    training = {"mlEndpoint": f"{trainer.api_location}/jobs", "apiKey": trainer.primary_key}
    scoring = {**training, "apiKey": loop.endpoint.primary_key, "updateResourceEndpoint": url}
    activities = [
        {
            "name": "Copy",
            "type": "Copy",
            "inputs": [{"referenceName": "Week", "type": "DatasetReference"}],
            "outputs": [{"referenceName": "Copied", "type": "DatasetReference"}],
            "typeProperties": {"source": {"type": "DelimitedTextSource"}, "sink": {"type": "DelimitedTextSink"}},
        },
        {
            "name": "Train",
            "type": "AzureMLBatchExecution",
            "dependsOn": after("Copy"),
            "linkedServiceName": named("Training"),
            "typeProperties": {
                "webServiceInputs": {"input1": stored("copied.csv")},
                "webServiceOutputs": {"output1": stored("week.ilearner")},
            },
        },
        {
            "name": "Update",
            "type": "AzureMLUpdateResource",
            "dependsOn": after("Train"),
            "linkedServiceName": named("Scoring"),
            "typeProperties": {
                "trainedModelName": loop.endpoint.resources[0].name,
                "trainedModelLinkedServiceName": named("Store"),
                "trainedModelFilePath": f"{CONTAINER}/week.ilearner",
            },
        },
    ]
    store = {"type": "AzureStorage", "typeProperties": {"connectionString": connection}}
    factory = loop.client.factory(told.factory_name, told.resource_group)
    factory.publish(
        [
            Document("linkedService", "Store", store),
            Document("linkedService", "Training", {"type": "AzureML", "typeProperties": training}),
            Document("linkedService", "Scoring", {"type": "AzureML", "typeProperties": scoring}),
            Document("dataset", "Week", dataset("week.csv")),
            Document("dataset", "Copied", dataset("copied.csv")),
            Document("pipeline", "Whole", {"activities": activities}),
        ]
    )
    ended = factory.wait(factory.run("Whole"))
    assert ended.status == "Succeeded", ended.message
    copied, trained, _ = factory.activity_runs(ended.run_id)
    assert copied.output["rowsCopied"] == len(loop.rows)
    assert trained.output["results"]["output1"]["RelativeLocation"].endswith("week.ilearner")
    assert KEY not in str(factory.activity_runs(ended.run_id))
    [live] = [r for r in loop.client.services.ledger(loop.predictive.id, loop.endpoint.name) if r.live]
    # The second storage brings the same model: nothing changes then.
    assert "Whole" in live.why

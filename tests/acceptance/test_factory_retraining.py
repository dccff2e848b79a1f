"""The two-activity retraining pipeline, with only addresses and keys filled in: a classic endpoint, and a web service
of the resource manager with its service principal. Both end in one revision of the same ledger."""

from __future__ import annotations

import httpx
import pytest
from tests.acceptance.adult import CONTAINER, Loop, build_loop
from tests.acceptance.server import Server

from restudio.client.factories import Document, Factory, PipelineRun

MODEL = f"{CONTAINER}/models/retrained.ilearner"
VERSION = "2016-05-01-preview"


def linked(name: str) -> dict[str, str]:
    return {"referenceName": name, "type": "LinkedServiceReference"}


def pipeline(resource: str, scoring: str) -> dict[str, object]:
    """As published in the documentation, but for the names of services and files."""
    return {
        "activities": [
            {
                "name": "amlBEGetilearner",
                "type": "AzureMLBatchExecution",
                "linkedServiceName": linked("trainingEndpoint"),
                "typeProperties": {
                    "webServiceInputs": {
                        "input1": {
                            "LinkedServiceName": linked("Lake"),
                            "FilePath": "@concat(pipeline().parameters.folder, '/rest.csv')",
                        }
                    },
                    "webServiceOutputs": {"output1": {"LinkedServiceName": linked("Lake"), "FilePath": MODEL}},
                    "globalParameters": {},
                },
            },
            {
                "name": "amlUpdateResource",
                "type": "AzureMLUpdateResource",
                "linkedServiceName": linked(scoring),
                "dependsOn": [{"activity": "amlbeGetilearner", "dependencyConditions": ["Succeeded"]}],
                "typeProperties": {
                    "trainedModelName": resource,
                    "trainedModelLinkedServiceName": linked("Lake"),
                    "trainedModelFilePath": MODEL,
                },
            },
        ],
        "parameters": {"folder": {"type": "String"}},
    }


def service(name: str, **properties: object) -> Document:
    return Document("linkedService", name, {"type": "AzureML", "typeProperties": properties})


@pytest.fixture(scope="module")
def loop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    return build_loop(server, "logistic", tmp_path_factory.mktemp("pipelines"), rows=8000)


@pytest.fixture(scope="module")
def factory(loop: Loop) -> Factory:
    """With the linked services and both pipelines published."""
    known, trainer = loop.server.credentials, loop.client.endpoints.get(loop.training.id, "default")
    name, jobs = loop.endpoint.resources[0].name, f"{loop.endpoint.api_location}/jobs"
    group = f"{known.url}/subscriptions/{known.subscription_id}/resourceGroups/{known.resource_group}"
    arm = f"{group}/providers/Microsoft.MachineLearning/webServices/{loop.predictive.id}.endpoint2"
    key = {"type": "SecureString", "value": loop.endpoint.primary_key}
    lake = {"type": "AzureStorage", "typeProperties": {"connectionString": known.storage_connection_string}}
    principal = {"servicePrincipalId": known.client_id, "tenant": known.tenant_id}
    secret = {"type": "SecureString", "value": known.client_secret}
    made = loop.client.factory()
    made.publish(
        [
            service("trainingEndpoint", mlEndpoint=f"{trainer.api_location}/jobs", apiKey=trainer.primary_key),
            service("classicEndpoint", mlEndpoint=jobs, apiKey=key, updateResourceEndpoint=management(loop)),
            service(
                "managedService",
                mlEndpoint=jobs,
                apiKey=key,
                updateResourceEndpoint=f"{arm}?api-version={VERSION}",
                servicePrincipalKey=secret,
                **principal,
            ),
            Document("linkedService", "Lake", lake),
            Document("pipeline", "RetrainClassic", pipeline(name, "classicEndpoint")),
            Document("pipeline", "RetrainManaged", pipeline(name, "managedService")),
            Document("pipeline", "WrongTarget", pipeline("No such model", "managedService")),
        ]
    )
    loop.upload("rest.csv", loop.folder / "rest.csv")
    return made


def revisions(loop: Loop) -> int:
    return len(loop.client.services.ledger(loop.predictive.id, loop.endpoint.name))


def management(loop: Loop) -> str:
    known = loop.server.credentials
    return f"{known.url}/workspaces/{known.workspace_id}/webservices/{loop.predictive.id}/endpoints/endpoint2"


def roll_back(loop: Loop) -> None:
    headers = {"Authorization": f"Bearer {loop.endpoint.primary_key}"}
    httpx.post(f"{management(loop)}/rollback", json={}, headers=headers).raise_for_status()


def run(factory: Factory, name: str) -> PipelineRun:
    return factory.wait(factory.run(name, {"folder": CONTAINER}), every=0.2)


def test_both_pipelines_retrain_and_patch_and_the_same_model_is_one_revision(loop: Loop, factory: Factory) -> None:
    before = revisions(loop)
    first = run(factory, "RetrainClassic")
    assert first.status == "Succeeded", first.message
    assert revisions(loop) == before + 1
    train, update = factory.activity_runs(first.run_id)
    assert train.output["results"]["output1"]["RelativeLocation"] == MODEL
    assert update.status == "Succeeded"
    second = run(factory, "RetrainManaged")
    assert second.status == "Succeeded", second.message
    # The same data gives the same model: what is live already is not a new revision.
    assert revisions(loop) == before + 1
    shown = str([first, second, *factory.activity_runs(first.run_id), *factory.activity_runs(second.run_id)])
    for hidden in (loop.endpoint.primary_key, loop.server.credentials.client_secret, "AccountKey=", "sig="):
        assert hidden not in shown


def test_the_resource_manager_patches_through_the_same_ledger(loop: Loop, factory: Factory) -> None:
    known, before = loop.server.credentials, revisions(loop)
    rest = loop.retrain(loop.folder / "first.csv")
    token = httpx.post(
        f"{known.url}/{known.tenant_id}/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "resource": "https://management.azure.com/",
        },
    ).json()["access_token"]
    group = f"{known.url}/subscriptions/{known.subscription_id}/resourceGroups/{known.resource_group}"
    url = f"{group}/providers/Microsoft.MachineLearning/webServices/{loop.predictive.id}"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, params={"api-version": VERSION}) as client:
        definition = client.get(url).json()
        (key, asset), *_ = definition["properties"]["assets"].items()
        assert asset["name"] == loop.endpoint.resources[0].name
        assert definition["properties"]["provisioningState"] == "Succeeded"
        unchanged = client.patch(url, json={"properties": definition["properties"]})
        assert (unchanged.status_code, revisions(loop)) == (200, before)
        uri = f"{rest.base_location}{rest.relative_location}"
        location = {"uri": uri, "credentials": rest.sas_blob_token}
        body = {"properties": {"packageType": "Graph", "assets": {key: {"LocationInfo": location}}}}
        answer = client.patch(url, json=body, headers={"Idempotency-Key": "one"})
        assert answer.json()["properties"]["provisioningState"] == "Provisioning"
        operation = client.get(answer.headers["Azure-AsyncOperation"]).json()
        assert operation["status"] == "Succeeded"
        assert revisions(loop) == before + 1
        assert client.get(url).json()["properties"]["assets"][key]["locationInfo"] != asset["locationInfo"]
        missing = client.patch(url, json={"properties": {"assets": {key: {"locationInfo": {"uri": f"{uri}x"}}}}})
        assert missing.status_code == 400
        assert client.get(f"{url}-none").json()["error"]["code"] == "WebServiceNotFound"
        assert client.get(f"{url}/listKeys").json()["primary"] == loop.endpoint.primary_key
        assert revisions(loop) == before + 1
        roll_back(loop)
        again = client.patch(url, json=body, headers={"Idempotency-Key": "one"})
        assert again.headers["Azure-AsyncOperation"] == answer.headers["Azure-AsyncOperation"]
    assert revisions(loop) == before + 2


def test_a_patch_sent_again_under_its_key_stays_one_revision(loop: Loop) -> None:
    """Also after a rollback, which a client that repeats a request whose answer it lost must not undo."""
    some = loop.folder / "some.csv"
    some.write_text("".join((loop.folder / "rest.csv").read_text().splitlines(keepends=True)[:1000]))
    before, model = revisions(loop), loop.retrain(some)
    location = {"BaseLocation": model.base_location, "RelativeLocation": model.relative_location}
    location["SasBlobToken"] = model.sas_blob_token or ""
    body = {"Resources": [{"Name": loop.endpoint.resources[0].name, "Location": location}]}
    headers = {"Authorization": f"Bearer {loop.endpoint.primary_key}", "Idempotency-Key": "two"}
    with httpx.Client(headers=headers) as client:
        told = [client.patch(management(loop), json=body).json()["Change"] for _ in range(2)]
        roll_back(loop)
        told.append(client.patch(management(loop), json=body).json()["Change"])
    assert [each["Changed"] for each in told] == [True, False, False]
    assert len({each["Revision"]["Id"] for each in told}) == 1
    assert [each["Revision"]["Live"] for each in told] == [True, True, False]
    assert revisions(loop) == before + 2


def test_a_wrong_target_fails_the_run_and_changes_nothing(loop: Loop, factory: Factory) -> None:
    before = revisions(loop)
    failed = run(factory, "WrongTarget")
    assert failed.status == "Failed"
    assert failed.message.startswith("Operation on target amlUpdateResource failed: Update Resource failed.")
    assert "has no resource 'No such model'" in failed.message
    assert revisions(loop) == before

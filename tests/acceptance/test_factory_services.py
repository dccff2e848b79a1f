"""AzureMLBatchExecution and AzureMLUpdateResource against a real server, on the Adult data set."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from tests.acceptance.adult import CONTAINER, Loop, build_loop
from tests.acceptance.server import Server
from tests.unit.factory.small_factory import SmallContext, SmallFactory, reference

from restudio.blobs.connection_string import parse_connection_string
from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.factory.errors import ActivityFailed
from restudio.factory.platform import Platform
from restudio.factory.properties import Json
from restudio.seams.engine import Cancelled
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

MODEL = f"{CONTAINER}/models/adult.ilearner"


@pytest.fixture(scope="module")
def loop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    return build_loop(server, "logistic", tmp_path_factory.mktemp("factory"))


@pytest.fixture
def factory(
    loop: Loop, sqlite_database: SqlDatabase, secrets: MasterKeySecrets, tmp_path: Path
) -> Iterator[SmallFactory]:
    """Outside the server's process, under the strictest policy: only the server's public address is open."""
    clock = SystemClock()
    url = loop.server.credentials.url
    outgoing = Outgoing(EgressPolicy(), clock, own_url=url)
    blobs = BlobService(sqlite_database, MemoryObjects(), secrets, clock, "http://elsewhere.example")
    made = SmallFactory(Platform(url, Fetcher(blobs, outgoing, clock), outgoing, blobs, clock), tmp_path / "scratch")
    trainer = loop.client.endpoints.get(loop.training.id, "default")
    made.add_linked_service("Train", "AzureML", mlEndpoint=f"{trainer.api_location}/jobs", apiKey=trainer.primary_key)
    management = (
        f"{url}/workspaces/{loop.server.credentials.workspace_id}/webservices/{loop.predictive.id}/endpoints/endpoint2"
    )
    made.add_linked_service(
        "Score",
        "AzureML",
        mlEndpoint=f"{loop.endpoint.api_location}/jobs?api-version=2.0",
        apiKey={"type": "SecureString", "value": loop.endpoint.primary_key},
        updateResourceEndpoint=management,
    )
    made.add_linked_service("Lake", "AzureStorage", connectionString=loop.server.credentials.storage_connection_string)
    loop.upload("rest.csv", loop.folder / "rest.csv")
    yield made
    outgoing.close()


def train(output: str = MODEL, source: str = f"{CONTAINER}/rest.csv", **parameters: Json) -> dict[str, Json]:
    return {
        "name": "Train",
        "type": "AzureMLBatchExecution",
        "linkedServiceName": reference("Train"),
        "typeProperties": {
            "webServiceInputs": {"input1": {"FilePath": source, "LinkedServiceName": reference("Lake")}},
            "webServiceOutputs": {"output1": {"filePath": output, "linkedServiceName": reference("Lake")}},
            "globalParameters": parameters,
        },
    }


def update(name: str, service: str = "Score", model: str = MODEL) -> dict[str, Json]:
    return {
        "name": "Update",
        "type": "AzureMLUpdateResource",
        "linkedServiceName": reference(service),
        "typeProperties": {
            "trainedModelName": name,
            "trainedModelLinkedServiceName": reference("Lake"),
            "trainedModelFilePath": model,
        },
    }


def revisions(loop: Loop) -> int:
    return len(loop.client.services.ledger(loop.predictive.id, loop.endpoint.name))


def test_training_and_update_are_one_revision_however_often(factory: SmallFactory, loop: Loop) -> None:
    document = train()
    context = factory.context(document)
    trained = factory.run(document, context)
    assert trained["statusCode"] == "Finished"
    assert trained["results"]["output1"]["RelativeLocation"] == MODEL
    assert "sig=" not in str(trained)
    assert loop.blobs.get_blob_client(CONTAINER, "models/adult.ilearner").exists()
    jobs = len(loop.client.jobs.list())
    again = factory.context(document)
    again.facts.update(context.facts)
    assert factory.run(document, again)["jobId"] == trained["jobId"]
    assert len(loop.client.jobs.list()) == jobs
    before = revisions(loop)
    name = loop.endpoint.resources[0].name
    first = factory.run(update(name))
    second = factory.run(update(name))
    assert revisions(loop) == before + 1
    [live] = [r for r in loop.client.services.ledger(loop.predictive.id, loop.endpoint.name) if r.live]
    assert live.id in str(first)
    assert live.id in str(second)
    assert "activity" in live.why


def test_the_only_input_and_output_of_a_service_need_no_names(factory: SmallFactory, loop: Loop) -> None:
    places = {"webServiceInput": f"{CONTAINER}/rest.csv", "webServiceOutput": f"{CONTAINER}/scored.csv"}
    files = {name: {"filePath": path, "linkedServiceName": reference("Lake")} for name, path in places.items()}
    score = {**train(), "linkedServiceName": reference("Score"), "typeProperties": files}
    scored = factory.run(score)
    assert [each["RelativeLocation"] for each in scored["results"].values()] == [f"{CONTAINER}/scored.csv"]
    assert loop.blobs.get_blob_client(CONTAINER, "scored.csv").exists()


def test_a_job_submitted_before_a_crash_is_started_and_not_submitted_anew(factory: SmallFactory, loop: Loop) -> None:
    document = train(f"{CONTAINER}/models/resumed.ilearner")
    input1 = loop.upload("rest.csv", loop.folder / "rest.csv")
    for is_started in (False, True):
        job = loop.trainer.submit({"input1": input1})
        if is_started:
            loop.trainer.start(job)
        jobs = len(loop.client.jobs.list())
        context = factory.context(document)
        context.facts["jobId"] = job
        assert factory.run(document, context)["jobId"] == job
        assert len(loop.client.jobs.list()) == jobs


def test_cancelling_takes_the_job_along(factory: SmallFactory, loop: Loop) -> None:
    document = train()
    context = factory.context(document)
    threading.Thread(target=_cancel_when_started, args=(context,)).start()
    with pytest.raises(Cancelled):
        factory.run(document, context)
    assert loop.client.jobs.get(str(context.facts["jobId"])).status == "Cancelled"


def _cancel_when_started(context: SmallContext) -> None:
    deadline = time.monotonic() + 30
    while "started" not in context.facts and time.monotonic() < deadline:
        time.sleep(0.005)
    context.cancelled.set()


def test_failures_say_what_the_service_said(factory: SmallFactory, loop: Loop) -> None:
    trainer = loop.client.endpoints.get(loop.training.id, "default")
    endpoint = f"{trainer.api_location}/jobs"
    name = loop.endpoint.resources[0].name
    factory.add_linked_service("Wrong", "AzureML", mlEndpoint=endpoint, apiKey="wrong")
    factory.add_linked_service("Away", "AzureML", mlEndpoint="http://127.0.0.1:9/jobs", apiKey="k")
    training = f"{loop.server.credentials.url}/workspaces/{loop.server.credentials.workspace_id}/webservices/"
    factory.add_linked_service(
        "Training",
        "AzureML",
        mlEndpoint=endpoint,
        apiKey=trainer.primary_key,
        updateResourceEndpoint=f"{training}{loop.training.id}/endpoints/default",
    )
    batch = f"Batch Execution failed. The response from the Machine Learning service at endpoint {endpoint} was '"
    cases = [
        ({**train(), "linkedServiceName": reference("Wrong")}, "2600", batch + "Request is unauthorized"),
        ({**train(), "linkedServiceName": reference("Away")}, "2600", "not a public address"),
        ({**train(), "linkedServiceName": reference("Lake")}, "2110", "'AzureStorage' is not supported for 'AzureMLB"),
        (train(f"{CONTAINER}/models"), "2600", "has an invalid or missing file extension"),
        (train(source=f"{CONTAINER}/none.csv"), "2600", "none.csv"),
        (train(source=""), "2103", "required property 'webServiceInputs.input1.filePath'."),
        (update("No such model"), "2601", "No such model"),
        (update(name, model=f"{CONTAINER}/none.ilearner"), "2601", "none.ilearner"),
        (update(name, service="Train"), "2103", "'updateResourceEndpoint'"),
        (update(name, service="Training"), "2601", "Update Resource failed."),
    ]
    before = revisions(loop)
    for document, code, said in cases:
        with pytest.raises(ActivityFailed) as failed:
            factory.run(document)
        assert (failed.value.code, failed.value.failure_type) == (code, "UserError")
        assert said in failed.value.message
        for secret in (trainer.primary_key, "sig=", "AccountKey="):
            assert secret not in failed.value.message.replace("sig=…", "")
    assert revisions(loop) == before


def test_a_signature_in_the_place_of_a_key_is_enough(factory: SmallFactory, loop: Loop) -> None:
    account = parse_connection_string(loop.server.credentials.storage_connection_string)
    assert account.key is not None
    token = generate_container_sas(
        account.account,
        CONTAINER,
        account_key=base64.b64encode(account.key).decode(),
        permission=ContainerSasPermissions(read=True, write=True, create=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    factory.add_linked_service("Lake", "AzureBlobStorage", sasUri=f"{account.endpoint}/{CONTAINER}?{token}")
    output = f"{CONTAINER}/models/by-signature.ilearner"
    assert factory.run(train(output))["statusCode"] == "Finished"
    factory.run(update(loop.endpoint.resources[0].name, model=output))

"""Designer pipelines on the automobile prices, against a real server."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.automobile import DATA, PIPELINE, car, prices
from tests.acceptance.server import Server, small_server

from restudio.client import Client
from restudio.client.blobs import BlobAccount
from restudio.client.scoring import Scoring
from restudio.client.types import BatchResult

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the automobile prices are not beside the repository")
STORE, CONTAINER = "workspaceblobstore", "azureml-blobstore"
SHIFTS = {"base": 0.0, "dearer": 5000.0, "cheaper": -2000.0}


class House:
    """A server with the automobile data at three paths, and the documented calls as plain HTTP."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client: Client = server.client()
        found = server.credentials
        account = BlobAccount(found.storage_connection_string)
        for name, shift in SHIFTS.items():
            account.upload(f"{CONTAINER}/cars/{name}/prices.csv", prices(shift))
        self.client.datasets.upload_bytes(prices(), "automobile-prices.csv", "GenericCSV")
        form = {
            "grant_type": "client_credentials",
            "client_id": found.client_id,
            "client_secret": found.client_secret,
            "resource": "https://management.azure.com/",
        }
        token = httpx.post(f"{found.url}/{found.tenant_id}/oauth2/token", data=form).json()["access_token"]
        self.base = (
            f"/pipelines/v1.0/subscriptions/{uuid.uuid4()}/resourceGroups/any/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{found.workspace_name}"
        )
        self.http = httpx.Client(base_url=found.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def post(self, rest: str, body: object = None, **options: Any) -> Any:
        answer = self.http.post(f"{self.base}/{rest}", json=body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ended(self, run: str) -> Any:
        deadline = time.monotonic() + 120
        while (found := self.http.get(f"{self.base}/PipelineRuns/{run}").json())["Status"] in ("NotStarted", "Running"):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def house(server: Server) -> Iterator[House]:
    made = House(server)
    yield made
    made.http.close()


def test_publish_run_switch_register_infer_and_update(house: House) -> None:
    client = house.client
    draft = client.drafts.import_yaml(PIPELINE.read_text())
    assert client.drafts.problems(draft.id) == []
    first = client.drafts.publish(draft.id, name="cars")
    second = client.drafts.publish(draft.id, name="cars", defaults={"train_fraction": 0.5})
    endpoint = client.pipeline_endpoints.create("cars", first.id)
    client.pipeline_endpoints.add("cars", second.id)

    runs = {}
    for name in SHIFTS:
        path = {"training_data": {"DataStoreName": STORE, "RelativePath": f"cars/{name}"}}
        run = house.post(f"PipelineRuns/PipelineSubmit/{first.id}", {"DataPathAssignments": path})
        runs[name] = house.ended(run["Id"])
        assert runs[name]["Status"] == "Finished", runs[name]
    by_version = house.post("PipelineRuns/PipelineEndpointSubmit/Name?name=cars&pipelineVersion=1", {})
    assert by_version["ParameterAssignments"]["train_fraction"] == 0.5
    assert house.post(f"PipelineRuns/PipelineEndpointSubmit/Id/{endpoint.id}")["PipelineVersion"] == "0"
    client.pipeline_endpoints.set_default("cars", "1")
    switched = house.post(f"PipelineRuns/PipelineEndpointSubmit/Id/{endpoint.id}", {})
    assert (switched["PipelineVersion"], switched["PipelineId"]) == ("1", second.id)
    assert house.ended(switched["Id"])["Status"] == "Finished"

    models = [client.pipeline_runs.register_model(runs[name]["Id"], "cars") for name in SHIFTS]
    assert [model.version for model in models] == [1, 2, 3]
    metrics = {name: client.pipeline_runs.metrics(run["Id"])["train"] for name, run in runs.items()}
    assert all(0.5 < told["Coefficient of Determination"] <= 1 for told in metrics.values())
    assert [model.lineage["metrics"] for model in models] == list(metrics.values())

    real_time = client.pipeline_runs.create_inference(runs["base"]["Id"], "real-time")
    deployed = client.drafts.deploy(real_time.draft.id, name="car prices")
    before = _score(house, deployed)
    updated = client.drafts.update_inference(real_time.draft.id, run=runs["dearer"]["Id"])
    replaced = {change.node: change.what for change in updated.changes}
    assert set(replaced) == {"train:Trained model", "clean:Cleaning transformation", "scale:Transformation function"}
    assert all(" instead of " in what for what in replaced.values())
    again = client.drafts.deploy(real_time.draft.id)
    assert (again.service_id, again.scoring_uri, again.version) == (deployed.service_id, deployed.scoring_uri, 2)
    assert again.name == "car prices"
    assert 4000 < _score(house, deployed) - before < 6000

    batch = client.pipeline_runs.create_inference(runs["base"]["Id"], "batch")
    assert [p.name for p in batch.draft.parameters if p.type == "DataSource"] == ["input_data"]
    client.pipeline_endpoints.put("score cars", client.drafts.publish(batch.draft.id).id)
    scored = client.pipeline_endpoints.submit("score cars", data={"input_data": (STORE, "cars/cheaper/*.csv")})
    assert client.pipeline_runs.wait(scored.id).ended_well
    rows = client.runs.preview(scored.id, "score", "Scored dataset").records()
    assert "Scored Labels" in rows[0]


def test_import_from_and_export_to_a_data_store(house: House) -> None:
    text = PIPELINE.read_text()
    text = text.replace("module: dataset", "module: import-data\n    parameters: {Data source: Datastore}")
    text = text.replace("asset: training_data", "Path: training_data").replace(
        "prices / dataset", "prices / Results dataset"
    )
    text = text.replace(
        "default: automobile-prices.csv", f"default: azureml://datastores/{STORE}/paths/cars/base/*.csv"
    )
    exported = f"""\
  keep:
    module: export-data
    inputs: {{Dataset: score / Scored dataset}}
    parameters: {{Data destination: Datastore, Datastore: {STORE}, Path: scored/cars.csv}}
"""
    client, account = house.client, BlobAccount(house.server.credentials.storage_connection_string)
    draft = client.drafts.import_yaml(text + exported)
    run = client.pipeline_runs.wait(client.drafts.submit(draft.id).id)
    assert run.ended_well, run
    assert b"Scored Labels" in account.download(f"{CONTAINER}/scored/cars.csv").splitlines()[0]
    again = client.pipeline_runs.wait(client.drafts.submit(draft.id).id)
    assert all(step.is_reused for step in again.steps)
    real_time = client.pipeline_runs.create_inference(run.id, "real-time")
    shown = client.drafts.export_yaml(real_time.draft.id)
    assert "import-data" not in shown
    assert "export-data" not in shown
    deployed = client.drafts.deploy(real_time.draft.id, name="imported cars")
    assert 1000 < _score(house, deployed) < 60000


SERVICE = f"""\
restudio: experiment/1
title: Cars of a path
parameters:
  path: {{default: cars/base/prices.csv, required: false}}
nodes:
  cars:
    module: import-data
    parameters: {{Data source: Datastore, Datastore: {STORE}}}
    linked parameters: {{Path: path}}
  clean:
    module: clean-missing-data
    inputs: {{Dataset: cars / Results dataset}}
    parameters: {{Cleaning mode: Remove entire row}}
  learner:
    module: linear-regression
  train:
    module: train-model
    inputs: {{Untrained model: learner / Untrained model, Dataset: clean / Cleaned dataset}}
    parameters: {{Label column: price}}
  model:
    module: web-service-output
    inputs: {{dataset: train / Trained model}}
    parameters: {{Name: model}}
  rows:
    module: web-service-output
    inputs: {{dataset: cars / Results dataset}}
    parameters: {{Name: rows}}
"""


def test_a_batch_job_reads_the_path_of_a_data_store(house: House) -> None:
    client = house.client
    service = client.services.publish(client.experiments.import_yaml(SERVICE).id)
    client.services.mark_ready(service.id)
    endpoint = client.endpoints.get(client.services.approve(service.id).id, "default")
    scoring = Scoring(endpoint.api_location, endpoint.primary_key)
    ended = _ran(scoring, "cars/dearer/*.csv")
    assert ended.results is not None, ended
    rows = httpx.get(ended.results["rows"].url).text.splitlines()
    assert len(rows) == len(prices().splitlines())
    assert float(rows[1].rpartition(",")[2]) == 18495.0
    assert set(ended.results) == {"model", "rows"}
    missing = _ran(scoring, "cars/nothing")
    assert missing.status_code == "Failed"
    assert "There is nothing at 'cars/nothing'" in str(missing.details)
    scoring.close()


def _ran(scoring: Scoring, path: str) -> BatchResult:
    job = scoring.submit({}, parameters={"path": path})
    scoring.start(job)
    return scoring.wait(job)


def _score(house: House, deployed: Any) -> float:
    service = house.client.endpoints.get(deployed.service_id, deployed.endpoint)
    body = {"Inputs": {"WebServiceInput0": [car(), car()]}, "GlobalParameters": {}}
    answer = httpx.post(deployed.scoring_uri, json=body, headers={"Authorization": f"Bearer {service.primary_key}"})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["Results"]["WebServiceOutput0"]
    assert len(rows) == 2
    assert rows[0] == rows[1]
    price = rows[0]["Scored Labels"]
    assert isinstance(price, float)
    return price


def test_a_killed_server_goes_on_at_the_next_step(tmp_path: Path) -> None:
    server = small_server(tmp_path / "home").start()
    try:
        client = server.client()
        client.datasets.upload_bytes(prices(), "automobile-prices.csv", "GenericCSV")
        pipeline = client.drafts.publish(client.drafts.import_yaml(_slow()).id)
        headers = str(uuid.uuid4())
        run = client.published.submit(pipeline.id, request_id=headers)
        deadline = time.monotonic() + 60
        while not any(s.status == "Running" and s.module == "execute-python-script" for s in _steps(client, run.id)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        done = {step.id for step in _steps(client, run.id) if step.status == "Finished"}
        assert done
        server.kill()
        server.start()
        client = server.client()
        assert client.published.submit(pipeline.id, request_id=headers).id == run.id
        ended = client.pipeline_runs.wait(run.id)
        assert ended.ended_well, ended
        assert len(client.published.runs(pipeline.id)) == 1
        events = client.connection.json(
            "GET", f"/studio/api/workspaces/{client.workspace}/runs/{run.id}/events", list[dict[str, Any]]
        )
        started = [e["node"] for e in events if e["kind"] == "started"]
        assert all(started.count(node) == 1 for node in done)
        assert started.count("wait") == 2
    finally:
        server.stop()


def _slow() -> str:
    script = """\
import time

def azureml_main(dataframe1=None, dataframe2=None):
    time.sleep(4)
    return dataframe1,
"""
    lines = "".join(f"        {line}\n" for line in script.splitlines())
    text = PIPELINE.read_text().replace("Dataset: clean / Cleaned dataset", "Dataset: wait / Results dataset")
    return text.replace(
        "  scale:\n",
        "  wait:\n    module: execute-python-script\n    inputs:\n      Dataset1: clean / Cleaned dataset\n"
        f"    parameters:\n      Python script: |\n{lines}  scale:\n",
    )


def _steps(client: Client, run: str) -> Any:
    return client.pipeline_runs.get(run).steps


def test_a_file_in_an_empty_workspace_gives_the_same_model(house: House, tmp_path: Path) -> None:
    client = house.client
    draft = client.drafts.import_yaml(PIPELINE.read_text())
    run = client.pipeline_runs.wait(client.drafts.submit(draft.id).id)
    first = client.pipeline_runs.register_model(run.id, "original")
    text = client.drafts.export_yaml(draft.id)
    other = small_server(tmp_path / "home").start()
    try:
        fresh = other.client()
        fresh.datasets.upload_bytes(prices(), "automobile-prices.csv", "GenericCSV")
        again = fresh.drafts.import_yaml(text)
        assert fresh.drafts.export_yaml(again.id) == text
        ended = fresh.pipeline_runs.wait(fresh.drafts.submit(again.id).id)
        assert {s.id: s.status for s in ended.steps} == {s.id: s.status for s in run.steps}
        second = fresh.pipeline_runs.register_model(ended.id, "original")
        assert _digest(fresh, second.id) == _digest(client, first.id)
    finally:
        other.stop()


def _digest(client: Client, model: str) -> str:
    path = f"/studio/api/workspaces/{client.workspace}/models/{model}"
    return str(client.connection.json("GET", path, dict[str, Any])["digest"])

"""What the README promises, done as it says: the demo, the commands, the classic client, the doctor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azureml
import httpx
import msgspec
import pytest
from tests.command_line import RESTUDIO, restudio, restudio_here
from tests.e2e.server import started

from restudio.client import Client, Scoring
from restudio.client.credentials import read_credentials


@dataclass(frozen=True)
class House:
    """A home in which the demo has run, and a server on it."""

    home: Path
    report: dict[str, Any]

    def command(self, *arguments: str) -> Any:
        done = restudio_here(*arguments, "--home", self.home, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("demo") / "home"
    done = restudio("demo", "--home", home, "--json")
    assert done.returncode == 0, done.stderr
    server = started(home)
    yield House(home, json.loads(done.stdout))
    server.stop()


def test_the_demo_retrains_patches_and_rolls_back(house: House) -> None:
    report = house.report
    assert report["rolled_back"] is True
    assert report["changed_answers"] > 0
    assert report["after"] > report["before"] > 0.5


def test_everything_is_there_after_a_restart(house: House) -> None:
    services = {service["id"]: service for service in house.command("services", "list")}
    assert services[house.report["predictive_service"]]["stage"] == "production"
    assert services[house.report["training_service"]]["kind"] == "training"
    ledger = house.command("endpoints", "ledger", house.report["predictive_service"], "fresh")
    assert [line["live"] for line in ledger] == [True, False, False, False]
    assert ledger[0]["id"] == house.report["live_revision"]
    assert [job["status"] for job in house.command("jobs", "list")] == ["Finished"]
    assert {dataset["name"] for dataset in house.command("datasets", "list")} == {"breast-cancer first"}
    assert house.command("models", "list")


def test_a_service_may_be_named(house: House) -> None:
    services = {service["id"]: service["name"] for service in house.command("services", "list")}
    for service in (house.report["predictive_service"], house.report["training_service"]):
        shown = house.command("services", "show", services[service].upper())
        assert shown["service"]["id"] == service
        assert shown["endpoints"] == house.command("endpoints", "list", service)
    done = restudio_here("endpoints", "list", "breast-cancr", "--home", house.home)
    assert done.returncode == 1
    assert "Web service 'breast-cancr' was not found." in done.stderr


def test_an_experiment_leaves_and_comes_back_unchanged(house: House, tmp_path: Path) -> None:
    experiment = house.report["experiments"]["training"]
    file = tmp_path / "demo.experiment.yaml"
    house.command("experiments", "export", experiment, str(file))
    again = house.command("experiments", "import", str(file))
    assert house.command("experiments", "export", again["id"])["yaml"] == file.read_text()
    rerun = house.command("experiments", "run", again["id"])
    assert rerun["state"] == "Finished"
    assert all(node["cached"] for node in rerun["nodes"].values())


def test_the_doctor_finds_the_usual_mistakes(house: House) -> None:
    client = Client.from_home(house.home)
    predictive, training = house.report["predictive_service"], house.report["training_service"]
    root = f"{client.url}/workspaces/{client.workspace}/webservices"
    fresh = client.endpoints.get(predictive, "fresh")
    for url, ok, words in (
        (f"{root}/{predictive}/endpoints/fresh", True, "A PATCH goes to"),
        (f"{root}/{predictive}/endpoints/default", False, "cannot be updated"),
        (f"{root}/{training}/endpoints/default", False, "training service"),
        (f"{fresh.api_location}/execute", True, "The key is valid"),
        (fresh.help_location, True, "exists"),
    ):
        done = restudio_here("doctor", url, "--key", fresh.primary_key, "--home", house.home)
        assert words in done.stdout, done.stdout + done.stderr
        assert done.returncode == (0 if ok else 1), done.stdout


def test_the_azureml_client_reads_experiments_and_outputs(house: House) -> None:
    credentials = read_credentials(house.home)
    workspace = azureml.Workspace(credentials.workspace_id, credentials.workspace_token, credentials.url)
    experiment = workspace.experiments[f"{credentials.workspace_id}.f-id.{house.report['experiments']['training']}"]
    assert (experiment.status.status_code, experiment.is_example) == ("Finished", False)
    assert experiment.creator == credentials.owner
    output = experiment.get_intermediate_dataset("evaluate", "Evaluation results", "GenericCSV")
    assert output.read_as_text().splitlines()[0].replace('"', "").startswith("Accuracy,Precision")
    assert "breast-cancer first" in [dataset.name for dataset in workspace.datasets]


def test_a_person_signs_in_and_a_stranger_does_not(house: House) -> None:
    credentials = read_credentials(house.home)
    login = f"{credentials.url}/studio/api/login"
    answer = httpx.post(login, json={"user": credentials.owner, "password": credentials.owner_password})
    assert answer.json()["workspaces"][0]["id"] == credentials.workspace_id
    session = {"Authorization": f"Bearer {answer.json()['token']}"}
    mine = f"{credentials.url}/studio/api/workspaces/{credentials.workspace_id}/experiments"
    assert httpx.get(mine, headers=session).status_code == 200
    assert httpx.get(mine).status_code == 401
    assert httpx.get(mine, headers={"Authorization": "Bearer x"}).status_code == 401
    assert httpx.get(mine.replace(credentials.workspace_id, "0" * 32), headers=session).status_code == 403
    assert httpx.post(login, json={"user": credentials.owner, "password": "wrong"}).status_code == 401


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_takes_its_server_along(tmp_path: Path, number: signal.Signals) -> None:
    command = [*RESTUDIO, "demo", "--home", str(tmp_path)]
    environment = {**os.environ, "RESTUDIO_ENGINE_WORKERS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as demo:
        assert demo.stdout is not None
        assert any("answers at" in line for line in demo.stdout)
        demo.send_signal(number)
        assert demo.wait(30) == 128 + number
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{read_credentials(tmp_path).url}/health/live", timeout=2)


def test_a_wrong_command_says_what_to_do(tmp_path: Path) -> None:
    done = restudio("services", "list", "--home", tmp_path)
    assert done.returncode == 1
    assert "restudio serve" in done.stderr
    assert restudio("demo", "--data", tmp_path / "none.csv").returncode == 1


def test_addresses_of_an_earlier_life_still_lead_to_their_blobs(house: House) -> None:
    client, former = Client.from_home(house.home), house.report["url"]
    assert client.url != former
    [job] = client.jobs.list()
    endpoint = client.endpoints.get(house.report["training_service"], "default")
    results = Scoring(endpoint.api_location, endpoint.primary_key).status(job.id).results
    assert results is not None
    location = results["model"]
    assert location.base_location.startswith(client.url)
    old = msgspec.structs.replace(location, base_location=location.base_location.replace(client.url, former))
    predictive = house.report["predictive_service"]
    client.endpoints.add(predictive, "other")
    resource = client.endpoints.get(predictive, "other").resources[0].name
    client.endpoints.patch(predictive, "other", resource, old)
    assert len(client.services.ledger(predictive, "other")) == 2

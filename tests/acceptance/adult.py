"""The Adult data set on its way through the loop: train, publish, retrain, patch."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from tests.acceptance.server import Server

from restudio.client import Client
from restudio.client.scoring import Scoring, blob_input
from restudio.client.types import Endpoint, Location, Run, Service

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "adult.csv"
LABEL = "income-per-year"
CONTAINER = "adult"


@dataclass(frozen=True)
class Loop:
    """What the tests look at. ``rows`` are data rows without the label, as a caller has them."""

    server: Server
    client: Client
    run: Run
    training: Service
    predictive: Service
    endpoint: Endpoint
    folder: Path
    rows: Sequence[dict[str, str]]

    @property
    def scoring(self) -> Scoring:
        return Scoring(self.endpoint.api_location, self.endpoint.primary_key)

    @property
    def trainer(self) -> Scoring:
        default = self.client.endpoints.get(self.training.id, "default")
        return Scoring(default.api_location, default.primary_key)

    @property
    def blobs(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.server.credentials.storage_connection_string)

    def upload(self, name: str, path: Path) -> dict[str, str]:
        """Put a file into the workspace's storage with Azure's own client; its reference as a job input."""
        container = self.blobs.get_container_client(CONTAINER)
        if not container.exists():
            container.create_container()
        with path.open("rb") as file:
            container.upload_blob(name, file, overwrite=True)
        return blob_input(self.server.credentials.storage_connection_string, f"{CONTAINER}/{name}")

    def retrain(self, path: Path) -> Location:
        """The ``.ilearner`` that the training service makes of a file."""
        job = self.trainer.submit({"input1": self.upload(path.name, path)})
        self.trainer.start(job)
        status = self.trainer.wait(job, timeout=300)
        assert status.status_code == "Finished", status.details
        assert status.results is not None
        return status.results["output1"]

    def patch(self, location: Location, **options: bool) -> object:
        resource = self.endpoint.resources[0].name
        return self.client.endpoints.patch(self.predictive.id, self.endpoint.name, resource, location, **options)

    def labels(self, rows: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
        """Scored label and probability of each row by request-response."""
        return [(r["Scored Labels"], r["Scored Probabilities"]) for r in self.scoring.score(rows).outputs["output1"]]


def split_file(folder: Path, share: float = 0.7, rows: int | None = None) -> tuple[Path, Path]:
    """The first of all rows, or of so many of the data set, and the rest, as two files with a header."""
    lines = DATA.read_text().splitlines()[: None if rows is None else rows + 1]
    cut = 1 + int((len(lines) - 1) * share)
    first, rest = folder / "first.csv", folder / "rest.csv"
    first.write_text("\n".join(lines[:cut]) + "\n")
    rest.write_text("\n".join([lines[0], *lines[cut:]]) + "\n")
    return first, rest


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def publish(client: Client, experiment: str, name: str) -> Service:
    """Through the stages: staging, ready, production."""
    service = client.services.publish(experiment, name=name)
    assert service.stage == "staging"
    assert client.services.mark_ready(service.id).stage == "ready"
    approved = client.services.approve(service.id)
    assert approved.stage == "production"
    return approved


def need_data() -> None:
    """Skip what needs the data set where it is not beside the repository."""
    if not DATA.exists():
        pytest.skip("../shared/data/adult.csv is absent")


def build_loop(server: Server, learner: str, folder: Path, *, rows: int | None = None) -> Loop:
    need_data()
    client = server.client()
    first, rest = split_file(folder, rows=rows)
    dataset = client.datasets.upload(first, name=f"adult-{learner}-{folder.name}.csv", data_type_id="GenericCSV")
    text = (HERE / f"adult-{learner}.experiment.yaml").read_text().replace("ASSET", dataset.id)
    experiment = client.experiments.import_yaml(text)
    run = client.runs.wait(client.experiments.run(experiment.id).id, timeout=180)
    assert run.state == "Finished", run
    rewritten = client.runs.set_up_web_service(run.id)
    assert rewritten.changes
    training = publish(client, experiment.id, f"Adult {learner} {folder.name}")
    predictive = publish(client, rewritten.experiment.id, f"Adult {learner} {folder.name} [Predictive Exp.]")
    assert (training.kind, predictive.kind) == ("training", "predictive")
    endpoint = client.endpoints.add(predictive.id, "endpoint2")
    callers = [{k: v for k, v in row.items() if k != LABEL} for row in read_rows(rest)]
    return Loop(server, client, run, training, predictive, endpoint, folder, callers)

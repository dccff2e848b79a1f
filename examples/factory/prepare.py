"""Gets a server ready for the pipelines of this folder, and publishes them.

    python examples/factory/prepare.py HOME adult.csv

HOME is the home folder of a running server (`make serve`), adult.csv the Adult (census) data set. The program trains
the census experiment, publishes its training and scoring services with an endpoint for the whole and one for each of
ten sites, puts the data of three weeks and of ten sites into storage, keeps the keys as secrets of the factory, and
imports the documents. Run again, it makes the next versions of all of that. Then:

    restudio factory run RetrainWeekly -p week=2024-01-08 --wait --home HOME
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from restudio.client import Client
from restudio.client.blobs import BlobAccount
from restudio.client.credentials import read_credentials
from restudio.client.types import Experiment, Service

HERE = Path(__file__).parent
TITLE = "Census income"
"""Of the experiment; the model in the documents of version 1 is called after it."""
WEEKS = ("2024-01-01", "2024-01-08", "2024-01-15")
SITES = tuple(f"site{number:02}" for number in range(1, 11))


def main(home: Path, data: Path) -> None:
    client = Client.from_home(home)
    credentials = read_credentials(home)
    experiment = import_experiment(client, data)
    run = client.runs.wait(client.experiments.run(experiment.id).id)
    if run.state != "Finished":
        sys.exit(f"The experiment did not run: {run}")
    training = publish(client, experiment.id, "Census training")
    scoring = publish(client, client.runs.set_up_web_service(run.id, train="train trees").experiment.id, "Census")
    upload(BlobAccount(credentials.storage_connection_string), data)

    factory = client.factory(credentials.factory_name, credentials.resource_group)
    factory.set_secret("lake", credentials.storage_connection_string)
    trainer = client.endpoints.get(training.id, "default")
    factory.set_secret("census-training-key", trainer.primary_key)
    known = {each.name for each in client.endpoints.list(scoring.id)}
    for name in ("weeks", "weekly", *SITES):
        if name not in known:
            client.endpoints.add(scoring.id, name)
    weeks, weekly = (client.endpoints.get(scoring.id, name) for name in ("weeks", "weekly"))
    for name in ("weekly", *SITES):
        factory.set_secret(f"census-{name}-key", client.endpoints.get(scoring.id, name).primary_key)
    management = f"{client.url}/workspaces/{credentials.workspace_id}/webservices/{scoring.id}"
    settings = {
        "CensusTraining.mlEndpoint": f"{trainer.api_location}/jobs",
        "CensusScoring.mlEndpoint": f"{weekly.api_location}/jobs",
        "CensusScoring.parameters.management.defaultValue": management,
        **{
            f"{pipeline}.parameters.modelName.defaultValue": weekly.resources[0].name
            for pipeline in ("RetrainWeekly", "RetrainIfBetter", "RetrainSites")
        },
    }
    publish_documents(home, HERE / "v2", settings)
    # Documents of version 1 hold their keys themselves; the factory seals them.
    settings = {
        "WeeklyLake.connectionString": credentials.storage_connection_string,
        "WeeklyTraining.mlEndpoint": f"{trainer.api_location}/jobs",
        "WeeklyTraining.apiKey": trainer.primary_key,
        "WeeklyScoring.mlEndpoint": f"{weeks.api_location}/jobs",
        "WeeklyScoring.apiKey": weeks.primary_key,
        "WeeklyScoring.updateResourceEndpoint": f"{management}/endpoints/{weeks.name}",
    }
    publish_documents(home, HERE / "v1", settings)
    print(f"Now: restudio factory run RetrainWeekly -p week={WEEKS[1]} --wait --home {home}")
    print(f"Or: restudio factory slices start WeeklyRetrain --home {home}")


def publish_documents(home: Path, folder: Path, settings: Mapping[str, str]) -> None:
    """By the command that publishes a folder of documents, with addresses and keys filled in."""
    options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "restudio", "factory", "import", str(folder), *options, "--home", str(home)]
    subprocess.run(command, check=True)


def import_experiment(client: Client, data: Path) -> Experiment:
    """The census experiment over the uploaded data."""
    families = [each.family for each in client.datasets.list() if each.name == "census.csv"]
    asset = client.datasets.upload(
        data, name="census.csv", data_type_id="GenericCSV", family=families[0] if families else None
    )
    text = (HERE.parent / "census.experiment.yaml").read_text(encoding="utf-8")
    known = [each.id for each in client.experiments.list() if each.title == TITLE]
    text = text.replace("asset: adult.csv", f"asset: {asset.id}")
    return client.experiments.import_yaml(text, experiment=known[0] if known else None)


def publish(client: Client, experiment: str, name: str) -> Service:
    """From staging to production."""
    known = [each.id for each in client.services.list() if each.name == name]
    service = client.services.publish(experiment, name=name, service=known[0] if known else None)
    client.services.mark_ready(service.id)
    return client.services.approve(service.id)


def upload(account: BlobAccount, data: Path) -> None:
    """Each week has more rows than the one before; the rows of the sites are dealt out in turn."""
    header, *rows = data.read_text(encoding="utf-8").splitlines()
    files = {f"census/{week}.csv": rows[: len(rows) * (at + 1) // len(WEEKS)] for at, week in enumerate(WEEKS)}
    files |= {f"census/sites/{site}.csv": rows[at :: len(SITES)] for at, site in enumerate(SITES)}
    for name, lines in files.items():
        account.upload(f"lake/{name}", "\n".join([header, *lines, ""]).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

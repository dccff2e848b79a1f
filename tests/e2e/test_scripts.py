"""Services with user scripts in them: slower, but served over RRS and BES as any other."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from tests.command_line import restudio, restudio_here
from tests.e2e.conftest import ROWS

from restudio.client import Client, Scoring
from restudio.client.blobs import BlobAccount
from restudio.client.connection import ServerError
from restudio.client.credentials import read_credentials
from restudio.client.scoring import blob_input
from restudio.client.types import Endpoint
from restudio.core.credentials import Credentials

pytestmark = pytest.mark.usefixtures("rows")
SCRIPTED = """\
restudio: experiment/1
title: scripted
nodes:
  data:
    module: dataset
    parameters: {asset: rows}
  asked:
    module: web-service-input
    parameters: {Name: rows in}
  script:
    module: execute-python-script
    inputs:
      Dataset1: [data / dataset, asked / dataset]
    parameters:
      Python script: |
        def azureml_main(dataframe1=None, dataframe2=None):
            if (dataframe1.x < 0).any():
                raise ValueError('x must not be negative')
            dataframe1['double'] = dataframe1.x * 2
            return dataframe1,
  answered:
    module: web-service-output
    inputs:
      dataset: script / Results dataset
    parameters: {Name: rows out}
"""
TRAINED = """\
restudio: experiment/1
title: trained after a script
nodes:
  data:
    module: dataset
    parameters: {asset: rows}
  script:
    module: execute-python-script
    inputs:
      Dataset1: data / dataset
    parameters:
      Python script: |
        def azureml_main(dataframe1=None, dataframe2=None):
            return dataframe1.assign(square=dataframe1.x ** 2),
  learner:
    module: two-class-logistic-regression
  train:
    module: train-model
    inputs:
      Untrained model: learner / Untrained model
      Dataset: script / Results dataset
    parameters:
      Label column: '{"isFilter": true, "rules": [{"ruleType": "ColumnNames", "columns": ["y"], "exclude": false}]}'
  score:
    module: score-model
    inputs:
      Trained model: train / Trained model
      Dataset: script / Results dataset
"""


@pytest.fixture
def client(home: Path) -> Client:
    return Client.from_home(home)


@pytest.fixture
def credentials(home: Path) -> Credentials:
    return read_credentials(home)


def deployed(client: Client, experiment: str) -> Endpoint:
    """The default endpoint of a new service in production."""
    published = client.services.publish(experiment)
    client.services.mark_ready(published.id)
    service = client.services.approve(published.id)
    return client.endpoints.get(service.id, service.default_endpoint)


def test_a_script_alone_answers_rows_and_files(client: Client, credentials: Credentials) -> None:
    endpoint = deployed(client, client.experiments.import_yaml(SCRIPTED).id)
    scoring = Scoring(endpoint.api_location, endpoint.primary_key)
    rows: list[dict[str, object]] = [{"x": 2, "name": "a", "y": None}, {"x": 5, "name": None, "y": "no"}]
    assert [row["double"] for row in scoring.score(rows, input="rows in").outputs["rows out"]] == ["4", "10"]
    with pytest.raises(ServerError, match="x must not be negative") as refused:
        scoring.score([{"x": -1, "name": "a", "y": "no"}], input="rows in")
    assert refused.value.status == 400

    account = BlobAccount(credentials.storage_connection_string)
    account.upload("files/in.csv", ROWS.encode())
    subscription = f"/subscriptions/{UUID(client.workspace)}"
    by_subscription = endpoint.api_location.replace(f"/workspaces/{client.workspace}", subscription)
    batch = Scoring(by_subscription, endpoint.primary_key)
    connection = account.connection_string
    job = batch.submit(
        {"rows in": blob_input(connection, "files/in.csv")}, {"rows out": blob_input(connection, "files/out.csv")}
    )
    batch.start(job)
    assert batch.wait(job).status_code == "Finished"
    assert account.download("files/out.csv").decode("utf-8-sig").splitlines()[:2] == ["x,name,y,double", "0,n0,no,0"]
    found = batch.score(rows, input="rows in").outputs
    assert found == scoring.score(rows, input="rows in").outputs


def test_a_script_before_the_model_stays_in_the_predictive_service(client: Client) -> None:
    run = client.runs.wait(client.experiments.run(client.experiments.import_yaml(TRAINED).id).id)
    assert run.ended_well, run.failure
    endpoint = deployed(client, client.runs.set_up_web_service(run.id).experiment.id)
    scoring = Scoring(endpoint.api_location, endpoint.primary_key)
    answers = scoring.score([{"x": x, "name": "n1"} for x in (0, 39)]).outputs
    assert [row["Scored Labels"] for row in next(iter(answers.values()))] == ["no", "yes"]


def test_a_batch_job_by_the_command_line(home: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(ROWS)
    published = restudio_here("services", "list", "--home", home, "--json")
    service = next(one["id"] for one in json.loads(published.stdout) if one["name"] == "scripted")
    done = restudio("jobs", "run", service, f"rows in={tmp_path / 'in.csv'}", "--home", home, "--json")
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout)
    assert (ended["status"], list(ended["results"])) == ("Finished", ["rows out"])
    cancelled = restudio_here("jobs", "cancel", ended["job"], "--home", home, "--json")
    assert json.loads(cancelled.stdout)["status"] == "Finished"
    for arguments, words in (
        (["in.csv"], "NAME=VALUE"),
        (["rows in=none.csv"], "no file none.csv"),
        (["rows=http://h/x.csv"], "rows in"),
    ):
        refused = restudio_here("jobs", "run", service, *arguments, "--home", home)
        assert refused.returncode == 1
        assert words in refused.stderr

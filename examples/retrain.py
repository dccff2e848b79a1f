"""Retrain, judge, patch: what a nightly job does, in thirty lines.

python examples/retrain.py HOME TRAINING_SERVICE PREDICTIVE_SERVICE ENDPOINT NEW_DATA.csv
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from restudio.client import Client, Scoring
from restudio.client.blobs import BlobAccount
from restudio.client.credentials import read_credentials
from restudio.client.scoring import blob_input

LEAST_AUC = 0.85


def main(home: str, training: str, predictive: str, name: str, data: str) -> None:
    credentials = read_credentials(Path(home))
    client = Client.from_home(Path(home))
    account = BlobAccount(credentials.storage_connection_string)
    trainer = client.endpoints.get(training, "default")
    account.upload("retraining/new.csv", Path(data))

    scoring = Scoring(trainer.api_location, trainer.primary_key)
    outputs = {"model": "retraining/new.ilearner", "metrics": "retraining/metrics.csv"}
    job = scoring.submit(
        {"training-data": blob_input(account.connection_string, "retraining/new.csv")},
        {port: blob_input(account.connection_string, path) for port, path in outputs.items()},
    )
    scoring.start(job)
    result = scoring.wait(job)
    if result.results is None:
        sys.exit(f"The job is {result.status_code}: {result.details}")

    metrics = next(csv.DictReader(account.download("retraining/metrics.csv").decode("utf-8-sig").splitlines()))
    if float(metrics["AUC"]) < LEAST_AUC:
        sys.exit(f"The new model is not good enough (AUC {metrics['AUC']}); nothing was changed.")
    endpoint = client.endpoints.get(predictive, name)
    print(client.endpoints.patch(predictive, name, endpoint.resources[0].name, result.results["model"]))


if __name__ == "__main__":
    main(*sys.argv[1:6])

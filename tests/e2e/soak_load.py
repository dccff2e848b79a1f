"""What clients do while the server is being killed, and what the server acknowledged to them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from restudio.cli.console import Output
from restudio.cli.demo_data import bundled_data, to_csv
from restudio.cli.demo_experiment import MODEL, TRAINING_DATA
from restudio.cli.loop import ENDPOINT, Loop
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.connection import ServerError, Unreachable
from restudio.client.factories import Document
from restudio.client.scoring import Scoring, blob_input
from restudio.client.types import Location
from restudio.core.credentials import Credentials
from restudio.core.errors import RestudioError

T = TypeVar("T")
CONTAINER = "soak"
PIPELINE = "Soak"
PATIENCE_S = 240.0
_SPARE_ENDPOINTS = 4
PIPELINE_ENDPOINT = "spare0"
"""The endpoint that pipelines update, each run with one of the two models."""
_ROWS = f"{CONTAINER}/rows.csv"
_TRAIN = f"{CONTAINER}/train-0.csv"


class Load:
    """Threads that score, submit jobs of both kinds, run experiments and pipelines, and patch, until :meth:`stop`.

    Everything that the server acknowledged is kept, to be asked for afterwards. ``failures`` are answers that a client
    should never get: a server that is away is none, an answer of 5xx is.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.client = Client(credentials.url, credentials.workspace_id, credentials.workspace_token)
        self.account = BlobAccount(credentials.storage_connection_string)
        self.data = bundled_data()
        report = Loop(Output(as_json=True), self.client, self.account, self.data).run()
        self.service, self.experiment = report.predictive_service, report.experiments["training"]
        for number in range(_SPARE_ENDPOINTS):  # so that a start loads many trees at once
            self.client.endpoints.add(self.service, f"spare{number}")
        self.trainer = self._scoring(report.training_service, "default")
        self.predictor = self._scoring(self.service, "default")
        fresh = self.client.endpoints.get(self.service, ENDPOINT)
        self.fresh_location, self.fresh_key = fresh.api_location, fresh.primary_key
        self.fresh = Scoring(self.fresh_location, self.fresh_key)
        self._resource = fresh.resources[0].name
        self._document = self.client.experiments.export_yaml(self.experiment)
        self.jobs: dict[str, Scoring] = {}
        self.runs: list[str] = []
        self.pipeline_runs: list[str] = []
        self.revisions: list[str] = []
        self.answers: defaultdict[str, set[str]] = defaultdict(set)
        self.scored = 0
        self.away = 0
        self.failures: list[str] = []
        self._models = self._two_models()
        self.client.factory().publish(self._documents())
        self._patching = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Let all clients loose."""
        pauses: dict[Callable[[], None], float] = {
            self._score: 0.02,
            self._submit_scoring: 0.3,
            self._submit_training: 0.6,
            self._run: 1.0,
            self._patch: 0.3,
            self._run_pipeline: 0.7,
        }
        for body, pause in pauses.items():
            self._threads.append(threading.Thread(target=self._repeat, args=(body, pause), name=body.__name__))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def still(self) -> Iterator[None]:
        """No patch is under way meanwhile."""
        with self._patching:
            yield

    def patch(self) -> str:
        """The two models in turn; gives the revision.

        A request whose answer was lost is sent again: it must not make a second revision.
        """
        model = self._models[len(self.revisions) % 2]
        answer = self.insist(lambda: self.client.endpoints.patch(self.service, ENDPOINT, self._resource, model))
        revision: str = answer["Revision"]["Id"]
        self.revisions.append(revision)
        return revision

    def score(self, endpoint: Scoring) -> tuple[str, str]:
        """The revision that answered, and its answer as text."""
        scored = endpoint.score([self.data.caller_row(row) for row in self.data.holdout[:5]])
        assert scored.revision is not None
        return scored.revision, repr(scored.outputs)

    def endpoints(self) -> dict[str, Scoring]:
        """All endpoints of the predictive service by name."""
        found = self.client.endpoints.list(self.service)
        return {one.name: Scoring(one.api_location, one.primary_key) for one in found}

    def insist(self, request: Callable[[], T]) -> T:
        """Send again while the server is away, as clients do."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return request()
            except Unreachable:
                self.away += 1
                if time.monotonic() > deadline or self._stopping.is_set():
                    raise
                time.sleep(0.1)

    # --- clients --------------------------------------------------------------------------------------------------

    def _repeat(self, body: Callable[[], None], pause: float) -> None:
        while not self._stopping.wait(pause):
            try:
                body()
            except (RestudioError, AssertionError) as error:  # whatever a client meets belongs into the report
                if not (isinstance(error, Unreachable) and self._stopping.is_set()):
                    self.failures.append(f"{body.__name__}: {error!r}")

    def _score(self) -> None:
        revision, answer = self.insist(lambda: self.score(self.fresh))
        self.answers[revision].add(answer)
        self.scored += 1

    def _submit_scoring(self) -> None:
        self._submit(self.predictor, "input1", _ROWS)

    def _submit_training(self) -> None:
        self._submit(self.trainer, TRAINING_DATA, _TRAIN)

    def _submit(self, scoring: Scoring, port: str, path: str) -> None:
        source = {port: blob_input(self.account.connection_string, path)}
        job = self.insist(lambda: scoring.submit(source))
        self.insist(lambda: _start(scoring, job))
        self.jobs[job] = scoring

    def _run(self) -> None:
        """A run of its own each time: with another seed nothing comes from the cache."""
        text = self._document.replace("Random seed: 7", f"Random seed: {len(self.runs)}")
        self.insist(lambda: self.client.experiments.import_yaml(text, experiment=self.experiment))
        self.runs.append(self.insist(lambda: self.client.experiments.run(self.experiment).id))

    def _run_pipeline(self) -> None:
        given = {"model": str(len(self.pipeline_runs) % 2)}
        self.pipeline_runs.append(self.insist(lambda: self.client.factory().run(PIPELINE, given)))

    def _patch(self) -> None:
        with self._patching:
            self.patch()

    # --- preparation ----------------------------------------------------------------------------------------------

    def _scoring(self, service: str, name: str) -> Scoring:
        endpoint = self.client.endpoints.get(service, name)
        return Scoring(endpoint.api_location, endpoint.primary_key)

    def _documents(self) -> list[Document]:
        """A pipeline that steers a little, scores a file into one of its own, updates an endpoint, and calls another
        pipeline."""
        endpoint = self.client.endpoints.get(self.service, "default")
        service = {"mlEndpoint": f"{endpoint.api_location}/jobs", "apiKey": endpoint.primary_key}
        spare = self.client.endpoints.get(self.service, PIPELINE_ENDPOINT)
        management = f"{self.client.url}/workspaces/{self.client.workspace}/webservices/{self.service}"
        updated = {
            "mlEndpoint": f"{spare.api_location}/jobs",
            "apiKey": spare.primary_key,
            "updateResourceEndpoint": f"{management}/endpoints/{PIPELINE_ENDPOINT}",
        }
        lake = {"connectionString": self.account.connection_string}
        linked = {"type": "LinkedServiceReference"}
        files = {"linkedServiceName": {"referenceName": "SoakLake", **linked}}
        target = f"@concat('{CONTAINER}/pipelines/', pipeline().RunId, '.csv')"
        wait = [{"name": "Pause", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}]
        items = {"value": "@range(0, 20)", "type": "Expression"}
        each = {"items": items, "batchCount": 5, "activities": wait}
        score = {
            "webServiceInputs": {"input1": {"filePath": _ROWS, **files}},
            "webServiceOutputs": {"output1": {"filePath": target, **files}},
        }
        update = {
            "trainedModelName": self._resource,
            "trainedModelLinkedServiceName": {"referenceName": "SoakLake", **linked},
            "trainedModelFilePath": f"@concat('{CONTAINER}/model-', pipeline().parameters.model, '.ilearner')",
        }
        call = {
            "pipeline": {"referenceName": f"{PIPELINE}Child", "type": "PipelineReference"},
            "waitOnCompletion": True,
        }
        activities = [
            {"name": "Each", "type": "ForEach", "typeProperties": each},
            {
                "name": "Score",
                "type": "AzureMLBatchExecution",
                "dependsOn": [{"activity": "Each", "dependencyConditions": ["Succeeded"]}],
                "linkedServiceName": {"referenceName": "SoakScore", **linked},
                "typeProperties": score,
            },
            {
                "name": "Update",
                "type": "AzureMLUpdateResource",
                "dependsOn": [{"activity": "Score", "dependencyConditions": ["Succeeded"]}],
                "linkedServiceName": {"referenceName": "SoakUpdate", **linked},
                "typeProperties": update,
            },
            {
                "name": "Call",
                "type": "ExecutePipeline",
                "dependsOn": [{"activity": "Update", "dependencyConditions": ["Succeeded"]}],
                "typeProperties": call,
            },
        ]
        return [
            Document("linkedService", "SoakScore", {"type": "AzureML", "typeProperties": service}),
            Document("linkedService", "SoakUpdate", {"type": "AzureML", "typeProperties": updated}),
            Document("linkedService", "SoakLake", {"type": "AzureStorage", "typeProperties": lake}),
            Document("pipeline", f"{PIPELINE}Child", {"activities": wait}),
            Document("pipeline", PIPELINE, {"activities": activities, "parameters": {"model": {"type": "String"}}}),
        ]

    def _two_models(self) -> list[Location]:
        rows = [*self.data.first, *self.data.later]
        self.account.upload(_ROWS, to_csv([{k: r[k] for k in self.data.features} for r in self.data.holdout]))
        found = []
        for number, part in enumerate((rows[: len(rows) // 2], rows)):
            self.account.upload(f"{CONTAINER}/train-{number}.csv", to_csv(part))
            connection = self.account.connection_string
            job = self.trainer.submit(
                {TRAINING_DATA: blob_input(connection, f"{CONTAINER}/train-{number}.csv")},
                {MODEL: blob_input(connection, f"{CONTAINER}/model-{number}.ilearner")},
            )
            self.trainer.start(job)
            ended = self.trainer.wait(job, timeout=PATIENCE_S)
            assert ended.results is not None, f"training job {job} is {ended.status_code}: {ended.details}"
            found.append(ended.results[MODEL])
        return found


def _start(scoring: Scoring, job: str) -> None:
    try:
        scoring.start(job)
    except ServerError as error:
        if error.detail != "CannotStartJob":  # an earlier attempt got through and only its answer was lost
            raise

"""What clients do while the server is being killed, and what the server acknowledged to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from restudio.cli.demo_data import DemoData, to_csv
from restudio.cli.demo_experiment import MODEL, TRAINING_DATA
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.connection import ServerError, Unreachable
from restudio.client.scoring import Scored, Scoring, blob_input
from restudio.client.types import Endpoint, Location

T = TypeVar("T")
CONTAINER = "soak"
SCORING_DATA = "input1"
INPUT = f"{CONTAINER}/rows.csv"
PATIENCE_S = 180.0


class Load:
    """Threads that score, submit jobs, run experiments and patch, until :meth:`stop`.

    Everything that the server acknowledged is kept, to be asked for at the end. ``failures`` are answers that a client
    should never get: a server that is away is none, an answer of 5xx is.
    """

    def __init__(
        self, client: Client, account: BlobAccount, data: DemoData, default: Endpoint, fresh: Endpoint, experiment: str
    ) -> None:
        self.client = client
        self.account = account
        self.data = data
        self.batch = Scoring(default.api_location, default.primary_key)
        self.live = Scoring(fresh.api_location, fresh.primary_key)
        self.fresh = fresh
        self.experiment = experiment
        self.document = client.experiments.export_yaml(experiment)
        self.models: list[Location] = []
        self.jobs: list[str] = []
        self.runs: list[str] = []
        self.revisions: list[str] = []
        self.scored = 0
        self.away = 0
        self.failures: list[str] = []
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, training: Scoring) -> None:
        """Learn two models to patch with, then let all clients loose."""
        rows = [*self.data.first, *self.data.later]
        self.account.upload(INPUT, to_csv([{k: r[k] for k in self.data.features} for r in self.data.holdout]))
        for number, part in enumerate((rows[: len(rows) // 2], rows)):
            self.account.upload(f"{CONTAINER}/train-{number}.csv", to_csv(part))
            self.models.append(self._train(training, number))
        for body in (self._score, self._submit, self._run, self._patch):
            thread = threading.Thread(target=self._repeat, args=(body,), name=body.__name__)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def score_once(self) -> Scored:
        return self.live.score([self.data.caller_row(row) for row in self.data.holdout[:5]])

    def _repeat(self, body: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                body()
            except Exception as error:  # whatever a client meets belongs into the report
                self.failures.append(f"{body.__name__}: {error!r}")
                self._stopping.wait(0.5)

    def _score(self) -> None:
        if len(self._insist(self.score_once).outputs) == 1:
            self.scored += 1
        self._stopping.wait(0.02)

    def _submit(self) -> None:
        """Submit a job that scores the rows, and start it."""
        source = {SCORING_DATA: blob_input(self.account.connection_string, INPUT)}
        job = self._insist(lambda: self.batch.submit(source))
        self._insist(lambda: self._start_job(self.batch, job))
        self.jobs.append(job)
        self._stopping.wait(0.2)

    def _run(self) -> None:
        text = self.document.replace("Random seed: 7", f"Random seed: {len(self.runs)}")  # or all comes from cache
        self._insist(lambda: self.client.experiments.import_yaml(text, experiment=self.experiment))
        self.runs.append(self._insist(lambda: self.client.experiments.run(self.experiment).id))
        self._stopping.wait(2)

    def _patch(self) -> None:
        """The two models in turn. A request whose answer was lost is sent again: it must not make a second revision."""
        model = self.models[len(self.revisions) % 2]
        name, resource = self.fresh.name, self.fresh.resources[0].name
        answer = self._insist(
            lambda: self.client.endpoints.patch(self.fresh.web_service_id, name, resource, model), "patch"
        )
        self.revisions.append(answer["Revision"]["Id"])
        self._stopping.wait(0.3)

    def _train(self, training: Scoring, number: int) -> Location:
        connection = self.account.connection_string
        job = training.submit(
            {TRAINING_DATA: blob_input(connection, f"{CONTAINER}/train-{number}.csv")},
            {MODEL: blob_input(connection, f"{CONTAINER}/model-{number}.ilearner")},
        )
        training.start(job)
        ended = training.wait(job, timeout=PATIENCE_S)
        if ended.results is None:
            raise RuntimeError(f"training job {job} is {ended.status_code}: {ended.details}")
        return ended.results[MODEL]

    def _start_job(self, scoring: Scoring, job: str) -> None:
        try:
            scoring.start(job)
        except ServerError as error:
            if error.detail != "CannotStartJob":  # an earlier attempt got through and only its answer was lost
                raise

    def _insist(self, request: Callable[[], T], what: str = "") -> T:
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

"""kill -9 at random moments while runs, batch jobs and patches are under way; nothing may be lost, doubled or torn.

    python -m tests.e2e.soak [--rounds 100] [--seed N]

After every restart: each job and run ends, each ledger is whole with exactly one live line, each endpoint answers with
its live revision, and a patch that was told to be live is in the ledger once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from tests.e2e.server import started

from restudio.cli.console import Output
from restudio.cli.demo_data import bundled_data, to_csv
from restudio.cli.demo_experiment import MODEL, TRAINING_DATA
from restudio.cli.loop import ENDPOINT, Loop, Report
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.connection import Unreachable
from restudio.client.credentials import read_credentials
from restudio.client.scoring import Scoring, blob_input
from restudio.client.types import Location
from restudio.core.errors import RestudioError

ROUNDS = 100
LONGEST_S = 3.0
ENDED = frozenset({"Finished", "Failed", "Cancelled", "Canceled"})


@dataclass
class Done:
    """What the server said that it accepted; all of it must be found again."""

    jobs: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    revisions: set[str] = field(default_factory=set)


class Soak:
    """One home, many lives of its server."""

    def __init__(self, home: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._home = home
        self._server = started(home)
        self._data = bundled_data()
        self._report: Report = Loop(Output(as_json=True), self._client(), self._account(), self._data).run()
        self._models = self._two_models()
        self._problems: list[RestudioError] = []
        self.done = Done()

    def round(self) -> None:
        """Work until a random moment, kill, start again, look at everything."""
        stop = threading.Event()
        workers = [
            threading.Thread(target=self._until, args=(stop, act)) for act in (self._job, self._run, self._patch)
        ]
        for worker in workers:
            worker.start()
        stop.wait(self._random.uniform(0.05, LONGEST_S))
        os.killpg(self._server.process.pid, signal.SIGKILL)
        stop.set()
        for worker in workers:
            worker.join()
        self._server.stop()
        self._server = started(self._home)
        self._check()

    def close(self) -> None:
        self._server.stop()

    # --- work -----------------------------------------------------------------------------------------------------

    def _until(self, stop: threading.Event, act: Callable[[Client], None]) -> None:
        client = self._client()
        while not stop.is_set():
            try:
                act(client)
            except Unreachable:
                stop.wait(0.05)  # it was killed meanwhile: what it did not accept does not count
            except RestudioError as error:
                self._problems.append(error)
                return

    def _job(self, client: Client) -> None:
        scoring = self._trainer(client)
        reference = blob_input(self._account().connection_string, "demo/breast-cancer-all.csv")
        job = scoring.submit({TRAINING_DATA: reference})
        scoring.start(job)
        self.done.jobs.append(job)
        scoring.wait(job, timeout=60)

    def _run(self, client: Client) -> None:
        run = client.experiments.run(self._report.experiments["training"])
        self.done.runs.append(run.id)
        client.runs.wait(run.id, timeout=60)

    def _patch(self, client: Client) -> None:
        service = self._report.predictive_service
        resource = client.endpoints.get(service, ENDPOINT).resources[0].name
        model = self._random.choice(self._models)
        # Each life of the server has a port of its own.
        base = model.base_location.replace(self._report.url, client.url)
        client.endpoints.patch(service, ENDPOINT, resource, msgspec.structs.replace(model, base_location=base))
        self.done.revisions.add(next(r.id for r in client.services.ledger(service, ENDPOINT) if r.live))

    # --- looking --------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        assert not self._problems, self._problems[0]
        client = self._client()
        service = self._report.predictive_service
        ledger = client.services.ledger(service, ENDPOINT)
        assert [line.number for line in ledger] == list(range(len(ledger), 0, -1)), "the ledger has a hole"
        assert [line.live for line in ledger].count(True) == 1, "not exactly one revision is live"
        assert self.done.revisions <= {line.id for line in ledger}, "a revision that was live is gone"
        self._check_answers(client, service, next(line.id for line in ledger if line.live))
        for run in self.done.runs[-5:]:
            assert client.runs.wait(run, timeout=120).state in ENDED
        known = {job.id: job for job in client.jobs.list()}
        for job in self.done.jobs[-5:]:
            assert job in known, "a job was lost"
            status = self._trainer(client).wait(job, timeout=180)
            assert status.status_code in ENDED, status
        assert len(set(known)) == len(client.jobs.list()), "a job was doubled"

    def _check_answers(self, client: Client, service: str, live: str) -> None:
        for endpoint in client.endpoints.list(service):
            scoring = Scoring(endpoint.api_location, endpoint.primary_key)
            scored = scoring.score([self._data.caller_row(self._data.holdout[0])])
            assert scored.outputs
            assert endpoint.name != ENDPOINT or scored.revision == live, "an endpoint answers with another revision"

    def _two_models(self) -> list[Location]:
        """A model of all rows, and one of the later ones alone."""
        found = []
        for name, rows in (("all", [*self._data.first, *self._data.later]), ("later", self._data.later)):
            self._account().upload(f"demo/soak-{name}.csv", to_csv(rows))
            scoring = self._trainer(self._client())
            connection = self._account().connection_string
            job = scoring.submit(
                {TRAINING_DATA: blob_input(connection, f"demo/soak-{name}.csv")},
                {MODEL: blob_input(connection, f"demo/soak-{name}.ilearner")},
            )
            scoring.start(job)
            results = scoring.wait(job, timeout=120).results
            assert results is not None
            found.append(results[MODEL])
        return found

    def _trainer(self, client: Client) -> Scoring:
        endpoint = client.endpoints.get(self._report.training_service, "default")
        return Scoring(endpoint.api_location, endpoint.primary_key)

    def _client(self) -> Client:
        return Client.from_home(self._home)

    def _account(self) -> BlobAccount:
        return BlobAccount(read_credentials(self._home).storage_connection_string)


def soak(home: Path, rounds: int, seed: int, tell: Callable[[str], None] = print) -> Done:
    """So many deaths; the first thing that is not as it should be ends it with an AssertionError."""
    begun = time.monotonic()
    subject = Soak(home, seed)
    try:
        for number in range(1, rounds + 1):
            subject.round()
            tell(f"{number}/{rounds} deaths survived, {time.monotonic() - begun:.0f} s: {len(subject.done.jobs)} jobs, "
                 f"{len(subject.done.runs)} runs, {len(subject.done.revisions)} revisions")  # fmt: skip
        return subject.done
    finally:
        subject.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory(prefix="restudio-soak-") as folder:
        soak(Path(folder), given.rounds, given.seed)


if __name__ == "__main__":
    main()

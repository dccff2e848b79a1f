"""One example from its file to a service that answers: train, show, publish, score by request and by batch."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from restudio.cli.console import Output, shown
from restudio.cli.examples import Example, datasets_of, find_real, read_experiment, write_data
from restudio.cli.progress import watch_job
from restudio.cli.steps import BATCH, CONTAINER, Steps, results_of, rows_of
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.scoring import Scoring, blob_input
from restudio.client.types import Endpoint, Experiment, Run
from restudio.core.errors import Kind, RestudioError

NO_HEADER = ".nh.csv"
MOST_ROWS = 500
"""More rows of callers show nothing new."""

Cells = dict[str, str | None]


class ExampleReport(msgspec.Struct):
    """What came of it, for ``--json`` and for the words at the end. ``shows`` holds the rows of each shown output;
    ``equal`` says whether the batch job gave what the requests gave."""

    url: str
    example: str
    data: str = ""
    run: str = ""
    shows: dict[str, list[dict[str, Any]]] = {}
    training_experiment: str = ""
    predictive_service: str = ""
    help: str = ""
    scored: int = 0
    answer: dict[str, Any] = {}
    equal: bool = False


class ExampleLoop:
    """One pass; every step is one method and prints what it did."""

    def __init__(
        self, out: Output, client: Client, account: BlobAccount, name: str, example: Example, given: Path | None
    ) -> None:
        self.out = out
        self.client = client
        self.account = account
        self.steps = Steps(out, client)
        self.name = name
        self.example = example
        self.text, self.document = read_experiment(name)
        self.real = find_real(example, given)
        self.report = ExampleReport(client.url, name)

    def run(self) -> ExampleReport:
        """All steps in order; an error of any of them ends it."""
        with tempfile.TemporaryDirectory(prefix="restudio-example-") as temporary:
            folder = Path(temporary)
            self._upload(folder)
            rows = read_callers(folder / self.example.callers)
        experiment = self._import()
        run = self.steps.run(experiment.id, experiment.title)
        self._show(run)
        made = self.steps.set_up(run.id, self.example.serves)
        service = self.steps.publish(
            made.experiment.id,
            "predictive service: rows in, predictions out",
            service=self._known_service(made.experiment.title),
        )
        endpoint = self.client.endpoints.get(service.id, service.default_endpoint)
        self._score(endpoint, rows)
        self.report.run, self.report.training_experiment = run.id, experiment.id
        self.report.predictive_service, self.report.help = service.id, endpoint.help_location
        return self.report

    def _upload(self, folder: Path) -> None:
        real = self.example.real
        source = f"from {self.real / real}" if self.real and real else f"written by data/{self.example.data}.py"
        self.report.data = source
        self.steps.announce(f"Upload the data, {source}")
        if real and not self.real:
            self.out.note(f"  The public file it stands for is {real}; to use that: --data FOLDER")
        write_data(self.example, folder, self.real)
        families = {asset.name: asset.family for asset in self.client.datasets.list()}
        for name in datasets_of(self.document):
            saved = self.client.datasets.upload(folder / name, family=families.get(name))
            self.out.note(f"  {saved.name}: version {saved.version}, {saved.size} bytes")

    def _import(self) -> Experiment:
        title = self.document.title
        known = next((e.id for e in self.client.experiments.list() if e.title == title), None)
        return self.client.experiments.import_yaml(self.text, experiment=known)

    def _show(self, run: Run) -> None:
        for place in self.example.shows:
            node, _, port = place.partition(" / ")
            seen = self.client.runs.preview(run.id, node, port, rows=20)
            self.report.shows[place] = seen.records()
            if not self.out.as_json:
                self.steps.announce(place)
                self.out.rows(seen, [str(c["name"]) for c in seen.columns], seen.rows, empty="No rows.")

    def _known_service(self, name: str) -> str | None:
        return next((service.id for service in self.client.services.list() if service.name == name), None)

    def _score(self, endpoint: Endpoint, rows: Sequence[Cells]) -> None:
        scoring = Scoring(endpoint.api_location, endpoint.primary_key)
        wanted = scoring.input_columns()
        sent = [{name: row[name] for name in wanted} for row in rows]
        self.steps.announce(f"Score {len(sent)} rows: by requests of {BATCH} rows, and by one batch job")
        answers = rows_of([scoring.score(sent[start : start + BATCH]) for start in range(0, len(sent), BATCH)])
        self.report.scored, self.report.answer = len(answers), dict(answers[0]) if answers else {}
        batch = self._batch(scoring, wanted, sent)
        self.report.equal = batch == answers
        if not self.report.equal:
            raise RestudioError(Kind.INTERNAL, "BatchDiffers", "The batch job and the requests gave different answers.")
        told = list(self.report.answer.items())[-4:]
        self.out.note("  the first answer ends with " + ", ".join(f"{k}: {shown(v)}" for k, v in told))
        self.out.note(f"  {len(answers)} answers, the same by both ways")

    def _batch(self, scoring: Scoring, columns: Sequence[str], rows: Sequence[Cells]) -> list[dict[str, Any]]:
        place, connection = f"{CONTAINER}/{self.name}", self.account.connection_string
        self.account.upload(f"{place}-rows.csv", _to_csv(columns, rows))
        job = scoring.submit(
            {"input1": blob_input(connection, f"{place}-rows.csv")},
            {"output1": blob_input(connection, f"{place}-scored.csv")},
        )
        scoring.start(job)
        results_of(watch_job(self.out, scoring, job))
        text = self.account.download(f"{place}-scored.csv").decode("utf-8-sig")
        return [
            {name: cell if cell != "" else None for name, cell in row.items()}
            for row in csv.DictReader(io.StringIO(text, newline=""))
        ]


def read_callers(path: Path) -> list[Cells]:
    """The first rows of a data set as callers send them: texts, an empty cell as null."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        first = next(reader)
        records = [first, *reader] if path.name.endswith(NO_HEADER) else list(reader)
    names = [f"Col{n}" for n in range(1, len(first) + 1)] if path.name.endswith(NO_HEADER) else first
    return [{n: cell or None for n, cell in zip(names, record, strict=True)} for record in records[:MOST_ROWS]]


def _to_csv(columns: Sequence[str], rows: Sequence[Mapping[str, str | None]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()

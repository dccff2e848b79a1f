"""The whole loop over HTTP, step by step: train, publish, score, retrain, patch, compare, roll back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from restudio.cli.console import Output, shown
from restudio.cli.demo_data import DemoData, score_of, to_csv
from restudio.cli.demo_experiment import METRICS, MODEL, TRAINING_DATA, training_experiment
from restudio.cli.progress import watch_job
from restudio.cli.steps import CONTAINER, Steps, results_of, rows_of
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.scoring import Scored, Scoring, blob_input
from restudio.client.types import Endpoint, Location, Resource, Service
from restudio.core.errors import Kind, RestudioError

ENDPOINT = "fresh"


@dataclass
class Report:
    """What the loop found, for ``--json`` and for the words at the end."""

    url: str = ""
    data: str = ""
    metric: str = ""
    before: float = 0.0
    after: float = 0.0
    first_revision: str | None = None
    live_revision: str | None = None
    changed_answers: int = 0
    rolled_back: bool = False
    training_service: str = ""
    predictive_service: str = ""
    experiments: dict[str, str] = field(default_factory=dict)
    help: dict[str, str] = field(default_factory=dict)


class Loop:
    """One pass; every step is one method and prints what it did."""

    def __init__(self, out: Output, client: Client, account: BlobAccount, data: DemoData) -> None:
        self.out = out
        self.client = client
        self.steps = Steps(out, client)
        self.account = account
        self.data = data
        self.report = Report(url=client.url, data=data.name)

    def run(self) -> Report:
        """All steps in order; an error of any of them ends it."""
        training, predictive = self._train_and_set_up()
        trainer = self.steps.publish(training, "training service: new data in, model and metrics out")
        predictor = self.steps.publish(predictive, "predictive service: rows in, predictions out")
        default = self.client.endpoints.get(predictor.id, predictor.default_endpoint)
        before = self._score_before(default)
        location = self._retrain(trainer)
        fresh = self._add_endpoint(predictor)
        self._patch(predictor, fresh, location)
        self._compare(fresh, before)
        self._roll_back(predictor, fresh, before)
        self.report.training_service, self.report.predictive_service = trainer.id, predictor.id
        self.report.help = {
            "training": self._help_of(trainer),
            "default": default.help_location,
            ENDPOINT: fresh.help_location,
        }
        return self.report

    # --- steps ----------------------------------------------------------------------------------------------------

    def _train_and_set_up(self) -> tuple[str, str]:
        data = self.data
        self.steps.announce(
            f"Upload the first {len(data.first)} rows of {data.name} and import the training experiment"
        )
        for note in data.notes:
            self.out.note(f"  {note}")
        asset = self.client.datasets.upload_bytes(to_csv(data.first), f"{data.name} first", "GenericCSV")
        text = training_experiment(f"{data.name} {self._suffix(asset.id)}".strip(), asset.id, data.label, data.task)
        experiment = self.client.experiments.import_yaml(text)
        run = self.steps.run(experiment.id, experiment.title)
        self._metrics(self.client.runs.preview(run.id, "evaluate", "Evaluation results").records())
        made = self.steps.set_up(run.id)
        self.report.experiments = {"training": experiment.id, "predictive": made.experiment.id}
        return experiment.id, made.experiment.id

    def _score_before(self, default: Endpoint) -> list[Scored]:
        self.steps.announce(f"Score {len(self.data.holdout)} rows that no model has seen (request-response)")
        answers = self._score(default)
        self.report.metric, self.report.before = score_of(self.data, rows_of(answers))
        self.out.note(f"  {self.report.metric} of the first model: {self.report.before:.4f}")
        return answers

    def _retrain(self, trainer: Service) -> Location:
        rows = [*self.data.first, *self.data.later]
        self.steps.announce(f"Retrain on {len(rows)} rows: a batch job of the training service")
        endpoint = self.client.endpoints.get(trainer.id, trainer.default_endpoint)
        scoring = Scoring(endpoint.api_location, endpoint.primary_key)
        self.account.upload(f"{CONTAINER}/{self.data.name}-all.csv", to_csv(rows))
        connection = self.account.connection_string
        job = scoring.submit(
            {TRAINING_DATA: blob_input(connection, f"{CONTAINER}/{self.data.name}-all.csv")},
            {
                MODEL: blob_input(connection, f"{CONTAINER}/{self.data.name}.ilearner"),
                METRICS: blob_input(connection, f"{CONTAINER}/{self.data.name}-metrics.csv"),
            },
        )
        scoring.start(job)
        result = watch_job(self.out, scoring, job)
        location = results_of(result)[MODEL]
        self._metrics_text(self.account.download(f"{CONTAINER}/{self.data.name}-metrics.csv").decode("utf-8-sig"))
        return location

    def _add_endpoint(self, predictor: Service) -> Endpoint:
        self.steps.announce(f"Add endpoint '{ENDPOINT}' beside the default one")
        known = {endpoint.name: endpoint for endpoint in self.client.endpoints.list(predictor.id)}
        return known.get(ENDPOINT) or self.client.endpoints.add(
            predictor.id, ENDPOINT, description="Kept fresh by the demo"
        )

    def _patch(self, predictor: Service, fresh: Endpoint, location: Location) -> None:
        resource = _only(fresh.resources).name
        self.steps.announce(f"PATCH '{resource}' with the new model: first as a dry run, then for real")
        self.client.endpoints.patch(predictor.id, ENDPOINT, resource, location, dry_run=True)
        self.out.note("  dry run: it would be accepted")
        answer = self.client.endpoints.patch(predictor.id, ENDPOINT, resource, location)
        self.report.live_revision = answer["Revision"]["Id"]

    def _compare(self, fresh: Endpoint, before: list[Scored]) -> None:
        answers = self._score(fresh, self.report.live_revision)
        _, self.report.after = score_of(self.data, rows_of(answers))
        self.report.changed_answers = sum(a != b for a, b in zip(rows_of(before), rows_of(answers), strict=True))
        self.out.note(f"  live revision: {self.report.live_revision}")
        self.out.note(f"  {self.report.changed_answers} of {len(self.data.holdout)} answers changed")
        self.out.note(f"  {self.report.metric}: {self.report.before:.4f} before, {self.report.after:.4f} after")

    def _roll_back(self, predictor: Service, fresh: Endpoint, before: list[Scored]) -> None:
        self.steps.announce("Roll back, compare, and go forward again")
        ledger = self.client.services.ledger(predictor.id, ENDPOINT)
        self.report.first_revision, new = ledger[-1].id, ledger[0].id
        old = self.client.services.rollback(predictor.id, ENDPOINT, ledger[-1].id).id
        self.report.rolled_back = rows_of(self._score(fresh, old)) == rows_of(before)
        if not self.report.rolled_back:
            raise RestudioError(
                Kind.INTERNAL, "RollbackDiffers", "After the rollback the old answers did not come back."
            )
        self.out.note("  the old answers are back, to the bit")
        self.report.live_revision = self.client.services.rollback(predictor.id, ENDPOINT, new).id
        for line in self.client.services.ledger(predictor.id, ENDPOINT):
            self.out.note(f"  {'→' if line.live else ' '} {line.number}  {line.why}")

    # --- words ----------------------------------------------------------------------------------------------------

    def _metrics(self, rows: Sequence[dict[str, object]]) -> None:
        told = [f"{k} {shown(v)}" for k, v in (rows[0] if rows else {}).items() if isinstance(v, (int, float))]
        self.out.note("  " + ", ".join(told[:7]))

    def _metrics_text(self, text: str) -> None:
        names, values = (line.split(",") for line in text.splitlines()[:2])
        told = [f"{k.strip(chr(34))} {shown(_number(v))}" for k, v in zip(names, values, strict=False)]
        self.out.note("  metrics of the new model: " + ", ".join(told[:7]))

    def _score(self, endpoint: Endpoint, revision: str | None = None) -> list[Scored]:
        return self.steps.score(endpoint, [self.data.caller_row(row) for row in self.data.holdout], revision)

    def _help_of(self, service: Service) -> str:
        return self.client.endpoints.get(service.id, service.default_endpoint).help_location

    def _suffix(self, asset: str) -> str:
        """Empty for the first data set of its name, else its version, so that titles stay distinct."""
        number = asset.rpartition("-")[2]
        return "" if number == "1" else number


def _only(resources: Sequence[Resource]) -> Resource:
    if len(resources) != 1:
        raise RestudioError(Kind.INTERNAL, "NoUpdatableResources", "The predictive service should have one model.")
    return resources[0]


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text

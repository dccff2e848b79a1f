"""The weekly demo: a quarter of retraining by a trigger, on a server whose clock the demo moves."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from restudio.cli.console import Output, at
from restudio.cli.demo_data import DemoData, score_of, to_csv
from restudio.cli.demo_experiment import training_experiment
from restudio.cli.demo_file import Row
from restudio.cli.demo_server import DemoServer
from restudio.cli.steps import Steps, rows_of
from restudio.cli.weekly_documents import data_path, weekly_documents, weekly_trigger
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.credentials import read_credentials
from restudio.client.factories import ENDED, Factory, TriggerRun
from restudio.client.types import Endpoint, Revision, Service
from restudio.core.errors import Kind, RestudioError

NAME = "retrain-weekly"
ABOUT = "a quarter of weekly retraining in seconds: windows, pipeline runs, revisions, on a clock that leaps"
ENDPOINT = "weekly"
WEEKS = 13
WEEK = timedelta(days=7)
BEHIND = WEEKS * WEEK
"""How far behind the machine's clock the server starts: the quarter ends now."""
_PATIENCE_S = 180.0
_EVERY_S = 0.1


class Week(msgspec.Struct):
    """One window, and what its run did; ``revision`` is the number of the one that it put live."""

    start: str
    end: str
    rows: int
    status: str
    run: str = ""
    revision: int | None = None
    score: float | None = None
    why: str = ""


class WeeklyReport(msgspec.Struct):
    """What the demo found; the newest revision comes first in the ledger."""

    url: str
    data: str
    metric: str = ""
    service: str = ""
    trigger: str = ""
    first_score: float = 0.0
    weeks: list[Week] = []
    ledger: list[Revision] = []


class WeeklyDemo:
    """One run of it on a server whose clock is :data:`BEHIND`; every step prints what it does."""

    def __init__(self, out: Output, client: Client, server: DemoServer, data: DemoData) -> None:
        self.out = out
        self.client = client
        self.server = server
        self.data = data
        self.steps = Steps(out, client)
        self.report = WeeklyReport(client.url, data.name)
        self._credentials = read_credentials(server.home)
        began = datetime.now(UTC) - BEHIND
        monday = began - timedelta(days=began.weekday())
        self._first = monday.replace(hour=0, minute=0, second=0, microsecond=0)
        later = random.Random(7).sample(data.later, len(data.later))  # they come sorted by label
        self._parts: list[list[Row]] = [
            [*data.first, *later[: len(later) * week // WEEKS]] for week in range(1, WEEKS + 1)
        ]

    def run(self) -> WeeklyReport:
        """The whole quarter. It goes on when a week fails, and fails at its end."""
        trainer, predictor = self._publish()
        self._upload()
        factory = self._import(trainer, predictor)
        self._play(factory, predictor)
        self._tell_ledger(predictor)
        self._ensure_complete()
        return self.report

    # --- steps ----------------------------------------------------------------------------------------------------

    def _publish(self) -> tuple[Service, Service]:
        data = self.data
        self.steps.announce(f"Train on the first {len(data.first)} rows of {data.name}, publish both services")
        asset = self.client.datasets.upload_bytes(to_csv(data.first), f"{data.name} first", "GenericCSV")
        title = f"{data.name} weekly {asset.version}"
        text = training_experiment(title, asset.id, data.label, data.task)
        experiment = self.client.experiments.import_yaml(text)
        run = self.steps.run(experiment.id, experiment.title)
        made = self.steps.set_up(run.id)
        trainer = self.steps.publish(experiment.id, "training service: the file of a week in, a model out")
        predictor = self.steps.publish(made.experiment.id, "predictive service: rows in, predictions out")
        fresh = self.client.endpoints.add(predictor.id, ENDPOINT, description="Retrained every week")
        self.report.service = predictor.id
        self.report.metric, self.report.first_score = self._score(fresh, None)
        self.out.note(f"  endpoint '{ENDPOINT}': {self.report.metric} {_figure(self.report.first_score)}")
        return trainer, predictor

    def _upload(self) -> None:
        self.steps.announce(f"Put the data of {WEEKS} weeks into storage, each with the rows that there were by then")
        connection = self._credentials.storage_connection_string
        account = BlobAccount(connection, now=lambda: time.time() - BEHIND.total_seconds())
        for number, rows in enumerate(self._parts):
            account.upload(data_path(self._start(number)), to_csv(rows))
        self.out.note(f"  {data_path(self._start(0))} … {data_path(self._start(WEEKS - 1))}")

    def _import(self, trainer: Service, predictor: Service) -> Factory:
        self.steps.announce("Import the pipeline 'train, then update' and its weekly trigger; start the trigger")
        known = self._credentials
        factory = self.client.factory(known.factory_name, known.resource_group)
        fresh = self.client.endpoints.get(predictor.id, ENDPOINT)
        address = f"{self.client.url}/workspaces/{known.workspace_id}/webservices/{predictor.id}/endpoints/{ENDPOINT}"
        training = self.client.endpoints.get(trainer.id, trainer.default_endpoint)
        # Windows keep their start for ever: a home that has seen the demo gets one more trigger.
        count = sum(each.name.startswith("EveryWeek") for each in factory.list_triggers())
        self.report.trigger = f"EveryWeek{count + 1}"
        documents = weekly_documents(known.storage_connection_string, training, fresh, address)
        trigger = weekly_trigger(self.report.trigger, self._first, self._start(WEEKS))
        for each in factory.publish([*documents, trigger]):
            self.out.note(f"  {each.kind} {each.name}")
        factory.start_trigger(self.report.trigger)
        return factory

    def _play(self, factory: Factory, predictor: Service) -> None:
        self.steps.announce(f"Let {WEEKS} weeks pass: the clock leaps when the run of a week has ended")
        before = ""
        for number in range(WEEKS):
            self.server.advance(WEEK)
            week = self._follow(factory, predictor, number)
            self.report.weeks.append(week)
            why = "as the week before" if week.why == before else week.why
            came = f"revision {week.revision}, {self.report.metric} {_figure(week.score)}" if week.revision else why
            self.out.note(f"  {week.start} – {week.end}  {week.rows:4} rows  {week.status}: {came}")
            before = week.why

    def _follow(self, factory: Factory, predictor: Service, number: int) -> Week:
        before = self.client.services.ledger(predictor.id, ENDPOINT)[0]
        fired = self._fired(factory, number)
        start, end = (f"{self._start(n):%Y-%m-%d}" for n in (number, number + 1))
        week = Week(start, end, len(self._parts[number]), fired.status, why=fired.message)
        if fired.triggered_pipelines:
            week.run = next(iter(fired.triggered_pipelines.values()))
            run = factory.get_run(week.run)
            week.status, week.why = run.status, run.message
        live = self.client.services.ledger(predictor.id, ENDPOINT)[0]
        if live.id != before.id:
            week.revision = live.number
            _, week.score = self._score(self.client.endpoints.get(predictor.id, ENDPOINT), live.id)
        return week

    def _fired(self, factory: Factory, number: int) -> TriggerRun:
        """What the window of a week started, once it has ended."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            fired = factory.list_trigger_runs(self.report.trigger)[::-1]
            if len(fired) > number and _ended(factory, fired[number]):
                return fired[number]
            time.sleep(_EVERY_S)
        raise TimeoutError(f"The run of week {number + 1} did not end within {_PATIENCE_S:.0f} s.")

    def _tell_ledger(self, predictor: Service) -> None:
        self.report.ledger = list(self.client.services.ledger(predictor.id, ENDPOINT))
        if self.out.as_json:
            return
        self.steps.announce(f"The ledger of endpoint '{ENDPOINT}'")
        weeks = {week.revision: week for week in self.report.weeks}
        lines = [_line(each, weeks.get(each.number), self.report.first_score) for each in self.report.ledger]
        columns = ("no", "", "since", "week", "rows", self.report.metric, "why")
        self.out.rows(self.report, columns, lines, empty="No revisions.")

    def _ensure_complete(self) -> None:
        weeks = self.report.weeks
        failed = [week for week in weeks if week.status != "Succeeded" or week.revision is None]
        if failed:
            first = failed[0]
            raise RestudioError(
                Kind.MODULE_EXECUTION,
                "WeekFailed",
                f"{len(failed)} of {len(weeks)} weeks put no new model live; the first is that of {first.start}, which"
                f" ended {first.status}: {first.why or 'the endpoint kept its revision'}",
            )
        if len(self.report.ledger) != WEEKS + 1:
            message = f"The ledger should hold the first revision and {WEEKS} more, it holds {len(self.report.ledger)}."
            raise RestudioError(Kind.INTERNAL, "LedgerDiffers", message)

    def _score(self, endpoint: Endpoint, revision: str | None) -> tuple[str, float]:
        """How good the endpoint is on rows that no model has seen."""
        rows = [self.data.caller_row(row) for row in self.data.holdout]
        return score_of(self.data, rows_of(self.steps.score(endpoint, rows, revision)))

    def _start(self, number: int) -> datetime:
        return self._first + number * WEEK


def told_of_weeks(report: WeeklyReport) -> str:
    """The findings in a line."""
    change = f"{report.metric} {_figure(report.first_score)} → {_figure(report.weeks[-1].score)}"
    return f"{report.data}: {len(report.weeks)} weeks, {len(report.ledger)} revisions, {change}"


def _figure(score: float | None) -> str:
    return "" if score is None else f"{score:.4f}"


def _ended(factory: Factory, fired: TriggerRun) -> bool:
    runs: Sequence[str] = list(fired.triggered_pipelines.values())
    if runs:
        return all(factory.get_run(run).status in ENDED for run in runs)
    return fired.status in ENDED


def _line(revision: Revision, week: Week | None, first: float) -> Sequence[object]:
    told = (week.start, week.rows, _figure(week.score)) if week else ("", "", _figure(first))
    return (revision.number, "live" if revision.live else "", at(revision.at), *told, revision.why)

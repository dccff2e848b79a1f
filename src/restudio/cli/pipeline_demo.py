"""The designer's demo: one published pipeline retrained on three data paths side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from restudio.cli.console import Output, shown
from restudio.cli.demo_data import DemoData, to_csv
from restudio.cli.demo_experiment import LEARNERS
from restudio.cli.demo_file import Row
from restudio.cli.steps import Steps
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.pipeline_types import PipelineRun
from restudio.core.errors import Kind, RestudioError

NAME = "designer"
ABOUT = "publish a pipeline, retrain it on three data paths side by side, compare metrics and models"
STORE, CONTAINER = "workspaceblobstore", "azureml-blobstore"
_MOST_METRICS = 8


class Trained(msgspec.Struct):
    """One retraining: the data that it learned from, its metrics, and the version of the model."""

    path: str
    rows: int
    run: str
    reused: int
    metrics: dict[str, float]
    model: str
    model_version: int


class PipelineReport(msgspec.Struct):
    """What the demo found."""

    url: str
    data: str
    draft: str = ""
    pipeline: str = ""
    endpoint: str = ""
    rest_endpoint: str = ""
    trained: list[Trained] = []


class PipelineDemo:
    """One run of it on a server that answers; every step prints what it does."""

    def __init__(self, out: Output, client: Client, account: BlobAccount, data: DemoData) -> None:
        self.out = out
        self.client = client
        self.account = account
        self.data = data
        self.report = PipelineReport(client.url, data.name)
        self._step = Steps(out, client).announce

    def run(self) -> PipelineReport:
        """The whole demo; an error ends it."""
        parts = self._parts()
        self._upload(parts)
        pipeline = self._publish(next(iter(parts)))
        runs = self._retrain(pipeline, parts)
        self._compare(runs, parts)
        return self.report

    def _parts(self) -> Mapping[str, list[Row]]:
        first, later = self.data.first, self.data.later
        return {"week-1": first, "week-2": [*first, *later[: len(later) // 2]], "week-3": [*first, *later]}

    def _upload(self, parts: Mapping[str, list[Row]]) -> None:
        self._step(f"Put {self.data.name} at three paths of the data store '{STORE}'")
        for name, rows in parts.items():
            self.account.upload(f"{CONTAINER}/{self._path(name)}/rows.csv", to_csv(rows))
            self.out.note(f"  {self._path(name)}: {len(rows)} rows")
        self.client.datasets.upload_bytes(to_csv(self.data.holdout), self._holdout, "GenericCSV")

    def _publish(self, part: str) -> str:
        self._step("Draw a training pipeline whose data is a parameter, publish it, give it a lasting endpoint")
        draft = self.client.drafts.import_yaml(self._pipeline(part))
        for parameter in draft.parameters:
            self.out.note(f"  parameter '{parameter.name}' ({parameter.type}), by default {parameter.default}")
        published = self.client.drafts.publish(draft.id)
        endpoint = self.client.pipeline_endpoints.put(draft.name, published.id)
        self.out.note(f"  POST {endpoint.rest_endpoint}")
        self.report.draft, self.report.pipeline, self.report.endpoint = draft.id, published.id, endpoint.name
        self.report.rest_endpoint = endpoint.rest_endpoint
        return published.id

    def _retrain(self, pipeline: str, parts: Mapping[str, list[Row]]) -> dict[str, PipelineRun]:
        self._step("Submit it three times, each with another data path, and wait for all")
        submitted = {
            name: self.client.published.submit(
                pipeline, experiment=f"{self.data.name}-retraining", data={"training_data": (STORE, self._path(name))}
            )
            for name in parts
        }
        ended = {name: self.client.pipeline_runs.wait(run.id) for name, run in submitted.items()}
        for name, run in ended.items():
            self.out.note(f"  {name}: {run.status}, {run.reused} of {len(run.steps)} steps reused")
            if not run.ended_well:
                raise RestudioError(
                    Kind.MODULE_EXECUTION, "RunFailed", f"The run on {name} failed: {run.error_message}"
                )
        return ended

    def _compare(self, runs: Mapping[str, PipelineRun], parts: Mapping[str, list[Row]]) -> None:
        self._step(f"Register the models, judged on the same {len(self.data.holdout)} rows")
        for name, run in runs.items():
            model = self.client.pipeline_runs.register_model(run.id, self.data.name)
            metrics = next(iter(self.client.pipeline_runs.metrics(run.id).values()), {})
            trained = Trained(
                self._path(name), len(parts[name]), run.id, run.reused, dict(metrics), model.id, model.version
            )
            self.report.trained.append(trained)
        names = list(dict.fromkeys(n for t in self.report.trained for n in t.metrics))[:_MOST_METRICS]
        rows = [("rows", *(t.rows for t in self.report.trained)),
                ("model version", *(t.model_version for t in self.report.trained)),
                *((n, *(t.metrics.get(n) for t in self.report.trained)) for n in names)]  # fmt: skip
        if not self.out.as_json:
            self.out.rows(self.report, ("", *(t.path for t in self.report.trained)), rows, empty="")

    @property
    def _holdout(self) -> str:
        return f"{self.data.name}-holdout.csv"

    def _path(self, part: str) -> str:
        return f"{self.data.name}/{part}"

    def _pipeline(self, part: str) -> str:
        rule = {"ruleType": "ColumnNames", "columns": [self.data.label], "exclude": False}
        label = json.dumps({"isFilter": True, "rules": [rule]})
        return _TEXT.format(
            title=json.dumps(f"{self.data.name} retraining"),
            data=json.dumps(f"azureml://datastores/{STORE}/paths/{self._path(part)}"),
            holdout=json.dumps(self._holdout),
            learner=LEARNERS[self.data.task],
            label=json.dumps(label),
        )


def told_of(report: PipelineReport) -> str:
    """The findings in a line."""
    first, last = report.trained[0], report.trained[-1]
    name = next(iter(last.metrics), "")
    change = f"{shown(first.metrics.get(name))} → {shown(last.metrics.get(name))}"
    return (
        f"{report.data}: {name} {change} from {first.rows} to {last.rows} rows, {len(report.trained)} models registered"
    )


_TEXT = """\
restudio: pipeline/1
title: {title}
parameters:
  training_data:
    type: DataSource
    default: {data}
    description: Where the rows to learn from are.
nodes:
  data:
    module: dataset
    linked parameters:
      asset: training_data
  clean:
    module: clean-missing-data
    inputs:
      Dataset: data / dataset
    parameters:
      Cleaning mode: Custom substitution value
      Replacement value: "0"
  learner:
    module: {learner}
  train:
    module: train-model
    inputs:
      Untrained model: learner / Untrained model
      Dataset: clean / Cleaned dataset
    parameters:
      Label column: {label}
  holdout:
    module: dataset
    parameters:
      asset: {holdout}
  apply:
    module: apply-transformation
    inputs:
      Transformation: clean / Cleaning transformation
      Dataset: holdout / dataset
  score:
    module: score-model
    inputs:
      Trained model: train / Trained model
      Dataset: apply / Transformed dataset
  evaluate:
    module: evaluate-model
    inputs:
      Scored dataset: score / Scored dataset
"""

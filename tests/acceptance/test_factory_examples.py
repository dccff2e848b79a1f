"""The pipelines of ``examples/factory`` on a real server with the Adult data set, by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.adult import DATA, need_data
from tests.acceptance.server import Server
from tests.command_line import Told, restudio_here

from restudio.client import Client
from restudio.client.factories import Document, Factory, TriggerRun
from restudio.client.types import Revision, Service

FIRST_WEEK, *_ = STARTS = tuple(f"1/{day}/2024 12:00:00 AM" for day in (1, 8, 15))
EXAMPLES = Path(__file__).parents[2] / "examples" / "factory"
WEEK = "week=2024-01-08"


@dataclass(frozen=True)
class Prepared:
    server: Server
    client: Client
    factory: Factory
    scoring: Service

    def run(self, *arguments: str) -> Told:
        return restudio_here("factory", *arguments, "--home", self.server.home)

    def ledger(self, endpoint: str = "weekly") -> Sequence[Revision]:
        return self.client.services.ledger(self.scoring.id, endpoint)

    def newest(self, pipeline: str) -> str:
        return self.factory.list_runs(pipeline, limit=1)[0].run_id

    def wait_for_slices(
        self, when: Callable[[Sequence[TriggerRun]], bool] = lambda found: len(found) == 6
    ) -> Sequence[TriggerRun]:
        """The slices of version 1, once they are all ready and what is waited for holds."""
        deadline = time.monotonic() + 240
        while True:
            found = [
                each for each in self.factory.list_trigger_runs() if each.trigger_name.startswith("WeeklyRetrain ")
            ]
            states = [each.properties["State"] for each in found]
            if set(states) == {"Succeeded"} and when(found):
                return found
            told = [(each.trigger_name, each.properties, each.message) for each in found]
            assert "Failed" not in states, told
            assert time.monotonic() < deadline, told
            time.sleep(0.5)

    def slice_run(self, slices: Sequence[TriggerRun], start: str) -> str:
        """The run that published the model of a slice."""
        [run] = [
            run
            for each in slices
            if each.trigger_name == "WeeklyRetrain - publish" and each.properties["windowStartTime"] == start
            for run in each.triggered_pipelines.values()
        ]
        return run


@pytest.fixture(scope="module")
def prepared(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A quarter of the data set is enough for models that are good, and different every week."""
    need_data()
    data = tmp_path_factory.mktemp("census") / DATA.name
    data.write_text("".join(DATA.read_text().splitlines(keepends=True)[: 1 + 8000]))
    program = [sys.executable, str(EXAMPLES / "prepare.py"), str(server.home), str(data)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    again = subprocess.run(program, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    client, told = server.client(), server.credentials
    [scoring] = [service for service in client.services.list() if service.name == "Census"]
    return Prepared(server, client, client.factory(told.factory_name, told.resource_group), scoring)


def test_weekly_retraining_patches_the_endpoint_once(prepared: Prepared) -> None:
    before = len(prepared.ledger())
    done = prepared.run("run", "RetrainWeekly", "-p", WEEK, "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    ledger = prepared.ledger()
    assert len(ledger) == before + 1
    assert "RetrainWeekly" in ledger[0].why
    activities = prepared.factory.activity_runs(prepared.newest("RetrainWeekly"))
    assert [(each.activity_name, each.status) for each in activities] == [
        ("File is there", "Succeeded"),
        ("Train", "Succeeded"),
        ("Update", "Succeeded"),
    ]
    assert "AccountKey" not in str(activities)
    assert "sig=" not in str(activities)


def test_version_1_makes_a_revision_of_every_slice_in_order_and_runs_one_again(prepared: Prepared) -> None:
    before = len(prepared.ledger("weeks"))
    assert prepared.run("slices", "start", "WeeklyRetrain").returncode == 0
    slices = prepared.wait_for_slices()
    assert (
        sorted(each.trigger_name for each in slices) == ["WeeklyRetrain - publish"] * 3 + ["WeeklyRetrain - train"] * 3
    )
    made = prepared.ledger("weeks")
    assert len(made) == before + 3
    # The newest first: every revision comes from the run of its slice, and each has a model of its own.
    publishes = [prepared.slice_run(slices, start) for start in reversed(STARTS)]
    assert [run in revision.why for run, revision in zip(publishes, made, strict=False)] == [True] * 3
    models = [str(each.resources) for each in made[:3]]
    assert len(set(models)) == 3

    done = prepared.run("slices", "set", "WeeklyRetrain", "publish", FIRST_WEEK, "Waiting")
    assert done.returncode == 0, done.stdout + done.stderr
    again = prepared.wait_for_slices(lambda found: prepared.slice_run(found, FIRST_WEEK) not in publishes)
    assert [prepared.slice_run(again, start) for start in reversed(STARTS[1:])] == publishes[:2]
    newest, *older = prepared.ledger("weeks")
    assert [each.id for each in older] == [each.id for each in made]
    assert (newest.live, str(newest.resources)) == (True, models[2])

    unknown = prepared.run("slices", "set", "WeeklyRetrain", "publish", "1/2/2024 12:00:00 AM", "Waiting")
    assert unknown.returncode != 0
    assert "No slice of dataset 'Updated' begins at 2024-01-02T00:00:00Z" in " ".join(unknown.stderr.split())
    shown = prepared.run("slices", "list", "WeeklyRetrain")
    assert shown.stdout.count("Ready") == 6, shown.stdout + shown.stderr
    key = prepared.client.endpoints.get(prepared.scoring.id, "weeks").primary_key
    assert key not in str(prepared.factory.export())


def test_the_older_scoring_activity_cannot_choose_between_two_outputs(prepared: Prepared, tmp_path: Path) -> None:
    place = {
        "type": "AzureBlob",
        "linkedServiceName": "WeeklyLake",
        "typeProperties": {"folderPath": "lake/models", "fileName": "old.ilearner"},
        "availability": {"frequency": "Week", "interval": 1},
    }
    activity: dict[str, object] = {
        "name": "train",
        "type": "AzureMLBatchScoring",
        "linkedServiceName": "WeeklyTraining",
        "inputs": [{"name": "CensusWeek"}],
        "outputs": [{"name": "OldModel"}],
        "typeProperties": {"webServiceParameters": {}},
    }

    def import_pipeline() -> None:
        period = {"start": "2024-01-01", "end": "2024-01-08", "activities": [activity]}
        for kind, name, properties in (("dataset", "OldModel", place), ("pipeline", "OldWeek", period)):
            (tmp_path / kind).mkdir(exist_ok=True)
            (tmp_path / kind / f"{name}.json").write_text(json.dumps({"name": name, "properties": properties}))
        done = prepared.run("import", str(tmp_path))
        assert done.returncode == 0, done.stdout + done.stderr

    def slice_at(state: str) -> dict[str, str]:
        deadline = time.monotonic() + 120
        while True:
            [found] = json.loads(prepared.run("slices", "list", "OldWeek", "--json").stdout)
            if found["state"] == state:
                return dict(found)
            assert time.monotonic() < deadline, found
            time.sleep(0.2)

    import_pipeline()
    assert prepared.run("slices", "start", "OldWeek").returncode == 0
    message = slice_at("Failed")["message"]
    assert message.startswith("Batch Execution failed. The response from the Machine Learning service at endpoint ")
    assert (
        "Output names the only output of a service; this one has 2 outputs: use Outputs (of an activity: "
        "webServiceOutputs) with a reference for each of 'metrics', 'model'." in message
    )
    activity["type"] = "AzureMLBatchExecution"
    activity["typeProperties"] = {"webServiceInput": "CensusWeek", "webServiceOutputs": {"model": "OldModel"}}
    import_pipeline()
    assert prepared.run("slices", "set", "OldWeek", "train", "2024-01-01", "Waiting").returncode == 0
    assert slice_at("Ready")["message"] == ""


def test_a_missing_file_of_the_week_ends_the_run_and_changes_nothing(prepared: Prepared) -> None:
    before = len(prepared.ledger())
    [example] = [each for each in prepared.factory.export() if each.name == "RetrainIfBetter"]
    # The example waits a minute before it tries again.
    at_once = json.loads(json.dumps(example.properties).replace('"retry": 1', '"retry": 0'))
    assert at_once != example.properties
    prepared.factory.publish([Document("pipeline", "RetrainAtOnce", at_once)])
    done = prepared.run("run", "RetrainAtOnce", "-p", "week=1999-01-04", "--wait")
    assert done.returncode != 0
    assert "Batch Execution failed" in done.stdout + done.stderr
    assert len(prepared.ledger()) == before


@pytest.mark.parametrize(("least", "updates"), [("0.85", 1), ("0.999", 0)])
def test_only_a_good_model_goes_live(prepared: Prepared, least: str, updates: int) -> None:
    # A week of its own, so that the model is another than the one that is live.
    before = len(prepared.ledger())
    done = prepared.run("run", "RetrainIfBetter", "-p", "week=2024-01-01", "-p", f"leastAuc={least}", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(prepared.ledger()) == before + updates
    run = prepared.factory.get_run(prepared.newest("RetrainIfBetter"))
    outcome = str((run.pipeline_return_value or {})["outcome"])
    assert outcome == "The new model is live." if updates else outcome.startswith("The old model stays: AUC 0.")


def test_ten_sites_get_models_of_their_own(prepared: Prepared) -> None:
    done = prepared.run("run", "RetrainSites", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    resources = set()
    for number in range(1, 11):
        [live] = [revision for revision in prepared.ledger(f"site{number:02}") if revision.live]
        assert "RetrainSites" in live.why
        resources.add(str(live.resources))
    assert len(resources) == 10

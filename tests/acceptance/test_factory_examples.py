"""The pipelines of ``examples/factory`` on a real server with the Adult data set, by the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.acceptance.adult import DATA
from tests.acceptance.server import Server

from restudio.client import Client
from restudio.client.factories import Factory
from restudio.client.types import Revision, Service

EXAMPLES = Path(__file__).parents[2] / "examples" / "factory"
WEEK = "week=2024-01-08"


@dataclass(frozen=True)
class Prepared:
    server: Server
    client: Client
    factory: Factory
    scoring: Service

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "restudio", "factory", *arguments, "--home", str(self.server.home)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def ledger(self, endpoint: str = "weekly") -> Sequence[Revision]:
        return self.client.services.ledger(self.scoring.id, endpoint)

    def newest(self, pipeline: str) -> str:
        return self.factory.list_runs(pipeline, limit=1)[0].run_id


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    assert DATA.exists(), "../shared/data/adult.csv is needed"
    server = Server(tmp_path_factory.mktemp("examples-home")).start()
    try:
        program = [sys.executable, str(EXAMPLES / "prepare.py"), str(server.home), str(DATA)]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        client, told = server.client(), server.credentials
        [scoring] = [service for service in client.services.list() if service.name == "Census"]
        yield Prepared(server, client, client.factory(told.factory_name, told.resource_group), scoring)
    finally:
        server.stop()


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


def test_a_missing_file_of_the_week_ends_the_run_and_changes_nothing(prepared: Prepared) -> None:
    before = len(prepared.ledger())
    done = prepared.run("run", "RetrainIfBetter", "-p", "week=1999-01-04", "--wait")
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

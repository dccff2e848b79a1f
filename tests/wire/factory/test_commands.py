"""``restudio factory trigger`` and ``slices`` as a person types them, against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from tests.acceptance.server import Server
from tests.wire.factory.conftest import Client
from tests.wire.factory.test_version_1 import copy, dataset
from typer.testing import CliRunner

from restudio.cli.main import build_app

WEEKS = tuple(f"2024-01-{day:02}T00:00:00Z" for day in (1, 8, 15))
Say = Callable[..., str]


@pytest.fixture
def own(client: Client) -> list[str]:
    """Options that name a factory of these tests alone: ``export`` takes all that there is."""
    group = client.where[0]
    client.sdk.factories.create_or_update(group, "commands", {"location": "local"})
    return ["--factory", "commands", "--home", str(client.home)]


@pytest.fixture
def say(own: list[str]) -> Say:
    """Runs a command and gives what it prints; ``fails`` says that it must not succeed."""

    def run(*words: str | Path, fails: bool = False) -> str:
        done = CliRunner().invoke(build_app(), ["factory", *map(str, words), *own])
        assert (done.exit_code != 0) is fails, done.output
        return " ".join(done.output.split())

    return run


@pytest.fixture
def ask(own: list[str]) -> Callable[..., Any]:
    """Runs a command and gives its answer as JSON."""

    def run(*words: str) -> Any:
        done = CliRunner().invoke(build_app(), ["factory", *words, *own, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def wait(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60
    while not holds(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def write(folder: Path, **documents: dict[str, Any]) -> Path:
    for path, properties in documents.items():
        kind, _, name = path.partition("_")
        file = folder / kind / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"name": name, "properties": properties}))
    return folder


def test_triggers_are_started_fired_and_told_of(say: Say, ask: Callable[..., Any], tmp_path: Path) -> None:
    pause = {"name": "Pause", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}
    window = {
        "type": "TumblingWindowTrigger",
        "typeProperties": {
            "frequency": "Hour", "interval": 1, "startTime": "2024-01-01T00:00:00Z", "endTime": "2024-01-01T02:00:00Z",
            "maxConcurrency": 1,
        },
        "pipeline": {"pipelineReference": {"referenceName": "Nap", "type": "PipelineReference"}},
    }  # fmt: skip
    again = {
        "type": "RerunTumblingWindowTrigger",
        "typeProperties": {
            "parentTrigger": {"referenceName": "Hours", "type": "TriggerReference"},
            "requestedStartTime": "2024-01-01T01:00:00Z", "requestedEndTime": "2024-01-01T02:00:00Z",
            "rerunConcurrency": 1,
        },
    }  # fmt: skip
    pipelines = {"pipeline_Nap": {"activities": [pause]}}
    refused = say("import", write(tmp_path / "wrong", **pipelines, trigger_Again=again), fails=True)
    assert "there is no trigger 'Hours'" in refused
    say("import", write(tmp_path / "right", **pipelines, trigger_Hours=window, trigger_Again=again))
    assert "Hours TumblingWindowTrigger Stopped" in say("trigger", "list")
    assert say("trigger", "start", "hours") == "hours is started."
    runs = wait(
        lambda: ask("trigger", "runs", "--name", "Hours"),
        lambda found: [each["properties"]["State"] for each in found] == ["Succeeded"] * 2,
    )
    assert [each["properties"]["windowStartTime"] for each in runs] == ["1/1/2024 1:00:00 AM", "1/1/2024 12:00:00 AM"]
    say("trigger", "start", "Again")
    [once] = wait(
        lambda: ask("trigger", "runs", "--name", "Again"),
        lambda found: [each["properties"]["State"] for each in found] == ["Succeeded"],
    )
    assert once["triggeredPipelines"] == ask("trigger", "runs", "--name", "Hours")[0]["triggeredPipelines"]
    assert say("trigger", "stop", "Again") == "Again is stopped."
    assert say("trigger", "stop", "Hours") == "Hours is stopped."
    fired = say("trigger", "fire", "Hours", "--at", "2024-01-01T00:30:00Z")
    wait(
        lambda: ask("trigger", "runs", "--name", "Hours"),
        lambda found: [each["status"] for each in found if each["triggerRunId"] == fired] == ["Succeeded"],
    )
    assert say("trigger", "rerun", "Hours", fired) == f"{fired} runs again."
    wait(
        lambda: ask("trigger", "runs", "--name", "Hours"),
        lambda found: {each["status"] for each in found} == {"Succeeded"},
    )
    assert "cannot be cancelled" in say("trigger", "cancel", "Hours", fired, fails=True)
    assert say("trigger", "runs", "--name", "Hours", "--limit", "1").startswith(
        "trigger for state runs message id Hours 1/1/2024"
    )
    for wrong in ("[1]", "{fileName"):
        assert "--body must be a JSON object" in say("trigger", "fire", "Hours", "--body", wrong, fails=True)
    assert "no window at 2020" in say("trigger", "fire", "Hours", "--at", "2020-01-01T00:00:00Z", fails=True)
    assert "Hours" in say("trigger", "start", "Hour", fails=True)


def test_slices_run_in_order_and_are_set(say: Say, ask: Callable[..., Any], server: Server, tmp_path: Path) -> None:
    connection = server.credentials.storage_connection_string
    service = BlobServiceClient.from_connection_string(connection)
    with service, service.create_container("commands") as container:
        for week in ("20240101", "20240108", "20240115"):
            container.upload_blob(f"raw/{week}.csv", f"week\n{week}\n".encode())
    period = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-22T00:00:00Z"}
    lake = {"type": "AzureStorage", "typeProperties": {"connectionString": connection}}
    written = {
        "linkedService_lake": lake,
        "dataset_Raw": dataset("commands/raw", external=True),
        "dataset_Middle": dataset("commands/middle"),
        "dataset_Last": dataset("commands/last"),
        "pipeline_Weeks": {**period, "activities": [copy("Middle", "Last"), copy("raw", "Middle")]},
    }
    folder = write(tmp_path / "in", **written)
    assert "Weeks" in say("import", folder)

    def slices(*more: str) -> dict[tuple[str, str], tuple[str, str, str]]:
        told = ask("slices", "list", "Weeks", *more)
        return {(e["dataset"], e["start"]): (e["state"], e["substate"], e["runId"]) for e in told}

    assert {state[:2] for state in slices().values()} == {("Waiting", "ActivityResume")}
    assert say("slices", "start", "weeks") == "weeks is started."
    before = wait(slices, lambda found: {each[0] for each in found.values()} == {"Ready"})
    assert sorted(before) == sorted((name, week) for name in ("Last", "Middle") for week in WEEKS)
    for spelling, week in (("1/8/2024 12:00:00 AM", WEEKS[1]), ("2024-01-15T01:00+01:00", WEEKS[2])):
        assert say("slices", "set", "Weeks", "to Middle", spelling, "waiting") == "1 slice is waiting now."
        after = wait(slices, lambda found: {each[0] for each in found.values()} == {"Ready"})
        assert [key for key in after if after[key] != before[key]] == [("Middle", week)]
        before = after
    assert (
        say("slices", "set", "Weeks", "to Last", "2024-01-01", "Waiting", "--upstream") == "3 slices are Waiting now."
    )
    after = wait(slices, lambda found: {each[0] for each in found.values()} == {"Ready"})
    assert [key for key in after if after[key] != before[key]] == [("Last", WEEKS[0]), ("Middle", WEEKS[0])]
    assert "Weeks is paused." in say("slices", "pause", "Weeks")
    say("slices", "set", "Weeks", "to Last", "2024-01-08", "Skipped", "--to", "2024-01-22")
    assert [slices()["Last", week][0] for week in WEEKS] == ["Ready", "Skipped", "Skipped"]
    assert (
        say("slices", "list", "Weeks", "--from", "2024-01-08", "--to", "2024-01-09").count("2024-01-08T00:00:00Z") == 2
    )
    assert "begins at 2024-01-02T00:00:00Z" in say(
        "slices", "set", "Weeks", "to Last", "2024-01-02", "Ready", fails=True
    )
    assert "to Last" in say("slices", "set", "Weeks", "to Lost", "2024-01-01", "Ready", fails=True)
    assert "Waiting" in say("slices", "set", "Weeks", "to Last", "2024-01-01", "Wating", fails=True)
    assert "Weeks" in say("slices", "start", "Week", fails=True)

    say("export", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").rglob("*.json")}
    assert not any(" - " in name or "external" in name for name in names)
    for path, properties in written.items():
        kind, _, name = path.partition("_")
        found = json.loads(next((tmp_path / "out").rglob(f"{kind}/{name}.json")).read_text())["properties"]
        if kind == "linkedService":
            assert "AccountKey=**********" in found["typeProperties"]["connectionString"]
        else:
            assert found == ({**properties, "isPaused": True} if kind == "pipeline" else properties)
    say("import", tmp_path / "out")
    assert [slices()["Last", week][0] for week in WEEKS] == ["Ready", "Skipped", "Skipped"]

"""Designer pipelines from the command line: the demo, and every group of commands on what it left."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.command_line import restudio, restudio_here
from tests.e2e.answering import wait_for_processes


@dataclass(frozen=True)
class House:
    """A home in which the demo has run, and the server that it left running."""

    home: Path
    report: dict[str, Any]

    def command(self, *arguments: str, fails: bool = False) -> Any:
        done = restudio_here(*arguments, "--home", self.home, "--json")
        assert (done.returncode != 0) is fails, done.stderr + done.stdout
        return json.loads(done.stderr if fails else done.stdout)

    def pipelines(self, *arguments: str, fails: bool = False) -> Any:
        return self.command("pipelines", *arguments, fails=fails)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("designer") / "home"
    done = restudio("demo", "designer", "--home", home, "--keep", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    [server] = wait_for_processes(report["url"], 1)
    yield House(home, report)
    os.kill(server, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _is_alive(report["url"]):
        assert time.monotonic() < deadline, "the server did not end"
        time.sleep(0.05)


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live").is_success
    except httpx.TransportError:
        return False


def test_the_demo_retrains_on_three_paths_and_registers_three_models(house: House) -> None:
    trained = house.report["trained"]
    assert [t["model_version"] for t in trained] == [1, 2, 3]
    assert [t["rows"] for t in trained] == sorted(t["rows"] for t in trained)
    assert all(0.5 < t["metrics"]["Accuracy"] <= 1 for t in trained)
    compared = house.pipelines("runs", "metrics", *(t["run"] for t in trained))
    assert [compared[t["run"]]["train"]["Accuracy"] for t in trained] == [t["metrics"]["Accuracy"] for t in trained]


def test_submit_by_name_with_another_path_and_resubmit(house: House) -> None:
    endpoint = house.report["endpoint"]
    run = house.pipelines(
        "submit", endpoint, "-d", "training_data=workspaceblobstore:breast-cancer/week-2/*.csv", "--experiment", "cli"
    )
    assert (run["Status"], run["RunSource"], run["RunHistoryExperimentName"]) == ("Finished", "CLI", "cli")
    assert sum(step["IsReused"] for step in run["Steps"]) == len(run["Steps"])
    again = house.pipelines("runs", "resubmit", run["Id"])
    assert house.pipelines("runs", "watch", again["Id"])["Status"] == "Finished"
    assert [r["Id"] for r in house.pipelines("runs", "list", "--experiment", "cli")] == [again["Id"], run["Id"]]
    assert house.pipelines("submit", endpoint, "-p", "no=1", fails=True)["error"]["detail"] == "UnknownParameter"


def test_a_draft_is_exported_parametrised_and_published_again(house: House, tmp_path: Path) -> None:
    text = house.pipelines("draft", "export", house.report["draft"])["yaml"]
    file = tmp_path / "copy.pipeline.yaml"
    file.write_text(text)
    copy = house.pipelines("draft", "import", str(file))["id"]
    house.pipelines("draft", "attach", copy, "clean", "Replacement value", "filler")
    shown = house.pipelines("draft", "parameter", copy, "filler", "--default", "1", "--rename", "fill")
    assert [(p["name"], p["default"]) for p in shown["parameters"]][1:] == [("fill", "1")]
    house.pipelines("draft", "parameter", copy, "fill", "--remove")
    house.pipelines("draft", "declare", copy, "depth", "Int", "--default", "3")
    path = "training_data=workspaceblobstore:breast-cancer/week-1"
    made = house.pipelines("publish", copy, "-p", "depth=4", "-d", path, "--version", "spring")
    assert made["Version"] == "spring"
    assert {p["Name"]: p["DefaultValue"] for p in made["Parameters"]} == {
        "training_data": "azureml://datastores/workspaceblobstore/paths/breast-cancer/week-1",
        "depth": 4,
    }
    assert house.pipelines("draft", "check", copy) == []
    endpoint = house.pipelines("publish", copy, "--endpoint", house.report["endpoint"])
    assert endpoint["DefaultVersion"] == str(len(endpoint["PipelineVersionList"]) - 1) != "0"
    assert house.pipelines("endpoints", "set-default", house.report["endpoint"], "0")["DefaultVersion"] == "0"
    versions = house.pipelines("endpoints", "versions", house.report["endpoint"])
    assert [v["IsDefault"] for v in versions] == [False] * (len(versions) - 1) + [True]
    newest = versions[0]["Id"]
    assert house.pipelines("disable", newest)["Status"] == "Disabled"
    assert house.pipelines("submit", newest, fails=True)["error"]["detail"] == "PipelineDisabled"
    assert house.pipelines("enable", newest)["Status"] == "Active"


def test_a_schedule_fires(house: House) -> None:
    endpoint, data = house.report["endpoint"], "training_data=breast-cancer-holdout.csv"
    made = house.pipelines(
        *("schedule", "create", "weekly", "--endpoint", endpoint, "--every", "Week", "--on", "Sunday"), "-d", data
    )
    assert made["NextTime"]
    assert list(made["DataSetDefinitionValueAssignments"]) == ["training_data"]
    house.pipelines("schedule", "fire", made["Id"])
    deadline = time.monotonic() + 60
    while not (runs := house.pipelines("schedule", "runs", made["Id"])) or runs[0]["Status"] != "Finished":
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)
    assert runs[0]["RunSource"] == "Schedule"
    assert house.pipelines("schedule", "disable", made["Id"])["Status"] == "Disabled"
    house.pipelines("schedule", "delete", made["Id"])
    assert house.pipelines("schedule", "list") == []


def test_an_inference_pipeline_is_made_and_deployed(house: House) -> None:
    first, last = house.report["trained"][0]["run"], house.report["trained"][-1]["run"]
    made = house.pipelines("runs", "inference", first, "real-time")
    assert made["draft"]["role"] == "real-time"
    assert house.pipelines("draft", "deploy", made["draft"]["id"])["stage"] == "production"
    scored = house.pipelines("runs", "register-dataset", last, "score", "Scored dataset", "scored rows")
    assert scored["name"] == "scored rows"
    assert house.pipelines("runs", "clone", first, "--name", "again")["name"] == "again"
    updated = house.pipelines("draft", "update-inference", made["draft"]["id"], "--run", last)
    assert {c["node"] for c in updated["changes"]} == {"train:Trained model", "clean:Cleaning transformation"}


def test_data_stores(house: House, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    house.command("data-stores", "upload", "workspaceblobstore", str(tmp_path / "rows.csv"), "uploaded/")
    [uploaded] = house.command("data-stores", "files", "workspaceblobstore", "uploaded")
    assert (uploaded["path"], uploaded["size"]) == ("uploaded/rows.csv", 8)
    files = house.command("data-stores", "files", "workspaceblobstore", "breast-cancer")
    assert [f["path"] for f in files] == [f"breast-cancer/week-{n}/rows.csv" for n in (1, 2, 3)]
    house.command("data-stores", "put", "web", "http", "-p", "url=https://data.example/x")
    listed = restudio("data-stores", "list", "--home", house.home, "--json")
    assert [s["name"] for s in json.loads(listed.stdout)] == ["workspaceblobstore", "web"]
    house.command("data-stores", "delete", "web")
    refused = house.command("data-stores", "put", "etc", "folder", "-p", "path=/etc", fails=True)
    assert refused["error"]["detail"] == "FolderNotAllowed"

"""``restudio factory`` as a person types it, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.command_line import Told, restudio, restudio_here

MAIN = """{ // runs every night
  "name": "Main",
  "properties": {
    "parameters": {"n": {"type": "int", "defaultValue": 2}, "good": {"type": "bool", "defaultValue": true}},
    "variables": {"site": {"type": "String"}},
    "activities": [
      {"name": "Loop", "type": "ForEach", "typeProperties": {
        "items": {"value": "@range(0, pipeline().parameters.n)", "type": "Expression"},
        "activities": [{"name": "Pause", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}]}},
      {"name": "Set", "type": "SetVariable", "dependsOn": [{"activity": "Loop", "dependencyConditions": ["Succeeded"]}],
       "typeProperties": {"variableName": "site", "value": "@pipeline().globalParameters.site"}},
      {"name": "Judge", "type": "IfCondition",
       "dependsOn": [{"activity": "Set", "dependencyConditions": ["Succeeded"]}],
       "typeProperties": {"expression": {"value": "@pipeline().parameters.good", "type": "Expression"},
         "ifFalseActivities": [
           {"name": "Stop", "type": "Fail", "typeProperties": {"message": "not good enough", "errorCode": "7"}},
         ]}},
    ],
  },
}
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for name, text in {
        "pipeline/Main.json": MAIN,
        "factory/main.json": '{"properties": {"globalParameters": {"site": {"type": "String", "value": "north"}}}}',
        "linkedService/Lake.json": json.dumps(
            {
                "properties": {
                    "type": "AzureBlobStorage",
                    "typeProperties": {"connectionString": "AccountName=a;AccountKey=b=="},
                }
            }
        ),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def say(home: Path) -> Callable[..., Told]:
    def run(*words: str | Path) -> Told:
        return restudio_here("factory", *words, "--home", home)

    return run


def test_documents_go_in_run_and_come_out(
    say: Callable[..., Told], home: Path, documents: Path, tmp_path: Path
) -> None:
    validated = restudio("factory", "validate", documents, "--home", home)
    assert validated.stdout.strip() == "No problems."
    published = say("import", documents, "--set", "site=south")
    assert (published.returncode, published.stdout.split()[:2]) == (0, ["kind", "name"])
    told = say("run", "Main", "-p", "n=3", "--wait")
    assert told.returncode == 0, told.stderr
    assert "✓ Main  Succeeded" in told.stdout
    assert told.stdout.count("Pause  Wait") == 3
    listed = json.loads(say("runs", "Main", "--json").stdout)
    assert [run["status"] for run in listed] == ["Succeeded"]
    shown = json.loads(say("show", listed[0]["runId"], "--json").stdout)
    assert [each["output"]["value"] for each in shown["activities"] if each["activityName"] == "Set"] == ["south"]
    assert say("export", tmp_path).returncode == 0
    assert json.loads((tmp_path / "pipeline/Main.json").read_text())["name"] == "Main"
    assert "b==" not in (tmp_path / "linkedService/Lake.json").read_text()
    assert say("import", tmp_path).returncode == 0


def test_a_failed_run_is_told_and_run_again(say: Callable[..., Told]) -> None:
    failed = say("run", "Main", "-p", "good=false", "--wait")
    assert failed.returncode == 1
    assert "not good enough" in failed.stderr
    run = json.loads(say("runs", "--limit", "1", "--json").stdout)[0]["runId"]
    again = say("rerun", run, "--from-failure", "--wait")
    assert again.returncode == 1
    assert "Loop" in again.stdout
    assert say("rerun", run, "-p", "good=true", "--wait").returncode == 0
    cancelled = say("cancel", run)
    assert (cancelled.returncode, cancelled.stdout.split()) == (0, [run, "Failed"])


def test_mistakes_name_file_place_and_remedy(say: Callable[..., Told], documents: Path, tmp_path: Path) -> None:
    broken = tmp_path / "pipeline" / "Broken.json"
    broken.parent.mkdir()
    broken.write_text(
        (documents / "pipeline/Main.json")
        .read_text()
        .replace('"Main"', '"Broken"')
        .replace("parameters.n)", "parameters.m)")
    )
    told = say("validate", tmp_path, "--json")
    assert told.returncode == 1
    (problem,) = json.loads(told.stdout)
    assert (problem["where"], problem["path"]) == (
        "pipeline/Broken.json",
        "$.properties.activities[0].typeProperties.items.value",
    )
    refused = say("import", tmp_path)
    assert refused.returncode == 1
    assert "there is no pipeline parameter 'm'" in refused.stderr
    assert say("run", "Broken").returncode == 1, "nothing of it was published"


def test_expressions_are_evaluated_and_secrets_kept(say: Callable[..., Told]) -> None:
    assert say("evaluate", "@concat('day-', pipeline().parameters.d)", "-p", "d=3").stdout.strip() == "day-3"
    assert say("evaluate", "@foo()").returncode == 1
    assert say("secret", "set", "lake-key", "--value", "sesame").returncode == 0
    listed = say("secret", "list").stdout
    assert "lake-key" in listed
    assert "sesame" not in listed
    assert say("secret", "delete", "lake-key").returncode == 0
    assert say("secret", "delete", "lake-key").returncode == 1

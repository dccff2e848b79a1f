"""What a person asks before and after a run, through the command line: the catalog, a check, what outputs show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.acceptance.server import Server
from tests.command_line import restudio_here

EXPERIMENT = """
restudio: experiment/1
title: Prices
nodes:
  data:
    module: enter-data-manually
    parameters:
      Data: "size,price\\n1,10\\n2,21\\n3,29\\n4,41\\n5,49\\n6,62\\n"
  learner: {module: linear-regression}
  train:
    module: train-model
    inputs: {Untrained model: learner / Untrained model, Dataset: data / dataset}
    parameters: {Label column: COLUMN}
  score:
    module: score-model
    inputs: {Trained model: train / Trained model, Dataset: data / dataset}
  evaluate: {module: evaluate-model, inputs: {Scored dataset: score / Scored dataset}}
  scale: {module: normalize-data, inputs: {Dataset: data / dataset}, parameters: {Columns to transform: COLUMN}}
"""


def restudio(server: Server, *arguments: str) -> tuple[int, Any]:
    done = restudio_here(*arguments, "--json", "--home", server.home)
    return done.returncode, json.loads(done.stdout)


def test_the_catalog_explains_itself(server: Server) -> None:
    status, modules = restudio(server, "modules", "list")
    assert status == 0
    assert len(modules) > 75
    assert all(module["help"] and module["category"] for module in modules)
    _, split = restudio(server, "modules", "show", "Split Data")
    assert "Results dataset1" in split["example"]
    assert {"name": "Dataset", "kind": "Dataset", "optional": False} in split["inputs"]


def test_an_experiment_is_checked_and_its_results_are_shown(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "prices.experiment.yaml"
    file.write_text(EXPERIMENT.replace("COLUMN", "prize"))
    status, found = restudio(server, "experiments", "check", str(file))
    assert (status, found["can_run"]) == (1, False)
    problems = {(p["code"], p["node"], p["column"]) for p in found["problems"]}
    assert problems == {("0001", "train", "prize"), ("0001", "scale", "prize")}
    file.write_text(EXPERIMENT.replace("COLUMN", "price"))
    status, found = restudio(server, "experiments", "check", str(file))
    told = {(port["node"], port["port"]): port for port in found["ports"]}
    assert (status, found["problems"]) == (0, [])
    assert [c["type"] for c in told["scale", "Transformed dataset"]["columns"]] == ["Integer", "Double"]
    assert [c["name"] for c in told["score", "Scored dataset"]["columns"]] == ["size", "price", "Scored Labels"]
    assert "Relative Squared Error" in [c["name"] for c in told["evaluate", "Evaluation results"]["columns"]]

    _, experiment = restudio(server, "experiments", "import", str(file))
    _, run = restudio(server, "experiments", "run", experiment["id"])
    assert run["state"] == "Finished"
    _, view = restudio(server, "experiments", "view", run["id"], "evaluate", "Evaluation results")
    assert sum(view["results"][0]["Error Histogram"]["Frequency"]) == 6
    _, statistics = restudio(server, "experiments", "statistics", run["id"], "data", "dataset")
    assert [(f["name"], f["box"]["median"]) for f in statistics["features"]] == [("size", 3.0), ("price", 29.0)]

"""An experiment is checked, and its columns are known, before anything runs."""

from __future__ import annotations

from tests.unit.experiments.studio import Studio

from restudio.core.errors import ModuleError
from restudio.core.schema import Schema
from restudio.experiments.checking import Checked
from restudio.graph.document import from_yaml

YAML = """
restudio: experiment/1
title: Columns
nodes:
  adult: {module: dataset, parameters: {asset: ASSET}}
  select:
    module: select-columns-in-dataset
    inputs: {Dataset: adult / dataset}
    parameters: {Select columns: COLUMN}
  score:
    module: execute-python-script
    inputs: {Dataset1: select / Results dataset}
  split:
    module: split-data
    inputs: {Dataset: score / Results dataset}
    parameters: {Fraction of rows in the first output dataset: FRACTION}
"""


def check(studio: Studio, asset: str = "adult.csv", column: str = "age", fraction: str = "0.5") -> Checked:
    text = YAML.replace("ASSET", asset).replace("COLUMN", column).replace("FRACTION", fraction)
    return studio.experiments.check(studio.workspace, from_yaml(text).graph)


def test_columns_are_known_where_they_can_be(studio: Studio, training: str) -> None:
    found = check(studio)
    assert (found.can_run, found.problems) == (True, ())
    told = {(port.node, port.port): port for port in found.ports}
    read, selected = told["adult", "dataset"].columns, told["select", "Results dataset"].columns
    assert isinstance(read, Schema)
    assert isinstance(selected, Schema)
    assert read.names == ("age", "hours", "income")
    assert selected.names == ("age",)
    script, below = told["score", "Results dataset"], told["split", "Results dataset1"]
    assert (script.columns, script.reason) == (None, "The script decides.")
    assert (below.columns, below.reason) == (None, "What comes in is not known before running.")


def test_every_finding_comes_at_once(studio: Studio, training: str) -> None:
    found = check(studio, column="agee", fraction="2")
    placed = [(p.number, p.node, p.parameter) for p in found.problems if isinstance(p, ModuleError)]
    assert placed == [
        ("0008", "split", "Fraction of rows in the first output dataset"),
        ("0001", "select", "Select columns"),
    ]
    assert not found.can_run
    lost = check(studio, asset="nobody.csv", column="agee")
    assert [p.detail for p in lost.problems] == ["AssetNotFound"], "columns of an unknown dataset say nothing"


def test_an_unsound_graph_gets_its_findings_and_no_columns(studio: Studio) -> None:
    text = YAML.replace("select-columns-in-dataset", "select-colums").replace("FRACTION", "0.5")
    found = studio.experiments.check(studio.workspace, from_yaml(text).graph)
    assert [p.detail for p in found.problems] == ["UnknownModule"]
    assert found.ports == ()

"""A training service as a batch job: real modules in real child processes, one bundle out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from restudio.artifacts.container import read_bundle
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Schema
from restudio.engine.processes import ProcessEngine
from restudio.experiments.runner import Runner
from restudio.graph.document import from_yaml
from restudio.graph.model import Graph
from restudio.graph.signature import signature
from restudio.scoring.jobs.training import GraphExecution, GraphSource
from restudio.scoring.jobs.types import Deployment, JobFiles, OutputPort
from restudio.scoring.scorer import InputSpec
from restudio.seams.engine import Cancelled
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import FileObjects

TRAINING = """
restudio: experiment/1
title: Training
nodes:
  data:
    module: enter-data-manually
    parameters: {DataFormat: CSV, HasHeader: true, Data: "x,y\\n1,0\\n2,1\\n"}
  callers:
    module: web-service-input
    parameters: {Name: input1}
  clean:
    module: clean-missing-data
    inputs: {Dataset: [data / dataset, callers / dataset]}
    parameters: {Columns to be cleaned: x, Cleaning mode: Replace with mean}
  learner:
    module: two-class-logistic-regression
  train:
    module: train-model
    inputs: {Untrained model: learner / Untrained model, Dataset: clean / Cleaned dataset}
    parameters: {Label column: y}
  score:
    module: score-model
    inputs: {Trained model: train / Trained model, Dataset: clean / Cleaned dataset}
  model:
    module: web-service-output
    inputs: {dataset: train / Trained model}
    parameters: {Name: model}
  scored:
    module: web-service-output
    inputs: {dataset: score / Scored dataset}
    parameters: {Name: scored}
"""
ROWS = "x,y\n" + "".join(f"{'' if i % 7 == 0 else i},{int(i > 20)}\n" for i in range(40))


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.collect("restudio.modules")


@pytest.fixture
def objects(tmp_path: Path) -> FileObjects:
    return FileObjects(tmp_path / "objects")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ProcessEngine]:
    scratch = tmp_path / "engine"
    scratch.mkdir()
    made = ProcessEngine(
        {"url": (tmp_path / "objects").as_uri()},
        workers=1,
        child_command=(sys.executable, "-m", "restudio.app.child"),
        scratch=scratch,
    )
    yield made
    made.close()


@pytest.fixture
def execution(
    engine: ProcessEngine, objects: FileObjects, sqlite_database: SqlDatabase, registry: Registry
) -> GraphExecution:
    return GraphExecution(Runner(engine, objects, sqlite_database, SystemClock()), objects, registry)


@pytest.fixture
def graph() -> Graph:
    return from_yaml(TRAINING).graph


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    source = tmp_path / "july.csv"
    source.write_text(ROWS)
    work = tmp_path / "work"
    work.mkdir()
    outputs = {"model": tmp_path / "m.ilearner", "scored": tmp_path / "scored.parquet"}
    return JobFiles("0" * 32, {"input1": source}, outputs, work)


@pytest.fixture
def deployment(graph: Graph, registry: Registry) -> Deployment:
    outputs = tuple(OutputPort(o.name, o.kind) for o in signature(graph, registry).outputs)
    return Deployment("w" * 32, "s" * 32, "e" * 32, "r1", ("input1",), outputs)


def test_a_model_comes_out_with_the_transform_before_it(
    execution: GraphExecution, deployment: Deployment, graph: Graph, files: JobFiles, objects: FileObjects
) -> None:
    told: list[str] = []
    execution.run(deployment, GraphSource(graph), files, {}, told.append, lambda: False)
    bundle = read_bundle(files.outputs["model"].read_bytes())
    assert bundle.model.label is not None
    assert bundle.model.label.name == "y"
    assert set(bundle.transforms) == {"clean:Cleaning transformation"}
    assert bundle.lineage["revision"] == "r1"
    from restudio.tables.formats import get_codec

    scored = get_codec("x.parquet").read(files.outputs["scored"])
    assert scored.num_rows == 40
    assert "Scored Labels" in scored.names
    assert any("Train Model" in text for text in told)
    assert not list(objects.iter_keys("job-inputs/"))
    first = files.outputs["model"].read_bytes()
    execution.run(deployment, GraphSource(graph), files, {}, told.append, lambda: False)
    assert files.outputs["model"].read_bytes() == first


def test_a_failure_names_module_and_node(
    execution: GraphExecution, deployment: Deployment, graph: Graph, files: JobFiles
) -> None:
    files.inputs["input1"].write_text("x,other\n1,2\n")
    with pytest.raises(ModuleError) as error:
        execution.run(deployment, GraphSource(graph), files, {}, lambda text: None, lambda: False)
    assert (error.value.node, error.value.module) == ("train", "Train Model")
    assert error.value.message.startswith(f"Error {error.value.number}: ")
    assert "Error" not in error.value.text


def test_files_are_read_in_the_declared_columns(
    execution: GraphExecution, deployment: Deployment, graph: Graph, files: JobFiles
) -> None:
    schema = Schema.of([Column("x", DType.DOUBLE), Column("y", DType.INTEGER)])
    source = GraphSource(graph, inputs={"input1": InputSpec(schema)})
    execution.run(deployment, source, files, {}, lambda text: None, lambda: False)
    files.inputs["input1"].write_text("x,y\n1,0\nseven,1\n")
    with pytest.raises(RestudioError, match="row 2, column 'x': expected Double, got 'seven'") as error:
        execution.run(deployment, source, files, {}, lambda text: None, lambda: False)
    assert error.value.detail == "InputParseError"


def test_cancelling_stops_the_run(
    execution: GraphExecution, deployment: Deployment, graph: Graph, files: JobFiles
) -> None:
    with pytest.raises(Cancelled):
        execution.run(deployment, replace(GraphSource(graph), seed=3), files, {}, lambda text: None, lambda: True)
    assert not files.outputs["model"].exists()

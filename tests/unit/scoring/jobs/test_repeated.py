"""A job of a graph that acts on the world, done again after its server was killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.experiments import child_catalog

from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.engine.processes import ProcessEngine
from restudio.experiments.runner import Runner
from restudio.graph.document import from_yaml
from restudio.scoring.jobs.training import GraphExecution, GraphSource
from restudio.scoring.jobs.types import Deployment, JobFiles, OutputPort
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import FileObjects

GRAPH = """
restudio: experiment/1
title: Export and go on
nodes:
  callers: {module: web-service-input, parameters: {Name: input1}}
  data: {module: enter-data-manually, parameters: {DataFormat: CSV, HasHeader: true, Data: "x\\n1\\n"}}
  before:
    module: gate
    inputs: {Dataset: [data / dataset, callers / dataset]}
    parameters: {Path: BEFORE}
  export:
    module: gate-with-effects
    inputs: {Dataset: before / Results}
    parameters: {Path: EXPORT}
  after: {module: gate, inputs: {Dataset: export / Results}, parameters: {Path: AFTER}}
  out: {module: web-service-output, inputs: {dataset: after / Results}, parameters: {Name: output1}}
"""


class PowerCut(Exception):
    """The end of the first server."""


@dataclass
class Server:
    """What runs graphs, on a database and objects that outlive it."""

    execution: GraphExecution
    folder: Path

    def run(self, dies_at: str | None = None) -> list[str]:
        """Do the job; gives what it told. With ``dies_at`` the server dies when it tells that."""
        told: list[str] = []

        def progress(text: str) -> None:
            told.append(text)
            if text == dies_at:
                raise PowerCut

        text = GRAPH
        for gate in ("BEFORE", "EXPORT", "AFTER"):
            text = text.replace(gate, str(self.folder / gate))
        files = JobFiles("0" * 32, {"input1": self.folder / "x.csv"}, {"output1": self.folder / "out.csv"}, self.folder)
        deployment = Deployment(
            "w" * 32, "s" * 32, "e" * 32, "r1", ("input1",), (OutputPort("output1", PortKind.TABLE),)
        )
        self.execution.run(deployment, GraphSource(from_yaml(text).graph), files, {}, progress, lambda: False)
        return told


@pytest.fixture
def registry() -> Registry:
    return child_catalog.catalog()


@pytest.fixture
def server(tmp_path: Path, sqlite_database: SqlDatabase, registry: Registry) -> Iterator[Server]:
    objects = FileObjects(tmp_path / "objects")
    child = [sys.executable, str(Path(child_catalog.__file__))]
    engine = ProcessEngine({"files": str(tmp_path / "objects")}, workers=1, child_command=child)
    (tmp_path / "x.csv").write_text("x\n5\n6\n")
    for gate in ("BEFORE", "EXPORT", "AFTER"):
        (tmp_path / gate).touch()
    runner = Runner(engine, objects, sqlite_database, SystemClock())
    yield Server(GraphExecution(runner, objects, registry), tmp_path)
    engine.close()


def test_what_acted_on_the_world_is_not_done_again(server: Server) -> None:
    with pytest.raises(PowerCut):
        server.run(dies_at="'after' (Gate) is running")
    (server.folder / "EXPORT").unlink()  # would wait for ever
    assert server.run() == ["'after' (Gate) is running"]
    assert (server.folder / "out.csv").read_text() == "x\n5\n6\n"


def test_what_had_not_ended_is_done_again(server: Server) -> None:
    with pytest.raises(PowerCut):
        server.run(dies_at="'export' (Gate with Effects) is running")
    assert server.run() == ["'export' (Gate with Effects) is running", "'after' (Gate) is running"]


def test_nothing_is_taken_from_an_attempt_on_another_input(server: Server) -> None:
    with pytest.raises(PowerCut):
        server.run(dies_at="'export' (Gate with Effects) is running")
    (server.folder / "x.csv").write_text("x\n7\n")
    assert "'before' (Gate) is running" in server.run()
    assert (server.folder / "out.csv").read_text() == "x\n7\n"

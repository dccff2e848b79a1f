"""Columns told before a run."""

from __future__ import annotations

import pytest

from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Schema, Superset
from restudio.graph.document import from_yaml
from restudio.graph.schemas import propagate_schemas, tell_schemas

PEOPLE = Schema.of([Column("age", DType.INTEGER), Column("name", DType.STRING)])
GRAPH = """
restudio: experiment/1
title: Columns
nodes:
  people: {module: dataset, parameters: {asset: people}}
  callers: {module: web-service-input, parameters: {Name: input1}}
  select:
    module: select-columns-in-dataset
    inputs: {Dataset: [people / dataset, callers / dataset]}
    parameters: {Select columns: COLUMN}
  split: {module: split-data, inputs: {Dataset: select / Results dataset}}
  script:
    module: execute-python-script
    inputs: {Dataset1: split / Results dataset2}
    parameters: {Python script: "def azureml_main(a, b): return a"}
  after: {module: split-data, inputs: {Dataset: script / Results dataset}}
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.collect("restudio.modules")


def test_columns_flow_as_far_as_modules_tell(registry: Registry) -> None:
    told = propagate_schemas(from_yaml(GRAPH.replace("COLUMN", "age")).graph, registry, {"people": PEOPLE})
    assert told["people", "dataset"] == PEOPLE
    left = {source: schema.names for source, schema in told.items() if source[0] != "people"}
    assert left == {
        ("select", "Results dataset"): ("age",),
        ("split", "Results dataset1"): ("age",),
        ("split", "Results dataset2"): ("age",),
    }


def test_what_does_not_fit_is_not_told(registry: Registry) -> None:
    graph = from_yaml(GRAPH.replace("COLUMN", "height")).graph
    assert propagate_schemas(graph, registry, {"people": PEOPLE}) == {("people", "dataset"): PEOPLE}
    assert propagate_schemas(graph, registry, {}) == {}


LEFT_OUT = """
restudio: experiment/1
title: Columns
nodes:
  people: {module: dataset, parameters: {asset: people}}
  clean:
    module: clean-missing-data
    inputs: {Dataset: people / dataset}
    parameters: {Columns to be cleaned: age, Cleaning mode: Replace with mean}
  select:
    module: select-columns-in-dataset
    inputs: {Dataset: clean / Cleaned dataset}
    parameters: {Select columns: COLUMN}
  scale:
    module: normalize-data
    inputs: {Dataset: clean / Cleaned dataset}
    parameters: {Columns to transform: name}
"""


def test_columns_that_may_be_left_out_are_told_as_such(registry: Registry) -> None:
    told = tell_schemas(from_yaml(LEFT_OUT.replace("COLUMN", "age")).graph, registry, {"people": PEOPLE})
    assert told.ports["clean", "Cleaned dataset"] == Superset(PEOPLE)
    selected = told.ports["select", "Results dataset"]
    assert isinstance(selected, Superset)
    assert selected.schema.names == ("age",)
    assert told.problems == (), "a column that may not come cannot be of the wrong type"


def test_parameters_that_fit_no_column_are_told_with_their_place(registry: Registry) -> None:
    graph = from_yaml(LEFT_OUT.replace("COLUMN", "agee")).graph
    (problem,) = tell_schemas(graph, registry, {"people": PEOPLE}).problems
    assert (problem.number, problem.node, problem.column) == ("0001", "select", "agee")
    assert "Did you mean 'age'" in problem.message

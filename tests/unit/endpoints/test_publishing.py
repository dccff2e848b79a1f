"""What a published version says of its ports, and that nothing large is read to know it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.endpoints.world import World, churn_table, edge, predictive_graph, registry, training_graph

from restudio.core.schema import Column, DType, Schema
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.contents import Contents
from restudio.endpoints.description import TablePort
from restudio.endpoints.samples import input_port, known_input
from restudio.graph.model import WEB_OUTPUT, Graph, Node
from restudio.graph.plan import PortId
from restudio.models.types import asset_key
from restudio.scoring.scorer import InputSpec
from restudio.tables.table import Table


def named(port: TablePort) -> tuple[str, tuple[str, ...], int]:
    return port.name, port.schema.names, len(port.sample)


def selecting(graph: Graph, source: str, target: str, *names: str) -> Graph:
    """With Select Columns between the data and its consumer, and the web input after that."""
    rules = {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": list(names)}]}
    select = Node("select", "select-columns-in-dataset", {"Select columns": rules})
    moved = [
        replace(e, source="select", source_port="Results dataset") if e.source == source else e for e in graph.edges
    ]
    return graph.replacing(nodes=(*graph.nodes, select), edges=(*moved, edge(graph.node(source), select)))


def test_a_training_service_takes_its_label(world: World) -> None:
    [port] = world.publish_training().version.inputs
    assert named(port) == ("input1", ("age", "hours", "left"), 20)
    assert port.sample[0] == (20, 0.0, "no")


def test_columns_are_followed_through_the_graph(world: World) -> None:
    graph = selecting(training_graph(world.save_dataset().id), "data", "train", "age", "left")
    version = world.services.publish(world.owner, world.ws, graph, "Churn training").version
    assert [named(p) for p in version.inputs] == [("input1", ("age", "left"), 0)]


def test_what_a_run_gave_describes_outputs_and_inputs(world: World) -> None:
    graph = selecting(training_graph(world.save_dataset().id), "data", "train", "age", "left")
    end = Node("rows", WEB_OUTPUT, {"Name": "rows"})
    graph = graph.replacing(nodes=(*graph.nodes, end), edges=(*graph.edges, edge(graph.node("select"), end)))
    table = churn_table().select(["age", "left"])
    asked: list[PortId] = []

    def seen(source: PortId, rows: int) -> Table | None:
        asked.append(source)
        return table.slice(0, rows)

    version = world.services.publish(world.owner, world.ws, graph, "Churn training", seen=seen).version
    assert [named(p) for p in version.inputs] == [("input1", ("age", "left"), 20)]
    assert [named(p) for p in version.outputs] == [("rows", ("age", "left"), 20)]
    assert version.models == ("output1",)
    assert set(asked) == {("select", "Results dataset")}
    assert world.services.versions(world.ws, version.service_id) == [version]


def test_an_unknown_port_has_no_columns(world: World) -> None:
    graph = training_graph(world.save_dataset().id)
    end = Node("rows", WEB_OUTPUT, {"Name": "rows"})
    script = Node("script", "execute-python-script", {"Python script": "def azureml_main(a, b): return a"})
    graph = graph.replacing(
        nodes=(*graph.nodes, end, script),
        edges=(*graph.edges, edge(graph.node("data"), script), edge(script, end)),
    )
    version = world.services.publish(world.owner, world.ws, graph, "Churn training").version
    assert [named(p) for p in version.outputs] == [("rows", (), 0)]


@pytest.mark.parametrize("select", [False, True])
def test_a_start_reads_no_dataset(world: World, select: bool) -> None:
    dataset = world.save_dataset()
    graph = predictive_graph(dataset.id, world.save_model().id)
    if select:
        graph = selecting(graph, "data", "score", "age", "hours", "left")
    version = world.services.publish(world.owner, world.ws, graph, "Churn", go_live=True).version
    [port] = version.inputs
    assert named(port) == ("input1", ("age", "hours"), 0 if select else 20)
    assert port.ignored == {"left"}
    world.objects.delete(asset_key(dataset.digest))
    builder = ScorerBuilder(registry(), Contents(world.objects))
    endpoint = world.services.list(world.ws)[0].service.id
    state = world.endpoints.get(world.owner, world.ws, endpoint, "default").live.state
    scorer, _ = builder.build(world.services.versions(world.ws, endpoint)[0], state)
    assert scorer.inputs["input1"] == InputSpec(port.schema, port.ignored)
    assert scorer.score_rows({"input1": [[60, 20.0]]})["output1"].rows


def test_sample_rows_keep_their_types() -> None:
    schema = Schema.of([Column("at", DType.DATETIME), Column("x", DType.DOUBLE), Column("s", DType.STRING)])
    table = Table.from_columns({"at": [datetime(2026, 1, 2), None], "x": [float("nan"), 1], "s": ["7", ""]}, schema)
    port = input_port("input1", InputSpec(schema), table)
    assert port.sample == (("2026-01-02T00:00:00", "NaN", "7"), (None, 1.0, ""))
    known = known_input(port)
    assert known.sample is not None
    assert known.sample.equals(table)

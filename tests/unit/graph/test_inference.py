from __future__ import annotations

import pytest
from tests.unit.graph.test_rewrite import _predictive

from restudio.core.registry import Registry
from restudio.graph.check import check_graph
from restudio.graph.inference import INPUT_DATA, to_batch, to_real_time, without_data_parameters
from restudio.graph.model import DATASET, WEB_INPUT, WEB_OUTPUT, Graph, GraphParameter, Node
from restudio.graph.ports import asset_of, is_service_port, port_name
from restudio.graph.rewrite import Rewrite


@pytest.fixture
def predictive(catalog: Registry) -> Rewrite:
    return _predictive("adult", catalog)


def test_real_time_ports_have_the_designers_names(predictive: Rewrite, catalog: Registry) -> None:
    made = to_real_time(predictive)
    check_graph(made.graph, catalog)
    assert [port_name(n) for n in made.graph.of_module(WEB_INPUT)] == ["WebServiceInput0"]
    assert [port_name(n) for n in made.graph.of_module(WEB_OUTPUT)] == ["WebServiceOutput0"]
    told = " ".join(change.what for change in made.changes)
    assert "'WebServiceInput0'" in told
    assert "'input1'" not in told
    assert to_real_time(made) == made


def test_batch_has_no_ports_and_a_parameter_for_its_data(predictive: Rewrite, catalog: Registry) -> None:
    made = to_batch(predictive)
    check_graph(made.graph, catalog)
    assert not any(map(is_service_port, made.graph.nodes))
    [data] = made.graph.of_module(DATASET)
    assert data.links == {"asset": INPUT_DATA}
    [parameter] = [p for p in made.graph.parameters if p.name == INPUT_DATA]
    assert (parameter.kind, parameter.default) == ("DataSource", asset_of(data))
    assert made.changes[-1].node == data.id
    assert to_batch(made) == made


def test_a_service_names_its_data_itself() -> None:
    graph = Graph(
        (Node("a", DATASET, {"asset": "x"}, {"asset": "data"}), Node("b", "split-data", {}, {"Random seed": "seed"})),
        parameters=(GraphParameter("data", "x", kind="DataSource"), GraphParameter("seed", 1, kind="Int")),
    )
    made = without_data_parameters(graph, {"a": "w.f.v1-default-3"})
    assert made.node("a") == Node("a", DATASET, {"asset": "w.f.v1-default-3"})
    assert [p.name for p in made.parameters] == ["seed"]
    assert without_data_parameters(graph, {}).node("a").params == {"asset": "x"}

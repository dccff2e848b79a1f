from __future__ import annotations

from pathlib import Path

from restudio.core.registry import Registry
from restudio.graph.document import from_yaml
from restudio.graph.model import Graph, GraphParameter, Node
from restudio.graph.parameters import bind_parameters
from restudio.graph.signature import signature

CASES = Path(__file__).parent / "cases" / "rewrite"


def test_predictive_service(catalog: Registry) -> None:
    found = signature(from_yaml((CASES / "adult.predictive.yaml").read_text(encoding="utf-8")).graph, catalog)
    assert found.kind == "predictive"
    (port,) = found.inputs
    assert (port.name, port.source, port.ignored) == ("input1", ("adult", "dataset"), ("income",))
    assert [(o.name, o.source) for o in found.outputs] == [("output1", ("score", "Scored dataset"))]


def test_a_service_that_does_not_score(catalog: Registry) -> None:
    assert signature(Graph((Node("a", "dataset", {"asset": "x"}),)), catalog).kind == "non-scoring"


GRAPH = Graph(
    (Node("a", "import-data", {"URL": "kept", "Use cached results": True}, {"url": "address"}),),
    parameters=(GraphParameter("address"), GraphParameter("rows", 3, required=False)),
)


def test_values_reach_the_linked_modules() -> None:
    assert bind_parameters(GRAPH, {"address": "x"}).node("a").params == {"Use cached results": True, "url": "x"}
    assert bind_parameters(GRAPH, {}).node("a").params["URL"] == "kept"

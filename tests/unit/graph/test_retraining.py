from __future__ import annotations

from pathlib import Path

from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.graph.check import check_graph
from restudio.graph.document import from_yaml
from restudio.graph.retraining import to_retraining
from restudio.graph.rewrite import Rewrite
from restudio.graph.signature import ServiceInput, ServiceOutput, signature

CASES = Path(__file__).parent / "cases" / "rewrite"


def test_ports_on_data_model_and_evaluation(catalog: Registry) -> None:
    graph = from_yaml((CASES / "adult.training.yaml").read_text(encoding="utf-8")).graph
    rewrite = to_retraining(graph, catalog)
    found = signature(check_graph(rewrite.graph, catalog), catalog)
    assert found.kind == "training"
    assert found.inputs == (ServiceInput("input1", "input1", "data", ("adult", "dataset")),)
    assert found.outputs == (
        ServiceOutput("output1", "output1", ("train", "Trained model"), PortKind.MODEL),
        ServiceOutput("output2", "output2", ("evaluate", "Evaluation results"), PortKind.TABLE),
    )
    assert [c.node for c in rewrite.changes] == ["input1", "output1", "output2"]
    assert to_retraining(rewrite.graph, catalog) == Rewrite(rewrite.graph, ())

"""Set up a retraining web service: the training graph itself with service ports on its data, model and evaluation."""

from __future__ import annotations

from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.graph.model import WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.graph.order import descendants, topological
from restudio.graph.ports import PORT_NAME, first, is_service_port, spec_of
from restudio.graph.rewrite import Rewrite, model_output
from restudio.graph.sketch import PortId, Sketch


def to_retraining(graph: Graph, registry: Registry, *, train: str | None = None) -> Rewrite:
    """The training graph with a Web Service Input beside its data and Outputs on the trained model and its evaluation.

    A graph that has service ports already comes back unchanged: its owner placed them. ``train`` selects the trainer
    when there are several.
    """
    if any(is_service_port(n) for n in graph.nodes):
        return Rewrite(graph, ())
    trainer, model = model_output(graph, registry, train)
    sketch = Sketch(graph, registry)
    source = _main_source(graph, sketch, trainer)
    if source is not None:
        _add_input(sketch, source)
    _add_output(sketch, (trainer, model), 1, "the trained model is what retraining is for")
    for number, output in enumerate(find_evaluations(graph, registry, trainer), 2):
        _add_output(sketch, output, number, "its numbers tell whether the new model is better")
    return Rewrite(sketch.graph(), tuple(sketch.changes))


def _main_source(graph: Graph, sketch: Sketch, trainer: str) -> PortId | None:
    """Where training data enters: first table inputs followed upwards from the trainer."""
    node = trainer
    while (port := sketch.table_input(node)) is not None and (source := sketch.source(node, port.name)) is not None:
        if not graph.incoming(source[0]):
            return source
        node = source[0]
    return None


def _add_input(sketch: Sketch, source: PortId) -> None:
    spec = sketch.registry.get_entry(WEB_INPUT).spec
    node = Node(sketch.free_id("input1"), WEB_INPUT, {PORT_NAME: "input1"}, position=sketch.beside(source[0], 320, 0))
    fed = [e for e in sketch.edges if (e.source, e.source_port) == source]
    sketch.add(node)
    sketch.edges += [Edge(node.id, spec.outputs[0].name, e.target, e.target_port) for e in fed]
    sketch.tell(node.id, "Web Service Input 'input1' added", f"new training data replaces {sketch.title(source[0])}")


def _add_output(sketch: Sketch, output: PortId, number: int, why: str) -> None:
    name = f"output{number}"
    port = sketch.registry.get_entry(WEB_OUTPUT).spec.inputs[0].name
    node = Node(sketch.free_id(name), WEB_OUTPUT, {PORT_NAME: name}, position=sketch.beside(output[0], 320, 60))
    sketch.add(node)
    sketch.connect(output, (node.id, port))
    sketch.tell(node.id, f"Web Service Output '{name}' added on {sketch.title(output[0])}", why)


def find_evaluations(graph: Graph, registry: Registry, trainer: str) -> list[PortId]:
    """Tables of the evaluation modules behind the trainer, in order."""
    after = descendants(graph, [trainer])
    found = []
    for node in topological(graph):
        spec = spec_of(graph.node(node), registry)
        table = first(spec.outputs, PortKind.TABLE)
        if node in after and table is not None and spec.category.endswith("Evaluate"):
            found.append((node, table.name))
    return found

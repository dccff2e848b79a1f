"""What the modules before a model learned from data: it travels with the model and is swapped together with it."""

from __future__ import annotations

from collections.abc import Callable

from restudio.artifacts.container import read_artifact
from restudio.artifacts.values import Transform
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.graph.learned import learned_ports
from restudio.graph.model import Graph
from restudio.graph.order import ancestors
from restudio.graph.plan import PortId
from restudio.graph.rewrite import saved_id
from restudio.models.content import local_copy
from restudio.seams.objects import Objects
from restudio.tables.ipc import read_table


def fitted_before(
    graph: Graph, registry: Registry, objects: Objects, key_of: Callable[[PortId], str], trainer: str
) -> dict[str, Transform]:
    """Everything learned upstream of a trainer, keyed as the saved nodes of a predictive graph are called.

    ``key_of`` gives the object key of an output.
    """
    above = ancestors(graph, [trainer])
    learned = [
        (node.id, port)
        for node in graph.nodes
        if node.id in above
        for port in learned_ports(node, registry.get_entry(node.module).spec)
    ]
    return {saved_id(source): read_fitted(graph, registry, objects, key_of(source), source) for source in learned}


def read_fitted(graph: Graph, registry: Registry, objects: Objects, key: str, source: PortId) -> Transform:
    """The transform at an output of a run; a learned table becomes the transform that stands for it."""
    node = graph.node(source[0])
    entry = registry.get_entry(node.module)
    if entry.spec.learns is None or source[1] != entry.spec.learns.output:
        value = read_artifact(objects.get(key))
        assert isinstance(value, Transform)
        return value
    assert entry.keep is not None
    with local_copy(objects, key) as path:
        kept = entry.keep(parse_params(entry.spec.params, node.params), read_table(path, name=source[1]))
    assert isinstance(kept, Transform)
    return kept

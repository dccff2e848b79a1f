"""Columns that flow through a graph before it runs, as far as the modules can tell."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import RestudioError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Schema
from restudio.core.spec import Entry, PortKind
from restudio.graph.model import DATASET, Graph, Node
from restudio.graph.order import topological
from restudio.graph.plan import PortId
from restudio.graph.ports import asset_of, source_at


def propagate_schemas(graph: Graph, registry: Registry, datasets: Mapping[str, Schema]) -> dict[PortId, Schema]:
    """The columns at every output port that can be told from the saved datasets (by asset id).

    Web Service Inputs count as the data beside them. A module that does not tell its schemas, or whose parameters do
    not fit its input, leaves what stands below it untold.
    """
    told: dict[PortId, Schema] = {}
    for node_id in topological(graph):
        node = graph.node(node_id)
        entry = registry.get_entry(node.module)
        if node.module == DATASET:
            known = datasets.get(str(asset_of(node)))
            found: tuple[Schema, ...] = () if known is None else (known,)
        else:
            found = _through(node, entry, graph, told)
        told.update({(node_id, port.name): schema for port, schema in zip(entry.spec.outputs, found, strict=False)})
    return told


def _through(node: Node, entry: Entry, graph: Graph, told: Mapping[PortId, Schema]) -> tuple[Schema, ...]:
    """The schemas of a node's outputs; empty when they cannot be told."""
    if entry.schema_of is None or any(port.kind is not PortKind.TABLE for port in entry.spec.inputs):
        return ()
    edges = [source_at(graph, node.id, port.name) for port in entry.spec.inputs]
    inputs = [None if edge is None else told.get((edge.source, edge.source_port)) for edge in edges]
    if any(edge is not None and schema is None for edge, schema in zip(edges, inputs, strict=True)):
        return ()
    try:
        result = entry.schema_of(parse_params(entry.spec.params, node.params), *inputs)
    except RestudioError:
        return ()
    return result if isinstance(result, tuple) else (result,)

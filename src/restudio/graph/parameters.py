"""Graph parameters (web-service parameters): what they say, and the graph with their values written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from restudio.graph.imports import is_data_field, with_data
from restudio.graph.model import DATA_SOURCE, Graph, GraphParameter, Node


def bind_parameters(graph: Graph, values: Mapping[str, object]) -> Graph:
    """The graph with every linked module parameter set: to ``values``, else the default, else what the node holds."""
    offered = {p.name: (p, values.get(p.name, p.default)) for p in graph.parameters}
    return graph.replacing(nodes=tuple(_bind(node, offered) for node in graph.nodes))


def with_value(node: Node, field: str, parameter: GraphParameter, value: object) -> Node:
    """The node with the value of a graph parameter in a field that it serves."""
    if parameter.kind == DATA_SOURCE and is_data_field(node, field):
        return with_data(node, field, value)
    kept = {shown: held for shown, held in node.params.items() if shown.casefold() != field.casefold()}
    return replace(node, params={**kept, field: value})


def _bind(node: Node, offered: Mapping[str, tuple[GraphParameter, object]]) -> Node:
    for shown, name in node.links.items():
        parameter, value = offered.get(name, (None, None))
        if parameter is not None and value is not None:
            node = with_value(node, shown, parameter, value)
    return node

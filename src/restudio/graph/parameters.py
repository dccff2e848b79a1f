"""Graph parameters (web-service parameters): what they say, and the graph with their values written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.graph.model import Graph, Node


def resolve_parameters(graph: Graph, given: Mapping[str, object]) -> dict[str, object]:
    """The value of every graph parameter in a call: the given one, else the default.

    Errors (BadArgument): ``UnknownParameter`` for a name that the graph does not have, ``MissingParameter`` for one
    without default that was not given.
    """
    declared = {p.name: p for p in graph.parameters}
    for name in given:
        if name not in declared:
            text = f"There is no web service parameter '{name}'.{nearest(name, declared)}"
            raise RestudioError(Kind.BAD_ARGUMENT, "UnknownParameter", text, target=name)
    values: dict[str, object] = {}
    for name, parameter in declared.items():
        value = given.get(name, parameter.default)
        if value is None and parameter.required:
            text = f"The web service parameter '{name}' has no default; give it a value in GlobalParameters."
            raise RestudioError(Kind.BAD_ARGUMENT, "MissingParameter", text, target=name)
        values[name] = value
    return values


def bind_parameters(graph: Graph, values: Mapping[str, object]) -> Graph:
    """The graph with every linked module parameter set: to ``values``, else the default, else what the node holds."""
    offered = {p.name: values.get(p.name, p.default) for p in graph.parameters}
    return graph.replacing(nodes=tuple(_bind(node, offered) for node in graph.nodes))


def _bind(node: Node, offered: Mapping[str, object]) -> Node:
    linked = {shown: offered.get(name) for shown, name in node.links.items()}
    given = {shown: value for shown, value in linked.items() if value is not None}
    if not given:
        return node
    folded = {shown.casefold() for shown in given}
    kept = {shown: value for shown, value in node.params.items() if shown.casefold() not in folded}
    return replace(node, params={**kept, **given})

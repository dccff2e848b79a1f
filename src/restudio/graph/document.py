"""Experiment files, ``*.experiment.yaml``: a graph with its title, made to be read, diffed and kept in git.

    restudio: experiment/1
    title: Adult income
    nodes:
      adult:
        module: dataset
        parameters:
          asset: w1.f1.v1-default-1
      split:
        module: split-data
        inputs:
          Dataset: adult / dataset
        parameters:
          Fraction of rows in the first output dataset: 0.7

A connection stands at the input that it feeds: ``<node> / <output port>``, or a list of such when a Web Service Input
stands beside the data. Reading what was written gives an equal graph (order of edges aside, it carries no meaning).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from restudio.core.errors import nearest
from restudio.graph.model import Edge, Graph, GraphParameter, Node
from restudio.graph.yamltext import Place, dump_yaml, parse_yaml, unreadable

VERSION = "experiment/1"
MAX_NODES = 5_000
"""No person draws more; what checks and plans a graph takes time that grows with its square."""
_READABLE = re.compile(r"[^\s/\x00-\x1f](?:[^/\x00-\x1f]*[^\s/\x00-\x1f])?\Z")
_GUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Document:
    """An experiment as a person keeps it."""

    title: str
    graph: Graph
    description: str = ""


def to_yaml(document: Document) -> str:
    """The text of an experiment file."""
    graph = document.graph
    names = _names(graph)
    content: dict[str, object] = {"restudio": VERSION, "title": document.title}
    if document.description:
        content["description"] = document.description
    if graph.parameters:
        content["parameters"] = {p.name: _write_parameter(p) for p in graph.parameters}
    content["nodes"] = {names[n.id]: _write_node(n, graph, names) for n in graph.nodes}
    loose = [e for e in graph.edges if not _stands_at_input(e, names)]
    if loose:
        content["loose connections"] = [[e.source, e.source_port, e.target, e.target_port] for e in loose]
    return dump_yaml(content)


def from_yaml(text: str) -> Document:
    """Read an experiment file. Errors: ``InvalidDocument`` with the line and what was expected."""
    root = parse_yaml(text)
    members = _members(root, "an experiment", ("restudio", "title", "description", "parameters", "nodes", _LOOSE))
    version = members.get("restudio")
    if version is None or version.value != VERSION:
        line = version.line if version else root.line
        raise unreadable(line, f"An experiment file begins with 'restudio: {VERSION}'.")
    nodes_place = members.get("nodes")
    nodes = _members(nodes_place, "nodes") if nodes_place and nodes_place.value is not None else {}
    if len(nodes) > MAX_NODES:
        line = nodes_place.line if nodes_place else root.line
        raise unreadable(line, f"The experiment has {len(nodes)} nodes; at most {MAX_NODES} are supported.")
    ids = {name: _node_id(name, place) for name, place in nodes.items()}
    if len(set(ids.values())) < len(ids):
        raise unreadable(nodes_place.line if nodes_place else root.line, "Two nodes have the same id.")
    edges = [edge for name, place in nodes.items() for edge in _read_inputs(name, place, ids)]
    parameters = members.get("parameters")
    graph = Graph(
        tuple(_read_node(ids[name], place) for name, place in nodes.items()),
        (*edges, *_read_loose(members.get(_LOOSE))),
        tuple(_read_parameter(n, p) for n, p in _members(parameters, "parameters").items()) if parameters else (),
    )
    return Document(_text(members.get("title"), "title"), graph, _text(members.get("description"), "description"))


_LOOSE = "loose connections"
_NODE_MEMBERS = ("id", "module", "comment", "inputs", "parameters", "linked parameters", "position")


def _names(graph: Graph) -> dict[str, str]:
    """Node id → readable name, unique. Ids that a person can read are their own names."""
    taken = {n.id for n in graph.nodes}
    if len(taken) < len(graph.nodes):
        raise unreadable(None, "Two nodes have the same id; a file cannot hold them.")
    names: dict[str, str] = {}
    for node in graph.nodes:
        name = node.id
        if not _READABLE.match(name) or _GUID.search(name):
            stem = re.sub(r"[^a-z0-9]+", "-", node.module.casefold()).strip("-") or "node"
            number = 1
            while (name := stem if number == 1 else f"{stem}-{number}") in taken:
                number += 1
            taken.add(name)
        names[node.id] = name
    return names


def _stands_at_input(edge: Edge, names: Mapping[str, str]) -> bool:
    """False for what only a broken draft has: connections of nodes that are not there, or of nameless ports."""
    return edge.source in names and edge.target in names and bool(edge.source_port)


def _write_parameter(parameter: GraphParameter) -> dict[str, object]:
    written: dict[str, object] = {"type": parameter.kind}
    if parameter.default is not None:
        written["default"] = parameter.default
    written["required"] = parameter.required
    if parameter.description:
        written["description"] = parameter.description
    return written


def _write_node(node: Node, graph: Graph, names: Mapping[str, str]) -> dict[str, object]:
    written: dict[str, object] = {}
    if names[node.id] != node.id:
        written["id"] = node.id
    written["module"] = node.module
    if node.comment:
        written["comment"] = node.comment
    inputs: dict[str, list[str]] = {}
    for edge in graph.incoming(node.id):
        if _stands_at_input(edge, names):
            inputs.setdefault(edge.target_port, []).append(f"{names[edge.source]} / {edge.source_port}")
    if inputs:
        written["inputs"] = {port: feeds[0] if len(feeds) == 1 else feeds for port, feeds in inputs.items()}
    if node.params:
        written["parameters"] = dict(node.params)
    if node.links:
        written["linked parameters"] = dict(node.links)
    if node.position is not None:
        written["position"] = [_short(x) for x in node.position]
    return written


def _short(x: float) -> float | int:
    return int(x) if float(x).is_integer() and abs(x) < 1e15 else x


def _members(place: Place | None, what: str, known: tuple[str, ...] | None = None) -> Mapping[str, Place]:
    if place is None or not isinstance(place.value, Mapping):
        raise unreadable(place.line if place else None, f"Expected {what} as 'name: value' lines.")
    for name, member in place.value.items():
        if known is not None and name not in known:
            raise unreadable(member.line, f"'{name}' is not known here.{nearest(name, known)}")
    return place.value


def _text(place: Place | None, what: str) -> str:
    if place is None or place.value is None:
        return ""
    if isinstance(place.value, (Mapping, list)):
        raise unreadable(place.line, f"Expected a text for '{what}'.")
    return place.value if isinstance(place.value, str) else str(place.value)


def _node_id(name: str, place: Place) -> str:
    members = _members(place, f"node '{name}'", _NODE_MEMBERS)
    return _text(members["id"], "id") if "id" in members else name


def _read_node(node_id: str, place: Place) -> Node:
    members = _members(place, f"node '{node_id}'", _NODE_MEMBERS)
    if "module" not in members:
        raise unreadable(place.line, f"Node '{node_id}' needs 'module'.")
    params = _members(members["parameters"], "parameters") if "parameters" in members else {}
    links = _members(members["linked parameters"], "linked parameters") if "linked parameters" in members else {}
    return Node(
        node_id,
        _text(members["module"], "module"),
        {name: value.plain() for name, value in params.items()},
        {name: _text(value, name) for name, value in links.items()},
        _text(members.get("comment"), "comment"),
        _position(members["position"]) if "position" in members else None,
    )


def _position(place: Place) -> tuple[float, float]:
    values = place.plain()
    if isinstance(values, list) and len(values) == 2 and all(type(v) in (int, float) for v in values):
        return float(values[0]), float(values[1])
    raise unreadable(place.line, "Expected a position as [x, y].")


def _read_inputs(name: str, place: Place, ids: Mapping[str, str]) -> list[Edge]:
    inputs = _members(place, f"node '{name}'", _NODE_MEMBERS).get("inputs")
    if inputs is None:
        return []
    edges = []
    for port, feeds in _members(inputs, "inputs").items():
        for feed in feeds.value if isinstance(feeds.value, list) else [feeds]:
            source, separator, source_port = _text(feed, port).partition(" / ")
            if not separator or not source_port:
                raise unreadable(feed.line, f"Expected '<node> / <output port>' for input '{port}'.")
            if source not in ids:
                raise unreadable(feed.line, f"There is no node '{source}'.{nearest(source, ids)}")
            edges.append(Edge(ids[source], source_port, ids[name], port))
    return edges


def _read_loose(place: Place | None) -> list[Edge]:
    edges = []
    for row in place.value if place is not None and isinstance(place.value, list) else []:
        ends = row.plain()
        if not isinstance(ends, list) or len(ends) != 4 or not all(isinstance(e, str) for e in ends):
            raise unreadable(row.line, "Expected [source, output port, target, input port].")
        edges.append(Edge(*ends))
    return edges


def _read_parameter(name: str, place: Place) -> GraphParameter:
    members = _members(place, f"parameter '{name}'", ("type", "default", "required", "description"))
    required = members.get("required")
    if required is not None and not isinstance(required.value, bool):
        raise unreadable(required.line, "Expected true or false for 'required'.")
    return GraphParameter(
        name,
        members["default"].plain() if "default" in members else None,
        bool(required.value) if required is not None else "default" not in members,
        _text(members["type"], "type") if "type" in members else "String",
        _text(members.get("description"), "description"),
    )

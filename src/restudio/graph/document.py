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
    content: dict[str, object] = {"restudio": VERSION, "title": document.title}
    if document.description:
        content["description"] = document.description
    return dump_yaml(content | write_graph(document.graph))


def write_graph(graph: Graph) -> dict[str, object]:
    """The members of a file that hold a graph."""
    names = _names(graph)
    content: dict[str, object] = {}
    if graph.parameters:
        content["parameters"] = {p.name: _write_parameter(p) for p in graph.parameters}
    content["nodes"] = {names[n.id]: _write_node(n, graph, names) for n in graph.nodes}
    loose = [e for e in graph.edges if not _stands_at_input(e, names)]
    if loose:
        content["loose connections"] = [[e.source, e.source_port, e.target, e.target_port] for e in loose]
    return content


def from_yaml(text: str) -> Document:
    """Read an experiment file. Errors: ``InvalidDocument`` with the line and what was expected."""
    members = read_members(text, VERSION, ("title", "description"))
    return Document(
        text_at(members.get("title"), "title"),
        read_graph(members),
        text_at(members.get("description"), "description"),
    )


def read_members(text: str, version: str, others: tuple[str, ...]) -> Mapping[str, Place]:
    """The members of a file of a version that holds a graph and ``others``, each at its place."""
    noun = version.partition("/")[0]
    what = f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
    root = parse_yaml(text)
    members = _members(root, what, ("restudio", *others, *_GRAPH_MEMBERS))
    found = members.get("restudio")
    if found is None or found.value != version:
        line = found.line if found else root.line
        raise unreadable(line, f"{what.capitalize()} file begins with 'restudio: {version}'.")
    return members


def read_graph(members: Mapping[str, Place]) -> Graph:
    """The graph in the members of a file; the inverse of :func:`write_graph`."""
    nodes_place = members.get("nodes")
    nodes = _members(nodes_place, "nodes") if nodes_place and nodes_place.value is not None else {}
    if len(nodes) > MAX_NODES:
        line = nodes_place.line if nodes_place else None
        raise unreadable(line, f"The document has {len(nodes)} nodes; at most {MAX_NODES} are supported.")
    ids = {name: _node_id(name, place) for name, place in nodes.items()}
    if len(set(ids.values())) < len(ids):
        raise unreadable(nodes_place.line if nodes_place else None, "Two nodes have the same id.")
    edges = [edge for name, place in nodes.items() for edge in _read_inputs(name, place, ids)]
    parameters = members.get("parameters")
    return Graph(
        tuple(_read_node(ids[name], place) for name, place in nodes.items()),
        (*edges, *_read_loose(members.get(_LOOSE))),
        tuple(_read_parameter(n, p) for n, p in _members(parameters, "parameters").items()) if parameters else (),
    )


_LOOSE = "loose connections"
_GRAPH_MEMBERS = ("parameters", "nodes", _LOOSE)
_NODE_MEMBERS = (
    "id",
    "module",
    "comment",
    "inputs",
    "parameters",
    "linked parameters",
    "position",
    "regenerate output",
)


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
    if node.regenerate:
        written["regenerate output"] = True
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


def text_at(place: Place | None, what: str) -> str:
    """The text at a place; nothing when there is none."""
    if place is None or place.value is None:
        return ""
    if isinstance(place.value, (Mapping, list)):
        raise unreadable(place.line, f"Expected a text for '{what}'.")
    return place.value if isinstance(place.value, str) else str(place.value)


def flag_at(place: Place | None, what: str) -> bool:
    """True or false at a place; False when there is none."""
    if place is None:
        return False
    if not isinstance(place.value, bool):
        raise unreadable(place.line, f"Expected true or false for '{what}'.")
    return place.value


def _node_id(name: str, place: Place) -> str:
    members = _members(place, f"node '{name}'", _NODE_MEMBERS)
    return text_at(members["id"], "id") if "id" in members else name


def _read_node(node_id: str, place: Place) -> Node:
    members = _members(place, f"node '{node_id}'", _NODE_MEMBERS)
    if "module" not in members:
        raise unreadable(place.line, f"Node '{node_id}' needs 'module'.")
    params = _members(members["parameters"], "parameters") if "parameters" in members else {}
    links = _members(members["linked parameters"], "linked parameters") if "linked parameters" in members else {}
    return Node(
        node_id,
        text_at(members["module"], "module"),
        {name: value.plain() for name, value in params.items()},
        {name: text_at(value, name) for name, value in links.items()},
        text_at(members.get("comment"), "comment"),
        _position(members["position"]) if "position" in members else None,
        flag_at(members.get("regenerate output"), "regenerate output"),
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
            source, separator, source_port = text_at(feed, port).partition(" / ")
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
    return GraphParameter(
        name,
        members["default"].plain() if "default" in members else None,
        flag_at(members["required"], "required") if "required" in members else "default" not in members,
        text_at(members["type"], "type") if "type" in members else "String",
        text_at(members.get("description"), "description"),
    )

"""Inference pipelines of the designer: the predictive graph of a training pipeline, for calls or for data sets.

Both functions are pure and can be applied to what they gave: then nothing changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from restudio.graph.model import DATA_SOURCE, DATASET, WEB_INPUT, WEB_OUTPUT, Graph, GraphParameter, Node
from restudio.graph.ports import ASSET, PORT_NAME, asset_of, is_service_port, port_name
from restudio.graph.rewrite import Rewrite
from restudio.graph.sketch import Change

INPUT_DATA = "input_data"
"""Parameter of a batch inference pipeline for the data to score, where the training pipeline had none."""
_OURS = re.compile(r"(input|output)(\d+)\Z")
_NAMES = {WEB_INPUT: "WebServiceInput", WEB_OUTPUT: "WebServiceOutput"}


def to_real_time(predictive: Rewrite) -> Rewrite:
    """With ports called as the designer calls them, ``WebServiceInput0`` and so on."""
    names = {node.id: _designer_name(node) for node in predictive.graph.nodes if is_service_port(node)}
    nodes = tuple(
        replace(n, params={**n.params, PORT_NAME: names[n.id]}) if n.id in names else n for n in predictive.graph.nodes
    )
    changes = tuple(
        replace(c, what=c.what.replace(f"'{port_name(predictive.graph.node(c.node))}'", f"'{names[c.node]}'"))
        if c.node in names
        else c
        for c in predictive.changes
    )
    return Rewrite(predictive.graph.replacing(nodes=nodes), changes)


def to_batch(predictive: Rewrite) -> Rewrite:
    """Without service ports, and with a parameter for the data that a call scores."""
    graph = predictive.graph
    ports = {node.id for node in graph.nodes if is_service_port(node)}
    fed = {(e.target, e.target_port) for e in graph.edges if e.source in {n.id for n in graph.of_module(WEB_INPUT)}}
    beside = [e.source for e in graph.edges if (e.target, e.target_port) in fed and e.source not in ports]
    plain = Graph(
        tuple(n for n in graph.nodes if n.id not in ports),
        tuple(e for e in graph.edges if not ports & {e.source, e.target}),
        graph.parameters,
    )
    changes = [c for c in predictive.changes if c.node not in ports]
    main = next((plain.node(source) for source in beside if plain.node(source).module == DATASET), None)
    if main is None or any(shown.casefold() == ASSET for shown in main.links):
        return Rewrite(plain, tuple(changes))
    why = "each run of a batch pipeline chooses the data that it scores"
    changes.append(Change(main.id, f"'{main.id}' made the parameter '{INPUT_DATA}'", why))
    return Rewrite(_with_data_parameter(plain, main), tuple(changes))


def without_data_parameters(graph: Graph, assets: Mapping[str, str]) -> Graph:
    """The graph of a run whose dataset nodes name ``assets`` (by node) themselves, as a service needs it."""

    def named(node: Node) -> Node:
        if node.module != DATASET:
            return node
        links = {shown: to for shown, to in node.links.items() if shown.casefold() != ASSET}
        others = {shown: value for shown, value in node.params.items() if shown.casefold() != ASSET}
        return replace(node, params={**others, ASSET: assets.get(node.id) or asset_of(node) or ""}, links=links)

    nodes = tuple(map(named, graph.nodes))
    used = {to for node in nodes for to in node.links.values()}
    return Graph(nodes, graph.edges, tuple(p for p in graph.parameters if p.name in used))


def _with_data_parameter(graph: Graph, main: Node) -> Graph:
    parameter = GraphParameter(INPUT_DATA, asset_of(main), False, DATA_SOURCE, "The data to score.")
    known = tuple(p for p in graph.parameters if p.name != INPUT_DATA)
    # Other data may come in another file format.
    params = {shown: value for shown, value in main.params.items() if shown.casefold() != "format"}
    linked = replace(main, params=params, links={**main.links, ASSET: INPUT_DATA})
    nodes = tuple(linked if node.id == main.id else node for node in graph.nodes)
    return Graph(nodes, graph.edges, (*known, parameter))


def _designer_name(node: Node) -> str:
    found = _OURS.match(port_name(node))
    return f"{_NAMES[node.module]}{int(found[2]) - 1}" if found else port_name(node)

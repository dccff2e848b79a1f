"""Questions about the ports of a graph that need the catalog: who feeds what, and which nodes are service ports."""

from __future__ import annotations

from dataclasses import replace

from restudio.core.registry import Registry
from restudio.core.spec import Entry, Port, PortKind, Spec
from restudio.graph.model import WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node

PORT_NAME = "Name"
"""Parameter of Web Service Input and Output that callers use as the name of the port."""
IGNORED = "Ignored columns"
"""Parameter of Web Service Input: columns that callers need not send (the label), separated by commas."""
ASSET = "asset"
"""Parameter of saved nodes: the asset version."""


def param(node: Node, name: str) -> object:
    """A raw parameter by display name in any case; None when it is not set."""
    folded = name.casefold()
    return next((value for shown, value in node.params.items() if shown.casefold() == folded), None)


def asset_of(node: Node) -> str | None:
    """The asset version that a saved node names."""
    value = param(node, ASSET)
    return None if value is None or not str(value).strip() else str(value)


def with_asset(node: Node, asset: str) -> Node:
    """The saved node on another asset version."""
    others = {shown: value for shown, value in node.params.items() if shown.casefold() != ASSET}
    return replace(node, params={**others, ASSET: asset})


def port_name(node: Node) -> str:
    """The name that callers use for a Web Service Input or Output node."""
    value = param(node, PORT_NAME)
    if value is None or not str(value).strip():
        value = "input1" if node.module == WEB_INPUT else "output1"
    return str(value)


def ignored_columns(node: Node) -> tuple[str, ...]:
    """Columns that callers of this Web Service Input need not send."""
    text = str(param(node, IGNORED) or "")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def is_service_port(node: Node) -> bool:
    return node.module in (WEB_INPUT, WEB_OUTPUT)


def title_of(node: Node, registry: Registry) -> str:
    """How messages call a node: ``'split' (Split Data)``."""
    entry = registry.find(node.module)
    return f"'{node.id}' ({entry.spec.name if entry else node.module})"


def accepts(target: Port, source: Port) -> bool:
    """Whether a value of one port may flow into another."""
    return target.kind is source.kind or PortKind.ANY in (target.kind, source.kind)


def first(ports: tuple[Port, ...], kind: PortKind) -> Port | None:
    return next((p for p in ports if p.kind is kind), None)


def source_at(graph: Graph, node: str, port: str, *, service: bool = False) -> Edge | None:
    """The edge that feeds an input port: the data source, or with ``service`` the Web Service Input beside it."""
    edges = [e for e in graph.incoming(node) if e.target_port == port]
    inputs = {n.id for n in graph.of_module(WEB_INPUT)}
    return next((e for e in edges if (e.source in inputs) is service), None)


def spec_of(node: Node, registry: Registry) -> Spec:
    """The declaration of a node's module."""
    entry: Entry = registry.get_entry(node.module)
    return entry.spec

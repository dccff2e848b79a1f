"""A graph on its way to another one: edits that keep connections whole, each recorded with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace

from restudio.core.registry import Registry
from restudio.core.spec import Port, PortKind, Spec
from restudio.graph.model import Edge, Graph, Node
from restudio.graph.ports import first, spec_of, title_of

PortId = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between a graph and its rewrite: at which node, what was done, and why."""

    node: str
    what: str
    why: str


class Sketch:
    """Mutable while a rewrite is made; never leaves the rewriting functions."""

    def __init__(self, graph: Graph, registry: Registry) -> None:
        self.registry = registry
        self.nodes: dict[str, Node] = {n.id: n for n in graph.nodes}
        self.edges: list[Edge] = list(graph.edges)
        self.parameters = graph.parameters
        self.changes: list[Change] = []

    def graph(self) -> Graph:
        """The graph as it stands, without parameters that nothing is linked to any more."""
        used = {name for n in self.nodes.values() for name in n.links.values()}
        return Graph(tuple(self.nodes.values()), tuple(self.edges), tuple(p for p in self.parameters if p.name in used))

    def spec(self, node: str) -> Spec:
        return spec_of(self.nodes[node], self.registry)

    def title(self, node: str) -> str:
        return title_of(self.nodes[node], self.registry)

    def source(self, node: str, port: str) -> PortId | None:
        """The output that feeds an input port."""
        return next(((e.source, e.source_port) for e in self.edges if (e.target, e.target_port) == (node, port)), None)

    def kind(self, output: PortId) -> PortKind:
        port = self.spec(output[0]).output(output[1])
        return port.kind if port else PortKind.ANY

    def table_input(self, node: str) -> Port | None:
        return first(self.spec(node).inputs, PortKind.TABLE)

    def tell(self, node: str, what: str, why: str) -> None:
        self.changes.append(Change(node, what, why))

    def add(self, node: Node) -> None:
        self.nodes[node.id] = node

    def update(self, node: str, **changes: object) -> None:
        self.nodes[node] = replace(self.nodes[node], **changes)  # type: ignore[arg-type]  # names of fields by contract

    def connect(self, source: PortId, target: PortId) -> None:
        """Feed an input port; what fed it before is disconnected."""
        self.edges = [e for e in self.edges if (e.target, e.target_port) != target]
        self.edges.append(Edge(*source, *target))

    def move_consumers(self, old: PortId, new: PortId) -> None:
        """Let everything that an output fed be fed by another one."""
        self.edges = [
            replace(e, source=new[0], source_port=new[1]) if (e.source, e.source_port) == old else e for e in self.edges
        ]

    def remove(self, node: str) -> None:
        """Take a node away with its connections."""
        del self.nodes[node]
        self.edges = [e for e in self.edges if node not in (e.source, e.target)]

    def bypass(self, node: str) -> None:
        """Take a node away and let its consumers read what it read at its first table input."""
        port = self.table_input(node)
        source = self.source(node, port.name) if port else None
        for output in self.spec(node).outputs:
            if source is not None and output.kind is PortKind.TABLE:
                self.move_consumers((node, output.name), source)
        self.remove(node)

    def free_id(self, wanted: str) -> str:
        """``wanted``, or with a number when a node has that id already."""
        number = 1
        while (name := wanted if number == 1 else f"{wanted}-{number}") in self.nodes:
            number += 1
        return name

    def beside(self, node: str, right: float, down: float) -> tuple[float, float] | None:
        """A position relative to a node, where it has one."""
        at = self.nodes[node].position
        return None if at is None else (at[0] + right, at[1] + down)

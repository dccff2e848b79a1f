"""Graph: immutable nodes and edges. One type for experiments, web services and designer pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

WEB_INPUT = "web-service-input"
"""Module id of **Web Service Input**: stands beside the data source on the same input port and replaces its data when
the graph runs as a web service."""
WEB_OUTPUT = "web-service-output"
"""Module id of **Web Service Output**: returns what arrives at its port."""
DATASET = "dataset"
"""Module id of a saved dataset node; parameter ``asset`` names the dataset version."""
SAVED_MODEL = "trained-model"
"""Module id of a saved trained model; parameter ``asset`` names the model version."""
SAVED_TRANSFORM = "transform"
"""Module id of a saved transform; parameter ``asset`` names the transform version."""
SAVED_KINDS = frozenset({DATASET, SAVED_MODEL, SAVED_TRANSFORM})
DATA_SOURCE = "DataSource"
"""Kind of a parameter whose value names data: a data set, or a data path."""


@dataclass(frozen=True, slots=True)
class Node:
    """One module in a graph.

    ``params`` are raw values by display name. ``links`` says which parameters come from a graph parameter (web-service
    parameter), display name → graph parameter name. ``comment`` and ``position`` are for people. With ``regenerate``
    the module runs in every run, whatever the cache holds.
    """

    id: str
    module: str
    params: Mapping[str, object] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    position: tuple[float, float] | None = None
    regenerate: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """Output port ``source_port`` of ``source`` feeds input port ``target_port`` of ``target``."""

    source: str
    source_port: str
    target: str
    target_port: str


@dataclass(frozen=True, slots=True)
class GraphParameter:
    """A value promoted to the level of the graph (web-service or pipeline parameter).

    Without a default it must be given in every call.
    """

    name: str
    default: object | None = None
    required: bool = True
    kind: str = "String"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A document's meaning. Order of nodes and edges carries none."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    parameters: tuple[GraphParameter, ...] = ()

    def node(self, node_id: str) -> Node:
        """The node of that id; ``KeyError`` when there is none."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)

    def incoming(self, node_id: str) -> tuple[Edge, ...]:
        return tuple(e for e in self.edges if e.target == node_id)

    def outgoing(self, node_id: str) -> tuple[Edge, ...]:
        return tuple(e for e in self.edges if e.source == node_id)

    def of_module(self, module: str) -> tuple[Node, ...]:
        return tuple(n for n in self.nodes if n.module == module)

    def replacing(self, **changes: object) -> Graph:
        return replace(self, **changes)  # type: ignore[arg-type]  # names of fields by contract

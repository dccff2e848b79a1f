"""Plan: the tasks of a run in order, with everything resolved that can be known before it starts.

Web Service Input and Output are not tasks. An input that is bound replaces the data beside it; one that is not bound
is left out. What an output returns is the value at the port that feeds it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from restudio.core.ids import Digest
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.graph.cachekey import cache_key, identity, is_cacheable, output_digest
from restudio.graph.check import check_graph
from restudio.graph.model import WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.graph.order import ancestors, topological
from restudio.graph.parameters import bind_parameters
from restudio.graph.ports import asset_of, is_service_port

PortId = tuple[str, str]
"""Node id and port name."""


@dataclass(frozen=True, slots=True)
class Task:
    """One module to run.

    ``inputs`` maps connected input ports to the output (or bound input) that feeds them. ``key`` is None when the
    outputs of something upstream cannot be foreseen; ``cacheable`` tasks get it from the digests of their inputs when
    these exist (:meth:`key_for`).
    """

    node: str
    module: str
    params: Mapping[str, object]
    inputs: Mapping[str, PortId]
    outputs: tuple[str, ...]
    identity: Digest
    cacheable: bool
    key: Digest | None
    assets: tuple[str, ...] = ()

    def key_for(self, digests: Mapping[str, str]) -> Digest | None:
        """The cache key, given the digest of the value at each connected input port."""
        return cache_key(self.identity, digests) if self.cacheable else None


@dataclass(frozen=True, slots=True)
class Plan:
    """Tasks in an order in which every task comes after those that feed it.

    ``bound`` maps outputs of Web Service Input nodes to the digests of what was bound. ``outputs`` maps Web Service
    Output nodes to the port whose value they return.
    """

    tasks: tuple[Task, ...]
    seed: int = 0
    bound: Mapping[PortId, str] = field(default_factory=dict)
    outputs: Mapping[str, PortId] = field(default_factory=dict)

    def task(self, node: str) -> Task:
        """The task of a node; ``KeyError`` when the plan does not run it."""
        for task in self.tasks:
            if task.node == node:
                return task
        raise KeyError(node)


def make_plan(
    graph: Graph,
    registry: Registry,
    *,
    seed: int = 0,
    assets: Mapping[str, str] | None = None,
    inputs: Mapping[PortId, str] | None = None,
    parameters: Mapping[str, object] | None = None,
    wanted: Collection[str] | None = None,
) -> Plan:
    """Check the graph and plan it; raises what :func:`check_graph` raises.

    ``assets`` maps saved nodes to the content digest of the version they name, ``inputs`` the output ports of Web
    Service Input nodes to the digest of the data bound to them, ``parameters`` graph parameters to values. With
    ``wanted`` only these nodes and what they need are run.
    """
    bound = dict(inputs or {})
    live = _live(bind_parameters(check_graph(graph, registry), parameters or {}), bound)
    needed = ancestors(live, wanted) if wanted is not None else frozenset(n.id for n in live.nodes)
    digests: dict[PortId, Digest | None] = {port: Digest(digest) for port, digest in bound.items()}
    tasks = []
    for node_id in topological(live):
        node = live.node(node_id)
        if node_id in needed and not is_service_port(node):
            task = _task(node, live, registry, seed, (assets or {}).get(node_id), digests)
            tasks.append(task)
            for port in task.outputs:
                digests[node_id, port] = output_digest(task.key, port) if task.key else None
    outputs = {e.target: (e.source, e.source_port) for n in live.of_module(WEB_OUTPUT) for e in live.incoming(n.id)}
    return Plan(tuple(tasks), seed, bound, {n: p for n, p in outputs.items() if n in needed})


def _live(graph: Graph, bound: Collection[PortId]) -> Graph:
    """The graph with one edge a port: bound Web Service Inputs win over the data beside them, others go."""
    services = {n.id for n in graph.of_module(WEB_INPUT)}
    bound_nodes = {node for node, _ in bound}
    replaced = {(e.target, e.target_port) for e in graph.edges if e.source in bound_nodes}

    def keeps(edge: Edge) -> bool:
        if edge.source in services:
            return edge.source in bound_nodes
        return (edge.target, edge.target_port) not in replaced

    return graph.replacing(edges=tuple(e for e in graph.edges if keeps(e)))


def _task(
    node: Node,
    graph: Graph,
    registry: Registry,
    seed: int,
    asset_digest: str | None,
    digests: Mapping[PortId, Digest | None],
) -> Task:
    spec = registry.get_entry(node.module).spec
    params: object = parse_params(spec.params, node.params)
    inputs = {e.target_port: (e.source, e.source_port) for e in graph.incoming(node.id)}
    asset = asset_of(node)
    named = {asset: asset_digest or asset} if asset is not None else {}
    own = identity(spec, params, seed=seed, assets=named)
    known = {port: digest for port, source in inputs.items() if (digest := digests[source]) is not None}
    # Data that is fixed by its content is the same each time, whoever reads it.
    cacheable = (is_cacheable(spec, params) or asset_digest is not None) and not node.regenerate
    foreseen = cacheable and len(known) == len(inputs)
    return Task(
        node=node.id,
        module=spec.id,
        params=dict(node.params),
        inputs=inputs,
        outputs=tuple(p.name for p in spec.outputs),
        identity=own,
        cacheable=cacheable,
        key=cache_key(own, known) if foreseen else None,
        assets=tuple(named),
    )

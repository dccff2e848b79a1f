"""Columns that flow through a graph before it runs, as far as the modules can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Schema, Superset
from restudio.core.spec import Entry, PortKind, ToldModel
from restudio.graph.model import DATASET, Graph, Node
from restudio.graph.order import topological
from restudio.graph.plan import PortId
from restudio.graph.ports import asset_of, source_at

Columns = Schema | Superset
"""What is told of a table: its columns, or all that may be among them."""
Known = Columns | ToldModel
"""What is told of a port."""


@dataclass(frozen=True, slots=True)
class Told:
    """What modules tell of a graph: columns at output ports, and parameters that do not fit the columns they meet."""

    ports: Mapping[PortId, Columns]
    problems: tuple[ModuleError, ...] = ()


def propagate_schemas(graph: Graph, registry: Registry, datasets: Mapping[str, Schema]) -> dict[PortId, Schema]:
    """The columns at every output port where they are told exactly; see :func:`tell_schemas`."""
    told = tell_schemas(graph, registry, datasets).ports
    return {port: columns for port, columns in told.items() if isinstance(columns, Schema)}


def tell_schemas(graph: Graph, registry: Registry, datasets: Mapping[str, Schema]) -> Told:
    """Follow the columns of the saved datasets (by asset id) through a graph without cycles.

    Web Service Inputs count as the data beside them. A module that does not tell its columns, or whose parameters do
    not fit its input, leaves what stands below it untold.
    """
    told: dict[PortId, Known] = {}
    problems: list[ModuleError] = []
    for node_id in topological(graph):
        node = graph.node(node_id)
        entry = registry.get_entry(node.module)
        try:
            found = _through(node, entry, graph, told, datasets)
        except ModuleError as error:
            problems.append(error.at(module=entry.spec.name, node=node_id))
            continue
        for port, known in zip(entry.spec.outputs, found, strict=False):
            if known is not None:
                told[node_id, port.name] = known
    tables = {port: known for port, known in told.items() if not isinstance(known, ToldModel)}
    return Told(tables, tuple(problems))


def _through(
    node: Node, entry: Entry, graph: Graph, told: Mapping[PortId, Known], datasets: Mapping[str, Schema]
) -> tuple[Known | None, ...]:
    """What is told of a node's outputs; empty when nothing is. Raises what the module says of its parameters."""
    if node.module == DATASET:
        return (datasets.get(str(asset_of(node))),)
    if entry.schema_of is None and entry.spec.task is None:
        return ()
    edges = {port.name: source_at(graph, node.id, port.name) for port in entry.spec.inputs}
    feeding = {
        name: None if edge is None else told.get((edge.source, edge.source_port)) for name, edge in edges.items()
    }
    tables = [port for port in entry.spec.inputs if port.kind is PortKind.TABLE]
    if any(feeding[port.name] is None and (edges[port.name] or not port.optional) for port in tables):
        return ()
    try:
        params: object = parse_params(entry.spec.params, node.params)
    except RestudioError:
        return ()
    if entry.schema_of is None:
        return (ToldModel(entry, params),)
    return _told(entry, params, list(feeding.values()))


def _told(entry: Entry, params: object, inputs: list[Known | None]) -> tuple[Known | None, ...]:
    assert entry.schema_of is not None
    vague = any(isinstance(known, Superset) for known in inputs)
    plain = [known.schema if isinstance(known, Superset) else known for known in inputs]
    try:
        result = entry.schema_of(params, *plain)
    except ModuleError as error:
        # Columns that do not come cannot be wrong; only one that is nowhere is.
        if vague and error.number != "0001":
            return ()
        raise
    found = result if isinstance(result, tuple) else (result,)
    return tuple(Superset(known) if vague and isinstance(known, Schema) else known for known in found)

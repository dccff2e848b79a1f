"""What a graph offers as a web service: inputs, outputs, parameters, and of which kind the service is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from restudio.core.registry import Registry
from restudio.core.spec import PortKind
from restudio.graph.model import SAVED_MODEL, WEB_INPUT, WEB_OUTPUT, Graph, GraphParameter
from restudio.graph.ports import ignored_columns, port_name

ServiceKind = Literal["training", "predictive", "non-scoring"]


@dataclass(frozen=True, slots=True)
class ServiceInput:
    """``source`` is the output port of the data that stands beside the input (it shows the schema), where there is one.

    ``ignored`` are columns that callers need not send.
    """

    name: str
    node: str
    port: str
    source: tuple[str, str] | None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceOutput:
    """Returns the value at ``source`` (node id, output port), a value of ``kind``."""

    name: str
    node: str
    source: tuple[str, str]
    kind: PortKind


@dataclass(frozen=True, slots=True)
class Signature:
    """The ports of a web service, in order of name, and its parameters in order of the document."""

    inputs: tuple[ServiceInput, ...]
    outputs: tuple[ServiceOutput, ...]
    parameters: tuple[GraphParameter, ...]
    kind: ServiceKind


def signature(graph: Graph, registry: Registry) -> Signature:
    """The web-service signature of a checked graph."""
    inputs = sorted(_inputs(graph, registry), key=lambda i: i.name)
    outputs = sorted(_outputs(graph, registry), key=lambda o: o.name)
    return Signature(tuple(inputs), tuple(outputs), graph.parameters, _kind(graph, tuple(outputs), registry))


def _inputs(graph: Graph, registry: Registry) -> list[ServiceInput]:
    services = {n.id for n in graph.of_module(WEB_INPUT)}
    found = []
    for node in graph.of_module(WEB_INPUT):
        fed = {(e.target, e.target_port) for e in graph.outgoing(node.id)}
        beside = (e for e in graph.edges if (e.target, e.target_port) in fed and e.source not in services)
        source = next(((e.source, e.source_port) for e in beside), None)
        port = registry.get_entry(WEB_INPUT).spec.outputs[0].name
        found.append(ServiceInput(port_name(node), node.id, port, source, ignored_columns(node)))
    return found


def _outputs(graph: Graph, registry: Registry) -> list[ServiceOutput]:
    found = []
    for node in graph.of_module(WEB_OUTPUT):
        for edge in graph.incoming(node.id):
            port = registry.get_entry(graph.node(edge.source).module).spec.output(edge.source_port)
            kind = port.kind if port else PortKind.ANY
            found.append(ServiceOutput(port_name(node), node.id, (edge.source, edge.source_port), kind))
    return found


def _kind(graph: Graph, outputs: tuple[ServiceOutput, ...], registry: Registry) -> ServiceKind:
    """Training: a model is made or returned. Predictive: a saved model scores. Otherwise non-scoring."""
    if any(o.kind is PortKind.MODEL for o in outputs) or any(_trains(n.module, registry) for n in graph.nodes):
        return "training"
    return "predictive" if graph.of_module(SAVED_MODEL) else "non-scoring"


def _trains(module: str, registry: Registry) -> bool:
    spec = registry.get_entry(module).spec
    learns = any(p.kind is PortKind.UNTRAINED for p in spec.inputs)
    return learns and any(p.kind is PortKind.MODEL for p in spec.outputs)

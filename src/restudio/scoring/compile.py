"""From a predictive graph to a Scorer: run once, symbolically, through every module's ``lower``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from restudio.artifacts.values import Model, Transform
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Role, Schema
from restudio.core.spec import Entry, Serving
from restudio.graph.model import SAVED_KINDS, WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.graph.ports import asset_of, ignored_columns, port_name, source_at
from restudio.kernels.expr import CannotLower, Frame
from restudio.scoring.contexts import Contexts
from restudio.scoring.interpreted import InterpretedScorer, Interpreter
from restudio.scoring.scorer import InputSpec, KernelScorer, Scorer
from restudio.tables.table import Table

Saved = Model | Transform | Table
Load = Callable[[str], Saved]


@dataclass(frozen=True, slots=True)
class KnownInput:
    """What is known of a service input without reading the data beside it: its columns, and perhaps a few rows."""

    spec: InputSpec
    sample: Table | None = None


def compile_graph(
    graph: Graph,
    registry: Registry,
    load: Load,
    contexts: Contexts | None = None,
    known: Mapping[str, KnownInput] | None = None,
) -> Scorer:
    """Bind a checked predictive graph whose graph parameters have been written in (``graph.parameters``).

    ``load`` gives the content of an asset version. Where a module has no kernels the graph is interpreted, slower,
    with the contexts that ``contexts`` makes; the Scorer says why. Errors of modules come placed at their node.
    ``known`` inputs, by name, are taken as they are; for others the data beside them is read.
    """
    known = known or {}
    samples = {name: given.sample for name, given in known.items() if given.sample is not None}
    interpreter = Interpreter(graph, registry, load, contexts, samples)
    inputs = {
        name: known[name].spec if name in known else _input_spec(graph, node, interpreter)
        for node in graph.of_module(WEB_INPUT)
        for name in (port_name(node),)
    }
    symbolic = _Symbolic(graph, registry, load, inputs, interpreter)
    try:
        return KernelScorer(inputs, symbolic.outputs())
    except CannotLower as why:
        return InterpretedScorer(interpreter, inputs, str(why))


def input_spec(beside: Schema, ignored: Iterable[str], *, takes_label: bool = False) -> InputSpec:
    """What an input takes that stands beside data of these columns: all but the label and the ``ignored`` ones.

    A service that trains needs the label, so it takes that too.
    """
    labels = {c.name for c in beside if c.role is Role.LABEL}
    left = frozenset(ignored) - labels if takes_label else frozenset(ignored) | labels
    return InputSpec(Schema.of(c for c in beside if c.name not in left), left)


def _input_spec(graph: Graph, node: Node, interpreter: Interpreter) -> InputSpec:
    """The schema of the data that stands beside a Web Service Input, without what callers need not send."""
    for edge in graph.outgoing(node.id):
        source = source_at(graph, edge.target, edge.target_port)
        if source is None:
            continue
        return input_spec(interpreter.static_table(source).schema, ignored_columns(node))
    raise RestudioError(
        Kind.PACKAGE,
        "ValidationError",
        f"Web Service Input '{port_name(node)}' has no schema: connect a dataset to the same input port.",
        target=node.id,
    )


class _Symbolic:
    """Values of the graph with frames for the tables that depend on a call; what does not is computed. Evaluates
    backwards from the outputs, each node once."""

    def __init__(
        self,
        graph: Graph,
        registry: Registry,
        load: Load,
        inputs: Mapping[str, InputSpec],
        interpreter: Interpreter,
    ) -> None:
        self._graph = graph
        self._registry = registry
        self._load = load
        self._inputs = inputs
        self._interpreter = interpreter
        self._values: dict[str, Mapping[str, object]] = {}

    def outputs(self) -> dict[str, Frame]:
        found: dict[str, Frame] = {}
        for node in self._graph.of_module(WEB_OUTPUT):
            for edge in self._graph.incoming(node.id):
                value = self._value(edge)
                if not isinstance(value, Frame):
                    raise CannotLower(f"output '{port_name(node)}' does not return a table that depends on an input")
                found[port_name(node)] = value
        return found

    def _value(self, edge: Edge) -> object:
        if edge.source not in self._values:
            self._values[edge.source] = self._evaluate(self._graph.node(edge.source))
        return self._values[edge.source][edge.source_port]

    def _evaluate(self, node: Node) -> Mapping[str, object]:
        entry = self._registry.get_entry(node.module)
        if node.module == WEB_INPUT:
            name = port_name(node)
            return dict.fromkeys(_ports(entry), Frame.input(name, self._inputs[name].schema))
        if node.module in SAVED_KINDS:
            return dict.fromkeys(_ports(entry), self._load(str(asset_of(node))))
        if entry.spec.serving is Serving.NEVER:
            raise RestudioError(
                Kind.PACKAGE,
                "ValidationError",
                f"Module '{entry.spec.name}' (node '{node.id}') has no place in a predictive service. Set up the web"
                " service from a run, which replaces it by what it made.",
                target=node.id,
            )
        inputs = [self._input(node, port.name) for port in entry.spec.inputs]
        if entry.spec.serving is Serving.PASS_THROUGH:
            return dict.fromkeys(_ports(entry), inputs[0])
        if not any(isinstance(value, Frame) for value in inputs):
            return self._interpreter.static(node, inputs)
        if entry.lower is None:
            raise CannotLower(f"module '{entry.spec.name}' has no fast form")
        return self._lower(node, entry, inputs)

    def _lower(self, node: Node, entry: Entry, inputs: list[object]) -> Mapping[str, object]:
        assert entry.lower is not None
        try:
            result = entry.lower(parse_params(entry.spec.params, node.params), *inputs, entry=self._registry.get_entry)
        except ModuleError as error:
            raise error.at(module=entry.spec.name, node=node.id) from error
        ports = _ports(entry)
        return {ports[0]: result} if len(ports) == 1 else dict(zip(ports, result, strict=True))

    def _input(self, node: Node, port: str) -> object:
        """What arrives at a port: the web-service input where there is one, else the other source."""
        edge = source_at(self._graph, node.id, port, service=True) or source_at(self._graph, node.id, port)
        return None if edge is None else self._value(edge)


def _ports(entry: Entry) -> list[str]:
    return [port.name for port in entry.spec.outputs]

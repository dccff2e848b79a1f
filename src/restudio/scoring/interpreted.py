"""Scoring by the table functions themselves, for graphs with a module that has no kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from restudio.artifacts.values import Model, Transform
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Schema
from restudio.core.spec import Serving
from restudio.graph.model import SAVED_KINDS, WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.graph.ports import asset_of, port_name, source_at
from restudio.scoring.contexts import Contexts, ServingContexts
from restudio.scoring.scorer import InputSpec, Row, Rows
from restudio.tables.table import ARROW_TYPES, Table


class InterpretedScorer:
    """Runs the modules one after the other on every call."""

    fast = False

    def __init__(self, interpreter: Interpreter, inputs: Mapping[str, InputSpec], reason: str) -> None:
        self.inputs = dict(inputs)
        self.reason: str | None = reason
        self._interpreter = interpreter
        self.outputs = self._output_schemas()

    def score_rows(self, inputs: Mapping[str, list[Row]]) -> Mapping[str, Rows]:
        tables = {}
        for port, spec in self.inputs.items():
            columns = zip(*inputs[port], strict=True) if inputs[port] else [()] * len(spec.schema)
            arrays = [pa.array(cells, ARROW_TYPES[c.dtype]) for c, cells in zip(spec.schema, columns, strict=True)]
            tables[port] = pa.Table.from_arrays(arrays, names=list(spec.schema.names))
        return {port: _to_rows(table) for port, table in self._score(tables).items()}

    def score_table(self, inputs: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]:
        return {port: table.data for port, table in self._score(inputs).items()}

    def _score(self, inputs: Mapping[str, pa.Table]) -> dict[str, Table]:
        given = {port: Table(spec.schema, inputs[port]) for port, spec in self.inputs.items()}
        return self._interpreter.outputs(given)

    def _output_schemas(self) -> dict[str, Schema]:
        """Found by scoring a few rows of the data that stands beside each input."""
        samples = {port: self._interpreter.sample(port, spec.schema) for port, spec in self.inputs.items()}
        return {port: table.schema for port, table in self._interpreter.outputs(samples).items()}


class Interpreter:
    """Evaluates nodes with tables. What does not depend on a service input is computed once and kept."""

    SAMPLE_ROWS = 20

    def __init__(
        self,
        graph: Graph,
        registry: Registry,
        load: Callable[[str], Model | Transform | Table],
        contexts: Contexts | None,
        samples: Mapping[str, Table] | None = None,
    ) -> None:
        self._graph = graph
        self._registry = registry
        self._load = load
        self._contexts = contexts or ServingContexts(registry).open
        self._samples = samples or {}
        self._static: dict[str, Mapping[str, object]] = {}
        self._beside: dict[str, Mapping[str, object]] = {}

    def outputs(self, inputs: Mapping[str, Table]) -> dict[str, Table]:
        """Tables of the service outputs for tables of the service inputs."""
        values: dict[str, Mapping[str, object]] = {}
        found: dict[str, Table] = {}
        for node in self._graph.of_module(WEB_OUTPUT):
            for edge in self._graph.incoming(node.id):
                value = self._value(edge, inputs, values)
                if not isinstance(value, Table):
                    raise _not_scoring(port_name(node))
                found[port_name(node)] = value
        return found

    def static_table(self, edge: Edge) -> Table:
        """The table at the source of an edge, without service inputs."""
        value = self._value(edge, None, self._beside)
        if not isinstance(value, Table):
            raise _not_scoring(edge.source)
        return value

    def sample(self, port: str, schema: Schema) -> Table:
        """A few rows of the data beside an input: those given, else read."""
        if port in self._samples:
            return self._samples[port].select(schema.names)
        for node in self._graph.of_module(WEB_INPUT):
            for edge in self._graph.outgoing(node.id) if port_name(node) == port else ():
                source = source_at(self._graph, edge.target, edge.target_port)
                if source is not None:
                    return self.static_table(source).slice(0, self.SAMPLE_ROWS).select(schema.names)
        return Table(schema, pa.table({c.name: pa.array([], ARROW_TYPES[c.dtype]) for c in schema}))

    def _value(self, edge: Edge, inputs: Mapping[str, Table] | None, values: dict[str, Mapping[str, object]]) -> object:
        node = self._graph.node(edge.source)
        known = values.get(node.id) or (self._static.get(node.id) if inputs is not None else None)
        if known is None:
            known, depends = self._evaluate(node, inputs, values)
            (values if depends else self._static)[node.id] = known
        return known[edge.source_port]

    def _evaluate(
        self, node: Node, inputs: Mapping[str, Table] | None, values: dict[str, Mapping[str, object]]
    ) -> tuple[Mapping[str, object], bool]:
        """Outputs of a node by port, and whether they depend on a service input."""
        entry = self._registry.get_entry(node.module)
        ports = [port.name for port in entry.spec.outputs]
        if node.module == WEB_INPUT:
            assert inputs is not None
            return dict.fromkeys(ports, inputs[port_name(node)]), True
        if node.module in SAVED_KINDS:
            return dict.fromkeys(ports, self._load(str(asset_of(node)))), inputs is None
        edges = [self._source(node, port.name, inputs is not None) for port in entry.spec.inputs]
        arguments = [None if edge is None else self._value(edge, inputs, values) for edge in edges]
        depends = inputs is None or any(edge is not None and edge.source not in self._static for edge in edges)
        if entry.spec.serving is Serving.PASS_THROUGH and inputs is not None:
            return dict.fromkeys(ports, arguments[0]), depends
        return self._run(node, arguments), depends

    def _source(self, node: Node, port: str, serving: bool) -> Edge | None:
        service = source_at(self._graph, node.id, port, service=True) if serving else None
        return service or source_at(self._graph, node.id, port)

    def static(self, node: Node, arguments: Sequence[object]) -> Mapping[str, object]:
        """The outputs of a node that no service input reaches, by port; computed once."""
        if node.id not in self._static:
            self._static[node.id] = self._run(node, arguments)
        return self._static[node.id]

    def _run(self, node: Node, arguments: Sequence[object]) -> Mapping[str, object]:
        entry = self._registry.get_entry(node.module)
        try:
            with self._contexts() as context:
                result = entry.run(parse_params(entry.spec.params, node.params), *arguments, ctx=context)
        except ModuleError as error:
            raise error.at(module=entry.spec.name, node=node.id) from error
        ports = [port.name for port in entry.spec.outputs]
        return {ports[0]: result} if len(ports) == 1 else dict(zip(ports, result, strict=True))


def _to_rows(table: Table) -> Rows:
    columns = [column.to_pylist() for column in table.data.columns]
    return Rows(table.schema, list(zip(*columns, strict=True)))


def _not_scoring(what: str) -> RestudioError:
    return RestudioError(
        Kind.PACKAGE, "ValidationError", f"'{what}' does not give a table, so it cannot be scored.", target=what
    )

"""From a graph to a service version: its ports with schemas and samples, its resources and saved contents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from restudio.core.cells import text_of
from restudio.core.errors import Kind, RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Role, Schema
from restudio.core.spec import PortKind
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.description import Cell, TablePort
from restudio.endpoints.rules import published_state, resource_slots
from restudio.endpoints.types import Holding, ServiceVersion
from restudio.graph.check import check_graph
from restudio.graph.model import DATASET, SAVED_MODEL, SAVED_TRANSFORM, Graph
from restudio.graph.ports import asset_of
from restudio.graph.signature import ServiceInput, Signature, signature
from restudio.models.service import AssetService
from restudio.tables.table import Table

SAMPLE_ROWS = 5


def make_version(
    graph: Graph,
    *,
    service_id: str,
    number: int,
    experiment_id: str | None,
    at: float,
    by: str,
    registry: Registry,
    assets: AssetService,
    builder: ScorerBuilder,
) -> ServiceVersion:
    """A version in staging; refuses a graph that cannot run or offers nothing, and one that cannot score."""
    offered = signature(check_graph(graph, registry), registry)
    if not offered.outputs:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "NoWebServiceOutput",
            "The experiment has no Web Service Output, so a web service would return nothing. Connect one to the "
            "output that callers want.",
        )
    models = {a: assets.get(a) for a in _saved(graph, SAVED_MODEL)}
    held = {a: (asset.name, Holding(a, asset.digest)) for a, asset in models.items()}
    transforms = {
        node.id: Holding(asset.id, asset.digest)
        for node in graph.of_module(SAVED_TRANSFORM)
        for asset in (assets.get(str(asset_of(node))),)
    }
    datasets = {
        a: Holding(a, asset.digest, asset.data_type_id) for a in _saved(graph, DATASET) for asset in (assets.get(a),)
    }
    version = ServiceVersion(
        service_id=service_id,
        number=number,
        stage="staging",
        kind=offered.kind,
        graph=graph,
        inputs=(),
        outputs=tuple(TablePort(o.name, Schema()) for o in offered.outputs if o.kind is not PortKind.MODEL),
        models=tuple(o.name for o in offered.outputs if o.kind is PortKind.MODEL),
        resources=resource_slots(graph, held),
        transforms=transforms,
        datasets=datasets,
        experiment_id=experiment_id,
        created=at,
        created_by=by,
    )
    return _with_ports(version, offered, builder)


def _saved(graph: Graph, module: str) -> Iterable[str]:
    return dict.fromkeys(str(asset_of(node)) for node in graph.of_module(module))


def _with_ports(version: ServiceVersion, offered: Signature, builder: ScorerBuilder) -> ServiceVersion:
    tables = {port.name: _source_table(version, port, builder) for port in offered.inputs}
    if not version.scores:
        described = {name: _described(table, offered) for name, table in tables.items()}
        inputs = tuple(_port(p.name, described[p.name], tables[p.name]) for p in offered.inputs)
        return replace(version, inputs=inputs)
    scorer, _ = builder.build(version, published_state(version))
    return replace(
        version,
        inputs=tuple(_port(name, spec.schema, tables.get(name)) for name, spec in scorer.inputs.items()),
        outputs=tuple(TablePort(name, schema) for name, schema in scorer.outputs.items()),
    )


def _source_table(version: ServiceVersion, port: ServiceInput, builder: ScorerBuilder) -> Table | None:
    """The saved data beside an input, where it stands there directly."""
    if port.source is None:
        return None
    node = version.graph.node(port.source[0])
    value = builder.contents.get(version.datasets[str(asset_of(node))]) if node.module == DATASET else None
    return value if isinstance(value, Table) else None


def _described(table: Table | None, offered: Signature) -> Schema:
    """Callers of a training service send the label too; nobody is asked for ignored columns."""
    if table is None:
        return Schema()
    ignored = {name for port in offered.inputs for name in port.ignored}
    return Schema.of(c for c in table.schema if c.name not in ignored or c.role is Role.LABEL)


def _port(name: str, schema: Schema, table: Table | None) -> TablePort:
    if table is None or not all(c in table.schema for c in schema.names):
        return TablePort(name, schema)
    head = table.data.slice(0, SAMPLE_ROWS)
    columns = [head.column(c).to_pylist() for c in schema.names]
    return TablePort(name, schema, tuple(tuple(_cell(v) for v in row) for row in zip(*columns, strict=True)))


def _cell(value: object) -> Cell:
    if isinstance(value, (datetime, timedelta)):
        return text_of(value)
    assert value is None or isinstance(value, (str, int, float, bool))
    return value

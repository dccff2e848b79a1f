"""From a graph to a service version: its ports with schemas and samples, its resources and saved contents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from restudio.core.errors import Kind, RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Schema
from restudio.core.spec import PortKind
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.contents import Contents
from restudio.endpoints.description import TablePort
from restudio.endpoints.rules import published_state, resource_slots
from restudio.endpoints.samples import SAMPLE_ROWS, input_port, output_port
from restudio.endpoints.types import Holding, ServiceVersion
from restudio.graph.check import check_graph
from restudio.graph.model import DATASET, SAVED_MODEL, SAVED_TRANSFORM, Graph
from restudio.graph.parameters import bind_parameters
from restudio.graph.plan import PortId
from restudio.graph.ports import asset_of
from restudio.graph.schemas import propagate_schemas
from restudio.graph.signature import Signature, signature
from restudio.models.service import AssetService
from restudio.scoring.compile import input_spec
from restudio.tables.table import Table

Seen = Callable[[PortId, int], Table | None]
"""The first rows, at most so many, of what a run gave at an output port; None when no run gave it."""


def nothing_seen(source: PortId, rows: int) -> None:
    """For graphs that have no run."""


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
    seen: Seen,
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
    look = Look(version, registry, assets, builder.contents, seen)
    version = _with_ports(version, offered, look)
    return _with_scored_outputs(version, builder) if version.scores else _with_trained_outputs(version, offered, look)


def _saved(graph: Graph, module: str) -> Iterable[str]:
    return dict.fromkeys(str(asset_of(node)) for node in graph.of_module(module))


def _with_ports(version: ServiceVersion, offered: Signature, look: Look) -> ServiceVersion:
    """The version with its ports described, as far as nothing large must be read for it."""
    inputs = []
    for port in offered.inputs:
        schema, rows = look.at(port.source) if port.source else (None, None)
        if schema is not None:
            inputs.append(input_port(port.name, input_spec(schema, port.ignored, takes_label=not version.scores), rows))
        elif not version.scores:
            inputs.append(TablePort(port.name, Schema()))
    return replace(version, inputs=tuple(inputs))


def _with_trained_outputs(version: ServiceVersion, offered: Signature, look: Look) -> ServiceVersion:
    """The outputs of a graph that must run to be known: as a run of the experiment gave them."""
    outputs = []
    for port in offered.outputs:
        if port.kind is not PortKind.MODEL:
            schema, rows = look.at(port.source)
            seen = TablePort(port.name, schema or Schema()) if rows is None else output_port(port.name, rows)
            outputs.append(seen)
    return replace(version, outputs=tuple(outputs))


def _with_scored_outputs(version: ServiceVersion, builder: ScorerBuilder) -> ServiceVersion:
    scorer, _ = builder.build(version, published_state(version))
    described = {port.name: port for port in version.inputs}
    return replace(
        version,
        inputs=tuple(described.get(name) or input_port(name, spec, None) for name, spec in scorer.inputs.items()),
        outputs=tuple(TablePort(name, schema) for name, schema in scorer.outputs.items()),
    )


class Look:
    """Columns and first rows at the ports of a graph, from what is cheapest: the saved dataset itself, a run that made
    exactly this, what the modules tell."""

    def __init__(
        self, version: ServiceVersion, registry: Registry, assets: AssetService, contents: Contents, seen: Seen
    ) -> None:
        self._version = version
        self._contents = contents
        self._seen = seen
        found = {asset: assets.schema(assets.get(asset)) for asset in version.datasets}
        known = {asset: schema for asset, schema in found.items() if schema is not None}
        self._told = propagate_schemas(bind_parameters(version.graph, {}), registry, known)

    def at(self, source: PortId) -> tuple[Schema | None, Table | None]:
        """The columns, and a few rows where they can be had."""
        node = self._version.graph.node(source[0])
        schema = self._told.get(source)
        if node.module == DATASET and schema is not None:
            held = self._version.datasets[str(asset_of(node))]
            return schema, self._contents.head(held, schema, SAMPLE_ROWS)
        rows = self._seen(source, SAMPLE_ROWS)
        return (schema, None) if rows is None else (rows.schema, rows)

"""Importing classic experiments: the JSON of the Studio API, a bare graph, or an ARM web-service definition.

Nothing is dropped silently: a module that the catalog does not have stays as a node that cannot run, a parameter that
has no equal here goes to the node's comment, and each is a :class:`Finding` with its line. Source: modules reference,
sections 8 and 9.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TypeVar

import msgspec

from restudio.core.decoding import decode_json
from restudio.core.errors import Kind, RestudioError
from restudio.core.params import ParamKind, parameters_of
from restudio.core.registry import Registry
from restudio.core.spec import Entry, Port
from restudio.graph import classic_shapes as shapes
from restudio.graph.document import Document
from restudio.graph.model import (
    DATASET,
    SAVED_MODEL,
    SAVED_TRANSFORM,
    WEB_INPUT,
    WEB_OUTPUT,
    Edge,
    Graph,
    GraphParameter,
    Node,
)
from restudio.graph.ports import ASSET, PORT_NAME

T = TypeVar("T")
MAX_BYTES = 32 << 20
UNKNOWN = "unknown-"
"""Module ids of nodes whose family the catalog does not have begin with this."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person has to look at. ``line`` is 1-based in the imported text, where it can be told."""

    line: int | None
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    document: Document
    findings: tuple[Finding, ...]


def import_classic(text: str, registry: Registry, *, title: str = "Imported experiment") -> Imported:
    """Read a classic experiment, a bare graph, or an ARM definition.

    Errors: ``InvalidDocument`` when it is none of them, with the place.
    """
    if len(text.encode()) > MAX_BYTES:
        raise _unreadable(f"it is larger than {MAX_BYTES >> 20} MiB")
    members = _members(text)
    if "properties" in members:
        return _Importer(text, registry).arm(_decode(text, shapes.ArmService), title)
    if "ModuleNodes" in members:
        return _Importer(text, registry).studio(shapes.Experiment(graph=_decode(text, shapes.ClassicGraph)), title)
    if "Graph" in members or "ExperimentGraph" in members:
        return _Importer(text, registry).studio(_decode(text, shapes.Experiment), title)
    raise _unreadable("it has none of 'Graph', 'ExperimentGraph', 'ModuleNodes' and 'properties'")


def _members(text: str) -> Mapping[str, object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise _unreadable(f"it is not JSON: {cause}") from cause
    if not isinstance(document, dict):
        raise _unreadable("it is not a JSON object")
    return document


def _decode(text: str, shape: type[T]) -> T:
    try:
        return decode_json(text, shape, strict=False)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise _unreadable(str(cause)) from cause


def _unreadable(why: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidDocument", f"This is no classic experiment: {why}.")


def _folded(name: str) -> str:
    return re.sub(r"\s+", "", name).casefold()


@dataclass(slots=True)
class _Importer:
    """Builds a graph while the source is walked; ``names`` maps source node ids to ours."""

    text: str
    registry: Registry
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    parameters: dict[str, GraphParameter] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def studio(self, experiment: shapes.Experiment, title: str) -> Imported:
        graph = experiment.graph or experiment.experiment_graph
        if graph is None:
            raise _unreadable("its graph is null")
        service = experiment.web_service or shapes.ServiceSection()
        for parameter in service.parameters or []:
            self._declare(parameter.name, parameter.value)
        places = _positions(graph.serialized_client_data or "")
        for source in graph.module_nodes:
            ports = [p.name for p in (*(source.input_ports_internal or ()), *(source.output_ports_internal or ()))]
            values = source.module_parameters or []
            self._module(source.id, source.module_id, source.comment or "", values, ports=ports)
            self._place(source.id, places.get(source.id))
        for source in graph.module_nodes:
            for port in source.input_ports_internal or []:
                self._saved(source.id, port)
        for edge in graph.edges_internal or []:
            self._connect(*_port(edge.source_output_port_id), *_port(edge.destination_input_port_id))
        self._service_ports(service.inputs or [], service.outputs or [])
        return self._result(experiment.description or title, experiment.summary)

    def arm(self, service: shapes.ArmService, title: str) -> Imported:
        properties = service.properties
        defaults = {name: _plain(value) for name, value in (properties.parameters or {}).items()}
        links: dict[tuple[str, str], str] = {}
        for name, parameter in (properties.package.graph_parameters or {}).items():
            self._declare(name, defaults.get(name), parameter.type, parameter.description or "")
            links |= {(link.node_id, _folded(link.parameter_key)): name for link in parameter.links or []}
        assets = properties.assets or {}
        for node_id, node in properties.package.nodes.items():
            self._arm_node(node_id, node, assets, links)
        for edge in properties.package.edges or []:
            self._connect(
                edge.source_node_id, edge.source_port_id or "", edge.target_node_id, edge.target_port_id or ""
            )
        return self._result(properties.title or service.name or title, properties.description or "")

    def _arm_node(
        self,
        node_id: str,
        node: shapes.ArmNode,
        assets: Mapping[str, shapes.Asset],
        links: Mapping[tuple[str, str], str],
    ) -> None:
        if node.input_id is not None or node.output_id is not None:
            module, name = (WEB_INPUT, node.input_id) if node.input_id is not None else (WEB_OUTPUT, node.output_id)
            self._add(node_id, str(name), Node("", module, {PORT_NAME: name}))
            return
        asset = assets.get(node.asset_id or "")
        if asset is None:
            self._find(node_id, f"node '{node_id}'", f"it names the asset '{node.asset_id}', which is not there")
            self._add(node_id, node_id, Node("", f"{UNKNOWN}asset"))
        elif asset.type.casefold() == "module":
            values = [
                shapes.Parameter(name, _plain(value), links.get((node_id, _folded(name))))
                for name, value in (node.parameters or {}).items()
            ]
            self._module(node_id, asset.location_info.uri.rpartition("/")[2], "", values, shown=asset.name)
        else:
            self._resource(node_id, asset)

    def _resource(self, node_id: str, asset: shapes.Asset) -> None:
        suffix = asset.location_info.uri.partition("?")[0].rpartition(".")[2].casefold()
        kind = {"ilearner": SAVED_MODEL, "itransform": SAVED_TRANSFORM}.get(suffix, DATASET)
        self._add(node_id, asset.name, Node("", kind, {ASSET: asset.name}))
        self._find(asset.name, asset.name, _BIND[kind])

    def _module(
        self,
        source: str,
        module_id: str,
        comment: str,
        values: Sequence[shapes.Parameter],
        *,
        shown: str = "",
        ports: Sequence[str] = (),
    ) -> None:
        parts = module_id.split(".")
        family = parts[1] if len(parts) > 1 else module_id
        entry = self.registry.find(family.replace("-", "")) or self.registry.find(shown or family)
        if entry is None:
            entry = self._recognized({v.name for v in values}, set(ports))
            if entry is not None:
                text = f"the family {family} is not known; its ports and parameters are those of '{entry.spec.name}'"
                self._find(source, entry.spec.name, f"{text}, look whether it is that")
        if entry is None:
            name = shown or f"module {family}"
            self._find(source, name, f"the catalog has no module of the family {family}; the node cannot run")
            kept = {v.name: v.value for v in values}
            linked = {v.name: v.linked_global_parameter for v in values if v.linked_global_parameter}
            self._add(source, name, Node("", f"{UNKNOWN}{family}", kept, linked, comment))
            return
        params, links, left = self._parameters(source, entry, values)
        comment = "\n".join(filter(None, [comment, *left]))
        self._add(source, entry.spec.name, Node("", entry.spec.id, params, links, comment))

    def _recognized(self, parameters: set[str], ports: set[str]) -> Entry | None:
        """The only module of the catalog that has all these names."""
        if len(parameters) + len(ports) < _TELLING:
            return None
        found = [entry for entry in self.registry.values() if _has(entry, parameters, ports)]
        return found[0] if len(found) == 1 else None

    def _parameters(
        self, source: str, entry: Entry, values: Sequence[shapes.Parameter]
    ) -> tuple[dict[str, object], dict[str, str], list[str]]:
        """Values and links by the names of our declaration, and a line for each that has none."""
        declared = {_folded(n): p for _, p in parameters_of(entry.spec.params) for n in (p.name, *p.aliases)}
        params: dict[str, object] = {}
        links: dict[str, str] = {}
        left: list[str] = []
        for value in values:
            parameter = declared.get(_folded(value.name))
            if parameter is None:
                self._find(source, entry.spec.name, f"its parameter '{value.name}' has no equal here; see the comment")
                left.append(f"{value.name} = {value.value}")
                continue
            if parameter.kind is ParamKind.CREDENTIAL:
                self._find(source, entry.spec.name, f"give '{parameter.name}' again; credentials are not exported")
            elif value.value not in (None, ""):
                params[parameter.name] = value.value
            if value.linked_global_parameter:
                links[parameter.name] = value.linked_global_parameter
                self._declare(value.linked_global_parameter, None, parameter.kind.value)
        self._find_old_language(source, entry, params)
        return params, links, left

    def _find_old_language(self, source: str, entry: Entry, params: Mapping[str, object]) -> None:
        version = next((str(v) for n, v in params.items() if n.endswith("Version")), "")
        if "2.7" in version or version.startswith("R 3"):
            self._find(source, entry.spec.name, f"its script was written for {version}; look whether it still runs")

    def _saved(self, source: str, port: shapes.InputPort) -> None:
        kinds = (
            (DATASET, port.data_source_id),
            (SAVED_MODEL, port.trained_model_id),
            (SAVED_TRANSFORM, port.transform_module_id),
        )
        for kind, asset in kinds:
            if not asset:
                continue
            key = f"asset:{asset}"
            if key not in self.names:
                self._add(key, kind.replace("-", " "), Node("", kind, {ASSET: asset}))
                self._find(asset, asset, _BIND[kind])
            self._connect(key, "", source, port.name)

    def _service_ports(self, inputs: Iterable[shapes.ServicePort], outputs: Iterable[shapes.ServicePort]) -> None:
        for port in inputs:
            self._add(f"input:{port.name}", port.name, Node("", WEB_INPUT, {PORT_NAME: port.name}))
            self._connect(f"input:{port.name}", "", *_port(port.port_id))
        for port in outputs:
            self._add(f"output:{port.name}", port.name, Node("", WEB_OUTPUT, {PORT_NAME: port.name}))
            self._connect(*_port(port.port_id), f"output:{port.name}", "")

    def _declare(self, name: str, default: object, kind: str = "String", description: str = "") -> None:
        known = self.parameters.get(name)
        if known is None or (known.kind == "String" and kind != "String"):
            kept = default if known is None else known.default
            self.parameters[name] = GraphParameter(name, kept, kept is None, kind, description)

    def _add(self, source: str, shown: str, node: Node) -> None:
        """Give the node a readable id of its own."""
        base = re.sub(r"[/\x00-\x1f]+", " ", shown).strip() or "node"
        name, number = base, 1
        while name in self.nodes:
            number += 1
            name = f"{base} {number}"
        self.names[source] = name
        self.nodes[name] = Node(name, node.module, node.params, node.links, node.comment)

    def _place(self, source: str, position: tuple[float, float] | None) -> None:
        node = self.nodes[self.names[source]]
        self.nodes[node.id] = Node(node.id, node.module, node.params, node.links, node.comment, position)

    def _connect(self, source: str, source_port: str, target: str, target_port: str) -> None:
        if source not in self.names or target not in self.names:
            missing = target if source in self.names else source
            self._find(missing, f"node '{missing}'", "a connection names it, but it is not in the graph")
            return
        start, end = self.nodes[self.names[source]], self.nodes[self.names[target]]
        self.edges.append(
            Edge(
                start.id,
                self._port_name(start, source_port, lambda entry: entry.spec.outputs),
                end.id,
                self._port_name(end, target_port, lambda entry: entry.spec.inputs),
            )
        )

    def _port_name(self, node: Node, name: str, ports: Callable[[Entry], tuple[Port, ...]]) -> str:
        """Our name of a port: the same in any case and spacing, or the only one there is."""
        entry = self.registry.find(node.module)
        if entry is None:
            return name or "port"
        declared = ports(entry)
        for port in declared:
            if _folded(port.name) == _folded(name):
                return port.name
        if len(declared) == 1:
            return declared[0].name
        self._find(node.id, node.id, f"it has no port '{name}'; known: {', '.join(p.name for p in declared)}")
        return name or "port"

    def _find(self, anchor: str, subject: str, reason: str) -> None:
        at = self.text.find(json.dumps(anchor, ensure_ascii=False))
        self.findings.append(Finding(None if at < 0 else self.text.count("\n", 0, at) + 1, subject, reason))

    def _result(self, title: str, description: str) -> Imported:
        graph = Graph(tuple(self.nodes.values()), tuple(dict.fromkeys(self.edges)), tuple(self.parameters.values()))
        return Imported(Document(title, graph, description), tuple(self.findings))


def _has(entry: Entry, parameters: set[str], ports: set[str]) -> bool:
    declared = {_folded(n) for _, p in parameters_of(entry.spec.params) for n in (p.name, *p.aliases)}
    offered = {_folded(port.name) for port in (*entry.spec.inputs, *entry.spec.outputs)}
    return {_folded(n) for n in parameters} <= declared and {_folded(n) for n in ports} <= offered


_TELLING = 3
"""Names that a module must have in common with a node of an unknown family to be taken for it."""
_BIND = {
    DATASET: "choose the dataset of this workspace that it stands for",
    SAVED_MODEL: "train it again here and choose the new model; models of the original cannot be read",
    SAVED_TRANSFORM: "fit it again here and choose the new transform; transforms of the original cannot be read",
}
_POSITION = re.compile(r"<NodePosition\s+Node='([^']*)'\s+Position='(-?[\d.]+),(-?[\d.]+)[^']*'")


def _positions(client_data: str) -> dict[str, tuple[float, float]]:
    """Node positions of the layout text; it is matched and never parsed as XML."""
    normal = client_data.replace('"', "'")
    return {unescape(node): (float(x), float(y)) for node, x, y in _POSITION.findall(normal)}


def _port(port_id: str) -> tuple[str, str]:
    node, _, port = port_id.partition(":")
    return node, port


def _plain(value: shapes.ArmValue | str | None) -> str | int | float | bool | None:
    return value.value if isinstance(value, shapes.ArmValue) else value

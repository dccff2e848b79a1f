"""Shapes of classic experiments and of ARM web-service definitions, as far as importing reads them.

Unknown members are ignored; member names are matched as the original services wrote them.
"""

from __future__ import annotations

import msgspec


class Parameter(msgspec.Struct, rename="pascal"):
    name: str
    value: str | int | float | bool | None = None
    linked_global_parameter: str | None = None


class InputPort(msgspec.Struct, rename="pascal"):
    """A dataset, model or transform is no node: its id stands at the port that reads it."""

    name: str
    node_id: str = ""
    data_source_id: str | None = None
    trained_model_id: str | None = None
    transform_module_id: str | None = None


class OutputPort(msgspec.Struct, rename="pascal"):
    name: str


class ModuleNode(msgspec.Struct, rename="pascal"):
    """``module_id`` is ``workspace.family.instance``."""

    id: str
    module_id: str
    comment: str | None = None
    module_parameters: list[Parameter] | None = None
    input_ports_internal: list[InputPort] | None = None
    output_ports_internal: list[OutputPort] | None = None


class PortEdge(msgspec.Struct, rename="pascal"):
    """Port ids are ``node:port``."""

    source_output_port_id: str
    destination_input_port_id: str


class ClassicGraph(msgspec.Struct, rename="pascal"):
    module_nodes: list[ModuleNode]
    edges_internal: list[PortEdge] | None = None
    serialized_client_data: str | None = None


class ServicePort(msgspec.Struct, rename="pascal"):
    port_id: str
    name: str


class ServiceParameter(msgspec.Struct, rename="pascal"):
    name: str
    value: str | int | float | bool | None = None


class ServiceSection(msgspec.Struct, rename="pascal"):
    inputs: list[ServicePort] | None = None
    outputs: list[ServicePort] | None = None
    parameters: list[ServiceParameter] | None = None


class Experiment(msgspec.Struct, rename="pascal"):
    """An experiment as downloaded (``Graph``) or as submitted (``ExperimentGraph``); ``description`` is its title."""

    description: str = ""
    summary: str = ""
    graph: ClassicGraph | None = None
    experiment_graph: ClassicGraph | None = None
    web_service: ServiceSection | None = None


class Location(msgspec.Struct, rename="camel"):
    uri: str = ""


class Asset(msgspec.Struct, rename="camel"):
    """``type`` is ``Module`` or ``Resource``; a module's URI is ``aml://module/workspace.family.instance``."""

    name: str
    type: str
    location_info: Location = msgspec.field(default_factory=Location)


class ArmValue(msgspec.Struct, rename="camel"):
    value: str | int | float | bool | None = None


class ArmNode(msgspec.Struct, rename="camel"):
    asset_id: str | None = None
    input_id: str | None = None
    output_id: str | None = None
    parameters: dict[str, ArmValue | str | None] | None = None


class ArmEdge(msgspec.Struct, rename="camel"):
    source_node_id: str
    target_node_id: str
    source_port_id: str | None = None
    target_port_id: str | None = None


class ArmLink(msgspec.Struct, rename="camel"):
    node_id: str
    parameter_key: str


class ArmGraphParameter(msgspec.Struct, rename="camel"):
    type: str = "String"
    description: str | None = None
    links: list[ArmLink] | None = None


class ArmPackage(msgspec.Struct, rename="camel"):
    nodes: dict[str, ArmNode]
    edges: list[ArmEdge] | None = None
    graph_parameters: dict[str, ArmGraphParameter] | None = None


class ArmProperties(msgspec.Struct, rename="camel"):
    package: ArmPackage
    title: str = ""
    description: str | None = None
    assets: dict[str, Asset] | None = None
    parameters: dict[str, ArmValue | str | None] | None = None


class ArmService(msgspec.Struct, rename="camel"):
    properties: ArmProperties
    name: str = ""

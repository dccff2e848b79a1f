"""Parameters of a graph: declared, attached to the parameters of its modules, detached, renamed, removed.

All functions are pure and give the changed graph. A parameter may serve many fields; a field that is attached shows the
parameter's value and keeps it when it is detached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from restudio.core.errors import Kind, ModuleError, RestudioError, nearest
from restudio.core.params import Parameter, ParamKind, parameters_of, parse_value
from restudio.core.registry import Registry
from restudio.graph.imports import data_path_of, is_data_field
from restudio.graph.model import DATA_SOURCE, Graph, GraphParameter, Node
from restudio.graph.parameters import with_value
from restudio.graph.ports import asset_of, param

KINDS: Mapping[str, ParamKind] = {
    "String": ParamKind.STRING,
    "Int": ParamKind.INT,
    "Float": ParamKind.FLOAT,
    "Boolean": ParamKind.BOOLEAN,
    DATA_SOURCE: ParamKind.STRING,
}
_PROMOTABLE: Mapping[ParamKind, str] = {
    ParamKind.STRING: "String",
    ParamKind.ENUMERATED: "String",
    ParamKind.MODE: "String",
    ParamKind.PARAMETER_RANGE: "String",
    ParamKind.INT: "Int",
    ParamKind.FLOAT: "Float",
    ParamKind.BOOLEAN: "Boolean",
}
_MAX_NAME = 255


@dataclass(frozen=True, slots=True)
class Use:
    """A field that a parameter serves: parameter ``field`` (display name) of ``node``."""

    node: str
    field: str


def uses_of(graph: Graph, name: str) -> tuple[Use, ...]:
    """Where a parameter is used, in order of the nodes."""
    return tuple(Use(node.id, field) for node in graph.nodes for field, linked in node.links.items() if linked == name)


def coerce(name: str, kind: str, value: object) -> object:
    """A value in the type of a parameter: numbers may come as texts. Error ``InvalidParameterValue``."""
    declared = KINDS.get(kind, ParamKind.STRING)
    try:
        if declared is ParamKind.STRING and isinstance(value, bool):
            raise ModuleError("0002", f"Parameter '{name}' must be a text, got {value}.")
        return parse_value(Parameter(name, declared, None), value)
    except ModuleError as cause:
        text = f"{cause.text} The type of this pipeline parameter is {kind}."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidParameterValue", text, target=name) from cause


def declare(graph: Graph, parameter: GraphParameter) -> Graph:
    """Add a parameter that nothing uses yet."""
    _ensure_free(graph, parameter.name)
    if parameter.kind not in KINDS:
        text = f"A pipeline parameter has one of the types {', '.join(KINDS)}, got '{parameter.kind}'."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidParameterType", text, target=parameter.name)
    if parameter.default is not None:
        parameter = replace(parameter, default=coerce(parameter.name, parameter.kind, parameter.default))
    return graph.replacing(parameters=(*graph.parameters, parameter))


def attach(graph: Graph, registry: Registry, use: Use, name: str) -> Graph:
    """Let a parameter serve a field. A new one takes the field's type and its value as the default.

    Errors: ``NodeNotFound``, ``UnknownField``, ``NotPromotable``, ``ParameterTypeMismatch``.
    """
    node = _node(graph, use.node)
    field = _field(node, registry, use.field)
    kind = _kind_of(node, field)
    known = _find(graph, name)
    if known is None:
        value = _data_of(node) if kind == DATA_SOURCE else param(node, field.name)
        default = field.default if value is None else value
        if default == "" or (kind == "String" and not isinstance(default, str)):
            default = None  # the field's own value stands
        graph = declare(graph, GraphParameter(name, default, kind == DATA_SOURCE and default is None, kind))
    elif known.kind != kind and not (kind == "Float" and known.kind == "Int"):
        text = (
            f"The parameter '{name}' is of type {known.kind}, but '{field.name}' of '{node.id}' takes {kind}. Choose a "
            "parameter of that type, or a new name."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "ParameterTypeMismatch", text, target=name)
    links = {shown: to for shown, to in node.links.items() if shown.casefold() != field.name.casefold()}
    return _with(graph, replace(node, links={**links, field.name: name}))


def detach(graph: Graph, use: Use) -> Graph:
    """Give a field its own value again: the one that it had through the parameter."""
    node = _node(graph, use.node)
    linked = {shown.casefold(): shown for shown in node.links}
    shown = linked.get(use.field.casefold())
    if shown is None:
        text = f"'{use.field}' of '{use.node}' is not attached to a parameter.{nearest(use.field, node.links)}"
        raise RestudioError(Kind.BAD_ARGUMENT, "NotAttached", text, target=use.node)
    parameter = _find(graph, node.links[shown])
    if parameter is not None and parameter.default is not None:
        node = with_value(node, shown, parameter, parameter.default)
    return _with(graph, replace(node, links={n: to for n, to in node.links.items() if n != shown}))


def remove(graph: Graph, name: str) -> Graph:
    """Take a parameter away; the fields that it served keep their values."""
    get_parameter(graph, name)
    for use in uses_of(graph, name):
        graph = detach(graph, use)
    return graph.replacing(parameters=tuple(p for p in graph.parameters if p.name != name))


def rename(graph: Graph, name: str, new: str) -> Graph:
    """Call a parameter by another name, in all fields that it serves."""
    parameter = get_parameter(graph, name)
    if new == name:
        return graph
    _ensure_free(graph, new)
    nodes = tuple(
        replace(n, links={shown: new if to == name else to for shown, to in n.links.items()}) for n in graph.nodes
    )
    return _with_parameter(graph.replacing(nodes=nodes), name, replace(parameter, name=new))


def describe(graph: Graph, name: str, *, default: object | None = None, description: str | None = None) -> Graph:
    """Change the default or the description of a parameter; its type is fixed."""
    parameter = get_parameter(graph, name)
    if default is not None:
        parameter = replace(parameter, default=coerce(name, parameter.kind, default), required=False)
    if description is not None:
        parameter = replace(parameter, description=description)
    return _with_parameter(graph, name, parameter)


def with_defaults(graph: Graph, values: Mapping[str, object]) -> Graph:
    """The graph with other defaults for some of its parameters."""
    return graph.replacing(
        parameters=tuple(
            replace(p, default=values[p.name], required=False) if p.name in values else p for p in graph.parameters
        )
    )


def get_parameter(graph: Graph, name: str) -> GraphParameter:
    """NotFound ``ParameterNotFound``."""
    found = _find(graph, name)
    if found is None:
        known = [p.name for p in graph.parameters]
        raise RestudioError.not_found("ParameterNotFound", "Pipeline parameter", name, known)
    return found


def _data_of(node: Node) -> str | None:
    """What a node reads now, as a parameter for data names it."""
    path = data_path_of(node)
    return asset_of(node) if path is None else path.uri


def _kind_of(node: Node, field: Parameter) -> str:
    if is_data_field(node, field.name):
        return DATA_SOURCE
    if field.kind not in _PROMOTABLE:
        text = (
            f"'{field.name}' of '{node.id}' is a {field.kind.value}; only texts, numbers, Booleans, choices and data "
            "sets can become pipeline parameters."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "NotPromotable", text, target=node.id)
    return _PROMOTABLE[field.kind]


def _field(node: Node, registry: Registry, shown: str) -> Parameter:
    declared = [field for _, field in parameters_of(registry.get_entry(node.module).spec.params)]
    by_name = {name.casefold(): field for field in declared for name in (field.name, *field.aliases)}
    found = by_name.get(shown.casefold())
    if found is None:
        text = f"'{node.id}' has no parameter '{shown}'.{nearest(shown, [field.name for field in declared])}"
        raise RestudioError(Kind.BAD_ARGUMENT, "UnknownField", text, target=node.id)
    return found


def _node(graph: Graph, node_id: str) -> Node:
    try:
        return graph.node(node_id)
    except KeyError:
        raise RestudioError.not_found("NodeNotFound", "Node", node_id, [n.id for n in graph.nodes]) from None


def _find(graph: Graph, name: str) -> GraphParameter | None:
    return next((p for p in graph.parameters if p.name == name), None)


def _ensure_free(graph: Graph, name: str) -> None:
    if not name.strip() or len(name) > _MAX_NAME:
        text = f"A pipeline parameter has a name of 1 to {_MAX_NAME} characters, got {len(name)}."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidName", text, target=name[:50])
    if _find(graph, name) is not None:
        text = f"There is a pipeline parameter '{name}' already; choose another name, or attach the field to it."
        raise RestudioError(Kind.CONFLICT, "ParameterExists", text, target=name)


def _with(graph: Graph, node: Node) -> Graph:
    return graph.replacing(nodes=tuple(node if n.id == node.id else n for n in graph.nodes))


def _with_parameter(graph: Graph, name: str, parameter: GraphParameter) -> Graph:
    return graph.replacing(parameters=tuple(parameter if p.name == name else p for p in graph.parameters))

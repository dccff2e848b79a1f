"""Whether a graph can run: every finding at once, each with the node it is about and what to do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from restudio.core.errors import Kind, ManyErrors, ModuleError, RestudioError, nearest
from restudio.core.params import ParamKind, is_shown, parameters_of, parse_params
from restudio.core.registry import Registry
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port
from restudio.graph.model import SAVED_KINDS, WEB_INPUT, WEB_OUTPUT, Edge, Graph, Node
from restudio.graph.order import cyclic, find_cycle
from restudio.graph.parameters import bind_parameters
from restudio.graph.ports import ASSET, accepts, asset_of, port_name, title_of


def check_graph(graph: Graph, registry: Registry) -> Graph:
    """The same graph when it can run; :class:`ManyErrors` (``InvalidGraph``) with all findings when not."""
    problems = tuple(find_problems(graph, registry))
    if problems:
        raise ManyErrors("InvalidGraph", problems)
    return graph


def find_problems(graph: Graph, registry: Registry) -> Iterator[RestudioError]:
    """Findings in order: nodes, connections, inputs, parameters, web-service ports."""
    yield from _node_problems(graph, registry)
    sound: list[Edge] = []
    for edge in graph.edges:
        found = _edge_problems(edge, graph, registry)
        yield from found
        if not found:
            sound.append(edge)
    cycle = find_cycle(graph)
    if cycle is not None:
        yield cyclic(cycle)
    yield from _input_problems(graph, sound, registry)
    yield from _parameter_problems(graph, registry)
    yield from _service_problems(graph, registry)


def _bad(detail: str, node: str, text: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, detail, text, target=node)


def _node_problems(graph: Graph, registry: Registry) -> Iterator[RestudioError]:
    for node_id, count in Counter(n.id for n in graph.nodes).items():
        if count > 1:
            yield _bad("DuplicateNode", node_id, f"{count} nodes are called '{node_id}'; rename all but one.")
    for node in graph.nodes:
        if registry.find(node.module) is None:
            hint = nearest(node.module, registry)
            yield _bad("UnknownModule", node.id, f"Node '{node.id}' uses the unknown module '{node.module}'.{hint}")
        linked = any(shown.casefold() == ASSET for shown in node.links)
        if node.module in SAVED_KINDS and asset_of(node) is None and not linked:
            text = f"{title_of(node, registry)} names no asset; choose a saved item."
            yield ModuleError("0003", text, parameter="asset", module=node.module, node=node.id)


def _edge_problems(edge: Edge, graph: Graph, registry: Registry) -> list[RestudioError]:
    nodes = {n.id: n for n in graph.nodes}
    found: list[RestudioError] = []
    source = _end(edge.source, edge.source_port, "output", nodes, registry, found)
    target = _end(edge.target, edge.target_port, "input", nodes, registry, found)
    if source is not None and target is not None and not accepts(target, source):
        text = (
            f"Port '{edge.target_port}' of {title_of(nodes[edge.target], registry)} takes {target.kind.value}, but "
            f"'{edge.source_port}' of {title_of(nodes[edge.source], registry)} gives {source.kind.value}. "
            "Connect a port of the same type."
        )
        found.append(_bad("PortKindMismatch", edge.target, text))
    return found


def _end(
    node_id: str, name: str, side: str, nodes: Mapping[str, Node], registry: Registry, found: list[RestudioError]
) -> Port | None:
    """The declared port at one end of a connection; what is wrong with it is added to ``found``."""
    node = nodes.get(node_id)
    if node is None:
        text = f"A connection names the node '{node_id}', which does not exist.{nearest(node_id, nodes)}"
        found.append(_bad("UnknownNode", node_id, text))
        return None
    entry = registry.find(node.module)
    if entry is None:
        return None
    declared = entry.spec.outputs if side == "output" else entry.spec.inputs
    port = next((p for p in declared if p.name == name), None)
    if port is None:
        hint = nearest(name, [p.name for p in declared])
        found.append(_bad("UnknownPort", node_id, f"{title_of(node, registry)} has no {side} port '{name}'.{hint}"))
    return port


def _input_problems(graph: Graph, edges: Sequence[Edge], registry: Registry) -> Iterator[RestudioError]:
    by_port: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        by_port[edge.target, edge.target_port].append(edge)
    inputs = {n.id for n in graph.of_module(WEB_INPUT)}
    touched = {(e.target, e.target_port) for e in graph.edges}
    for node in graph.nodes:
        entry = registry.find(node.module)
        for port in entry.spec.inputs if entry else ():
            feeding = by_port[node.id, port.name]
            data = [e for e in feeding if e.source not in inputs]
            yield from _several(node, port, data, len(feeding) - len(data), registry)
            # A faulty connection has its own finding; "not connected" beside it would only confuse.
            unconnected = not data and ((node.id, port.name) not in touched or bool(feeding))
            if unconnected and not (port.optional and not feeding):
                yield _not_connected(node, port, bool(feeding), registry)


def _several(node: Node, port: Port, data: Sequence[Edge], service: int, registry: Registry) -> Iterator[RestudioError]:
    place = f"Port '{port.name}' of {title_of(node, registry)}"
    if len(data) > 1:
        sources = ", ".join(f"'{e.source}'" for e in data)
        yield _bad("SeveralSources", node.id, f"{place} is fed by {sources}; keep one of these connections.")
    if service > 1:
        yield _bad("SeveralSources", node.id, f"{place} has {service} Web Service Inputs; keep one.")


def _not_connected(node: Node, port: Port, only_service: bool, registry: Registry) -> ModuleError:
    place = f"Input '{port.name}' of {title_of(node, registry)}"
    if only_service:
        text = f"{place} has a Web Service Input but no data beside it; connect a dataset that shows the schema."
    else:
        text = f"{place} is not connected; connect a {port.kind.value} output."
    return ModuleError("0003", text, parameter=port.name, module=node.module, node=node.id)


def _parameter_problems(graph: Graph, registry: Registry) -> Iterator[RestudioError]:
    known = [p.name for p in graph.parameters]
    for name, count in Counter(known).items():
        if count > 1:
            yield _bad("DuplicateParameter", name, f"{count} graph parameters are called '{name}'; rename all but one.")
    for node in graph.nodes:
        for shown, name in node.links.items():
            if name not in known:
                yield _bad(
                    "UnknownParameter",
                    node.id,
                    f"Parameter '{shown}' of {title_of(node, registry)} is linked to the graph parameter '{name}', "
                    f"which does not exist.{nearest(name, known)}",
                )
    for node in bind_parameters(graph, {}).nodes:
        entry = registry.find(node.module)
        if entry is not None:
            yield from _value_problems(node, entry, registry)


def _value_problems(node: Node, entry: Entry, registry: Registry) -> Iterator[ModuleError]:
    declared = {n.casefold(): p for _, p in parameters_of(entry.spec.params) for n in (p.name, *p.aliases)}
    unknown = [shown for shown in node.links if shown.casefold() not in declared]
    for shown in unknown:
        hint = nearest(shown, [p.name for p in declared.values()])
        yield _placed(ModuleError("0002", f"There is no parameter '{shown}'.{hint}", parameter=shown), node, registry)
    raw = dict(node.params)
    # The first wrong value stops parsing: take it out and parse again, so that all are told.
    for _ in range(len(raw) + 1):
        try:
            params: object = parse_params(entry.spec.params, raw)
        except ModuleError as error:
            yield _placed(error, node, registry)
            names = _names_of(error.parameter, declared)
            if not names & {shown.casefold() for shown in raw}:
                return
            raw = {shown: value for shown, value in raw.items() if shown.casefold() not in names}
        else:
            if len(raw) == len(node.params):
                yield from _missing_selections(node, entry, params, registry)
            return


def _names_of(parameter: str | None, declared: Mapping[str, object]) -> set[str]:
    """All spellings under which the parameter may stand in raw values, folded."""
    if parameter is None:
        return set()
    wanted = parameter.casefold()
    same = declared.get(wanted)
    return {wanted, *(name for name, p in declared.items() if same is not None and p is same)}


def _missing_selections(node: Node, entry: Entry, params: object, registry: Registry) -> Iterator[ModuleError]:
    linked = {shown.casefold() for shown in node.links}
    declared = dict(parameters_of(type(params)))
    values = {field: getattr(params, field) for field in declared}
    for field, parameter in declared.items():
        required = parameter.kind is ParamKind.COLUMN_PICKER and not parameter.optional
        empty = values[field] == Selection() and parameter.name.casefold() not in linked
        if required and empty and is_shown(declared, field, values):
            text = f"Parameter '{parameter.name}' must not be empty; select columns."
            yield _placed(ModuleError("0003", text, parameter=parameter.name), node, registry)


def _placed(error: ModuleError, node: Node, registry: Registry) -> ModuleError:
    text = f"{title_of(node, registry)}: {error.text}"
    return ModuleError(error.number, text, parameter=error.parameter, module=node.module, node=node.id)


def _service_problems(graph: Graph, registry: Registry) -> Iterator[RestudioError]:
    for module, what in ((WEB_INPUT, "inputs"), (WEB_OUTPUT, "outputs")):
        names = Counter(port_name(n) for n in graph.of_module(module))
        for name, count in names.items():
            if count > 1:
                text = f"{count} web service {what} are called '{name}'; give each a name of its own."
                yield _bad("DuplicatePortName", name, text)
    sources = {e.source for e in graph.edges}
    for node in graph.of_module(WEB_INPUT):
        if node.id not in sources:
            yield _bad("UnconnectedInput", node.id, f"{title_of(node, registry)} feeds nothing; connect or remove it.")

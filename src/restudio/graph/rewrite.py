"""Set up a web service: the predictive graph of a training graph, as a pure rewrite that tells each change and why.

Saved nodes are called ``{node}:{port}`` after the output of the training graph whose value they hold, which is also
the key of a transform in an ``.ilearner`` bundle: that is how a retrained value finds its place, on refresh and patch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.registry import Registry
from restudio.core.schema import Schema
from restudio.core.spec import PortKind, Serving, Spec
from restudio.graph.learned import takes_over
from restudio.graph.model import (
    DATASET,
    SAVED_KINDS,
    SAVED_MODEL,
    SAVED_TRANSFORM,
    WEB_INPUT,
    WEB_OUTPUT,
    Graph,
    Node,
)
from restudio.graph.narrowing import ColumnsInto, forget_label
from restudio.graph.order import topological
from restudio.graph.ports import (
    ASSET,
    IGNORED,
    PORT_NAME,
    asset_of,
    first,
    is_service_port,
    source_at,
    spec_of,
    with_asset,
)
from restudio.graph.sketch import Change, PortId, Sketch

APPLY = "apply-transformation"


ColumnsOf = Callable[[PortId], Schema | None]
"""The columns of a table output, where they are known."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Outputs of the training run that must be saved as assets before the rewrite."""

    model: PortId
    transforms: tuple[PortId, ...]
    sources: tuple[PortId, ...]
    """Data read from outside (Import Data) that shows the schema of the service."""

    @property
    def all(self) -> tuple[PortId, ...]:
        return (self.model, *self.transforms, *self.sources)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The predictive graph and how it differs from the training graph."""

    graph: Graph
    changes: tuple[Change, ...]


def saved_id(output: PortId) -> str:
    """The node id of a saved output of a training graph, and its key in a bundle."""
    return f"{output[0]}:{output[1]}"


def find_needs(graph: Graph, registry: Registry, *, train: str | None = None) -> Needs:
    """What to save of a run of the training graph. ``train`` selects the trainer when there are several.

    Errors (InvalidOperation): ``NoTrainedModel``, ``SeveralTrainedModels``, ``NoScoreModel``.
    """
    sketch = Sketch(graph, registry)
    model = model_output(graph, registry, train)
    scorer = _scorer(sketch, model)
    _strip(sketch)
    path = _walk(sketch, scorer)
    return Needs(model, tuple(path.transforms), tuple(p for p in path.roots if not _is_fixed(sketch, p[0])))


def _not_known(output: PortId) -> None:
    return None


def to_predictive(
    graph: Graph,
    registry: Registry,
    *,
    title: str,
    saved: Mapping[PortId, str],
    train: str | None = None,
    label: str | None = None,
    columns_of: ColumnsOf = _not_known,
) -> Rewrite:
    """The predictive graph of a training graph.

    ``title`` is that of the training experiment; ``saved`` maps every output of :func:`find_needs` to the asset that
    holds its value; ``label`` is the column that the model learned; ``columns_of`` tells what came out of an output of
    the training graph, with which the label is found under an earlier name.
    """
    sketch = Sketch(graph, registry)
    model = model_output(graph, registry, train)
    scorer = _scorer(sketch, model)
    _strip(sketch)
    path = _walk(sketch, scorer)
    _place_model(sketch, model, scorer, title, saved[model])
    for output in path.transforms:
        _place_transform(sketch, output, title, saved[output], users=path.transforms[output])
    roots = {_place_source(sketch, root, saved, title): columns_of(root) for root in path.roots}
    _remove_rest(sketch, scorer)
    labels = forget_label(sketch, label, _into(graph, registry, columns_of)) if label is not None else {}
    _place_ports(sketch, scorer, roots, labels)
    return Rewrite(sketch.graph(), tuple(sketch.changes))


def _into(graph: Graph, registry: Registry, columns_of: ColumnsOf) -> ColumnsInto:
    def columns_into(node: str) -> Schema | None:
        if all(n.id != node for n in graph.nodes):
            return None  # placed by the rewrite
        port = first(spec_of(graph.node(node), registry).inputs, PortKind.TABLE)
        edge = source_at(graph, node, port.name) if port is not None else None
        return columns_of((edge.source, edge.source_port)) if edge is not None else None

    return columns_into


def refresh_saved(predictive: Graph, saved: Mapping[PortId, str]) -> Rewrite:
    """The same predictive graph, edits of its owner included, on newer versions of its saved items."""
    by_node = {saved_id(output): asset for output, asset in saved.items()}
    nodes, changes = [], []
    for node in predictive.nodes:
        asset = by_node.get(node.id)
        if asset is None or node.module not in SAVED_KINDS or asset_of(node) == asset:
            nodes.append(node)
        else:
            nodes.append(with_asset(node, asset))
            what = f"uses {asset} instead of {asset_of(node)}"
            changes.append(Change(node.id, what, "the training experiment was run again"))
    return Rewrite(predictive.replacing(nodes=tuple(nodes)), tuple(changes))


def find_trainers(graph: Graph, registry: Registry) -> dict[str, str]:
    """Nodes that train a model → the output port of the model."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        spec = registry.get_entry(node.module).spec
        model = first(spec.outputs, PortKind.MODEL)
        if model is not None and spec.id not in SAVED_KINDS:
            found[node.id] = model.name
    return found


def _refuse(detail: str, text: str) -> RestudioError:
    return RestudioError(Kind.INVALID_OPERATION, detail, text)


def model_output(graph: Graph, registry: Registry, train: str | None) -> PortId:
    """The output with the trained model: of ``train``, or of the only trainer."""
    trainers = find_trainers(graph, registry)
    if not trainers:
        raise _refuse("NoTrainedModel", "The experiment trains no model; add Train Model and run it.")
    if train is None and len(trainers) > 1:
        names = ", ".join(f"'{n}'" for n in trainers)
        raise _refuse("SeveralTrainedModels", f"Several modules train a model: {names}. Name one of them as 'train'.")
    node = train if train is not None else next(iter(trainers))
    if node not in trainers:
        raise _refuse("NoTrainedModel", f"Node '{node}' trains no model.{nearest(node, trainers)}")
    return node, trainers[node]


def _scorer(sketch: Sketch, model: PortId) -> str:
    """The first module that scores with the model."""
    for node in sketch.nodes:
        spec = sketch.spec(node)
        uses = any(p.kind is PortKind.MODEL and sketch.source(node, p.name) == model for p in spec.inputs)
        if uses and first(spec.outputs, PortKind.TABLE) and not _is_report(spec):
            return node
    raise _refuse("NoScoreModel", f"Nothing scores with the model of '{model[0]}'; add Score Model behind it.")


def _is_report(spec: Spec) -> bool:
    """Evaluation and export: what tells of a model or carries data away, without a place in a service."""
    return spec.serving is Serving.NEVER or not spec.outputs or spec.category.endswith("Evaluate")


def _strip(sketch: Sketch) -> None:
    """Remove service ports of the training graph and modules through which data passes unchanged in service."""
    for node in list(sketch.nodes):
        spec = sketch.spec(node)
        if is_service_port(sketch.nodes[node]):
            if spec.id == WEB_OUTPUT:
                sketch.tell(node, f"{sketch.title(node)} removed", "it is a port of the training service")
            else:
                sketch.tell(node, f"{sketch.title(node)} removed", "the predictive service gets an input of its own")
            sketch.remove(node)
        elif spec.serving is Serving.PASS_THROUGH or _only_trains(spec):
            title = sketch.title(node)
            sketch.bypass(node)
            sketch.tell(node, f"{title} removed; data passes unchanged", "every row that a caller sends is scored")


def _only_trains(spec: Spec) -> bool:
    """Table-to-table modules that must not touch the rows of callers (SMOTE)."""
    tables = all(p.kind is PortKind.TABLE for p in (*spec.inputs, *spec.outputs))
    return (
        spec.serving is Serving.NEVER and tables and bool(spec.inputs) and bool(spec.outputs) and not _evaluates(spec)
    )


def _evaluates(spec: Spec) -> bool:
    return spec.category.endswith("Evaluate")


@dataclass(frozen=True, slots=True)
class _Path:
    """``transforms`` are learned on the way, each with the nodes through which data passes by what was learned;
    ``roots`` are the outputs where data enters, ``nodes`` pass data on."""

    transforms: dict[PortId, dict[str, None]]
    roots: dict[PortId, None]
    nodes: set[str]


def _walk(sketch: Sketch, scorer: str) -> _Path:
    """Follow the data of the scorer upwards: learned transforms on the way, and the outputs where data enters."""
    path = _Path({}, {}, {scorer})
    waiting = [scorer]
    while waiting:
        node = waiting.pop()
        spec = sketch.spec(node)
        replaced = spec.learns.given if spec.learns is not None and _table_of(sketch, node) is not None else None
        for port in spec.inputs:
            output = sketch.source(node, port.name)
            if output is None or sketch.kind(output) is PortKind.MODEL or port.name == replaced:
                continue
            learned = _learned_by(sketch, output)
            users = {} if learned is None else path.transforms.setdefault(learned, {})
            if sketch.kind(output) is not PortKind.TABLE:
                continue
            users[output[0]] = None
            if not any(e.target == output[0] for e in sketch.edges):
                path.roots[output] = None
            if output[0] not in path.nodes:
                path.nodes.add(output[0])
                waiting.append(output[0])
    return path


def _learned_by(sketch: Sketch, output: PortId) -> PortId | None:
    """The output with what the module behind a table or transform output learned, when it learned something."""
    spec = sketch.spec(output[0])
    port = first(spec.outputs, PortKind.TRANSFORM)
    if port is not None and spec.id not in SAVED_KINDS:
        return output[0], port.name
    return _table_of(sketch, output[0])


def _table_of(sketch: Sketch, node: str) -> PortId | None:
    """The learned table that a module works with: its own, or that of another module which it was given."""
    learns = sketch.spec(node).learns
    if learns is None:
        return None
    if not takes_over(sketch.nodes[node], sketch.spec(node)):
        return node, learns.output
    source = sketch.source(node, learns.given)
    return _table_of(sketch, source[0]) if source is not None else None


def _is_fixed(sketch: Sketch, root: str) -> bool:
    """Whether a source of data shows its schema without reading anything from outside."""
    return sketch.spec(root).id == DATASET or sketch.spec(root).deterministic


def _place_model(sketch: Sketch, model: PortId, scorer: str, title: str, asset: str) -> None:
    name = f"{title} [trained model]"
    node = Node(saved_id(model), SAVED_MODEL, {ASSET: asset}, comment=name, position=sketch.beside(scorer, -320, -60))
    port = sketch.registry.get_entry(SAVED_MODEL).spec.outputs[0].name
    sketch.add(node)
    target = next(p.name for p in sketch.spec(scorer).inputs if sketch.source(scorer, p.name) == model)
    sketch.connect((node.id, port), (scorer, target))
    what = f"{sketch.title(model[0])} replaced by the saved model '{name}'"
    sketch.tell(node.id, what, "a service scores with the model of the last run; it can be patched later")


def _place_transform(sketch: Sketch, output: PortId, title: str, asset: str, *, users: Iterable[str]) -> None:
    """Put a saved transform for a learned one; where data passed by it, Apply Transformation does so now."""
    learner = output[0]
    shown = sketch.spec(learner).name
    at = sketch.beside(learner, -320, -60)
    node = Node(saved_id(output), SAVED_TRANSFORM, {ASSET: asset}, comment=f"{title} [{shown}]", position=at)
    port = sketch.registry.get_entry(SAVED_TRANSFORM).spec.outputs[0].name
    sketch.add(node)
    if sketch.kind(output) is PortKind.TRANSFORM:
        sketch.move_consumers(output, (node.id, port))
    what = f"{sketch.title(learner)} replaced by its saved transform"
    for user in users:
        table = first(sketch.spec(user).outputs, PortKind.TABLE)
        assert table is not None
        _apply_instead(sketch, user, table.name, (node.id, port))
        if user == learner:
            what += " and Apply Transformation"
        else:
            what += f", {sketch.title(user)} by Apply Transformation"
            sketch.remove(user)
    sketch.tell(node.id, what, "callers' rows are treated as the training rows were, with what was learned from them")


def _apply_instead(sketch: Sketch, learner: str, output: str, transform: PortId) -> None:
    spec = sketch.registry.get_entry(APPLY).spec
    takes = first(spec.inputs, PortKind.TRANSFORM)
    reads, gives = first(spec.inputs, PortKind.TABLE), first(spec.outputs, PortKind.TABLE)
    assert takes is not None
    assert reads is not None
    assert gives is not None
    node = Node(sketch.free_id(f"apply-{learner}"), APPLY, position=sketch.nodes[learner].position)
    sketch.add(node)
    sketch.connect(transform, (node.id, takes.name))
    port = sketch.table_input(learner)
    source = sketch.source(learner, port.name) if port else None
    if source is not None:
        sketch.connect(source, (node.id, reads.name))
    sketch.move_consumers((learner, output), (node.id, gives.name))


def _place_source(sketch: Sketch, root: PortId, saved: Mapping[PortId, str], title: str) -> PortId:
    """Data read from outside becomes a saved dataset, which gives the schema without reading anything."""
    if _is_fixed(sketch, root[0]):
        return root
    shown = sketch.title(root[0])
    name = f"{title} [{sketch.spec(root[0]).name}]"
    node = Node(saved_id(root), DATASET, {ASSET: saved[root]}, comment=name, position=sketch.nodes[root[0]].position)
    port = sketch.registry.get_entry(DATASET).spec.outputs[0].name
    sketch.add(node)
    sketch.move_consumers(root, (node.id, port))
    sketch.tell(node.id, f"{shown} replaced by a saved copy of its data", "a service reads nothing but its requests")
    return node.id, port


def _remove_rest(sketch: Sketch, scorer: str) -> None:
    """Keep what the scorer needs and what can follow it in a service; remove the other branches."""
    kept = _needed(sketch, scorer)
    for node in topological(sketch.graph()):
        sources = {e.source for e in sketch.edges if e.target == node}
        if node not in kept and scorer in kept and sources and sources <= kept and _follows(sketch, node, scorer):
            kept.add(node)
    before = {p.name for p in sketch.graph().parameters}
    for node in [n for n in sketch.nodes if n not in kept]:
        if not any(c.node.startswith(f"{node}:") for c in sketch.changes):
            sketch.tell(node, f"{sketch.title(node)} removed", _why_gone(sketch.spec(node)))
        sketch.remove(node)
    for name in sorted(before - {p.name for p in sketch.graph().parameters}):
        sketch.tell(name, f"web service parameter '{name}' removed", "no module of the service uses it")


def _needed(sketch: Sketch, scorer: str) -> set[str]:
    kept, waiting = {scorer}, [scorer]
    while waiting:
        target = waiting.pop()
        for edge in sketch.edges:
            if edge.target == target and edge.source not in kept:
                kept.add(edge.source)
                waiting.append(edge.source)
    return kept


def _follows(sketch: Sketch, node: str, scorer: str) -> bool:
    spec = sketch.spec(node)
    if _is_report(spec) or any(p.kind is PortKind.MODEL for p in spec.inputs):
        return False
    after, waiting = {scorer}, [scorer]
    while waiting:
        at = waiting.pop()
        for edge in sketch.edges:
            if edge.source == at and edge.target not in after:
                after.add(edge.target)
                waiting.append(edge.target)
    return node in after


def _why_gone(spec: Spec) -> str:
    if any(p.kind is PortKind.UNTRAINED for p in spec.outputs):
        return "an untrained learner has nothing to do in a service"
    if _evaluates(spec):
        return "judging a model needs true labels, which callers do not send"
    if not spec.outputs:
        return "a service answers its caller and writes nothing elsewhere"
    if any(p.kind is PortKind.MODEL for p in spec.inputs):
        return "one scorer serves; this one scored other data or another model"
    return "it only served training or evaluation"


def _place_ports(sketch: Sketch, scorer: str, roots: Mapping[PortId, Schema | None], labels: Mapping[str, str]) -> None:
    main = _main_root(sketch, scorer, roots)
    if main is not None:
        label, columns = labels.get(main[0]), roots[main]
        _place_input(sketch, main, label if label is None or columns is None or label in columns else None)
        for node, _ in roots:
            if node != main[0] and node in sketch.nodes:
                sketch.tell(
                    node, f"{sketch.title(node)} kept as fixed data", "one web service input stands for the rows"
                )
    ends = [n for n in sketch.nodes if not any(e.source == n for e in sketch.edges) and sketch.spec(n).outputs]
    spec = sketch.registry.get_entry(WEB_OUTPUT).spec
    for number, end in enumerate(ends, 1):
        table = first(sketch.spec(end).outputs, PortKind.TABLE)
        if table is not None:
            name = f"output{number}"
            port = Node(sketch.free_id(name), WEB_OUTPUT, {PORT_NAME: name}, position=sketch.beside(end, 0, 140))
            sketch.add(port)
            sketch.connect((end, table.name), (port.id, spec.inputs[0].name))
            sketch.tell(port.id, f"Web Service Output '{name}' added", f"the service answers with {sketch.title(end)}")


def _place_input(sketch: Sketch, main: PortId, label: str | None) -> None:
    spec = sketch.registry.get_entry(WEB_INPUT).spec
    params: dict[str, object] = {PORT_NAME: "input1"}
    if label is not None:
        params[IGNORED] = label
    node = Node(sketch.free_id("input1"), WEB_INPUT, params, position=sketch.beside(main[0], 320, 0))
    fed = [e for e in sketch.edges if (e.source, e.source_port) == main]
    sketch.add(node)
    for edge in fed:  # beside the data, not instead of it: the data shows the schema
        sketch.edges.append(type(edge)(node.id, spec.outputs[0].name, edge.target, edge.target_port))
    ignored = f", without '{label}'" if label is not None else ""
    sketch.tell(
        node.id, f"Web Service Input 'input1' added{ignored}", f"callers send rows like {sketch.title(main[0])}"
    )


def _main_root(sketch: Sketch, scorer: str, roots: Iterable[PortId]) -> PortId | None:
    """Where callers' rows enter: the first table input of each module, followed upwards from the scorer."""
    node = scorer
    while (port := sketch.table_input(node)) is not None and (source := sketch.source(node, port.name)) is not None:
        if source in roots:
            return source
        node = source[0]
    return next((r for r in roots if r[0] in sketch.nodes), None)

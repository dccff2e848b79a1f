"""From a graph that people keep to a snapshot that a run follows: every saved node on an exact version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from restudio.core.errors import Kind, ManyErrors, RestudioError, nearest
from restudio.core.params import parameters_of
from restudio.core.registry import Registry
from restudio.experiments.sources import Pinned, Sources, Watch, unwatched
from restudio.experiments.types import PinnedAsset, Snapshot
from restudio.graph.check import check_graph
from restudio.graph.data_path import DataPath
from restudio.graph.imports import (
    IMPORT_DATA,
    data_path_of,
    data_type_of,
    encoding_of,
    is_data_field,
    names_data_set,
    reads_again,
)
from restudio.graph.model import DATASET, SAVED_KINDS, SAVED_MODEL, SAVED_TRANSFORM, Graph, Node
from restudio.graph.parameters import bind_parameters
from restudio.graph.ports import asset_of, param, title_of, with_asset
from restudio.graph.promotion import with_defaults
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind

_ASSET_KINDS: Mapping[str, AssetKind] = {DATASET: "dataset", SAVED_MODEL: "model", SAVED_TRANSFORM: "transform"}
_FORMAT = "Format"


def take_snapshot(
    graph: Graph,
    workspace_id: str,
    assets: AssetService,
    registry: Registry,
    sources: Sources | None = None,
) -> Snapshot:
    """Check the graph and pin its assets, named by id, by name and version, or by name (the newest version).

    A saved node that a parameter without a value serves is left as it is. Raises :class:`ManyErrors` with all findings;
    ``AssetNotFound`` among them for saved nodes that name nothing. Data paths are looked for only; :func:`pin_sources`
    fixes what they lead to.
    """
    graph = bind_parameters(check_graph(graph, registry), {})
    pinned: dict[str, PinnedAsset] = {}
    nodes: list[Node] = []
    problems: list[RestudioError] = []
    for node in graph.nodes:
        try:
            if (path := data_path_of(node)) is not None:
                _known(sources, path).check(workspace_id, path)
            asset = find_asset(node, workspace_id, assets, registry)
        except RestudioError as error:
            problems.append(error)
            continue
        if asset is not None:
            pinned[node.id] = PinnedAsset(asset.id, asset.digest, asset.key)
            node = _reading(with_asset(node, asset.id), asset.data_type_id, registry)  # noqa: PLW2901  the node of the asset from here on
        nodes.append(node)
    if problems:
        raise (
            problems[0]
            if len(problems) == 1 and problems[0].detail in _PATH_ERRORS
            else ManyErrors("InvalidGraph", problems)
        )
    return Snapshot(_with_named(graph.replacing(nodes=tuple(nodes))), pinned)


def has_sources(snapshot: Snapshot) -> bool:
    """Whether a snapshot names data by paths that are still to be followed."""
    return any(data_path_of(n) is not None and n.id not in snapshot.assets for n in snapshot.graph.nodes)


def pin_sources(
    snapshot: Snapshot,
    workspace_id: str,
    registry: Registry,
    sources: Sources | None,
    watched: Callable[[str], AbstractContextManager[Watch]] = lambda node: nullcontext(unwatched),
) -> Snapshot:
    """The snapshot with the data behind its paths fixed; itself when there is nothing left to fix.

    ``watched`` gives the watch of what is copied for a node.
    """
    pinned: dict[tuple[DataPath, str | None, str | None], Pinned] = {}
    nodes, found = [], dict(snapshot.assets)
    for node in snapshot.graph.nodes:
        path = data_path_of(node)
        if path is not None and node.id not in snapshot.assets:
            wanted = (path, data_type_of(node), encoding_of(node))
            if wanted not in pinned:
                with watched(node.id) as watch:
                    pinned[wanted] = _known(sources, path).pin(
                        workspace_id, path, watch, data_type=wanted[1], encoding=wanted[2]
                    )
            content = pinned[wanted]
            found[node.id] = PinnedAsset(path.uri, content.digest, content.key)
            node = _reading(with_asset(node, path.uri), content.data_type_id, registry)  # noqa: PLW2901  the node of the asset from here on
        nodes.append(node)
    if not pinned:
        return snapshot
    return replace(snapshot, graph=_with_named(snapshot.graph.replacing(nodes=tuple(nodes))), assets=found)


_PATH_ERRORS = frozenset({"DataStoreNotFound", "DataPathNotFound"})


def _known(sources: Sources | None, path: DataPath) -> Sources:
    if sources is None:
        raise RestudioError.not_found("DataStoreNotFound", "Data store", path.store)
    return sources


def _with_named(graph: Graph) -> Graph:
    """The graph whose parameters for data name exactly what the nodes that they serve name."""
    named = {to: asset_of(n) for n in graph.nodes for shown, to in n.links.items() if is_data_field(n, shown)}
    return with_defaults(graph, {to: asset for to, asset in named.items() if asset is not None})


def find_asset(node: Node, workspace_id: str, assets: AssetService, registry: Registry) -> Asset | None:
    """The asset that a saved node names (see :meth:`AssetService.find_named`); None for nodes of other kinds, and for
    those that name a data path or nothing yet."""
    if not names_data_set(node) and (node.module not in SAVED_KINDS or asset_of(node) is None or data_path_of(node)):
        return None
    name, kind = str(asset_of(node)), _ASSET_KINDS.get(node.module, "dataset")
    found = assets.find_named(workspace_id, kind, name)
    if found is None:
        hint = nearest(name, [a.name for a in assets.list_latest(workspace_id, kind)])
        text = f"{title_of(node, registry)} names the {kind} '{name}', which does not exist here.{hint}"
        if kind == "dataset":
            text += " Data at a path of a data store is named azureml://datastores/STORE/paths/PATH."
        raise RestudioError(Kind.NOT_FOUND, "AssetNotFound", text, target=node.id)
    return found


def _reading(node: Node, data_type_id: str, registry: Registry) -> Node:
    """A node of data as a run has it: read as what it was uploaded as where the node does not say otherwise, and again
    where the node says so."""
    node = replace(node, regenerate=reads_again(node))
    declared = {p.name for _, p in parameters_of(registry.get_entry(node.module).spec.params)}
    if node.module not in (DATASET, IMPORT_DATA) or _FORMAT not in declared or param(node, _FORMAT):
        return node
    return replace(node, params={**node.params, _FORMAT: data_type_id})

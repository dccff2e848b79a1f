"""From a graph that people keep to a snapshot that a run follows: every saved node on an exact version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from restudio.core.errors import Kind, ManyErrors, RestudioError, nearest
from restudio.core.params import parameters_of
from restudio.core.registry import Registry
from restudio.experiments.types import PinnedAsset, Snapshot
from restudio.graph.check import check_graph
from restudio.graph.model import DATASET, SAVED_KINDS, SAVED_MODEL, SAVED_TRANSFORM, Graph, Node
from restudio.graph.ports import asset_of, param, title_of, with_asset
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind

_ASSET_KINDS: Mapping[str, AssetKind] = {DATASET: "dataset", SAVED_MODEL: "model", SAVED_TRANSFORM: "transform"}
_FORMAT = "Format"


def take_snapshot(
    graph: Graph, workspace_id: str, assets: AssetService, registry: Registry, *, wanted: tuple[str, ...] | None = None
) -> Snapshot:
    """Check the graph and pin its assets, named by id or (the newest version) by name.

    Raises :class:`ManyErrors` with all findings; ``AssetNotFound`` among them for saved nodes that name nothing.
    """
    check_graph(graph, registry)
    pinned: dict[str, PinnedAsset] = {}
    nodes: list[Node] = []
    problems: list[RestudioError] = []
    for node in graph.nodes:
        try:
            asset = find_asset(node, workspace_id, assets, registry)
        except RestudioError as error:
            problems.append(error)
            continue
        if asset is not None:
            pinned[node.id] = PinnedAsset(asset.id, asset.digest, asset.key)
            node = _with_format(with_asset(node, asset.id), asset, registry)  # noqa: PLW2901
        nodes.append(node)
    if problems:
        raise ManyErrors("InvalidGraph", problems)
    return Snapshot(graph.replacing(nodes=tuple(nodes)), pinned, wanted=wanted)


def find_asset(node: Node, workspace_id: str, assets: AssetService, registry: Registry) -> Asset | None:
    """The asset that a saved node names, by id or the newest of its name; None for nodes of other kinds."""
    if node.module not in SAVED_KINDS:
        return None
    name, kind = str(asset_of(node)), _ASSET_KINDS[node.module]
    found = assets.find(workspace_id, kind, name)
    if found is None and name.startswith(f"{workspace_id}."):
        try:
            found = assets.get(name)
        except RestudioError:
            found = None
    if found is None or found.kind != kind:
        hint = nearest(name, [a.name for a in assets.list_latest(workspace_id, kind)])
        text = f"{title_of(node, registry)} names the {kind} '{name}', which does not exist here.{hint}"
        raise RestudioError(Kind.NOT_FOUND, "AssetNotFound", text, target=node.id)
    return found


def _with_format(node: Node, asset: Asset, registry: Registry) -> Node:
    """Let a dataset be read as what it was uploaded as, where the node does not say otherwise."""
    declared = {p.name for _, p in parameters_of(registry.get_entry(node.module).spec.params)}
    if node.module != DATASET or _FORMAT not in declared or param(node, _FORMAT):
        return node
    return replace(node, params={**node.params, _FORMAT: asset.data_type_id})

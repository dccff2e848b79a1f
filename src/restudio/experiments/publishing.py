"""From a finished run to saved assets and to the predictive experiment that uses them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from restudio.artifacts.container import read_artifact, write_artifact, write_bundle
from restudio.artifacts.values import Json, Model
from restudio.core.errors import Kind, RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Schema, to_json
from restudio.core.spec import PortKind
from restudio.experiments.fitted import read_fitted
from restudio.experiments.results import bundle_of, kind_of, open_table
from restudio.experiments.rules import asset_title, model_name, part_name
from restudio.experiments.types import Experiment, Run
from restudio.graph.learned import learned_ports
from restudio.graph.model import Graph
from restudio.graph.plan import PortId
from restudio.graph.rewrite import Needs, Rewrite, find_needs, refresh_saved, saved_id, to_predictive
from restudio.models.content import local_copy
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind
from restudio.seams.objects import Objects

_KINDS: Mapping[PortKind, AssetKind] = {
    PortKind.TABLE: "dataset", PortKind.MODEL: "model", PortKind.TRANSFORM: "transform"
}  # fmt: skip
_DATA_TYPES: Mapping[AssetKind, str] = {
    "dataset": "Dataset", "model": "iLearnerDotNet", "transform": "iTransformDotNet"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run with what is needed to read its outputs. ``key_of`` raises NotFound for outputs that are not there."""

    run: Run
    graph: Graph
    seed: int
    key_of: Callable[[PortId], str]


class Publisher:
    """Saves outputs of runs. Thread-safe."""

    def __init__(self, objects: Objects, assets: AssetService, registry: Registry) -> None:
        self._objects = objects
        self._assets = assets
        self._registry = registry

    def promote(
        self,
        finished: FinishedRun,
        source: PortId,
        kind: str,
        name: str,
        *,
        family: str | None,
        owner: str,
        told: Mapping[str, Json] | None = None,
    ) -> Asset:
        """Save an output as an asset, or as the next version of ``family``; ``told`` goes into its lineage.

        A trained model is saved with the transforms fitted upstream of it; a learned table may also be saved as the
        transform that stands for it. Error ``WrongKind`` when the port holds something else.
        """
        held = _KINDS.get(kind_of(finished.graph, self._registry, source))
        if held == "dataset" and kind == "transform" and self._is_learned(finished.graph, source):
            held = "transform"
        if held is None or held != kind:
            text = f"Output '{source[1]}' of '{source[0]}' can be saved as {held or 'nothing'}, not as {kind}."
            raise RestudioError(Kind.INVALID_OPERATION, "WrongKind", text, target=source[0])
        key = finished.key_of(source)
        run = finished.run
        lineage: dict[str, Json] = {
            "experiment": run.experiment_id, "run": run.id, "node": source[0], "port": source[1],
            "seed": finished.seed, **(told or {}),
        }  # fmt: skip
        columns = self._columns(finished, source) if held == "dataset" else None
        with local_copy(self._objects, key) as path:
            content = path if held == "dataset" else self._artifact(finished, held, source, name)
            return self._assets.create(
                run.workspace_id,
                held,
                name,
                content,
                data_type_id=_DATA_TYPES[held],
                owner=owner,
                family=family,
                origin="FromOutputPromotion",
                lineage=lineage,
                schema=to_json(columns) if columns is not None else None,
            )

    def predictive(
        self,
        finished: FinishedRun,
        training: Experiment,
        existing: Experiment | None,
        *,
        train: str | None,
        owner: str,
    ) -> Rewrite:
        """The predictive graph of a training run; an existing one keeps its owner's edits and gets new versions.

        It is made afresh when the training graph now learns something that the existing one has no place for.
        """
        needs = find_needs(finished.graph, self._registry, train=train)
        saved = {source: self._save(finished, training, source, needs, owner).id for source in needs.all}
        if existing is not None and {saved_id(s) for s in needs.all} <= {n.id for n in existing.graph.nodes}:
            return refresh_saved(existing.graph, saved)
        return to_predictive(
            finished.graph,
            self._registry,
            title=asset_title(training.title),
            saved=saved,
            train=train,
            label=self._label(finished, needs.model),
            columns_of=lambda source: self._columns_made(finished, source),
        )

    def _columns_made(self, finished: FinishedRun, source: PortId) -> Schema | None:
        try:
            return self._columns(finished, source)
        except RestudioError:
            return None  # a branch that failed may follow what a service needs

    def _columns(self, finished: FinishedRun, source: PortId) -> Schema | None:
        if kind_of(finished.graph, self._registry, source) is not PortKind.TABLE:
            return None
        with open_table(self._objects, finished.key_of(source)) as table:
            return table.schema

    def _save(self, finished: FinishedRun, training: Experiment, source: PortId, needs: Needs, owner: str) -> Asset:
        is_model = source == needs.model
        kind = "transform" if source in needs.transforms else _KINDS[kind_of(finished.graph, self._registry, source)]
        wanted = model_name(training.title) if is_model else part_name(training.title, source)
        name, family = self._place(training, kind, wanted)
        known = self._assets.find(training.workspace_id, kind, name) if family else None
        if known is not None and known.lineage.get("run") == finished.run.id:
            return known  # saved before: a new version would hold the same
        return self.promote(finished, source, kind, name, family=family, owner=owner)

    def _place(self, training: Experiment, kind: AssetKind, wanted: str) -> tuple[str, str | None]:
        """The name, with the family when this experiment saved it before; a number when the name is somebody else's."""
        number, name = 1, wanted
        while (found := self._assets.find(training.workspace_id, kind, name)) is not None:
            if found.lineage.get("experiment") == training.id and found.origin == "FromOutputPromotion":
                return name, found.family
            number += 1
            name = f"{wanted} ({number})"
        return name, None

    def _is_learned(self, graph: Graph, source: PortId) -> bool:
        node = graph.node(source[0])
        return source[1] in learned_ports(node, self._registry.get_entry(node.module).spec)

    def _artifact(self, finished: FinishedRun, kind: AssetKind, source: PortId, name: str) -> bytes:
        if kind == "transform":
            key = finished.key_of(source)
            return write_artifact(read_fitted(finished.graph, self._registry, self._objects, key, source))
        bundle = bundle_of(finished.graph, self._registry, finished.key_of, self._objects, source, resource=name)
        return write_bundle(bundle)

    def _label(self, finished: FinishedRun, model: PortId) -> str | None:
        value = read_artifact(self._objects.get(finished.key_of(model)))
        return value.label.name if isinstance(value, Model) and value.label is not None else None

"""Use cases of what pipeline runs gave: metrics, and models and data registered from them."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.registry import Registry
from restudio.designer.service import DesignerService
from restudio.experiments.service import ExperimentService
from restudio.graph.model import Graph
from restudio.graph.retraining import find_evaluations
from restudio.graph.rewrite import find_trainers
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind

Metrics = Mapping[str, float]


class RunResults:
    """Thread-safe."""

    def __init__(
        self, designer: DesignerService, experiments: ExperimentService, assets: AssetService, registry: Registry
    ) -> None:
        self._designer = designer
        self._experiments = experiments
        self._assets = assets
        self._registry = registry

    def metrics(self, workspace_id: str, run_id: str) -> Mapping[str, Metrics]:
        """Numbers of every evaluation of a run that finished, by trainer: the first row of each."""
        graph = self._designer.graph(workspace_id, run_id)
        return {trainer: self._metrics_of(graph, run_id, trainer) for trainer in find_trainers(graph, self._registry)}

    def register_model(
        self, principal: Principal, workspace_id: str, run_id: str, name: str, *, node: str | None = None
    ) -> Asset:
        """Save the trained model of a run under a name, as its next version where the name is known, with the metrics
        and parameters of the run. ``node`` selects the trainer when there are several.

        Errors: ``NoTrainedModel``, ``SeveralTrainedModels``, ``OutputNotFound`` when the trainer did not finish.
        """
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        run = self._designer.get_run(workspace_id, run_id)
        graph = self._designer.graph(workspace_id, run_id)
        trainer, port = self._trainer(graph, node)
        return self._register(
            principal,
            workspace_id,
            (run_id, trainer, port),
            "model",
            name,
            {
                "metrics": dict(self._metrics_of(graph, run_id, trainer)),
                "parameters": {key: str(value) for key, value in run.record.parameters.items()},
                "pipeline": run.record.pipeline_id,
            },
        )

    def register_data(
        self, principal: Principal, workspace_id: str, run_id: str, node: str, port: str, name: str
    ) -> Asset:
        """Save a table that a run gave as a data set, as its next version where the name is known."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        self._designer.get_run(workspace_id, run_id)
        return self._register(principal, workspace_id, (run_id, node, port), "dataset", name, {})

    def _register(
        self,
        principal: Principal,
        workspace_id: str,
        output: tuple[str, str, str],
        kind: AssetKind,
        name: str,
        told: Mapping[str, object],
    ) -> Asset:
        known = self._assets.find(workspace_id, kind, name)
        return self._experiments.promote(
            *output,
            kind,
            name,
            family=known.family if known else None,
            owner=principal.name,
            told=told,  # type: ignore[arg-type]  # JSON-able by construction
        )

    def _trainer(self, graph: Graph, node: str | None) -> tuple[str, str]:
        trainers = find_trainers(graph, self._registry)
        if not trainers or (node is not None and node not in trainers):
            text = f"The run trains no model{f' at {node!r}' if node else ''}.{nearest(node or '', trainers)}"
            raise RestudioError(Kind.INVALID_OPERATION, "NoTrainedModel", text, target=node)
        if node is None and len(trainers) > 1:
            names = ", ".join(f"'{name}'" for name in trainers)
            text = f"Several steps train a model: {names}. Name one of them as 'node'."
            raise RestudioError(Kind.INVALID_OPERATION, "SeveralTrainedModels", text)
        chosen = node or next(iter(trainers))
        return chosen, trainers[chosen]

    def _metrics_of(self, graph: Graph, run_id: str, trainer: str) -> Metrics:
        found: dict[str, float] = {}
        for node, port in find_evaluations(graph, self._registry, trainer):
            try:
                seen = self._experiments.preview(run_id, node, port, rows=1)
            except RestudioError:
                continue  # the step did not finish, or its output is kept no longer
            names = [str(column["name"]) for column in seen.columns]
            for name, cell in zip(names, seen.rows[0] if seen.rows else [], strict=False):
                if isinstance(cell, (int, float)) and not isinstance(cell, bool):
                    found.setdefault(name, float(cell))
        return found

"""Use cases of inference pipelines: made from a training run, brought up to date after retraining, put to work."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.errors import Kind, RestudioError
from restudio.designer.service import DesignerService
from restudio.designer.types import Draft, DraftSettings, PipelineEndpoint, PipelineRole
from restudio.endpoints.from_experiment import publish_experiment
from restudio.endpoints.service import Published, ServiceService
from restudio.experiments.service import ExperimentService
from restudio.graph.imports import data_path_of
from restudio.graph.inference import to_batch, to_real_time, without_data_parameters
from restudio.graph.model import Graph
from restudio.graph.ports import param
from restudio.graph.sketch import Change
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.models.content import local_copy
from restudio.models.service import AssetService
from restudio.seams.objects import Objects

_TITLES = {"real-time": "real-time inference", "batch": "batch inference"}


@dataclass(frozen=True, slots=True)
class Inference:
    """An inference draft, every difference to what it was before, and the training run whose results it uses."""

    draft: Draft
    changes: tuple[Change, ...]
    run_id: str


class InferenceService:
    """Thread-safe. Unlike the original, an update brings the fitted transforms with the model that was trained behind
    them: a model on the scale of other data would be wrong."""

    def __init__(
        self,
        designer: DesignerService,
        experiments: ExperimentService,
        services: ServiceService,
        assets: AssetService,
        objects: Objects,
    ) -> None:
        self._designer = designer
        self._experiments = experiments
        self._services = services
        self._assets = assets
        self._objects = objects

    def create(
        self, principal: Principal, workspace_id: str, run_id: str, role: PipelineRole, *, train: str | None = None
    ) -> Inference:
        """The inference pipeline of a finished training run: a new draft, or the one that is there brought up to date.

        ``train`` selects the trainer when there are several. Errors (InvalidOperation): ``RunNotFinished``,
        ``NoTrainedModel``, ``SeveralTrainedModels``, ``NoScoreModel``.
        """
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        run = self._designer.get_run(workspace_id, run_id)
        existing = self._designer.drafts.find_inference(run.record.draft_id, workspace_id, role)
        return self._make(principal, workspace_id, run_id, role, existing, train)

    def update(self, principal: Principal, workspace_id: str, draft_id: str, *, run_id: str | None = None) -> Inference:
        """Bring an inference pipeline to what a training run learned, by default the newest that finished.

        Models and fitted transforms are replaced; other edits of its owner stay. Error ``NoFinishedRun``.
        """
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        draft = self._inference(workspace_id, draft_id)
        chosen = run_id or self._newest_run(workspace_id, draft)
        return self._make(principal, workspace_id, chosen, draft.settings.role, draft, None)

    def deploy(
        self,
        principal: Principal,
        workspace_id: str,
        draft_id: str,
        *,
        name: str | None = None,
        service_id: str | None = None,
        go_live: bool = True,
    ) -> Published:
        """Deploy a real-time inference pipeline as a web service.

        A service that was deployed from the same draft gets a new version and keeps its name, or the one of
        ``service_id``; without ``go_live`` it goes to staging.
        """
        ensure_allowed(principal, Action.DEPLOY if go_live else Action.EDIT, Resource(workspace_id))
        draft = self._inference(workspace_id, draft_id, "real-time")
        known = service_id or self._deployed(workspace_id, draft.id)
        if known is not None and name is None:
            name = self._services.get(workspace_id, known).service.name
        return publish_experiment(
            self._services,
            self._experiments,
            principal,
            draft.document,
            name=name,
            service_id=known,
            go_live=go_live,
        )

    def publish(
        self, principal: Principal, workspace_id: str, draft_id: str, endpoint: str, *, default: bool = True
    ) -> PipelineEndpoint:
        """Publish a batch inference pipeline to a pipeline endpoint, new or known, and make it the default."""
        draft = self._inference(workspace_id, draft_id, "batch")
        return self._designer.publish_to_endpoint(principal, workspace_id, draft.id, endpoint, default=default)

    def _make(
        self,
        principal: Principal,
        workspace_id: str,
        run_id: str,
        role: PipelineRole,
        existing: Draft | None,
        train: str | None,
    ) -> Inference:
        graph = self._training_graph(workspace_id, run_id, principal.name)
        rewrite = self._experiments.predictive(
            run_id, graph, existing.document if existing else None, train=train, owner=principal.name
        )
        shaped = to_real_time(rewrite) if role == "real-time" else to_batch(rewrite)
        if existing is not None:
            drafts = self._designer.drafts
            draft = drafts.update(principal, workspace_id, existing.id, graph=shaped.graph)
            return Inference(draft, shaped.changes, run_id)
        run = self._designer.get_run(workspace_id, run_id)
        title = self._experiments.document_of(run.run).title
        settings = DraftSettings(run.record.experiment_name, role=role)
        draft = self._designer.drafts.create(
            principal,
            workspace_id,
            f"{title} [{_TITLES[role]}]",
            shaped.graph,
            settings,
            training_id=run.record.draft_id,
        )
        return Inference(draft, shaped.changes, run_id)

    def _training_graph(self, workspace_id: str, run_id: str, owner: str) -> Graph:
        """What the run did, on data sets of its own: data that came from a path is saved as one."""
        snapshot = self._experiments.run_snapshot(run_id)
        title = self._designer.get_run(workspace_id, run_id).run.title
        saved: dict[str, str] = {}
        for node in snapshot.graph.nodes:
            if data_path_of(node) is not None and node.id in snapshot.assets:
                name = f"{title} [{node.id}]"
                data_type = str(param(node, "Format") or "GenericCSV")
                saved[node.id] = self._saved(workspace_id, name, snapshot.assets[node.id].key, data_type, owner)
        return without_data_parameters(snapshot.graph, saved)

    def _saved(self, workspace_id: str, name: str, key: str, data_type_id: str, owner: str) -> str:
        tidy = "".join("_" if c in '<>:"/\\|?*' else c for c in name)
        known = self._assets.find(workspace_id, "dataset", tidy)
        if known is not None and known.key == key:
            return known.id
        with local_copy(self._objects, key) as path:
            made = self._assets.create(
                workspace_id,
                "dataset",
                tidy,
                path,
                data_type_id=data_type_id,
                owner=owner,
                family=known.family if known else None,
                origin="FromOutputPromotion",
            )
        return made.id

    def _inference(self, workspace_id: str, draft_id: str, role: PipelineRole | None = None) -> Draft:
        draft = self._designer.drafts.get(workspace_id, draft_id)
        own = draft.settings.role
        if own == "training" or (role is not None and own != role):
            wanted = f"a {_TITLES[role]}" if role else "an inference"
            text = (
                f"'{draft.document.title}' is a {own} pipeline; this needs {wanted} pipeline, made from a training run."
            )
            raise RestudioError(Kind.INVALID_OPERATION, "NoInferencePipeline", text, target=draft_id)
        return draft

    def _newest_run(self, workspace_id: str, draft: Draft) -> str:
        training = draft.document.training_id or ""
        runs = self._designer.list_runs(workspace_id, draft_id=training)
        found = next((run.id for run in runs if run.run.state == "Finished"), None)
        if found is None:
            text = "No run of the training pipeline has finished; run it first."
            raise RestudioError(Kind.INVALID_OPERATION, "NoFinishedRun", text, target=draft.id)
        return found

    def _deployed(self, workspace_id: str, draft_id: str) -> str | None:
        known = self._services.list(workspace_id)
        return next((s.service.id for s in known if s.newest.experiment_id == draft_id), None)

"""Use cases of published pipelines: publish a draft or what a run did, list, enable, disable, clone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from restudio.core.errors import Kind, ManyErrors, RestudioError, nearest
from restudio.core.ids import hexadecimal, new_id
from restudio.designer import store
from restudio.designer.drafts import DraftService
from restudio.designer.rules import ensure_name
from restudio.designer.types import NO_SETTINGS, Draft, DraftSettings, PublishedPipeline
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment
from restudio.graph.model import Graph
from restudio.graph.promotion import coerce, with_defaults
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database


class PublishedPipelines:
    """Thread-safe. A published graph is a copy: later changes of the draft do not reach it."""

    def __init__(
        self,
        db: Database,
        experiments: ExperimentService,
        drafts: DraftService,
        clock: Clock,
    ) -> None:
        self._db = db
        self._experiments = experiments
        self._drafts = drafts
        self._clock = clock

    def publish_draft(
        self,
        principal: Principal,
        workspace_id: str,
        draft_id: str,
        *,
        name: str | None = None,
        description: str = "",
        version: str = "",
        defaults: Mapping[str, object] | None = None,
        continue_on_failure: bool | None = None,
    ) -> PublishedPipeline:
        """Freeze a draft that can run. ``defaults`` replace those of its parameters.

        Errors: what keeps the draft from running; ``ParameterNotFound`` and ``InvalidParameterValue`` for defaults.
        """
        draft = self._drafts.get(workspace_id, draft_id)
        graph = draft.document.graph
        return self._publish(principal, draft, graph, name, description, version, defaults or {}, continue_on_failure)

    def publish_run(
        self,
        principal: Principal,
        workspace_id: str,
        run_id: str,
        *,
        name: str | None = None,
        description: str = "",
        version: str = "",
        defaults: Mapping[str, object] | None = None,
        continue_on_failure: bool | None = None,
    ) -> PublishedPipeline:
        """Freeze what a run did; its values are the defaults of the parameters where ``defaults`` gives no others."""
        with self._db.read() as conn:
            record = store.find_record(conn, workspace_id, run_id=run_id)
        if record is None:
            raise RestudioError.not_found("PipelineRunNotFound", "Pipeline run", run_id)
        draft = Draft(self._document_of(run_id), NO_SETTINGS)
        graph = self.graph_of(workspace_id, run_id)
        chosen = record.continue_on_failure if continue_on_failure is None else continue_on_failure
        return self._publish(principal, draft, graph, name, description, version, defaults or {}, chosen)

    def get(self, workspace_id: str, pipeline_id: str) -> PublishedPipeline:
        """NotFound ``PipelineNotFound``."""
        with self._db.read() as conn:
            return get_pipeline(conn, workspace_id, pipeline_id)

    def list(self, workspace_id: str, *, active_only: bool = False) -> Sequence[PublishedPipeline]:
        """Newest first."""
        with self._db.read() as conn:
            return store.list_pipelines(conn, workspace_id, active_only=active_only)

    def set_active(self, principal: Principal, workspace_id: str, pipeline_id: str, active: bool) -> PublishedPipeline:
        """Enable or disable. Disabling what an active schedule runs is refused (Conflict ``ScheduleActive``)."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        with self._db.begin() as conn:
            pipeline = get_pipeline(conn, workspace_id, pipeline_id)
            schedule = None if active else store.find_active_schedule(conn, pipeline.id)
            if schedule is not None:
                text = f"The schedule '{schedule}' runs '{pipeline.name}'; disable the schedule first."
                raise RestudioError(Kind.CONFLICT, "ScheduleActive", text, target=pipeline.id)
            if pipeline.active != active:
                store.set_pipeline_active(conn, pipeline.id, active)
                self._audit(conn, principal, "enable pipeline" if active else "disable pipeline", pipeline)
            return get_pipeline(conn, workspace_id, pipeline_id)

    def clone(self, principal: Principal, workspace_id: str, pipeline_id: str, *, name: str | None = None) -> Draft:
        """A new draft with the graph of a published pipeline."""
        pipeline = self.get(workspace_id, pipeline_id)
        settings = DraftSettings(continue_on_failure=pipeline.continue_on_failure)
        title = name or f"{pipeline.name} (copy)"
        return self._drafts.create(
            principal, workspace_id, title, pipeline.graph, settings, description=pipeline.description
        )

    def graph_of(self, workspace_id: str, run_id: str) -> Graph:
        """The graph that a run was submitted with, its values as the defaults of its parameters."""
        with self._db.read() as conn:
            record = store.find_record(conn, workspace_id, run_id=run_id)
            if record is None:
                raise RestudioError.not_found("PipelineRunNotFound", "Pipeline run", run_id)
            published = record.pipeline_id and store.find_pipeline(conn, workspace_id, record.pipeline_id)
        if published:
            return with_defaults(published.graph, record.parameters)
        return with_defaults(self._document_of(run_id).graph, record.parameters)

    def _document_of(self, run_id: str) -> Experiment:
        return self._experiments.document_of(self._experiments.get_run(run_id))

    def _publish(
        self,
        principal: Principal,
        draft: Draft,
        graph: Graph,
        name: str | None,
        description: str,
        version: str,
        defaults: Mapping[str, object],
        continue_on_failure: bool | None,
    ) -> PublishedPipeline:
        workspace_id = draft.document.workspace_id
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        graph = with_defaults(graph, _checked_defaults(graph, defaults))
        self._experiments.snapshot(workspace_id, graph)
        chosen = draft.settings.continue_on_failure if continue_on_failure is None else continue_on_failure
        pipeline = PublishedPipeline(
            id=new_id(),
            workspace_id=workspace_id,
            name=ensure_name("a published pipeline", name or draft.document.title),
            description=description or draft.document.description,
            version=version,
            graph=graph,
            continue_on_failure=chosen,
            active=True,
            created=self._clock.now().timestamp(),
            created_by=principal.name,
            draft_id=draft.id,
            draft_version=draft.document.version,
        )
        with self._db.begin() as conn:
            store.insert_pipeline(conn, pipeline)
            self._audit(conn, principal, "publish pipeline", pipeline)
        return pipeline

    def _audit(self, conn: sa.Connection, principal: Principal, what: str, pipeline: PublishedPipeline) -> None:
        now, where = self._clock.now().timestamp(), f"pipeline:{pipeline.id}"
        audit.record(conn, now, principal, what, where, {"name": pipeline.name}, workspace_id=pipeline.workspace_id)


def get_pipeline(conn: sa.Connection, workspace_id: str, pipeline_id: str) -> PublishedPipeline:
    """By id, with or without dashes; NotFound ``PipelineNotFound``."""
    found = store.find_pipeline(conn, workspace_id, hexadecimal(pipeline_id))
    if found is not None:
        return found
    error = RestudioError.not_found("PipelineNotFound", "Published pipeline", pipeline_id[:100])
    endpoint = store.find_endpoint(conn, workspace_id, endpoint_id=hexadecimal(pipeline_id))
    if endpoint is not None:
        text = f"{error.message} It is the id of the pipeline endpoint '{endpoint.name}', which has calls of its own."
        raise RestudioError(error.kind, error.detail, text, target=error.target)
    raise error


def _checked_defaults(graph: Graph, defaults: Mapping[str, object]) -> dict[str, object]:
    declared = {p.name: p for p in graph.parameters}
    problems: list[RestudioError] = []
    checked: dict[str, object] = {}
    for name, value in defaults.items():
        try:
            if name not in declared:
                text = f"The pipeline has no parameter '{name}'.{nearest(name, declared)}"
                raise RestudioError(Kind.BAD_ARGUMENT, "UnknownParameter", text, target=name)
            checked[name] = coerce(name, declared[name].kind, value)
        except RestudioError as error:
            problems.append(error)
    if problems:
        raise problems[0] if len(problems) == 1 else ManyErrors(problems[0].detail, problems)
    return checked

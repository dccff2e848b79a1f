"""Use cases of the designer around runs: submit a draft, a published pipeline or an endpoint; follow, cancel, rerun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import digest_bytes
from restudio.core.registry import Registry
from restudio.designer import store
from restudio.designer.drafts import DraftService
from restudio.designer.pipeline_endpoints import PipelineEndpoints, get_endpoint
from restudio.designer.published import PublishedPipelines, get_pipeline
from restudio.designer.rules import (
    assign,
    ensure_active,
    ensure_endpoint_active,
    ensure_name,
    pipeline_of,
    request_digest,
    with_values,
)
from restudio.designer.types import (
    DEFAULT_EXPERIMENT,
    Draft,
    PipelineEndpoint,
    PipelineRun,
    PublishedPipeline,
    RunRecord,
    Step,
    Submission,
)
from restudio.experiments.service import ExperimentService
from restudio.experiments.types import Experiment, Run
from restudio.graph.events import NodeView, RunView
from restudio.graph.model import Graph
from restudio.graph.order import topological
from restudio.graph.ports import is_service_port, spec_of
from restudio.graph.stored import dump_graph
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database

MOST_RUNS = 1000
_MAX_REQUEST_ID = 128


PLAIN = Submission()
"""A submission that leaves everything to the pipeline."""


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to run: a graph under the id and title of its document. ``key`` names it for request ids."""

    key: str
    document: Experiment
    continue_on_failure: bool
    pipeline_id: str | None = None
    endpoint_id: str | None = None
    endpoint_version: int | None = None


class DesignerService:
    """Thread-safe. A submitted run is carried out by the machinery of experiments: plan, cache, events, durable work.

    Errors of all submissions: those of :func:`assign` for parameters; ``DataStoreNotFound``, ``DataPathNotFound`` and
    ``AssetNotFound`` for data; ``InvalidGraph`` for a draft that cannot run; ``RequestIdReused`` for a request id that
    stands for another submission. Then nothing is started.
    """

    def __init__(
        self,
        db: Database,
        experiments: ExperimentService,
        drafts: DraftService,
        published: PublishedPipelines,
        endpoints: PipelineEndpoints,
        registry: Registry,
        clock: Clock,
    ) -> None:
        self._db = db
        self._experiments = experiments
        self._registry = registry
        self._clock = clock
        self.drafts = drafts
        self.published = published
        self.endpoints = endpoints

    def submit_draft(
        self, principal: Principal, workspace_id: str, draft_id: str, submission: Submission = PLAIN
    ) -> PipelineRun:
        """Run the current version of a draft."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        draft = self.drafts.get(workspace_id, draft_id)
        named = submission.experiment_name or draft.settings.experiment_name
        asked = replace(submission, experiment_name=named, source=submission.source or "Designer")
        target = _Target(f"draft:{draft_id}", draft.document, draft.settings.continue_on_failure)
        return self._start(principal, target, asked)

    def submit_pipeline(
        self, principal: Principal, workspace_id: str, pipeline_id: str, submission: Submission = PLAIN
    ) -> PipelineRun:
        """Run a published pipeline. Errors beside the common ones: ``PipelineNotFound``, ``PipelineDisabled``."""
        ensure_allowed(principal, Action.SCORE, Resource(workspace_id))
        target = _published(self.published.get(workspace_id, pipeline_id))
        return self._start(principal, target, _from_outside(submission))

    def submit_endpoint(
        self,
        principal: Principal,
        workspace_id: str,
        endpoint: str,
        submission: Submission = PLAIN,
        *,
        version: str | None = None,
    ) -> PipelineRun:
        """Run a version of a pipeline endpoint (its id or name), by default the default one.

        Errors beside the common ones: ``PipelineEndpointNotFound``, ``PipelineEndpointDisabled``, ``VersionNotFound``,
        ``PipelineDisabled``.
        """
        ensure_allowed(principal, Action.SCORE, Resource(workspace_id))
        with self._db.read() as conn:
            found = get_endpoint(conn, workspace_id, endpoint)
            ensure_endpoint_active(found)
            number, pipeline_id = pipeline_of(found, version)
            pipeline = get_pipeline(conn, workspace_id, pipeline_id)
        key = f"endpoint:{found.id}:{version or ''}"
        target = replace(_published(pipeline), key=key, endpoint_id=found.id, endpoint_version=number)
        return self._start(principal, target, _from_outside(submission))

    def resubmit(
        self, principal: Principal, workspace_id: str, run_id: str, submission: Submission = PLAIN
    ) -> PipelineRun:
        """Run again what a run did, with its values where the submission gives no others."""
        ensure_allowed(principal, Action.SCORE, Resource(workspace_id))
        before = self.get_run(workspace_id, run_id)
        record = before.record
        graph = self.published.graph_of(workspace_id, run_id)
        asked = replace(
            submission,
            experiment_name=submission.experiment_name or record.experiment_name,
            description=submission.description or record.description,
            tags={**record.tags, **submission.tags},
            source=submission.source or "Resubmit",
            parent_run_id=submission.parent_run_id or record.parent_run_id,
        )
        target = _Target(
            f"run:{run_id}",
            Experiment(record.draft_id, workspace_id, before.run.title, before.run.version, before.run.created, graph),
            record.continue_on_failure,
            record.pipeline_id,
            record.endpoint_id,
            record.endpoint_version,
        )
        return self._start(principal, target, asked)

    def publish_to_endpoint(
        self, principal: Principal, workspace_id: str, draft_id: str, endpoint: str, *, default: bool = True
    ) -> PipelineEndpoint:
        """Publish a draft and add it to an endpoint of that name, which is made when it is not there."""
        ensure_allowed(principal, Action.DEPLOY, Resource(workspace_id))
        pipeline = self.published.publish_draft(principal, workspace_id, draft_id)
        if any(known.name == endpoint for known in self.endpoints.list(workspace_id)):
            return self.endpoints.add(principal, workspace_id, endpoint, pipeline.id, default=default)
        return self.endpoints.create(principal, workspace_id, endpoint, pipeline.id)

    def clone_run(self, principal: Principal, workspace_id: str, run_id: str, *, name: str | None = None) -> Draft:
        """A new draft with the graph of a run, the run's values as the defaults of its parameters."""
        run = self.get_run(workspace_id, run_id)
        graph = self.published.graph_of(workspace_id, run_id)
        return self.drafts.create(principal, workspace_id, name or f"{run.run.title} (copy)", graph)

    def get_run(self, workspace_id: str, run_id: str) -> PipelineRun:
        """NotFound ``PipelineRunNotFound``."""
        with self._db.read() as conn:
            record = store.find_record(conn, workspace_id, run_id=run_id)
        if record is None:
            raise RestudioError.not_found("PipelineRunNotFound", "Pipeline run", run_id)
        return self._with_runs([record])[0]

    def list_runs(
        self,
        workspace_id: str,
        *,
        experiment: str | None = None,
        draft_id: str | None = None,
        pipeline_id: str | None = None,
        endpoint_id: str | None = None,
        parent_run_id: str | None = None,
        schedule_id: str | None = None,
        limit: int = MOST_RUNS,
        offset: int = 0,
    ) -> Sequence[PipelineRun]:
        """Runs that match all that is given, newest first."""
        with self._db.read() as conn:
            records = store.list_records(
                conn,
                workspace_id,
                limit=min(limit, MOST_RUNS),
                offset=offset,
                experiment_name=experiment,
                draft_id=draft_id,
                pipeline_id=pipeline_id,
                endpoint_id=endpoint_id,
                parent_run_id=parent_run_id,
                schedule_id=schedule_id,
            )
        return self._with_runs(records)

    def list_experiments(self, workspace_id: str) -> Sequence[tuple[str, int, float]]:
        """Name, number of runs and time of the newest run of each experiment, the newest first."""
        with self._db.read() as conn:
            return store.list_experiment_names(conn, workspace_id)

    def view(self, workspace_id: str, run_id: str) -> RunView:
        """The state of a run and of each of its steps, as its events tell it."""
        return self._experiments.run_view(self.get_run(workspace_id, run_id).id)

    def steps(self, workspace_id: str, run_id: str) -> Sequence[Step]:
        """The steps of a run, each after those that feed it."""
        known = self.view(workspace_id, run_id).nodes
        graph = self.graph(workspace_id, run_id)
        nodes = [node for node in map(graph.node, topological(graph)) if not is_service_port(node)]
        return [
            Step(n.id, n.module, n.comment or spec_of(n, self._registry).name, known.get(n.id, NodeView()))
            for n in nodes
        ]

    def graph(self, workspace_id: str, run_id: str) -> Graph:
        """What a run did: its graph with the values and the exact data that it used."""
        return self._experiments.run_snapshot(self.get_run(workspace_id, run_id).id).graph

    def cancel(self, principal: Principal, workspace_id: str, run_id: str) -> PipelineRun:
        """Ask for the end of a run; idempotent."""
        ensure_allowed(principal, Action.SCORE, Resource(workspace_id))
        self._experiments.cancel(self.get_run(workspace_id, run_id).id)
        return self.get_run(workspace_id, run_id)

    def _start(self, principal: Principal, target: _Target, asked: Submission) -> PipelineRun:
        document, graph = target.document, target.document.graph
        known = self._known(document.workspace_id, asked, target)
        if known is not None:
            return known
        values = assign(graph.parameters, asked)
        continues = target.continue_on_failure if asked.continue_on_failure is None else asked.continue_on_failure
        bound = self._experiments.seal(document.workspace_id, with_values(graph, values, regenerate=asked.regenerate))
        snapshot = replace(self._experiments.snapshot(document.workspace_id, bound), stop_on_failure=not continues)
        record = RunRecord(
            run_id="",
            workspace_id=document.workspace_id,
            experiment_name=ensure_name("an experiment", asked.experiment_name or DEFAULT_EXPERIMENT),
            description=asked.description,
            tags=asked.tags,
            source=asked.source,
            draft_id=document.id,
            pipeline_id=target.pipeline_id,
            endpoint_id=target.endpoint_id,
            endpoint_version=target.endpoint_version,
            parent_run_id=asked.parent_run_id,
            schedule_id=asked.schedule_id,
            continue_on_failure=continues,
            parameters={p.name: p.default for p in bound.parameters if p.name in values},
            graph_id=digest_bytes(dump_graph(graph).encode()),
            author=principal.name,
            request_id=asked.request_id,
            request_digest=request_digest(target.key, asked),
            created=self._clock.now().timestamp(),
        )

        def write(conn: sa.Connection, run: Run) -> None:
            store.insert_record(conn, replace(record, run_id=run.id))

        try:
            run = self._experiments.start(document, snapshot, author=principal.name, beside=write)
        except IntegrityError:  # the same request, a moment earlier
            again = self._known(document.workspace_id, asked, target)
            if again is None:
                raise
            return again
        return PipelineRun(replace(record, run_id=run.id), run)

    def _known(self, workspace_id: str, asked: Submission, target: _Target) -> PipelineRun | None:
        """The run that the request id stands for already; Conflict ``RequestIdReused`` when it was asked otherwise."""
        if not asked.request_id:
            return None
        if len(asked.request_id) > _MAX_REQUEST_ID:
            text = f"A client request id has at most {_MAX_REQUEST_ID} characters, got {len(asked.request_id)}."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidRequestId", text, target="x-ms-client-request-id")
        with self._db.read() as conn:
            record = store.find_record(conn, workspace_id, request_id=asked.request_id)
        if record is None:
            return None
        if record.request_digest != request_digest(target.key, asked):
            text = (
                f"The client request id '{asked.request_id}' stands for run {record.run_id}, which was asked for "
                "something else. Use a new id for a new run."
            )
            raise RestudioError(Kind.CONFLICT, "RequestIdReused", text, target=record.run_id)
        return self._with_runs([record])[0]

    def _with_runs(self, records: Sequence[RunRecord]) -> Sequence[PipelineRun]:
        found = self._experiments.find_runs([record.run_id for record in records])
        return [PipelineRun(r, *found[r.run_id]) for r in records if r.run_id in found]


def make_designer(db: Database, experiments: ExperimentService, registry: Registry, clock: Clock) -> DesignerService:
    """The designer with its parts."""
    drafts = DraftService(db, experiments, registry, clock)
    published = PublishedPipelines(db, experiments, drafts, clock)
    return DesignerService(db, experiments, drafts, published, PipelineEndpoints(db, clock), registry, clock)


def _published(pipeline: PublishedPipeline) -> _Target:
    ensure_active(pipeline)
    document = Experiment(
        id=pipeline.draft_id,
        workspace_id=pipeline.workspace_id,
        title=pipeline.name,
        version=pipeline.draft_version,
        updated=pipeline.created,
        graph=pipeline.graph,
    )
    return _Target(f"pipeline:{pipeline.id}", document, pipeline.continue_on_failure, pipeline.id)


def _from_outside(submission: Submission) -> Submission:
    return replace(submission, source=submission.source or "Rest")

"""Starting runs: checked, recorded, given a place by the pipeline's ``concurrency``, and handed to durable work."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.expressions.scope import Scope
from restudio.expressions.template import evaluate_tree
from restudio.factory import store as factory_store
from restudio.factory.documents.pipeline import Pipeline
from restudio.factory.properties import Json
from restudio.factory.runs import store
from restudio.factory.runs.parameters import bind_parameters
from restudio.factory.runs.plan import Definitions, Plans
from restudio.factory.runs.recovery import ensure_activity
from restudio.factory.types import Factory, InvokedBy, PipelineRun, Recovery
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets
from restudio.seams.work import Work

KIND = "pipeline-run"


class Starter:
    """Thread-safe. Starting a run under an id that exists gives the run that has it."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock, work: Work, plans: Plans) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._work = work
        self._plans = plans

    def start(
        self,
        factory: Factory,
        pipeline: str,
        parameters: Mapping[str, Json],
        *,
        invoked_by: InvokedBy,
        run_id: str | None = None,
        revision: int | None = None,
        recovery: Recovery | None = None,
        group_id: str | None = None,
    ) -> PipelineRun:
        """A run of a pipeline as published now, or at a revision; it is carried out even if this process dies now."""
        identity = run_id or str(uuid.uuid4())
        if run_id is not None and (known := self.find(run_id)) is not None:
            return known
        definitions = self._plans.definitions(factory, revision)
        document = self._plans.pipeline(definitions, pipeline)
        if recovery is not None and recovery.start_activity is not None:
            ensure_activity(document, recovery.start_activity)
        bound = bind_parameters(document.name, document.parameters, parameters)
        run = PipelineRun(
            id=identity,
            factory_id=factory.id,
            workspace_id=factory.workspace_id,
            pipeline=document.name,
            revision=definitions.revision,
            group_id=group_id or identity,
            status="Queued",
            created=self._now(),
            parameters=bound.clear,
            sealed=self._secrets.seal(json.dumps(bound.secret)) if bound.secret else None,
            invoked_by=invoked_by,
            recovery=recovery,
            dimensions=self._dimensions(definitions, document, bound.clear),
        )
        run = self._insert(run, document)
        if run.status == "InProgress":
            self._work.submit(KIND, run.id)
        else:  # a run may have ended between the look for a place and now, and have found nobody waiting
            self.admit(run.factory_id, run.pipeline)
        return run

    def find(self, run_id: str) -> PipelineRun | None:
        with self._db.read() as conn:
            return store.find_run(conn, run_id)

    def parameters_of(self, run: PipelineRun) -> dict[str, Json]:
        """What a run was started with, secrets included."""
        secret = json.loads(self._secrets.open(run.sealed)) if run.sealed else {}
        return {**run.parameters, **secret}

    def admit(self, factory_id: str, pipeline: str) -> None:
        """Give places that are free to runs of a pipeline that wait."""
        with self._db.read() as conn:
            if store.next_queued(conn, factory_id, pipeline) is None:
                return
        while True:
            with self._db.begin() as conn:
                waiting = store.next_queued(conn, factory_id, pipeline)
                if waiting is None or not self._has_place(conn, waiting):
                    return
                store.set_status(conn, waiting.id, "InProgress", self._now())
            self._work.submit(KIND, waiting.id)

    def recover(self) -> None:
        """Submit again what a crash may have left between its record and its submission."""
        with self._db.read() as conn:
            unfinished, queued = store.list_unfinished(conn), store.list_queued(conn)
        for run_id in unfinished:
            self._work.submit(KIND, run_id)
        for factory_id, pipeline in queued:
            self.admit(factory_id, pipeline)

    def _dimensions(
        self, definitions: Definitions, document: Pipeline, parameters: Mapping[str, Json]
    ) -> dict[str, str]:
        """The run's dimensions as texts; secret parameters are not among what their expressions see."""
        written = document.raw.object("runDimensions")
        if not written:
            return {}
        seen = {
            "DataFactory": definitions.factory.name,
            "Pipeline": document.name,
            "parameters": dict(parameters),
            "globalParameters": dict(definitions.global_parameters),
        }
        scope = Scope(now=self._clock.now, random=random.SystemRandom(), pipeline=seen)
        values = evaluate_tree(dict(written), scope)
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}

    def _insert(self, run: PipelineRun, document: Pipeline) -> PipelineRun:
        decides = document.concurrency is not None or run.group_id != run.id
        try:
            with self._db.begin(alone=decides) as conn:
                if run.group_id != run.id:
                    store.set_not_latest(conn, run.group_id)
                if self._is_free(conn, run, document.concurrency):
                    run = replace(run, status="InProgress")
                store.insert_run(conn, run)
        except sa.exc.IntegrityError:
            known = self.find(run.id)
            if known is None:
                raise
            return known
        return run

    def _has_place(self, conn: sa.Connection, run: PipelineRun) -> bool:
        resource = factory_store.find_resource(conn, run.factory_id, "pipeline", run.pipeline, run.revision)
        concurrency = None if resource is None else resource.properties.get("concurrency")
        return self._is_free(conn, run, concurrency if isinstance(concurrency, int) else None)

    def _is_free(self, conn: sa.Connection, run: PipelineRun, concurrency: int | None) -> bool:
        if concurrency is None:
            return True
        if store.count_active(conn, run.factory_id, run.pipeline) >= concurrency:
            return False
        waiting = store.next_queued(conn, run.factory_id, run.pipeline)
        return waiting is None or waiting.id == run.id

    def _now(self) -> float:
        return self._clock.now().timestamp()


def ensure_found(run: PipelineRun | None, run_id: str) -> PipelineRun:
    """The run; NotFound ``PipelineRunNotFound``."""
    if run is None:
        raise RestudioError(
            Kind.NOT_FOUND, "PipelineRunNotFound", f"Pipeline run '{run_id[:80]}' was not found.", target=run_id[:80]
        )
    return run

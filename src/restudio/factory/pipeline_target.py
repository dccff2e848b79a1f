"""Pipelines as what triggers start: parameters evaluated for every firing, run ids that follow from it."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from restudio.core.errors import Kind, RestudioError
from restudio.expressions.scope import Scope
from restudio.expressions.template import evaluate_tree
from restudio.expressions.v1 import Window, evaluate_slice_tree
from restudio.expressions.values import ABSENT
from restudio.factory import store as factory_store
from restudio.factory.documents.instant import instant_text
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.linked_service import reach
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.runs import store as run_store
from restudio.factory.runs.parameters import bind_parameters
from restudio.factory.runs.plan import Definitions, Plans
from restudio.factory.runs.resolve import Resolver
from restudio.factory.runs.service import PipelineRuns
from restudio.factory.runs.starting import Starter
from restudio.factory.tables import pipeline_runs
from restudio.factory.trigger import TriggerDocument, Triggers, parse_rule, parse_trigger, trigger_context
from restudio.factory.types import Factory, InvokedBy
from restudio.factory.vault import SecretVault
from restudio.identity.types import SYSTEM
from restudio.seams.database import Database
from restudio.triggers.rule import Rule
from restudio.triggers.types import Change, Completion, Firing, Ref, RunState, Trigger
from restudio.triggers.windows import Reruns

KIND = "factory"
SLICES = "SliceTrigger"
_RUNS = uuid.UUID("f0a5e0f4-5e1b-4e53-9f31-0a2a7c1d4b6e")
_ENDED: Mapping[str, RunState] = {"Succeeded": "Succeeded", "Failed": "Failed", "Cancelled": "Cancelled"}
_MOST = 500


class PipelineTarget:
    """See :class:`restudio.triggers.target.Target`. Owners are factories by their ids."""

    def __init__(
        self,
        db: Database,
        platform: Platform,
        catalog: Triggers,
        plans: Plans,
        starter: Starter,
        runs: PipelineRuns,
        vault: SecretVault,
    ) -> None:
        self._db = db
        self._platform = platform
        self._catalog = catalog
        self._plans = plans
        self._starter = starter
        self._runs = runs
        self._vault = vault

    def read(self, type: str, document: Mapping[str, Json]) -> Rule:
        """``document`` is what holds ``typeProperties``."""
        return parse_rule(type, document, self._catalog)

    def start(self, trigger: Trigger, firing: Firing) -> Mapping[str, str]:
        """The definitions are those published now. All parameters are evaluated, and all pipelines looked at, before
        the first run is started: a firing starts everything or nothing."""
        factory = self._factory(trigger.ref)
        definitions = self._plans.definitions(factory)
        document = self._document(definitions, trigger.ref)
        window = _slice(document, firing)
        scope = _scope(trigger, firing, definitions, self._platform)
        ready = []
        for each in document.starts:
            pipeline = self._plans.pipeline(definitions, each.pipeline)
            parameters = _evaluate(each.parameters, scope, window)
            bind_parameters(pipeline.name, pipeline.parameters, parameters)
            ready.append((pipeline.name, parameters))
        invoked = InvokedBy(firing.id, trigger.ref.name, trigger.type, firing.created.timestamp())
        started: dict[str, str] = {}
        for i, (name, parameters) in enumerate(ready):
            run_id = run_id_of(firing.id, firing.attempt, i)
            self._starter.start(factory, name, parameters, invoked_by=invoked, run_id=run_id)
            started[name if name not in started else f"{name} ({i + 1})"] = run_id
        return started

    def states(self, run_ids: Sequence[str]) -> Mapping[str, RunState]:
        found: dict[str, RunState] = {}
        with self._db.read() as conn:
            for begin in range(0, len(run_ids), _MOST):
                for run_id, status, _ in run_store.list_signals(conn, run_ids[begin : begin + _MOST]):
                    found[run_id] = _ENDED.get(status, "Running")
        return found

    def cancel(self, run_ids: Sequence[str]) -> None:
        for run_id in run_ids:
            run = self._starter.find(run_id)
            if run is not None and not run.is_over:
                with self._db.read() as conn:
                    factory = factory_store.find_factory_by_id(conn, run.factory_id)
                if factory is not None:
                    self._runs.cancel(SYSTEM, factory, run_id)

    def list_changes(self, trigger: Trigger, folder: str, since: datetime) -> Sequence[Change]:
        definitions = self._plans.definitions(self._factory(trigger.ref))
        reference = self._document(definitions, trigger.ref).raw.object("typeProperties").get("linkedService")
        try:
            files = self._files(definitions, reference, trigger.type)
            found = [each for each in files.iter_files(folder, recursive=False) if each.modified is not None]
        except ActivityFailed as error:
            raise RestudioError(Kind.INVALID_OPERATION, error.code, error.message) from error
        return [
            Change(
                f"file/{each.path}/{each.modified.timestamp()}/{each.size}/{each.md5}",
                each.modified,
                {"folderPath": each.path.rpartition("/")[0], "fileName": each.name},
            )
            for each in found
            if each.modified is not None and each.modified >= since
        ]

    def list_completions(
        self, trigger: Trigger, pipelines: Sequence[str], dimension: str, since: datetime
    ) -> Sequence[Completion]:
        table = pipeline_runs.c
        where = [
            table.pipeline_key.in_([name.casefold() for name in pipelines]),
            table.status == "Succeeded",
            table.ended >= since.timestamp(),
        ]
        with self._db.read() as conn:
            order = [table.ended, table.id]
            found = run_store.list_runs(conn, trigger.ref.owner, where, order, 10 * _MOST, 0)
        return [
            Completion(run.id, datetime.fromtimestamp(run.ended or 0.0, UTC), run.pipeline, value)
            for run in found
            if (value := Properties(run.dimensions).get(dimension)) is not None
        ]

    def _files(self, definitions: Definitions, reference: Json, type: str) -> BlobFiles:
        bare = Scope(now=self._platform.clock.now, random=random.SystemRandom())
        workspace = definitions.factory.workspace_id
        resolver = Resolver(definitions, lambda _: bare, bare, lambda asked: self._vault.open(workspace, asked))
        return reach(resolver.linked_service(reference, ""), self._platform, BlobFiles, type)

    def _factory(self, ref: Ref) -> Factory:
        with self._db.read() as conn:
            found = factory_store.find_factory_by_id(conn, ref.owner)
        if found is None:
            raise RestudioError.not_found("FactoryNotFound", "The factory of the trigger", ref.owner)
        return found

    def _document(self, definitions: Definitions, ref: Ref) -> TriggerDocument:
        found = definitions.find("trigger", ref.name)
        if found is None:
            raise RestudioError.not_found("TriggerNotFound", "Trigger", ref.name)
        document = parse_trigger(found.name, dict(found.properties), self._catalog)
        # What runs once more is what the trigger of the windows starts, as it is published now.
        return (
            self._document(definitions, ref._replace(name=document.rule.parent))
            if isinstance(document.rule, Reruns)
            else document
        )


def run_id_of(firing_id: str, attempt: int, index: int = 0) -> str:
    """The run that an attempt of a firing starts, of its ``index``-th pipeline."""
    return str(uuid.uuid5(_RUNS, f"{firing_id}/{attempt}/{index}"))


def _scope(trigger: Trigger, firing: Firing, definitions: Definitions, platform: Platform) -> Scope:
    """What ``trigger()`` and ``triggerBody()`` are for a firing (Data Factory reference, section 8)."""
    told = trigger_context(firing.scheduled, firing.window_start, firing.window_end)
    if firing.body is not None:
        told["outputs"]["body"] = dict(firing.body)
    return Scope(
        now=platform.clock.now,
        random=random.SystemRandom(),
        pipeline={
            "DataFactory": definitions.factory.name,
            "TriggerName": trigger.ref.name,
            "TriggerType": trigger.type,
            "TriggerId": firing.id,
            "globalParameters": dict(definitions.global_parameters),
        },
        trigger={"name": trigger.ref.name, "startTime": instant_text(firing.created.timestamp()), **told},
        trigger_body=ABSENT if firing.body is None else dict(firing.body),
    )


def _slice(document: TriggerDocument, firing: Firing) -> Window | None:
    """The slice of a firing, where the trigger is of version 1."""
    if document.type != SLICES or firing.window_start is None or firing.window_end is None:
        return None
    return Window(firing.window_start, firing.window_end)


def _evaluate(parameters: Mapping[str, Json], scope: Scope, window: Window | None) -> Mapping[str, Json]:
    given = dict(parameters)
    evaluated = evaluate_tree(given, scope) if window is None else evaluate_slice_tree(given, window)
    return evaluated if isinstance(evaluated, Mapping) else {}


if TYPE_CHECKING:
    from restudio.triggers.target import Target

    def _fits(target: PipelineTarget) -> Target:
        return target

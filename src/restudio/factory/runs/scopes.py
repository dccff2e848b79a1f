"""What expressions see at a place of a run: ``pipeline()``, ``activity()``, ``variables()``, ``item()``."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from restudio.expressions.scope import Scope
from restudio.expressions.template import evaluate_tree
from restudio.expressions.values import ABSENT, Absent
from restudio.factory.documents.instant import instant_text
from restudio.factory.properties import Json
from restudio.factory.runs.plan import Plan
from restudio.factory.runs.state import ActivityState, Assignment, RunState
from restudio.factory.runs.variables import value_of
from restudio.seams.clock import Clock
from restudio.seams.secrets import Secrets


class Scopes:
    """The state of a run as scopes. Sealed values are opened when they are asked for."""

    def __init__(self, plan: Plan, state: RunState, secrets: Secrets, clock: Clock) -> None:
        self._plan = plan
        self._state = state
        self._opened: dict[str, Json] = {}
        self._secrets = secrets
        self._base = Scope(
            now=clock.now,
            random=random.SystemRandom(),
            pipeline=_pipeline_object(plan),
            variables=_Variables(self),
        )

    def evaluate(self, value: Json, prefix: str, item: Json | Absent = ABSENT) -> Json:
        """A document's value where the activities of a pass stand."""
        return evaluate_tree(value, self.at(prefix, item))

    def at(self, prefix: str, item: Json | Absent = ABSENT) -> Scope:
        """The scope of a pass; ``item`` overrides what ``item()`` gives there."""
        found = self._item(prefix) if item is ABSENT else item
        return replace(self._base, activities=_ActivityScope(self, prefix), item=found)

    def bare(self) -> Scope:
        """For what stands outside pipelines: datasets and linked services."""
        return Scope(now=self._base.now, random=self._base.random)

    def variable(self, name: str) -> Json:
        """``KeyError`` for one that is not declared."""
        return value_of(self._plan.pipeline.variables[name.casefold()], self._state, self._open_assignment)

    def variable_names(self) -> list[str]:
        return [each.name for each in self._plan.pipeline.variables.values()]

    def activity(self, prefix: str, name: str) -> Json:
        """An activity that ran, seen from a pass: in it, or in one around it. ``KeyError`` when there is none."""
        written = self._plan.documents[name.casefold()].name
        for around in _around(prefix):
            found = self._state.activities.get(around + written)
            if found is not None and found.is_over:
                return self._shown(found, written)
        raise KeyError(name)

    def activity_names(self, prefix: str) -> list[str]:
        names = []
        for name in (each.name for each in self._plan.documents.values()):
            found = [self._state.activities.get(around + name) for around in _around(prefix)]
            if any(each is not None and each.is_over for each in found):
                names.append(name)
        return names

    def _shown(self, activity: ActivityState, name: str) -> Json:
        ended = activity.ended
        output = None if ended is None else ended.output
        if ended is not None and ended.sealed is not None:
            output = self._open(ended.sealed)
        shown: dict[str, Json] = {
            "output": output,
            "status": activity.status,
            "error": None if ended is None or ended.error is None else msgspec.to_builtins(ended.error),
            "ActivityName": name,
            "ActivityType": self._plan.documents[name.casefold()].type,
            "PipelineRunId": self._plan.run.id,
        }
        if activity.attempts:
            attempt = activity.attempt
            shown["ActivityRunId"] = attempt.started.id
            shown["ExecutionStartTime"] = instant_text(activity.attempts[0].started.at)
            if attempt.ended is not None:
                shown["ExecutionEndTime"] = instant_text(attempt.ended)
                shown["Duration"] = _span_text(attempt.ended - activity.attempts[0].started.at)
        return shown

    def _item(self, prefix: str) -> Json | Absent:
        """The element of the innermost loop over items around a pass."""
        for around in _around(prefix):
            path, _, index = around.rstrip("/").rpartition(":")
            activity = self._state.activities.get(path)
            if path and activity is not None and activity.entered is not None and activity.entered.items is not None:
                return activity.entered.items[int(index)]
        return ABSENT

    def _open_assignment(self, assignment: Assignment) -> Json:
        return assignment.value if assignment.sealed is None else self._open(assignment.sealed)

    def _open(self, sealed: str) -> Json:
        if sealed not in self._opened:
            self._opened[sealed] = json.loads(self._secrets.open(sealed))
        return self._opened[sealed]


class _ActivityScope(Mapping[str, Json]):
    def __init__(self, scopes: Scopes, prefix: str) -> None:
        self._scopes = scopes
        self._prefix = prefix

    def __getitem__(self, name: str) -> Json:
        return self._scopes.activity(self._prefix, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scopes.activity_names(self._prefix))

    def __len__(self) -> int:
        return len(self._scopes.activity_names(self._prefix))


class _Variables(Mapping[str, Json]):
    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes

    def __getitem__(self, name: str) -> Json:
        return self._scopes.variable(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._scopes.variable_names())

    def __len__(self) -> int:
        return len(self._scopes.variable_names())


def _around(prefix: str) -> Iterator[str]:
    """A pass and those around it, inside out.

    >>> list(_around("A:3/B:0/"))
    ['A:3/B:0/', 'A:3/', '']
    """
    yield prefix
    while prefix:
        prefix = prefix.rstrip("/").rpartition("/")[0]
        prefix = f"{prefix}/" if prefix else ""
        yield prefix


def _pipeline_object(plan: Plan) -> dict[str, Json]:
    run, invoked = plan.run, plan.run.invoked_by
    shown: dict[str, Json] = {
        "DataFactory": plan.definitions.factory.name,
        "Pipeline": run.pipeline,
        "RunId": run.id,
        "TriggerType": invoked.type,
        "TriggerId": invoked.id,
        "TriggerName": invoked.name,
        "TriggerTime": instant_text(invoked.time if invoked.time is not None else run.created),
        "GroupId": run.group_id,
        "parameters": dict(plan.parameters),
        "globalParameters": dict(plan.definitions.global_parameters),
    }
    if invoked.run_id is not None:
        shown["TriggeredByPipelineName"] = invoked.pipeline
        shown["TriggeredByPipelineRunId"] = invoked.run_id
    return shown


def _span_text(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"

"""What control activities ask for, carried out as events."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

from restudio.core.errors import RestudioError
from restudio.expressions.values import ABSENT, Absent
from restudio.factory.activity import Output
from restudio.factory.documents.pipeline import ActivityDocument
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json
from restudio.factory.runs.decide import Ask, pass_prefix
from restudio.factory.runs.events import Assigned, Called, Entered, Left, Returned, Sleeping
from restudio.factory.runs.log import RunLog
from restudio.factory.runs.outcomes import Outcomes
from restudio.factory.runs.plan import Plan
from restudio.factory.runs.scopes import Scopes
from restudio.factory.runs.variables import assigned
from restudio.factory.steering import Assign, Call, Enter, Return, Select, Sleep, Steering
from restudio.seams.secrets import Secrets

_CHILDREN = uuid.UUID("3b3c5cb4-0d0a-4a40-8d5c-6d9a6a2f4f0e")


class Steerer:
    """Used by the thread that drives the run."""

    def __init__(self, plan: Plan, log: RunLog, scopes: Scopes, outcomes: Outcomes, secrets: Secrets) -> None:
        self._plan = plan
        self._log = log
        self._scopes = scopes
        self._outcomes = outcomes
        self._secrets = secrets

    def carry_out(self, path: str, document: ActivityDocument, asked: Output | Steering) -> Called | None:
        """Tell what an activity asked for. A call of a pipeline is given back, to be made when it is durable."""
        now = self._outcomes.now()
        match asked:
            case Sleep(seconds=seconds):
                self._log.tell(Sleeping(at=now, path=path, until=now + seconds))
            case Assign():
                self._assign(path, document, asked)
            case Return(values=values):
                self._log.tell(Returned(at=now, values=dict(values)))
                self._outcomes.succeed(path, document, {"name": "pipelineReturnValue", "value": dict(values)})
            case Enter():
                self._enter(path, asked)
            case Select():
                self._select(path, document, asked)
            case Call():
                return self._call(path, asked)
            case _:
                self._outcomes.succeed(path, document, asked)
        return None

    def ask(self, step: Ask) -> None:
        """Look at the condition of a loop, as seen from inside the pass that ended."""
        entered = self._log.state.activities[step.path].entered
        assert entered is not None
        assert entered.until is not None
        try:
            done = self._truth(step.activity, entered.until, pass_prefix(step.path, step.index))
        except (ActivityFailed, RestudioError) as error:
            self._outcomes.fail(step.path, step.activity, error, retry=False)
            return
        self._log.tell(
            Left(
                at=self._outcomes.now(),
                path=step.path,
                index=step.index,
                inner=step.inner,
                error=step.error,
                done=done,
            )
        )

    def open_facts(self, remembered: str | None) -> dict[str, Json]:
        """What an attempt remembered before a crash."""
        found: dict[str, Json] = json.loads(self._secrets.open(remembered)) if remembered else {}
        return found

    def parameters_of(self, called: Called) -> Mapping[str, Json]:
        found: dict[str, Json] = json.loads(self._secrets.open(called.sealed))
        return found

    def _assign(self, path: str, document: ActivityDocument, asked: Assign) -> None:
        try:
            name, value = assigned(self._plan.pipeline, asked)
        except ActivityFailed as error:
            self._outcomes.fail(path, document, error, retry=False)
            return
        secure = document.policy.secure_input or document.policy.secure_output
        self._log.tell(
            Assigned(
                at=self._outcomes.now(),
                name=name,
                value=None if secure else value,
                append=asked.append,
                sealed=self._secrets.seal(json.dumps(value)) if secure else None,
            )
        )
        self._outcomes.succeed(path, document, {"name": name} if secure else {"name": name, "value": value})

    def _enter(self, path: str, asked: Enter) -> None:
        now = self._outcomes.now()
        self._log.tell(
            Entered(
                at=now,
                path=path,
                branch=asked.branch,
                count=None if asked.until else 1 if asked.items is None else len(asked.items),
                items=None if asked.items is None else list(asked.items),
                at_once=asked.at_once,
                until=asked.until,
                deadline=None if asked.seconds is None else now + asked.seconds,
            )
        )

    def _select(self, path: str, document: ActivityDocument, asked: Select) -> None:
        prefix = path.removesuffix(document.name)
        try:
            kept = [each for each in asked.items if self._truth(document, asked.condition, prefix, each)]
        except (ActivityFailed, RestudioError) as error:
            self._outcomes.fail(path, document, error, retry=False)
            return
        counts = {"ItemsCount": len(asked.items), "FilteredItemsCount": len(kept)}
        self._outcomes.succeed(path, document, {**counts, "Value": kept})

    def _call(self, path: str, asked: Call) -> Called:
        attempt = self._log.state.activities[path].attempt.started.attempt
        called = Called(
            at=self._outcomes.now(),
            path=path,
            # The same after a crash, so that it is one run however often it is started.
            run_id=str(uuid.uuid5(_CHILDREN, f"{self._plan.run.id}/{path}/{attempt}")),
            pipeline=asked.pipeline,
            wait=asked.wait,
            sealed=self._secrets.seal(json.dumps(dict(asked.parameters))),
        )
        self._log.tell(called)
        return called

    def _truth(self, document: ActivityDocument, name: str, prefix: str, item: Json | Absent = ABSENT) -> bool:
        value = self._scopes.evaluate(document.properties[name], prefix, item)
        if not isinstance(value, bool):
            raise ActivityFailed.wrong_type(name, "boolean")
        return value

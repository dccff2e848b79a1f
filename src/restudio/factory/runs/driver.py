"""Driver: takes one pipeline run from event to event until it is over.

One thread decides and tells; attempts of activities run in threads of their own and send messages. What has an effect
outside begins only after the event that announces it is durable, so that a run that is driven again after a crash finds
every attempt it may have begun, goes on with it, and repeats nothing that is over.
"""

from __future__ import annotations

import logging
import queue
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from restudio.core.errors import Kind, RestudioError
from restudio.factory.activity import Activities
from restudio.factory.documents.pipeline import ActivityDocument
from restudio.factory.errors import ActivityFailed
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.attempt import Attempt, Finished, Message, Remember, Report, Surroundings, facts_text
from restudio.factory.runs.attempts import AttemptThreads
from restudio.factory.runs.decide import Ask, Start, Step, Stop, decide, next_due
from restudio.factory.runs.events import Called, Cancelling, Remembered, Reported, RunStarted, Started
from restudio.factory.runs.inputs import (
    evaluate_outside,
    evaluate_policy,
    evaluate_properties,
    evaluate_user_properties,
    redact,
)
from restudio.factory.runs.log import RunLog
from restudio.factory.runs.outcomes import Outcomes
from restudio.factory.runs.plan import Plan
from restudio.factory.runs.resolve import Resolver
from restudio.factory.runs.scopes import Scopes
from restudio.factory.runs.steer import Steerer
from restudio.factory.types import PipelineRun
from restudio.factory.vault import SecretVault
from restudio.seams.engine import Cancelled
from restudio.seams.secrets import Secrets
from restudio.seams.work import HandOver

LOOK_S = 0.5
"""How long the driver sleeps at most: times may pass otherwise than its own waiting does."""
PATIENCE_S = 5.0
"""How long attempts may take to end when this process stops."""
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wake:
    """From outside: the run is to be cancelled, or the process stops."""

    why: type[Cancelled | HandOver]


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """A run that this one waits for is over."""

    run: PipelineRun


Inbox = queue.SimpleQueue[Message | Wake | ChildEnded]
StartChild = Callable[[Plan, Called, Mapping[str, Json]], None]
"""Makes sure that the run of a called pipeline exists; gets the plan of the caller, the call and its parameters."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What drivers share."""

    catalog: Activities
    platform: Platform
    secrets: Secrets
    scratch: Path
    vault: SecretVault
    start_child: StartChild
    await_child: Callable[[str, Inbox], None]
    """Puts :class:`ChildEnded` into the inbox once that run is over."""


class Driver:
    """Drives one run, in the thread that calls :meth:`drive`."""

    def __init__(self, plan: Plan, log: RunLog, parts: Parts, inbox: Inbox) -> None:
        clock = parts.platform.clock
        self._plan = plan
        self._log = log
        self._parts = parts
        self._inbox = inbox
        self._state = log.state
        self._clock = clock
        self._scopes = Scopes(plan, self._state, parts.secrets, clock)
        self._resolver = Resolver(plan.definitions, self._scopes.at, self._scopes.bare(), self._open_secret)
        self._outcomes = Outcomes(plan, log, parts.secrets, clock)
        self._steerer = Steerer(plan, log, self._scopes, self._outcomes, parts.secrets)
        self._threads = AttemptThreads(plan.run.id, clock, inbox.put)
        self._calls: list[Called] = []
        self._stopping = False

    def drive(self) -> None:
        """To the end of the run, or to ``HandOver``."""
        try:
            if self._state.started is None:
                self._log.tell(RunStarted(at=self._outcomes.now()))
            self._take_up()
            while True:
                self._advance()
                self._flush()
                if self._state.ended is not None:
                    return
                self._launch()
                self._attend(self._patience())
        finally:
            self._threads.close()

    # Deciding

    def _advance(self) -> None:
        """Take all steps that can be taken now."""
        moved = True
        while moved:
            before = self._state.count
            for step in decide(self._plan.pipeline, self._state, self._outcomes.now(), self._plan.inherited):
                self._take(step)
            moved = self._state.count > before
            if moved and self._log.is_due:
                self._flush()
                self._launch()
                self._attend(0.0)

    def _take(self, step: Step) -> None:
        match step:
            case Start():
                self._start(step)
            case Ask():
                self._steerer.ask(step)
            case Stop(path=path):
                if not self._threads.end(path):
                    self._outcomes.cancel(path)
            case _:
                self._log.tell(step)

    def _start(self, step: Start) -> None:
        document, path = step.activity, step.path
        bare = Started(at=self._outcomes.now(), path=path, id=str(uuid.uuid4()), attempt=step.attempt)

        def evaluate(value: Json) -> Json:
            return self._scopes.evaluate(value, step.prefix)

        try:
            properties, outside = self._evaluated(document, step.prefix)
            users = evaluate_user_properties(document, evaluate)
            control = self._parts.catalog[document.type].spec.control
            attempts = evaluate_policy(document, evaluate, control=control)
        except (ActivityFailed, RestudioError) as error:
            self._log.tell(bare)
            self._outcomes.fail(path, document, error, retry=False)
            return
        self._log.tell(
            Started(
                at=bare.at,
                path=path,
                id=bare.id,
                attempt=step.attempt,
                input=self._outcomes.shown_input(document, properties),
                user_properties=redact(users, self._plan.secret_texts),
                linked_service=_reference_name(outside.get("linkedServiceName")),
                retries=attempts.retries,
                interval=attempts.interval,
                seconds=attempts.seconds,
            )
        )
        self._begin(path, step.prefix, document, properties, outside)

    def _evaluated(self, document: ActivityDocument, prefix: str) -> tuple[Properties, Properties]:
        def evaluate(value: Json) -> Json:
            return self._scopes.evaluate(value, prefix)

        spec = self._parts.catalog[document.type].spec
        return evaluate_properties(spec, document, evaluate), evaluate_outside(document, evaluate)

    def _begin(
        self, path: str, prefix: str, document: ActivityDocument, properties: Properties, outside: Properties
    ) -> None:
        activity = self._parts.catalog[document.type]
        attempt = self._new_attempt(path, prefix, outside)
        if not activity.spec.steers:
            self._threads.add(attempt, lambda: activity.run(properties, attempt))
            return
        try:
            asked = activity.run(properties, attempt)
        except (ActivityFailed, RestudioError) as error:
            self._outcomes.fail(path, document, error, retry=False)
            return
        called = self._steerer.carry_out(path, document, asked)
        if called is not None:
            self._calls.append(called)

    def _new_attempt(self, path: str, prefix: str, outside: Properties) -> Attempt:
        state = self._state.activities[path]
        return Attempt(
            self._plan.run.id,
            self._plan.pipeline.name,
            state.attempt.started,
            outside,
            self._parts.platform,
            Surroundings(
                workspace_id=self._plan.run.workspace_id,
                linked_service=lambda reference: self._resolver.linked_service(reference, prefix),
                dataset=lambda reference: self._resolver.dataset(reference, prefix),
            ),
            self._inbox.put,
            self._parts.scratch,
            self._steerer.open_facts(state.remembered),
        )

    # What is announced is begun

    def _take_up(self) -> None:
        """Go on with what an earlier process began."""
        for path in sorted(self._state.active):
            state = self._state.activities[path]
            if state.called is not None:
                self._calls.append(state.called)
            elif state.wake is None and state.entered is None:
                document = self._document(path)
                prefix = path.removesuffix(document.name)
                try:
                    properties, outside = self._evaluated(document, prefix)
                except (ActivityFailed, RestudioError) as error:
                    self._outcomes.fail(path, document, error, retry=False)
                else:
                    self._begin(path, prefix, document, properties, outside)

    def _launch(self) -> None:
        """Begin what was announced; everything told is durable now."""
        self._threads.launch()
        calls, self._calls = self._calls, []
        for called in calls:
            self._launch_child(called)

    def _launch_child(self, called: Called) -> None:
        document = self._document(called.path)
        try:
            self._parts.start_child(self._plan, called, self._steerer.parameters_of(called))
        except RestudioError as error:
            if error.kind is Kind.UNAVAILABLE:
                raise HandOver from error
            self._outcomes.fail(called.path, document, error, retry=False)
            return
        if called.wait:
            self._parts.await_child(called.run_id, self._inbox)
        else:
            output = {"pipelineName": called.pipeline, "pipelineRunId": called.run_id}
            self._outcomes.succeed(called.path, document, output)

    # What comes in

    def _attend(self, seconds: float) -> None:
        """Wait until something happens, and take note of it and all that happened meanwhile."""
        message = self._receive(seconds)
        while message is not None:
            self._note(message)
            message = self._receive(0.0)
        for left in self._threads.watch():
            self._finished(left)

    def _receive(self, seconds: float) -> Message | Wake | ChildEnded | None:
        try:
            return self._inbox.get(timeout=seconds) if seconds > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _patience(self) -> float:
        if self._log.has_waiting:
            return 0.0
        now = self._outcomes.now()
        nearest = min([due for due in (next_due(self._state), self._threads.next_limit) if due], default=now + LOOK_S)
        return min(max(nearest - now, 0.001), LOOK_S)

    def _note(self, message: Message | Wake | ChildEnded) -> None:
        match message:
            case Wake(why=why):
                self._wake(why)
            case ChildEnded(run=run):
                self._child_ended(run)
            case Finished():
                self._finished(message)
            case Remember(path=path, facts=facts, kept=kept) if self._is_going(path):
                sealed = self._parts.secrets.seal(facts_text(facts))
                self._log.tell(Remembered(at=self._outcomes.now(), path=path, sealed=sealed))
                self._flush()
                kept.set()
            case Report(path=path, text=text) if self._is_going(path):
                shown = redact(text, self._plan.secret_texts)
                self._log.tell(Reported(at=self._outcomes.now(), path=path, text=shown))
            case _:
                pass  # from an attempt that was left to itself

    def _finished(self, message: Finished) -> None:
        attempt, error = message.attempt, message.error
        if not self._threads.remove(attempt):
            return
        path, document = attempt.path, self._document(attempt.path)
        match error:
            case None if isinstance(message.output, Mapping):
                self._outcomes.succeed(path, document, message.output)
            case None:
                self._outcomes.fail(path, document, TypeError("an activity without a thread's output"))
            case HandOver():
                pass  # whoever takes the run up goes on with the attempt
            case Exception() if attempt.why is HandOver:
                pass  # parts of this process that it needed are gone already, and it goes on likewise
            case Cancelled() if attempt.expired:
                self._outcomes.fail(path, document, _timed_out(document, attempt))
            case Cancelled():
                self._outcomes.cancel(path)
            case Exception():
                self._outcomes.fail(path, document, error)
            case _:
                raise error

    def _child_ended(self, child: PipelineRun) -> None:
        for path in list(self._state.active):
            called = self._state.activities[path].called
            if called is None or called.run_id != child.id:
                continue
            document = self._document(path)
            output: dict[str, Json] = {"pipelineName": child.pipeline, "pipelineRunId": child.id}
            if child.returned is not None:
                output["pipelineReturnValue"] = dict(child.returned)
            if child.status == "Succeeded":
                self._outcomes.succeed(path, document, output)
            elif child.status == "Cancelled":
                self._outcomes.cancel(path)
            else:
                failed = ActivityFailed("BadRequest", child.message, output=output)
                self._outcomes.fail(path, document, failed, retry=False)

    def _wake(self, why: type[Cancelled | HandOver]) -> None:
        if why is HandOver:
            self._stopping = True
            self._hand_over()
        elif not self._state.cancelling and self._state.ended is None:
            self._log.tell(Cancelling(at=self._outcomes.now()))

    def _hand_over(self) -> None:
        """Let attempts end, keep what ends meanwhile, and leave the rest to whoever takes the run up."""
        begun = self._clock.monotonic()
        self._threads.end_all()
        while self._threads.has_running and self._clock.monotonic() - begun < PATIENCE_S:
            message = self._receive(LOOK_S)
            if message is not None and not isinstance(message, Wake):
                self._note(message)
        self._flush()
        raise HandOver

    def _open_secret(self, reference: Properties) -> str:
        return self._parts.vault.open(self._plan.run.workspace_id, reference)

    def _flush(self) -> None:
        self._log.flush(lambda: self._stopping)

    def _is_going(self, path: str) -> bool:
        return path in self._state.active

    def _document(self, path: str) -> ActivityDocument:
        return self._plan.documents[path.rpartition("/")[2].casefold()]


def _reference_name(reference: Json) -> str:
    if isinstance(reference, Mapping):
        reference = Properties(reference).get("referenceName")
    return reference if isinstance(reference, str) else ""


def _timed_out(document: ActivityDocument, attempt: Attempt) -> ActivityFailed:
    message = f"Activity '{document.name}' did not end within its timeout of {attempt.seconds:g} s."
    return ActivityFailed("Timeout", message, timed_out=True)

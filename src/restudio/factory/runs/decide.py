"""What happens next in a pipeline run: pure, from its document, its state and the time.

Dependencies and the outcome of lists of activities follow sections 2.4 and 2.5 of the Data Factory reference. Deciding
is a walk over the lists that are open now; finished passes of loops are not looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from restudio.factory.documents.pipeline import ActivityDocument, Condition, Dependency, Pipeline
from restudio.factory.runs.events import (
    CANCELLED,
    ActivityStatus,
    Began,
    Ended,
    ErrorInfo,
    Event,
    Left,
    RunEnded,
    Skipped,
)
from restudio.factory.runs.state import ActivityState, RunState

Satisfied = Mapping[ActivityStatus, frozenset[Condition]]
SATISFIES: Satisfied = {
    "Succeeded": frozenset({"Succeeded", "Completed"}),
    "Failed": frozenset({"Failed", "Completed"}),
    "Skipped": frozenset({"Skipped"}),
    "Cancelled": frozenset(),
}
REPEATED = frozenset({"Wait", "SetVariable", "AppendVariable", "Filter", "IfCondition", "Switch", "Until", "ForEach"})
"""Types that a recovery run repeats although they had succeeded: they are cheap, and rebuild what the run knows."""
Readiness = Literal["wait", "run", "skip"]


@dataclass(frozen=True, slots=True)
class Start:
    """Begin an attempt. ``prefix`` is the path of the pass that the activity stands in."""

    path: str
    prefix: str
    activity: ActivityDocument
    attempt: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Evaluate the condition of a loop after a pass."""

    path: str
    activity: ActivityDocument
    index: int
    inner: str
    error: ErrorInfo | None


@dataclass(frozen=True, slots=True)
class Stop:
    """End the running attempt of an activity; it becomes Cancelled."""

    path: str


Step = Event | Start | Ask | Stop


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a recovery run takes over: the ends of activities that had succeeded, by path."""

    ended: Mapping[str, Ended] = field(default_factory=dict)


def pass_prefix(path: str, index: int) -> str:
    """Where the activities of a pass of a container stand.

    >>> pass_prefix("PerSite", 17) + "Train"
    'PerSite:17/Train'
    """
    return f"{path}:{index}/"


def decide(pipeline: Pipeline, state: RunState, now: float, inherited: Inherited | None = None) -> list[Step]:
    """The steps to take now. Taking them, and applying what they tell, may make more steps possible."""
    return list(_Walk(state, now, (inherited or Inherited()).ended).run(pipeline))


def next_due(state: RunState) -> float | None:
    """When something happens by itself: a sleep ends, a retry begins, a loop has run for too long."""
    active = [state.activities[path] for path in state.active]
    wakes = [each.wake for each in active if each.wake is not None]
    deadlines = [each.entered.deadline for each in active if each.entered and each.entered.deadline is not None]
    return min([*wakes, *deadlines], default=None)


def readiness(dependencies: Sequence[Dependency], status_of: Callable[[str], ActivityStatus | None]) -> Readiness:
    """Whether an activity runs, is skipped, or waits: entries combine with and, the conditions of one with or."""
    statuses = [status_of(each.activity) for each in dependencies]
    ended = [SATISFIES[status] for status in statuses if status is not None and status in SATISFIES]
    if len(ended) < len(dependencies):
        return "wait"
    satisfied = all(met & each.conditions for met, each in zip(ended, dependencies, strict=True))
    return "run" if satisfied else "skip"


def culprits(
    activities: Sequence[ActivityDocument], status_of: Callable[[str], ActivityStatus | None]
) -> list[ActivityDocument]:
    """Activities that make a list fail, in order; none when it succeeds. All of them must be over.

    The leaves count; a skipped leaf is replaced by its parents, repeatedly.
    """
    by_name = {each.name.casefold(): each for each in activities}
    parents = {d.activity.casefold() for each in activities for d in each.depends_on}
    looked = [name for name in by_name if name not in parents]
    seen: set[str] = set()
    failed: set[str] = set()
    while looked:
        name = looked.pop()
        if name in seen:
            continue
        seen.add(name)
        status = status_of(name)
        if status == "Skipped":
            looked += [d.activity.casefold() for d in by_name[name].depends_on if d.activity.casefold() in by_name]
        elif status != "Succeeded":
            failed.add(name)
    return [each for name, each in by_name.items() if name in failed]


class _Walk:
    def __init__(self, state: RunState, now: float, inherited: Mapping[str, Ended]) -> None:
        self._state = state
        self._now = now
        self._inherited = inherited

    def run(self, pipeline: Pipeline) -> Iterator[Step]:
        state = self._state
        if state.status in ("Succeeded", "Failed", "Cancelled"):
            return
        if state.cancelling:
            yield from self._stop("")
            if not state.active:
                yield RunEnded(at=self._now, status="Cancelled", message="The run was cancelled.")
            return
        yield from self._list(pipeline.activities, "")
        if self._is_over(pipeline.activities, ""):
            inner, error = self._failure(pipeline.activities, "")
            if error is None:
                yield RunEnded(at=self._now, status="Succeeded")
            else:
                message = f"Operation on target {inner} failed: {error.message}"
                yield RunEnded(at=self._now, status="Failed", message=message)

    def _list(self, activities: Sequence[ActivityDocument], prefix: str) -> Iterator[Step]:
        names = {each.name.casefold(): each.name for each in activities}

        def status_of(name: str) -> ActivityStatus | None:
            return self._state.status_of(prefix + names[name.casefold()])

        for activity in activities:
            path = prefix + activity.name
            found = self._state.activities.get(path)
            if found is None or found.status is None:
                yield from self._new(activity, path, prefix, readiness(activity.depends_on, status_of))
            elif found.status == "InProgress":
                yield from self._going(activity, found, prefix)

    def _new(self, activity: ActivityDocument, path: str, prefix: str, ready: Readiness) -> Iterator[Step]:
        if ready == "skip":
            yield Skipped(at=self._now, path=path)
        elif ready == "run":
            before = self._inherited.get(path)
            if activity.inactive is not None:
                yield self._marked(activity, path)
            elif before is not None and activity.type not in REPEATED:
                yield Ended(
                    at=self._now,
                    path=path,
                    status="Succeeded",
                    output=before.output,
                    sealed=before.sealed,
                    inherited=True,
                )
            else:
                yield Start(path, prefix, activity, 0)

    def _marked(self, activity: ActivityDocument, path: str) -> Event:
        if activity.inactive == "Skipped":
            return Skipped(at=self._now, path=path)
        if activity.inactive == "Failed":
            error = ErrorInfo("InactiveActivity", "The activity is inactive and marked as failed.", "UserError")
            return Ended(at=self._now, path=path, status="Failed", error=error)
        return Ended(at=self._now, path=path, status="Succeeded", output={})

    def _going(self, activity: ActivityDocument, found: ActivityState, prefix: str) -> Iterator[Step]:
        if found.wake is not None:
            if self._now < found.wake:
                return
            if found.retrying:
                yield Start(found.path, prefix, activity, len(found.attempts))
            else:
                yield Ended(at=self._now, path=found.path, status="Succeeded", output={})
        elif found.entered is not None:
            yield from self._container(activity, found)

    def _container(self, activity: ActivityDocument, found: ActivityState) -> Iterator[Step]:
        entered = found.entered
        assert entered is not None
        if entered.deadline is not None and self._now >= entered.deadline and not (found.last and found.last.done):
            yield from self._run_out(found)
            return
        inner = activity.lists.get(entered.branch or "", ())
        for index in sorted(found.open):
            prefix = pass_prefix(found.path, index)
            yield from self._list(inner, prefix)
            if self._is_over(inner, prefix):
                yield self._left(activity, found, inner, index)
        if found.open and (entered.count is None or len(found.open) >= entered.at_once):
            return
        yield from self._onwards(found)

    def _left(
        self, activity: ActivityDocument, found: ActivityState, inner: Sequence[ActivityDocument], index: int
    ) -> Step:
        name, error = self._failure(inner, pass_prefix(found.path, index))
        if found.entered is not None and found.entered.count is None:
            return Ask(found.path, activity, index, name, error)
        return Left(at=self._now, path=found.path, index=index, inner=name, error=error)

    def _onwards(self, found: ActivityState) -> Iterator[Step]:
        """More passes, or the end of the container."""
        entered = found.entered
        assert entered is not None
        if entered.count is None:
            if found.last is not None and found.last.done:
                yield self._closed(found, found.last)
            else:
                yield Began(at=self._now, path=found.path, index=found.begun)
            return
        places = max(1, entered.at_once) - len(found.open)
        for index in range(found.begun, min(found.begun + places, entered.count)):
            yield Began(at=self._now, path=found.path, index=index)
        if found.begun >= entered.count and not found.open:
            yield self._closed(found, found.failed)

    def _closed(self, found: ActivityState, decisive: Left | None) -> Event:
        output = found.entered.output if found.entered else {}
        if decisive is None or decisive.error is None:
            return Ended(at=self._now, path=found.path, status="Succeeded", output=output)
        message = (
            f"Activity failed because an inner activity failed; Inner activity name: {decisive.inner}, "
            f"Error: {decisive.error.message}"
        )
        error = ErrorInfo("ActionFailed", message, "UserError")
        return Ended(at=self._now, path=found.path, status="Failed", output=output, error=error)

    def _run_out(self, found: ActivityState) -> Iterator[Step]:
        """A loop past its time: what runs in it is stopped first."""
        below = f"{found.path}:"
        yield from self._stop(below)
        if not any(path.startswith(below) for path in self._state.active):
            error = ErrorInfo("Timeout", "The loop did not end within its timeout.", "UserError")
            yield Ended(at=self._now, path=found.path, status="Failed", error=error, timed_out=True)

    def _stop(self, below: str) -> Iterator[Step]:
        """End what is in progress under a path. What runs is stopped; what only waits or holds others ends now."""
        for path in sorted(path for path in self._state.active if path.startswith(below)):
            found = self._state.activities[path]
            if found.wake is None and found.entered is None and found.called is None:
                yield Stop(path)
            else:
                yield Ended(at=self._now, path=path, status="Cancelled", error=CANCELLED)

    def _is_over(self, activities: Sequence[ActivityDocument], prefix: str) -> bool:
        return all(self._state.status_of(prefix + each.name) not in (None, "InProgress") for each in activities)

    def _failure(self, activities: Sequence[ActivityDocument], prefix: str) -> tuple[str, ErrorInfo | None]:
        names = {each.name.casefold(): each.name for each in activities}
        found = culprits(activities, lambda name: self._state.status_of(prefix + names[name.casefold()]))
        if not found:
            return "", None
        ended = self._state.activities[prefix + found[0].name].ended
        error = ended.error if ended is not None and ended.error is not None else CANCELLED
        return found[0].name, error

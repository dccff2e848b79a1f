"""The state of a pipeline run: a fold over its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from restudio.factory.properties import Json
from restudio.factory.runs.events import (
    ActivityStatus,
    Assigned,
    Began,
    Called,
    Cancelling,
    Ended,
    Entered,
    ErrorInfo,
    Event,
    Left,
    Remembered,
    Reported,
    Retrying,
    Returned,
    RunEnded,
    RunStarted,
    RunStatus,
    Skipped,
    Sleeping,
    Started,
)


@dataclass(slots=True)
class AttemptState:
    """One attempt, as monitoring shows it. ``ended`` is None while it runs."""

    started: Started
    status: ActivityStatus = "InProgress"
    ended: float | None = None
    output: Json = None
    sealed: str | None = None
    error: ErrorInfo | None = None
    progress: str = ""
    timed_out: bool = False
    inherited: bool = False


@dataclass(slots=True)
class Assignment:
    """A variable's value; sealed when ``sealed`` is set."""

    value: Json = None
    sealed: str | None = None


@dataclass(slots=True)
class ActivityState:
    """One activity at one path. ``status`` is None until something happened to it."""

    path: str
    status: ActivityStatus | None = None
    attempts: list[AttemptState] = field(default_factory=list)
    remembered: str | None = None
    wake: float | None = None
    """When it goes on by itself: the end of a sleep, or the next attempt (``retrying``)."""
    retrying: bool = False
    entered: Entered | None = None
    begun: int = 0
    open: set[int] = field(default_factory=set)
    failed: Left | None = None
    """The first pass that failed."""
    last: Left | None = None
    called: Called | None = None
    ended: Ended | None = None

    @property
    def attempt(self) -> AttemptState:
        """The newest attempt."""
        return self.attempts[-1]

    @property
    def is_over(self) -> bool:
        return self.status not in (None, "InProgress")


@dataclass(slots=True)
class RunState:
    """Changed by :meth:`apply` alone."""

    status: RunStatus = "Queued"
    activities: dict[str, ActivityState] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    """Paths of activities that are in progress."""
    variables: dict[str, list[Assignment]] = field(default_factory=dict)
    """By folded name: the last assigned value, then what was appended since. Absent: the declared default stands,
    unless the first assignment appends."""
    assigned: set[str] = field(default_factory=set)
    returned: dict[str, Json] | None = None
    started: float | None = None
    ended: float | None = None
    message: str = ""
    cancelling: bool = False
    count: int = 0
    """How many events were applied."""

    def activity(self, path: str) -> ActivityState:
        """The state at a path, made when there is none yet."""
        found = self.activities.get(path)
        if found is None:
            found = self.activities[path] = ActivityState(path)
        return found

    def status_of(self, path: str) -> ActivityStatus | None:
        found = self.activities.get(path)
        return None if found is None else found.status

    def apply(self, event: Event) -> None:
        self.count += 1
        match event:
            case RunStarted(at=at):
                self.started = at if self.started is None else self.started
                self.status = "InProgress" if self.status == "Queued" else self.status
            case Assigned():
                self._assign(event)
            case Returned(values=values):
                self.returned = values
            case Cancelling():
                self.cancelling, self.status = True, "Canceling"
            case RunEnded(at=at, status=status, message=message):
                self.status, self.ended, self.message = status, at, message
            case _:
                activity = self.activity(event.path)
                _apply_to(activity, event)
                if activity.status == "InProgress":
                    self.active.add(event.path)
                else:
                    self.active.discard(event.path)

    def _assign(self, event: Assigned) -> None:
        assignment = Assignment(event.value, event.sealed)
        name = event.name.casefold()
        if event.append:
            self.variables.setdefault(name, []).append(assignment)
        else:
            self.variables[name] = [assignment]
            self.assigned.add(name)


def _apply_to(activity: ActivityState, event: Event) -> None:
    match event:
        case Started():
            activity.status, activity.wake, activity.retrying = "InProgress", None, False
            activity.remembered = None
            activity.attempts.append(AttemptState(event))
        case Remembered(sealed=sealed):
            activity.remembered = sealed
        case Reported(text=text):
            activity.attempt.progress = text
        case Sleeping(until=until):
            activity.wake = until
        case Entered():
            activity.entered = event
        case Began(index=index):
            activity.begun = index + 1
            activity.open.add(index)
        case Left():
            activity.open.discard(event.index)
            activity.last = event
            if event.error is not None and activity.failed is None:
                activity.failed = event
        case Called():
            activity.called = event
        case Retrying():
            activity.wake, activity.retrying = event.again, True
            _end(activity.attempt, event, "Failed")
        case Ended():
            activity.status, activity.wake, activity.retrying = event.status, None, False
            activity.ended = event
            if activity.attempts:
                _end(activity.attempt, event, event.status)
        case Skipped():
            activity.status = "Skipped"
        case _:
            pass


def _end(attempt: AttemptState, event: Ended | Retrying, status: ActivityStatus) -> None:
    if attempt.ended is not None:
        return  # cancelled between two attempts: the one that failed stays what it was
    attempt.status, attempt.ended, attempt.error = status, event.at, event.error
    attempt.output, attempt.timed_out = event.output, event.timed_out
    if isinstance(event, Ended):
        attempt.sealed, attempt.inherited = event.sealed, event.inherited


def fold(events: Iterable[Event]) -> RunState:
    """The state after these events."""
    state = RunState()
    for event in events:
        state.apply(event)
    return state

"""The state of a slice: what its firing is at, in the words of version 1 (Data Factory reference, section 9.5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from restudio.factory.activities.slice_validation import INSUFFICIENT
from restudio.factory.runs.state import RunState
from restudio.factory.v1.types import SliceStatus
from restudio.triggers.types import Firing, FiringState
from restudio.triggers.windows import Window, Windows

SKIPPED = "Skipped"
"""The message of a firing that a user passed over; others that were cancelled failed."""
RESET = "Reset"
State = tuple[SliceStatus, str]


def state_of(
    firing: Firing | None,
    rule: Windows,
    window: Window,
    now: datetime,
    run: RunState | None,
    *,
    paused: bool,
    external: bool,
    validations: Collection[str],
) -> State:
    """State and substate. ``run`` is the latest run of a firing that runs or has failed; ``external``: it looks for
    data of elsewhere; ``validations`` are the names of its activities that look at what was made."""
    if firing is None:
        if rule.due(window) > now:
            return "Waiting", "ScheduleTime"
        return "Waiting", "ActivityResume" if paused else "ConcurrencyLimit"
    match firing.state:
        case FiringState.SUCCEEDED:
            return "Ready", ""
        case FiringState.CANCELLED:
            return ("Skipped", "") if firing.message == SKIPPED else ("Failed", "Canceled")
        case FiringState.FAILED:
            return "Failed", _why(run)
        case FiringState.RUNNING:
            return _running(run, validations)
        case FiringState.STARTING:
            return "Waiting", _between(firing, rule, external)
        case FiringState.BLOCKED:
            return "Waiting", "ActivityResume" if paused else "DatasetDependencies"
        case FiringState.WAITING:
            return "Waiting", "ActivityResume" if paused else "ConcurrencyLimit"


def counts(firing: Firing | None, rule: Windows) -> tuple[int, int]:
    """Retries in the round of attempts that a slice is in, and rounds that are over."""
    # The policy may have changed since; a slice has not been retried more often than it was started again.
    used = 0 if firing is None else min(max(rule.retries - firing.retries_left, 0), firing.attempt)
    return (used % rule.round_attempts, used // rule.round_attempts) if rule.round_attempts else (used, 0)


def percent_of(run: RunState) -> int:
    """How much of a run is done: its activities that have ended."""
    over = sum(1 for each in run.activities.values() if each.is_over)
    return 100 if run.ended is not None else 100 * over // max(len(run.activities) + 1, 1)


def error_of(run: RunState) -> str:
    """What the activity said that made a run fail."""
    for activity in run.activities.values():
        if activity.status == "Failed" and activity.attempts and activity.attempt.error is not None:
            return activity.attempt.error.message
    return run.message


def _between(firing: Firing, rule: Windows, external: bool) -> str:
    retries, rounds = counts(firing, rule)
    if retries == rounds == 0:
        return "Validation" if external else "ComputeResources"
    return "LongRetry" if retries == 0 else "Retry"


def _running(run: RunState | None, validations: Collection[str]) -> State:
    looking = None if run is None else next((n for n in validations if run.status_of(n) == "InProgress"), None)
    if run is None or looking is None:
        return "InProgress", ""
    # A look that found nothing is reported, and is followed by a pause.
    again = run.activities[looking].attempt.progress
    return ("Waiting", "ValidationRetry") if again else ("InProgress", "Validating")


def _why(run: RunState | None) -> str:
    for activity in () if run is None else run.activities.values():
        if activity.status == "Failed" and activity.attempts:
            if activity.attempt.timed_out:
                return "TimedOut"
            error = activity.attempt.error
            return "Validation" if error is not None and error.error_code == INSUFFICIENT else ""
    return ""

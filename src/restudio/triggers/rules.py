"""What the loop decides: which firings are due, which windows may start, what follows from the end of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from restudio.core.errors import RestudioError
from restudio.core.ids import digest_bytes, digest_json
from restudio.triggers.events import Chaining
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.rule import Rule
from restudio.triggers.types import Completion, Firing, FiringState, RunState, Trigger
from restudio.triggers.windows import Window, Windows

MISSED = timedelta(seconds=60)
"""A schedule's firing that is noticed later than this is left out: no server ran. Windows are always caught up."""
MAX_OPEN = 200
"""Windows of one trigger that run, or wait for a place alone; further ones are written down when these have ended."""
MAX_WAITING = 10_000
"""As many if they wait for windows that may never succeed, which must not hold up what comes after them; or if the
newest is to go first, which is known only when all are."""
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a trigger that was due: when it is due again, the number of its next window, what it fires."""

    next_due: datetime | None
    position: int
    firings: Sequence[Firing] = ()


def firing_id(trigger_id: str, key: str) -> str:
    """The id that follows from what fired and why: the same firing, decided twice, is one row."""
    return digest_bytes(f"{trigger_id}/{key}".encode())[:32]


def make_firing(
    trigger: Trigger,
    key: str,
    scheduled: datetime,
    now: datetime,
    state: FiringState = FiringState.STARTING,
    **more: object,
) -> Firing:
    """A new firing, that is to be started unless told."""
    return Firing(
        id=firing_id(trigger.id, key),
        trigger_id=trigger.id,
        ref=trigger.ref,
        type=trigger.type,
        key=key,
        scheduled=scheduled,
        created=now,
        updated=now,
        state=state,
        **more,  # type: ignore[arg-type]  # members of Firing by contract
    )


def decide_clock(trigger: Trigger, rule: Recurrence, now: datetime) -> Decision:
    """Every instant that has come since the trigger was last looked at, but for those that were missed."""
    since = max(trigger.next_due or now, now - MISSED) - INSTANT
    due: list[Firing] = []
    for instant in rule.iter_after(since):
        if instant > now:
            return Decision(instant, trigger.position, due)
        due.append(make_firing(trigger, instant.isoformat(), instant, now))
    return Decision(None, trigger.position, due)


def decide_windows(trigger: Trigger, rule: Windows, open_windows: Mapping[FiringState, int], now: datetime) -> Decision:
    """The windows that are due, the oldest first, as far as there is room for them beside those that have not ended."""
    number, due = max(trigger.position, rule.first), list[Firing]()
    total = sum(open_windows.values())
    room = MAX_WAITING - total
    if not rule.newest_first:
        room = min(room, MAX_OPEN - total + open_windows.get(FiringState.BLOCKED, 0))
    while (window := rule.window(number)) is not None:
        if rule.due(window) > now:
            return Decision(rule.due(window), number, due)
        if len(due) >= room:
            return Decision(now + timedelta(seconds=2), number, due)
        due.append(make_window_firing(trigger, rule, window, now))
        number += 1
    return Decision(None, number, due)


def make_window_firing(
    trigger: Trigger, rule: Windows, window: Window, now: datetime, state: FiringState = FiringState.WAITING
) -> Firing:
    """The one firing of a window: made again, it is the same. It has failed where its terms cannot be told."""
    retries, message = 0, ""
    try:
        retries = rule.terms(window).retries
    except RestudioError as error:
        state, message = FiringState.FAILED, error.message
    return make_firing(
        trigger,
        f"window/{window.number}",
        window.end,
        now,
        state=state,
        number=window.number,
        window_start=window.start,
        window_end=window.end,
        mirrors=True,
        retries_left=retries,
        message=message,
    )


def first_due(rule: Rule, trigger: Trigger, now: datetime) -> datetime | None:
    """When a trigger that is being started is to be looked at first."""
    match rule:
        case Recurrence():
            return rule.next_after(now)
        case Windows():
            window = rule.window(max(trigger.position, rule.first))
            return None if window is None else rule.due(window)
    return now


def judge_waiting(blocked: bool, waited: timedelta, patience: timedelta | None) -> FiringState:
    """What a window is at that has ``waited`` so long, when places are free."""
    if not blocked:
        return FiringState.STARTING
    return FiringState.FAILED if patience is not None and waited >= patience else FiringState.BLOCKED


def start_over(firing: Firing, state: FiringState, now: datetime, *, retries: int, message: str = "") -> Firing:
    """What a firing becomes that is started once more: with new runs."""
    return replace(
        firing, state=state, attempt=firing.attempt + 1, retries_left=retries, updated=now, message=message, runs={}
    )


def retries_of(rule: Rule, firing: Firing) -> int:
    """How often a firing may be retried; ``RestudioError`` where that cannot be told."""
    window = window_of(firing)
    return rule.terms(window).retries if isinstance(rule, Windows) and window is not None else 0


def window_of(firing: Firing) -> Window | None:
    """The window that a firing was written down for, even if the rule has none such any more."""
    if firing.number is None or firing.window_start is None or firing.window_end is None:
        return None
    return Window(firing.number, firing.window_start, firing.window_end)


def end_attempt(firing: Firing, runs: Mapping[str, RunState], now: datetime) -> Firing:
    """What a firing becomes when its runs are at this; itself while some of them run."""
    states = [runs.get(run_id, "Failed") for run_id in firing.runs.values()]
    if "Running" in states:
        return firing
    if "Failed" in states and firing.retries_left > 0:
        return start_over(firing, FiringState.STARTING, now, retries=firing.retries_left - 1)
    worst: RunState = next((state for state in ("Failed", "Cancelled") if state in states), "Succeeded")
    failed = sorted(name for name, run_id in firing.runs.items() if runs.get(run_id, "Failed") == "Failed")
    message = f"{', '.join(failed)} failed; see its run." if failed else ""
    return replace(firing, state=FiringState(worst), updated=now, message=message)


def chain(
    trigger: Trigger, rule: Chaining, unused: Sequence[Completion], now: datetime
) -> tuple[list[Firing], list[str]]:
    """A firing for every value that all pipelines have reached, and the runs that these firings use up."""
    fired, used = list[Firing](), list[str]()
    by_value: dict[str, dict[str, list[Completion]]] = {}
    for each in unused:
        by_value.setdefault(each.value, {}).setdefault(each.pipeline.casefold(), []).append(each)
    for value, by_pipeline in by_value.items():
        queues = [by_pipeline.get(name, []) for name in dict.fromkeys(p.casefold() for p in rule.pipelines)]
        for together in zip(*queues, strict=False):
            run_ids = [each.run_id for each in together]
            at = max(each.at for each in together)
            body = {rule.dimension: value}
            fired.append(make_firing(trigger, f"runs/{digest_json(sorted(run_ids))}", at, now, body=body))
            used += run_ids
    return fired, used


def is_blocked(needed: range, succeeded: Collection[int], *, own: bool) -> bool:
    """Whether a window still waits for others. Where another trigger has no window at all, there is nothing that
    could have succeeded; before the first window of the own trigger there is nothing to wait for."""
    return not all(number in succeeded for number in needed) if needed else not own

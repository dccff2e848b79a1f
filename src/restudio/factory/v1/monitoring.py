"""Watching version 1: runs of slices, activity windows, and what slices are made of (reference, section 9.9)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory.pipeline_target import run_id_of
from restudio.factory.properties import Properties
from restudio.factory.runs import store as run_store
from restudio.factory.runs.starting import ensure_found
from restudio.factory.trigger import Triggers
from restudio.factory.types import Factory, PipelineRun
from restudio.factory.v1 import store as document_store
from restudio.factory.v1.producers import (
    Producer,
    iter_slices,
    no_slice,
    read_producers,
    run_state,
)
from restudio.factory.v1.states import error_of, percent_of
from restudio.factory.v1.translate import activities_of, names_of
from restudio.factory.v1.types import ActivityWindow, Link, Slice, SliceRun
from restudio.factory.v1.window_filter import Member, read_filter, read_order
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers import store
from restudio.triggers.types import Firing
from restudio.triggers.windows import Window

PAGE = 500
"""Activity windows in one answer."""
_MOST_WINDOWS = 20_000
"""Activity windows that are looked at for one request."""
_MOST_LINKED = 10_000
_EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
_STATUS = {"Succeeded": "Succeeded", "Failed": "FailedExecution", "Cancelled": "Canceled", "Queued": "Waiting"}
_MEMBERS: Mapping[str, type] = {
    "pipelineName": str,
    "activityName": str,
    "activityType": str,
    "linkedServiceName": str,
    "runAttempts": int,
    "runStart": datetime,
    "runEnd": datetime,
    "percentComplete": int,
    "windowStart": datetime,
    "windowEnd": datetime,
    "windowState": str,
    "windowSubstate": str,
}
"""What filters and orders may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowQuery:
    """Which activity windows to list: those that have a part in [``begin``, ``end``), that were worked on in
    [``run_begin``, ``run_end``], in this state; ``skip`` is where the page begins, ``top`` how many are wanted."""

    pipeline: str | None = None
    activity: str | None = None
    dataset: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    run_begin: datetime | None = None
    run_end: datetime | None = None
    state: str | None = None
    substate: str | None = None
    filter: str | None = None
    order: str | None = None
    top: int | None = None
    skip: int = 0

    def names(self, producer: Producer) -> bool:
        """Whether the windows of an activity are asked for."""
        return (
            bool(producer.activity)
            and (self.pipeline is None or producer.is_of(self.pipeline))
            and (self.activity is None or producer.activity.casefold() == self.activity.casefold())
            and (self.dataset is None or producer.makes(self.dataset))
        )


@dataclass(frozen=True, slots=True)
class WindowPage:
    """``rest`` is what to skip for the next page; None on the last one. ``at`` is when it was read (epoch seconds)."""

    windows: Sequence[ActivityWindow]
    rest: int | None
    at: float


class SliceMonitor:
    """Thread-safe. Changes nothing."""

    def __init__(self, db: Database, clock: Clock, catalog: Triggers) -> None:
        self._db = db
        self._clock = clock
        self._catalog = catalog

    # Runs

    def list_runs(self, factory: Factory, dataset: str, start: datetime) -> list[SliceRun]:
        """The attempts at the slice that begins at an instant, the oldest first. NotFound ``SliceNotFound``."""
        with self._db.read() as conn:
            found = [each for each in read_producers(conn, factory, self._catalog) if each.makes(dataset)]
            for one in found:
                window = one.rule.at(start)
                if window is not None and window.start == start:
                    firing = one.firings(conn, [window]).get(window.number)
                    return [] if firing is None else list(_runs(conn, one, dataset, firing))
        raise no_slice(dataset, start, found)

    def get_run(self, factory: Factory, run_id: str) -> SliceRun:
        """One attempt by its id. NotFound ``PipelineRunNotFound``, also for runs that work on no slice."""
        with self._db.read() as conn:
            run = run_store.find_run(conn, run_id)
            of_factory = run if run is not None and run.factory_id == factory.id else None
            firing = None if of_factory is None else store.find_firing(conn, of_factory.invoked_by.id)
            producers = [] if firing is None else read_producers(conn, factory, self._catalog)
            producer = next((each for each in producers if firing and each.trigger.id == firing.trigger_id), None)
            run = ensure_found(None if producer is None else of_factory, run_id)
            assert producer is not None  # else there is no such run
            assert firing is not None
            return next(each for each in _runs(conn, producer, producer.outputs[0], firing) if each.id == run.id)

    # Activity windows

    def list_windows(self, factory: Factory, asked: WindowQuery) -> WindowPage:
        """A page of activity windows, the oldest first unless told. 400 ``TooManyWindows``, ``InvalidFilter``."""
        holds = read_filter(asked.filter, _MEMBERS) if asked.filter else lambda _: True
        order = read_order(asked.order, _MEMBERS) if asked.order else []
        with self._db.read() as conn:
            windows = [each for each in self._windows(conn, factory, asked) if _fits(each, asked)]
        kept = [each for each in windows if holds(_members(each))]
        kept.sort(key=lambda each: (each.start, each.pipeline.casefold(), each.activity.casefold()))
        for name, down in reversed(order):
            kept.sort(key=lambda each: _sortable(_members(each)[name]), reverse=down)
        end = len(kept) if asked.top is None else min(asked.top, len(kept))
        until = min(asked.skip + PAGE, end)
        rest = until if until < end else None
        return WindowPage(kept[asked.skip : until], rest, self._clock.now().timestamp())

    def _windows(self, conn: sa.Connection, factory: Factory, asked: WindowQuery) -> list[ActivityWindow]:
        activities = _activities(conn, factory)
        begin, end = asked.begin or _EVER[0], asked.end or _EVER[1]
        found: list[tuple[Producer, Slice]] = []
        for one in read_producers(conn, factory, self._catalog):
            if asked.names(one):
                windows = one.rule.covering(begin, end)
                room = _MOST_WINDOWS - len(found) + 1
                slices = iter_slices(conn, one, one.outputs[0], windows, self._clock.now(), room)
                found += [(one, each) for each in slices]
        if len(found) > _MOST_WINDOWS:
            message = f"There are more than {_MOST_WINDOWS} activity windows. Ask with windowStart and windowEnd."
            raise RestudioError(Kind.BAD_ARGUMENT, "TooManyWindows", message, target="windowStart")
        runs = run_store.find_runs(conn, [each.run_id for _, each in found if each.run_id])
        return [_window(one, activities.get(_key(one)), each, runs.get(each.run_id)) for one, each in found]

    # What slices are made of

    def trace(self, factory: Factory, dataset: str, begin: datetime, end: datetime) -> Link:
        """The slices of a dataset that have a part in [``begin``, ``end``), those that they need, and so on. Earlier
        slices of its own that an activity needs are told, and not followed further."""
        with self._db.read() as conn:
            producers = {each.name.casefold(): each for each in read_producers(conn, factory, self._catalog)}
            making = [each for each in producers.values() if each.makes(dataset)]
            windows = [] if not making else list(making[0].rule.covering(begin, end))
            if not windows:
                raise no_slice(dataset, begin, making)
            trace = _Trace(conn, producers, _activities(conn, factory), self._clock.now())
            return trace.link(making[0], dataset, windows)

    def list_causes(self, factory: Factory, dataset: str, begin: datetime, end: datetime, most: int) -> list[Link]:
        """What slices of a dataset wait for in the end: upstream slices that are not Ready, and for that no others are
        to blame. By dataset, and no more than ``most`` slices."""
        found: dict[str, dict[datetime, Slice]] = {}
        ahead = deque(self.trace(factory, dataset, begin, end).dependencies)
        while ahead and most > 0:
            link = ahead.popleft()
            ahead += link.dependencies
            known = found.setdefault(link.dataset, {})
            causes = {each.start: each for each in link.slices if _is_cause(each) and each.start not in known}
            known.update(islice(causes.items(), most))
            most -= len(causes)
        return [Link(name, list(slices.values()), ()) for name, slices in found.items() if slices]


def _is_cause(found: Slice) -> bool:
    return found.state != "Ready" and found.substate != "DatasetDependencies"


class _Trace:
    def __init__(
        self,
        conn: sa.Connection,
        producers: Mapping[str, Producer],
        activities: Mapping[tuple[str, str], Properties],
        now: datetime,
    ) -> None:
        self._conn = conn
        self._producers = producers
        self._activities = activities
        self._now = now
        self._count = 0

    def link(self, producer: Producer, dataset: str, windows: Sequence[Window], *, follow: bool = True) -> Link:
        self._count += len(windows)
        if self._count > _MOST_LINKED:
            message = f"More than {_MOST_LINKED} slices would be told. Give a shorter interval."
            raise RestudioError(Kind.BAD_ARGUMENT, "TooManySlices", message, target="end")
        slices = list(iter_slices(self._conn, producer, dataset, windows, self._now, len(windows)))
        needed = self._needed(producer, windows) if follow else ()
        return Link(
            slices[0].dataset,
            slices,
            [self.link(other, self._input(producer, other), w, follow=other is not producer) for other, w in needed],
        )

    def _needed(self, producer: Producer, windows: Sequence[Window]) -> Iterator[tuple[Producer, list[Window]]]:
        for dependency in producer.rule.depends_on:
            other = self._producers.get((dependency.trigger or producer.name).casefold())
            if other is not None:
                found = {
                    each.number: each
                    for window in windows
                    for each in producer.rule.needed(window, dependency, other.rule)
                }
                if found:
                    yield other, [found[number] for number in sorted(found)]

    def _input(self, producer: Producer, other: Producer) -> str:
        """The dataset that ties two activities together."""
        activity = self._activities.get(_key(producer), Properties({}))
        return next((each for each in names_of(activity, "inputs") if other.makes(each)), other.outputs[0])


def _runs(conn: sa.Connection, producer: Producer, dataset: str, firing: Firing) -> Iterator[SliceRun]:
    """The attempts at the slice of a firing."""
    assert firing.window_start is not None  # firings of slices have windows
    assert firing.window_end is not None
    for attempt in range(firing.attempt + 1):
        run = run_store.find_run(conn, run_id_of(firing.id, attempt))
        if run is None:
            continue  # not started yet, or forgotten
        state = run_state(conn, run.id)
        yield SliceRun(
            id=run.id,
            dataset=dataset,
            pipeline=producer.pipeline,
            activity=producer.activity,
            start=firing.window_start,
            end=firing.window_end,
            status=_STATUS.get(run.status, "InProgress"),
            attempt=attempt,
            created=run.created,
            begun=run.started,
            ended=run.ended,
            percent=percent_of(state),
            error=error_of(state) if run.status == "Failed" else "",
        )


def _activities(conn: sa.Connection, factory: Factory) -> Mapping[tuple[str, str], Properties]:
    """Activities as written, by the folded names of pipeline and activity."""
    return {
        (pipeline.name.casefold(), str(activity.get("name", "")).casefold()): activity
        for pipeline in document_store.list_all(conn, factory.id, "pipeline")
        for activity in activities_of(pipeline.properties)
    }


def _key(producer: Producer) -> tuple[str, str]:
    return producer.pipeline.casefold(), producer.activity.casefold()


def _window(producer: Producer, activity: Properties | None, found: Slice, run: PipelineRun | None) -> ActivityWindow:
    written = Properties({}) if activity is None else activity
    return ActivityWindow(
        pipeline=producer.pipeline,
        activity=producer.activity,
        type=str(written.get("type") or ""),
        linked_service=str(written.get("linkedServiceName") or ""),
        inputs=tuple(names_of(written, "inputs")),
        outputs=producer.outputs,
        start=found.start,
        end=found.end,
        state=found.state,
        substate=found.substate,
        attempts=found.attempts,
        percent=found.percent,
        begun=None if run is None else run.started,
        ended=None if run is None else run.ended,
    )


def _fits(window: ActivityWindow, asked: WindowQuery) -> bool:
    def same(wanted: str | None, value: str) -> bool:
        return wanted is None or wanted.casefold() == value.casefold()

    begun, ended = _instant(window.begun), _instant(window.ended)
    after = asked.run_begin is None or (begun is not None and (ended is None or ended >= asked.run_begin))
    before = asked.run_end is None or (begun is not None and begun <= asked.run_end)
    return same(asked.state, window.state) and same(asked.substate, window.substate) and after and before


def _members(window: ActivityWindow) -> Mapping[str, Member]:
    return {
        "pipelineName": window.pipeline,
        "activityName": window.activity,
        "activityType": window.type,
        "linkedServiceName": window.linked_service,
        "runAttempts": window.attempts,
        "runStart": _instant(window.begun),
        "runEnd": _instant(window.ended),
        "percentComplete": window.percent,
        "windowStart": window.start,
        "windowEnd": window.end,
        "windowState": window.state,
        "windowSubstate": window.substate or None,
    }


def _sortable(value: Member) -> tuple[bool, Member]:
    """What has no value comes first."""
    return value is not None, value.casefold() if isinstance(value, str) else value


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

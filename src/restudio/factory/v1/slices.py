"""Slices of datasets of version 1: their states, their runs, and how users set them (reference, sections 9.5, 9.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.factory import store as resource_store
from restudio.factory.documents.problems import Problems, ensure_none
from restudio.factory.pipeline_target import KIND, SLICES, run_id_of
from restudio.factory.properties import Json, Properties
from restudio.factory.runs import store as run_store
from restudio.factory.runs.state import RunState, fold
from restudio.factory.trigger import Triggers, read_trigger
from restudio.factory.types import Factory, StoredResource
from restudio.factory.v1.activities import validation_name
from restudio.factory.v1.states import RESET, SKIPPED, counts, error_of, percent_of, state_of
from restudio.factory.v1.types import Slice, SliceRun
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers import store
from restudio.triggers.rule import Mode
from restudio.triggers.rules import make_window_firing
from restudio.triggers.service import make_trigger
from restudio.triggers.types import Firing, FiringState, Ref, Trigger
from restudio.triggers.windows import Window, Windows

PAGE = 2000
"""Slices in one answer."""
_MOST_SET = 10_000
_TICK = timedelta(microseconds=1)
Wanted = Literal["Waiting", "Ready", "Skipped"]
_ENDS: Mapping[Wanted, tuple[FiringState, str]] = {
    "Ready": (FiringState.SUCCEEDED, ""),
    "Skipped": (FiringState.CANCELLED, SKIPPED),
}
_STATUS = {"Succeeded": "Succeeded", "Failed": "FailedExecution", "Cancelled": "Canceled", "Queued": "Waiting"}


@dataclass(frozen=True, slots=True)
class _Producer:
    """What makes the slices of some datasets: an activity, or the look for external data."""

    name: str
    pipeline: str
    activity: str
    outputs: tuple[str, ...]
    rule: Windows
    document: Mapping[str, Json]
    trigger: Trigger | None

    @property
    def is_paused(self) -> bool:
        return self.trigger is None or not self.trigger.started


@dataclass(frozen=True, slots=True)
class SlicePage:
    """``rest`` is where the next page begins; None on the last one."""

    slices: Sequence[Slice]
    rest: datetime | None = None


class SliceService:
    """Thread-safe."""

    def __init__(self, db: Database, clock: Clock, catalog: Triggers) -> None:
        self._db = db
        self._clock = clock
        self._catalog = catalog

    def list_dataset(self, factory: Factory, dataset: str, begin: datetime, end: datetime) -> SlicePage:
        """The slices of a dataset that have a part in [``begin``, ``end``), the oldest first."""
        with self._db.read() as conn:
            found = [each for each in self._producers(conn, factory) if _makes(each, dataset)]
            slices = [each for one in found for each in self._slices(conn, one, dataset, begin, end)]
        slices.sort(key=lambda each: each.start)
        return SlicePage(slices[:PAGE], slices[PAGE].start if len(slices) > PAGE else None)

    def list_pipeline(self, factory: Factory, pipeline: str, begin: datetime, end: datetime) -> SlicePage:
        """The slices that the activities of a pipeline make, the oldest first."""
        with self._db.read() as conn:
            found = [
                each
                for each in self._producers(conn, factory)
                if each.activity and each.pipeline.casefold() == pipeline.casefold()
            ]
            slices = [each for one in found for each in self._slices(conn, one, one.outputs[0], begin, end)]
        slices.sort(key=lambda each: (each.start, each.activity))
        return SlicePage(slices[:PAGE], slices[PAGE].start if len(slices) > PAGE else None)

    def list_runs(self, factory: Factory, dataset: str, start: datetime) -> list[SliceRun]:
        """The attempts at the slice that begins at an instant, the oldest first. NotFound ``SliceNotFound``."""
        with self._db.read() as conn:
            found = [each for each in self._producers(conn, factory) if _makes(each, dataset)]
            for one in found:
                window = next(one.rule.covering(start, start + _TICK), None)
                if window is not None and window.start == start:
                    return list(self._runs(conn, one, dataset, window))
        raise self._no_slice(dataset, start, found)

    def set_status(
        self,
        principal: Principal,
        factory: Factory,
        dataset: str,
        begin: datetime,
        end: datetime,
        wanted: Wanted,
        *,
        upstream: bool = False,
    ) -> int:
        """Set the slices of a dataset that have a part in [``begin``, ``end``), and with ``upstream`` those of inputs,
        and of their inputs, that they need; gives how many were set. ``Waiting`` lets a slice run again."""
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        now = self._clock.now()
        with self._db.begin() as conn:
            producers = {each.name.casefold(): each for each in self._producers(conn, factory)}
            chosen = {
                (each.name.casefold(), window.number): window
                for each in producers.values()
                if _makes(each, dataset)
                for window in _limited(each.rule.covering(begin, end))
            }
            if not chosen:
                raise self._no_slice(dataset, begin, [each for each in producers.values() if _makes(each, dataset)])
            if upstream:
                chosen = _with_upstream(producers, chosen)
            by_producer: dict[str, list[Window]] = {}
            for (name, _), window in chosen.items():
                by_producer.setdefault(name, []).append(window)
            for name, windows in by_producer.items():
                self._set(conn, factory, producers[name], windows, wanted, now)
            action = f"set {len(chosen)} slices {wanted.casefold()}"
            audit.record(
                conn,
                now.timestamp(),
                principal,
                action,
                f"dataset:{dataset[:260]}",
                {"factory": factory.id, "start": begin.isoformat(), "end": end.isoformat(), "upstream": upstream},
                workspace_id=factory.workspace_id,
            )
        return len(chosen)

    def set_activity(
        self,
        principal: Principal,
        factory: Factory,
        pipeline: str,
        activity: str,
        begin: datetime,
        end: datetime | None,
        wanted: Wanted,
        *,
        upstream: bool = False,
    ) -> int:
        """As :meth:`set_status`, for the slices that an activity makes; without ``end`` the one that begins then."""
        with self._db.read() as conn:
            mine = [each for each in self._producers(conn, factory) if each.pipeline.casefold() == pipeline.casefold()]
        found = next((each for each in mine if each.activity.casefold() == activity.casefold()), None)
        if found is None:
            known = [each.activity for each in mine]
            raise RestudioError.not_found("ActivityNotFound", f"Activity of '{pipeline}'", activity[:260], known)
        window = next(found.rule.covering(begin, begin + _TICK), None)
        if end is None and (window is None or window.start != begin):
            raise self._no_slice(found.outputs[0], begin, [found])
        end = begin + _TICK if end is None else end
        return self.set_status(principal, factory, found.outputs[0], begin, end, wanted, upstream=upstream)

    # Inside

    def _producers(self, conn: sa.Connection, factory: Factory) -> list[_Producer]:
        return [
            self._producer(conn, factory, resource)
            for resource in resource_store.list_resources(conn, factory.id, "trigger")
            if str(Properties(resource.properties).get("type", "")).casefold() == SLICES.casefold()
        ]

    def _producer(self, conn: sa.Connection, factory: Factory, resource: StoredResource) -> _Producer:
        written = Properties(resource.properties).object("typeProperties")
        of = written.object("of")
        problems = Problems(f"trigger '{resource.name}'")
        document = read_trigger(resource.name, resource.properties, self._catalog, problems)
        ensure_none(problems.found)
        assert document is not None  # its type is known
        assert isinstance(document.rule, Windows)
        return _Producer(
            name=resource.name,
            pipeline=str(of.get("pipeline") or ""),
            activity=str(of.get("activity") or ""),
            outputs=tuple(str(each) for each in of.list("outputs")),
            rule=document.rule,
            document={"typeProperties": dict(written)},
            trigger=store.find(conn, Ref(KIND, factory.id, resource.name)),
        )

    def _slices(
        self, conn: sa.Connection, producer: _Producer, dataset: str, begin: datetime, end: datetime
    ) -> Iterator[Slice]:
        windows = [window for _, window in zip(range(PAGE + 1), producer.rule.covering(begin, end), strict=False)]
        firings = _firings(conn, producer, windows)
        now = self._clock.now()
        name = next((each for each in producer.outputs if each.casefold() == dataset.casefold()), dataset)
        for window in windows:
            firing = firings.get(window.number)
            run_id = "" if firing is None else next(iter(firing.runs.values()), "")
            telling = firing is not None and firing.state in (FiringState.RUNNING, FiringState.FAILED)
            run = self._run(conn, run_id) if telling and run_id else None
            state, substate = state_of(
                firing,
                producer.rule,
                window,
                now,
                run,
                paused=producer.is_paused,
                validations=[validation_name(each) for each in producer.outputs],
            )
            retries, rounds = counts(firing, producer.rule)
            yield Slice(
                dataset=name,
                pipeline=producer.pipeline,
                activity=producer.activity,
                start=window.start,
                end=window.end,
                state=state,
                substate=substate,
                retries=retries,
                long_retries=rounds,
                message=_message(firing, run),
                run_id=run_id,
            )

    def _run(self, conn: sa.Connection, run_id: str) -> RunState:
        return fold(event for _, event in run_store.list_events(conn, run_id))

    def _runs(self, conn: sa.Connection, producer: _Producer, dataset: str, window: Window) -> Iterator[SliceRun]:
        firing = _firings(conn, producer, [window]).get(window.number)
        for attempt in range(0 if firing is None else firing.attempt + 1):
            run = run_store.find_run(conn, run_id_of(firing.id, attempt)) if firing is not None else None
            if run is None:
                continue
            state = self._run(conn, run.id)
            yield SliceRun(
                id=run.id,
                dataset=dataset,
                pipeline=producer.pipeline,
                activity=producer.activity,
                start=window.start,
                end=window.end,
                status=_STATUS.get(run.status, "InProgress"),
                attempt=attempt,
                created=run.created,
                begun=run.started,
                ended=run.ended,
                percent=percent_of(state),
                error=error_of(state) if run.status == "Failed" else "",
            )

    def _set(
        self,
        conn: sa.Connection,
        factory: Factory,
        producer: _Producer,
        windows: Sequence[Window],
        wanted: Wanted,
        now: datetime,
    ) -> None:
        trigger = producer.trigger or self._make_trigger(conn, factory, producer)
        firings = _firings(conn, producer, windows)
        for window in windows:
            firing = firings.get(window.number)
            if firing is None:
                # One that is not due yet waits anyway; the others are written down before their time.
                if wanted != "Waiting":
                    state, message = _ENDS[wanted]
                    made = make_window_firing(trigger, producer.rule, window, now, state)
                    store.insert(conn, [replace(made, message=message)], now)
                continue
            if firing.state is FiringState.RUNNING:
                raise _in_progress(producer, window)
            if wanted == "Waiting" and not firing.state.ended:
                continue
            if not store.change(conn, firing, _changed(firing, producer.rule, wanted, now), now):
                raise _in_progress(producer, window)

    def _make_trigger(self, conn: sa.Connection, factory: Factory, producer: _Producer) -> Trigger:
        trigger = make_trigger(Ref(KIND, factory.id, producer.name), SLICES, producer.document, None)
        store.put(conn, trigger, Mode.WINDOWS, None)
        return trigger

    def _no_slice(self, dataset: str, start: datetime, producers: Sequence[_Producer]) -> RestudioError:
        shown = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not producers:
            why = "no active pipeline makes or needs it"
        else:
            near = [window for one in producers for window in one.rule.covering(start, start + _TICK)]
            first = next((one.rule.window(one.rule.first) for one in producers), None)
            if near:
                why = f"the one that holds this instant begins at {near[0].start.isoformat()}"
            else:
                why = "it has none" if first is None else f"the first one begins at {first.start.isoformat()}"
        message = f"No slice of dataset '{dataset[:260]}' begins at {shown}: {why}."
        return RestudioError(Kind.NOT_FOUND, "SliceNotFound", message, target=dataset[:260])


def read_wanted(text: str) -> Wanted:
    """What a user writes as the state to set; older clients say ``PendingExecution`` for ``Waiting``."""
    known: Mapping[str, Wanted] = {
        "waiting": "Waiting", "pendingexecution": "Waiting", "ready": "Ready", "skipped": "Skipped", "skip": "Skipped",
    }  # fmt: skip
    found = known.get(text.strip().casefold())
    if found is None:
        hint = nearest(text[:80], ["Waiting", "Ready", "Skipped"], limit=3)
        message = f"A slice cannot be set to '{text[:80]}'.{hint}"
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidSliceState", message, target="SliceState")
    return found


def _changed(firing: Firing, rule: Windows, wanted: Wanted, now: datetime) -> Firing:
    if wanted == "Waiting":
        return replace(
            firing,
            state=FiringState.WAITING,
            attempt=firing.attempt + 1,
            retries_left=rule.retries,
            updated=now,
            message=RESET,
            runs={},
        )
    state, message = _ENDS[wanted]
    return replace(firing, state=state, message=message, updated=now)


def _firings(conn: sa.Connection, producer: _Producer, windows: Sequence[Window]) -> dict[int, Firing]:
    if producer.trigger is None or not windows:
        return {}
    numbers = [each.number for each in windows]
    return store.list_windows(conn, producer.trigger.id, min(numbers), max(numbers))


def _makes(producer: _Producer, dataset: str) -> bool:
    return any(each.casefold() == dataset.casefold() for each in producer.outputs)


def _with_upstream(
    producers: Mapping[str, _Producer], chosen: Mapping[tuple[str, int], Window]
) -> dict[tuple[str, int], Window]:
    """The slices, and all that they need in turn."""
    found, ahead = dict(chosen), list(chosen.items())
    while ahead:
        (name, _), window = ahead.pop()
        producer = producers[name]
        for dependency in producer.rule.depends_on:
            other = producers.get((dependency.trigger or name).casefold())
            for needed in () if other is None else producer.rule.needed(window, dependency, other.rule):
                assert other is not None  # else there is nothing needed
                key = (other.name.casefold(), needed.number)
                if key not in found:
                    found[key] = needed
                    ahead.append((key, needed))
        _ensure_few(len(found))
    return found


def _limited(windows: Iterable[Window]) -> Iterator[Window]:
    for count, window in enumerate(windows):
        _ensure_few(count)
        yield window


def _ensure_few(count: int) -> None:
    if count > _MOST_SET:
        message = f"More than {_MOST_SET} slices would be set at once. Give a shorter interval."
        raise RestudioError(Kind.BAD_ARGUMENT, "TooManySlices", message, target="end")


def _message(firing: Firing | None, run: RunState | None) -> str:
    if firing is None or firing.message in (SKIPPED, RESET):
        return ""
    told = error_of(run) if firing.state is FiringState.FAILED and run is not None else ""
    return told or firing.message  # runs are forgotten after some time, slices are not


def _in_progress(producer: _Producer, window: Window) -> RestudioError:
    message = (
        f"The slice of '{producer.outputs[0]}' from {window.start.isoformat()} is in progress. Wait for its end, or "
        "cancel its run first."
    )
    return RestudioError(Kind.CONFLICT, "SliceInProgress", message, target=producer.outputs[0])

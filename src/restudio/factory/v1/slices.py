"""Slices of datasets of version 1, and how users set them (reference, sections 9.5 and 9.9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Literal

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.factory.trigger import Triggers
from restudio.factory.types import Factory
from restudio.factory.v1.producers import Producer, iter_slices, no_slice, read_producers
from restudio.factory.v1.states import RESET, SKIPPED
from restudio.factory.v1.types import Slice
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers import store
from restudio.triggers.rules import make_window_firing, start_over
from restudio.triggers.types import Firing, FiringState
from restudio.triggers.windows import Window, Windows

PAGE = 2000
"""Slices in one answer."""
_MOST_SET = 10_000
Wanted = Literal["Waiting", "Ready", "Skipped"]
_ENDS: Mapping[Wanted, tuple[FiringState, str]] = {
    "Ready": (FiringState.SUCCEEDED, ""),
    "Skipped": (FiringState.CANCELLED, SKIPPED),
}


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
            found = [each for each in read_producers(conn, factory, self._catalog) if each.makes(dataset)]
            slices = self._list(conn, found, dataset, begin, end)
        return _page(sorted(slices, key=lambda each: each.start))

    def list_pipeline(self, factory: Factory, pipeline: str, begin: datetime, end: datetime) -> SlicePage:
        """The slices that the activities of a pipeline make, the oldest first."""
        with self._db.read() as conn:
            found = [each for each in read_producers(conn, factory, self._catalog) if each.is_of(pipeline)]
            slices = self._list(conn, found, None, begin, end)
        return _page(sorted(slices, key=lambda each: (each.start, each.activity)))

    def set_status(
        self,
        principal: Principal,
        factory: Factory,
        dataset: str,
        begin: datetime,
        end: datetime | None,
        wanted: Wanted,
        *,
        upstream: bool = False,
    ) -> int:
        """Set the slices of a dataset that have a part in [``begin``, ``end``), without ``end`` the one that holds
        ``begin``; and with ``upstream`` those of inputs, and of their inputs, that they need. Gives how many were set.

        ``Waiting`` lets a slice run again. NotFound ``SliceNotFound``; Conflict ``SliceInProgress``, and none is set.
        """
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        with self._db.begin() as conn:
            producers = read_producers(conn, factory, self._catalog)
            makers = [each for each in producers if each.makes(dataset)]
            period = begin, end
            return self._set_all(conn, principal, factory, dataset, producers, makers, period, wanted, upstream)

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
        ensure_allowed(principal, Action.EDIT, Resource(factory.workspace_id))
        with self._db.begin() as conn:
            producers = read_producers(conn, factory, self._catalog)
            mine = [each for each in producers if each.is_of(pipeline)]
            found = next((each for each in mine if each.activity.casefold() == activity.casefold()), None)
            if found is None:
                known = [each.activity for each in mine]
                raise RestudioError.not_found("ActivityNotFound", f"Activity of '{pipeline}'", activity[:260], known)
            dataset, period = found.outputs[0], (begin, end)
            if end is None and ((window := found.rule.at(begin)) is None or window.start != begin):
                raise no_slice(dataset, begin, [found])
            return self._set_all(conn, principal, factory, dataset, producers, [found], period, wanted, upstream)

    # Inside

    def _list(
        self, conn: sa.Connection, producers: Sequence[Producer], dataset: str | None, begin: datetime, end: datetime
    ) -> list[Slice]:
        """Of a dataset, or without one of the first that each producer makes; no more of each than a page and one."""
        now = self._clock.now()
        return [
            each
            for one in producers
            for each in iter_slices(conn, one, dataset or one.outputs[0], one.rule.covering(begin, end), now, PAGE + 1)
        ]

    def _set_all(
        self,
        conn: sa.Connection,
        principal: Principal,
        factory: Factory,
        dataset: str,
        producers: Sequence[Producer],
        makers: Sequence[Producer],
        period: tuple[datetime, datetime | None],
        wanted: Wanted,
        upstream: bool,
    ) -> int:
        """Set the slices of ``dataset`` by its ``makers``, and with ``upstream`` those of the other producers too."""
        begin, end = period
        known = {each.name.casefold(): each for each in producers}
        chosen = {
            (each.name.casefold(), window.number): window
            for each in makers
            for window in _windows(each.rule, begin, end)
        }
        _ensure_few(len(chosen))
        if not chosen:
            raise no_slice(dataset, begin, makers)
        if upstream:
            chosen = _with_upstream(known, chosen)
        by_producer: dict[str, list[Window]] = {}
        for (name, _), window in chosen.items():
            by_producer.setdefault(name, []).append(window)
        now = self._clock.now()
        for name, windows in by_producer.items():
            self._set(conn, known[name], windows, wanted, now)
        shown = {"start": begin.isoformat(), "end": None if end is None else end.isoformat()}
        audit.record(
            conn,
            now.timestamp(),
            principal,
            f"set {len(chosen)} slices {wanted.casefold()}",
            f"dataset:{dataset[:260]}",
            {"factory": factory.id, **shown, "upstream": upstream},
            workspace_id=factory.workspace_id,
        )
        return len(chosen)

    def _set(
        self, conn: sa.Connection, producer: Producer, windows: Sequence[Window], wanted: Wanted, now: datetime
    ) -> None:
        firings = producer.firings(conn, windows)
        for window in windows:
            firing = firings.get(window.number)
            if firing is None:
                # One that is not due yet waits anyway; the others are written down before their time.
                if wanted != "Waiting":
                    state, message = _ENDS[wanted]
                    made = make_window_firing(producer.trigger, producer.rule, window, now, state)
                    store.insert(conn, [replace(made, message=message)], now)
                continue
            if firing.state is FiringState.RUNNING:
                raise _in_progress(producer, window)
            if wanted == "Waiting" and not firing.state.ended:
                continue
            if not store.change(conn, firing, _changed(firing, producer.rule, wanted, now), now):
                raise _in_progress(producer, window)


def _page(slices: Sequence[Slice]) -> SlicePage:
    return SlicePage(slices[:PAGE], slices[PAGE].start if len(slices) > PAGE else None)


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
        return start_over(firing, FiringState.WAITING, now, retries=rule.retries, message=RESET)
    state, message = _ENDS[wanted]
    return replace(firing, state=state, message=message, updated=now)


def _with_upstream(
    producers: Mapping[str, Producer], chosen: Mapping[tuple[str, int], Window]
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


def _windows(rule: Windows, begin: datetime, end: datetime | None) -> Iterable[Window]:
    """As many as may be set, and one."""
    if end is None:
        return [] if (window := rule.at(begin)) is None else [window]
    return islice(rule.covering(begin, end), _MOST_SET + 1)


def _ensure_few(count: int) -> None:
    if count > _MOST_SET:
        message = f"More than {_MOST_SET} slices would be set at once. Give a shorter interval."
        raise RestudioError(Kind.BAD_ARGUMENT, "TooManySlices", message, target="end")


def _in_progress(producer: Producer, window: Window) -> RestudioError:
    message = (
        f"The slice of '{producer.outputs[0]}' from {window.start.isoformat()} is in progress. Wait for its end, or "
        "cancel its run first."
    )
    return RestudioError(Kind.CONFLICT, "SliceInProgress", message, target=producer.outputs[0])

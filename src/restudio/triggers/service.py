"""Use cases of triggers, whatever they start: start, stop, test-fire, publish an event, query, rerun, cancel.

A trigger is known here from its first start (or test-fire) on. Whose it is and who may use it is the caller's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import new_id
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers import rules, store
from restudio.triggers.events import CustomEvent, CustomEvents
from restudio.triggers.rule import channel_of, mode_of, topic_channel
from restudio.triggers.target import Target, read_rule
from restudio.triggers.types import Firing, FiringState, Ref, Trigger
from restudio.triggers.windows import Window, Windows

RETENTION = timedelta(days=45)


class TriggerService:
    """Thread-safe. ``targets`` are by kind."""

    def __init__(self, db: Database, clock: Clock, targets: Mapping[str, Target]) -> None:
        self._db = db
        self._clock = clock
        self._targets = targets

    def start(self, ref: Ref, type: str, document: Mapping[str, Any]) -> None:
        """Let a trigger fire from now on. Windows go on where they were; starting a started trigger does nothing."""
        rule = self._targets[ref.kind].read(type, document)
        now = self._clock.now()
        with self._db.begin() as conn:
            found = store.find(conn, ref)
            if found is not None and found.started:
                return
            fresh = make_trigger(ref, type, document, found)
            due = rules.first_due(rule, fresh, now)
            store.put(
                conn,
                replace(fresh, started=True, next_due=due, seen=now),
                mode_of(rule),
                channel_of(rule, ref.owner),
            )

    def stop(self, ref: Ref) -> None:
        """Let a trigger fire no more. What it started goes on; windows that wait do so until it is started again."""
        with self._db.begin() as conn:
            store.stop(conn, ref)

    def forget(self, ref: Ref) -> None:
        """Remove a trigger; what it has not started yet is cancelled. Its history stays."""
        with self._db.begin() as conn:
            found = store.find(conn, ref)
            if found is not None:
                store.delete(conn, found.id, self._clock.now())

    def is_started(self, ref: Ref) -> bool:
        with self._db.read() as conn:
            found = store.find(conn, ref)
        return found is not None and found.started

    def list_started(self, kind: str, owner: str) -> frozenset[str]:
        """Names of the started triggers of an owner, folded."""
        with self._db.read() as conn:
            return frozenset(each.ref.folded for each in store.list_owned(conn, kind, owner) if each.started)

    def find_next(self, ref: Ref) -> datetime | None:
        """When a trigger fires next by the clock, as far as that is known."""
        with self._db.read() as conn:
            found = store.find(conn, ref)
        return None if found is None else found.next_due

    def fire(
        self,
        ref: Ref,
        type: str,
        document: Mapping[str, Any],
        *,
        at: datetime | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Firing:
        """Fire a trigger by hand, started or not, as if ``at`` (now) were the instant, or lay in the window, or the
        event with this body had come."""
        rule = self._targets[ref.kind].read(type, document)
        now = self._clock.now()
        with self._db.begin() as conn:
            trigger = store.find(conn, ref)
            if trigger is None:
                trigger = make_trigger(ref, type, document, None)
                store.put(conn, trigger, mode_of(rule), channel_of(rule, ref.owner))
            more: dict[str, Any] = {"body": body}
            if isinstance(rule, Windows):
                window = _window_for(rule, at, now)
                more |= {"window_start": window.start, "window_end": window.end, "mirrors": True}
            firing = rules.make_firing(trigger, f"manual/{new_id()}", at or now, now, **more)
            store.insert(conn, [firing], now)
        return firing

    def publish(self, kind: str, owner: str, events: Sequence[CustomEvent]) -> int:
        """Take events of an owner's topics; gives how many firings follow. An event that was published before (same
        source, id and topic) does nothing again."""
        now = self._clock.now()
        fired: list[Firing] = []
        with self._db.begin() as conn:
            for trigger in store.list_listening(conn, {topic_channel(owner, each.topic) for each in events}):
                if trigger.ref.kind != kind:
                    continue
                rule = read_rule(self._targets, trigger)
                if isinstance(rule, CustomEvents):
                    matched = [(event, rule.match(event)) for event in events]
                    fired += [
                        rules.make_firing(trigger, event.key, now, now, body=body)
                        for event, body in matched
                        if body is not None
                    ]
            store.insert(conn, fired, now)
        return len(fired)

    # -- firings

    def list_firings(
        self,
        kind: str,
        owner: str,
        where: Sequence[sa.ColumnElement[bool]] = (),
        order: Sequence[Any] = (),
        *,
        skip: int = 0,
        limit: int,
    ) -> list[Firing]:
        """See :func:`restudio.triggers.store.list_firings`."""
        with self._db.read() as conn:
            return store.list_firings(conn, kind, owner, where, order, skip=skip, limit=limit)

    def rerun(self, ref: Ref, firing_id: str) -> Firing:
        """Start a firing that has ended once more, with new runs. A window waits for its dependencies again."""
        now = self._clock.now()
        with self._db.begin() as conn:
            firing = _get_firing(conn, ref, firing_id)
            if not firing.state.ended:
                raise _wrong_state(firing, "has not ended; cancel it first")
            trigger = store.find(conn, ref)
            if trigger is None or trigger.id != firing.trigger_id:
                raise _wrong_state(firing, "belongs to a trigger that was deleted")
            rule = self._targets[ref.kind].read(trigger.type, trigger.document)
            waits = isinstance(rule, Windows) and firing.number is not None and trigger.started
            again = rules.start_over(
                firing,
                FiringState.WAITING if waits else FiringState.STARTING,
                now,
                retries=rules.retries_of(rule, firing),
            )
            store.change(conn, firing, again, now)
        return again

    def cancel(self, ref: Ref, firing_id: str) -> None:
        """End a firing: one that waits at once, one that runs as soon as its runs have ended."""
        with self._db.begin() as conn:
            firing = _get_firing(conn, ref, firing_id)
            if firing.state.ended:
                raise _wrong_state(firing, "cannot be cancelled any more")
            if firing.state is not FiringState.RUNNING:
                message = "Cancelled by a user."
                cancelled = replace(firing, state=FiringState.CANCELLED, updated=self._clock.now(), message=message)
                store.change(conn, firing, cancelled)
                return
        self._targets[ref.kind].cancel(list(firing.runs.values()))

    def purge(self) -> int:
        """Forget old firings; gives their number."""
        with self._db.begin() as conn:
            return store.delete_ended(conn, self._clock.now() - RETENTION)


def make_trigger(ref: Ref, type: str, document: Mapping[str, Any], former: Trigger | None) -> Trigger:
    """A trigger that is not started: a new one, or the former one with another document."""
    text = json.dumps(document)
    if former is None:
        return Trigger(new_id(), ref, type, text, started=False)
    return replace(former, ref=ref, type=type, text=text)


def _window_for(rule: Windows, at: datetime | None, now: datetime) -> Window:
    """The window that an instant lies in; the last one that is over when none is asked for."""
    if at is not None:
        window = rule.at(at)
    else:
        current = rule.at(now)
        window = rule.window(max(current.number - 1, rule.first)) if current else rule.window(rule.first)
    if window is None:
        asked = (at or now).isoformat()
        first = rule.window(rule.first)
        begins = "it has none at all" if first is None else f"the first one begins at {first.start.isoformat()}"
        message = f"The trigger has no window at {asked}; {begins}."
        raise RestudioError(Kind.BAD_ARGUMENT, "NoSuchWindow", message)
    return window


def _get_firing(conn: sa.Connection, ref: Ref, firing_id: str) -> Firing:
    """``TriggerRunNotFound`` unless it is one of this trigger."""
    found = store.find_firing(conn, firing_id)
    if found is None or (found.ref.kind, found.ref.owner, found.ref.folded) != (ref.kind, ref.owner, ref.folded):
        raise RestudioError.not_found("TriggerRunNotFound", "Trigger run", firing_id[:64])
    return found


def _wrong_state(firing: Firing, why: str) -> RestudioError:
    message = f"The run {firing.id} of trigger '{firing.ref.name}' is {firing.state.value} and {why}."
    return RestudioError(Kind.CONFLICT, "TriggerRunInWrongState", message, target=firing.id)

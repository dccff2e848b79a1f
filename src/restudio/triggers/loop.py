"""The loop that fires triggers: looks at what is due, decides, writes down, starts.

A decision and the firings that follow from it are one transaction, under a key that is unique: however many servers
run this loop on one database, and wherever they are killed, an instant, a window or an event is one firing. A firing is
then started by whoever takes it; a taker that dies loses it to the next one after :data:`TAKEN`, and starting again
does no harm, because run ids follow from the firing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from restudio.blobs.store import has_events, take_events
from restudio.core.errors import Kind, RestudioError
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.triggers import rules, store
from restudio.triggers.events import BlobEvents, Chaining, Polling
from restudio.triggers.recurrence import Recurrence
from restudio.triggers.rule import Mode, Rule, blob_channel
from restudio.triggers.target import Target, read_rule
from restudio.triggers.types import ENDED, Firing, FiringState, Ref, Trigger
from restudio.triggers.windows import Dependency, Windows

_log = logging.getLogger(__name__)
TAKEN = timedelta(seconds=10)
"""How long a firing belongs to the process that took it."""
PAUSE_S = 0.5
_BY_CLOCK = (Mode.CLOCK, Mode.WINDOWS)
_UNREADABLE = timedelta(hours=1)
"""After this a trigger that could not be read is looked at again, perhaps by a newer server."""
_KNOWN_RULES = 20_000
"""Rules that are kept read, by the texts that they were read from."""
_SOON = timedelta(seconds=60)
_JUDGED_FOR = timedelta(seconds=60)
"""So often blocked windows are looked at though nothing happened: their patience may have ended."""
_DUE_BATCH = 2000
_START_BATCH = 100
_EVENT_BATCH = 1000
_OVERLAP = timedelta(seconds=60)
"""Looks reach back so far, though not to before the start of their trigger, for what was written by a process whose
transaction ended later than its clock said."""


class TriggerLoop:
    """``tick`` does everything that is due now; ``start`` lets two threads do so all the time. Looking into folders has
    a thread of its own, so that a slow store keeps no schedule waiting."""

    def __init__(self, db: Database, clock: Clock, targets: Mapping[str, Target]) -> None:
        self._db = db
        self._clock = clock
        self._targets = targets
        self._kinds = sorted(targets)
        self._rules: dict[tuple[str, str, str], Rule] = {}
        self._prepared: datetime | None = None
        self._judged: dict[str, tuple[Hashable, datetime]] = {}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(do,), name=name, daemon=True)
            for name, do in (("triggers", self.fire), ("trigger looks", self.look))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits for what is being done."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _repeat(self, do: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                do()
            except Exception:  # the database may be away for a while
                _log.exception("triggers could not be looked at; they are again in %.1f s", PAUSE_S)
            self._stopping.wait(PAUSE_S)

    def tick(self) -> None:
        """Do everything that is due now."""
        self.look()
        self.fire()

    def next_due(self) -> datetime | None:
        """When a trigger is due next by the clock; None when none is."""
        with self._db.read() as conn:
            return store.find_next_due(conn)

    def fire(self) -> None:
        """Decide what is due, start it, and take note of what has ended."""
        pending = self._peek()
        if FiringState.RUNNING in pending.states:
            self._mirror()
        if pending.due:
            self.decide()
        if pending.events:
            self._take_events()
        if not pending.due:
            self._prepare()
        if pending.due or pending.events or pending.states:
            self._promote()
            while self._start_some() == _START_BATCH and not self._stopping.is_set():
                # Many take long to start; what becomes due meanwhile must not be noticed so late that it is left out.
                if self._peek().due:
                    self.decide()

    def _prepare(self) -> None:
        """Read the rules of what is due soon, so that at its instant only the decisions are left."""
        now = self._clock.now()
        if self._prepared is not None and now - self._prepared < _SOON / 2:
            return
        self._prepared = now
        with self._db.read() as conn:
            soon = store.list_due(conn, self._kinds, _BY_CLOCK, now + _SOON, _KNOWN_RULES // 2)
        for trigger in soon:
            self._rule(trigger)

    def _peek(self) -> store.Pending:
        with self._db.read() as conn:
            return store.peek(conn, self._kinds, _BY_CLOCK, self._clock.now(), events=has_events(conn))

    # -- deciding

    def decide(self) -> None:
        """Write down the firings of all triggers that are due by the clock."""
        while not self._stopping.is_set():
            now = self._clock.now()
            with self._db.begin() as conn:
                due = store.list_due(conn, self._kinds, _BY_CLOCK, now, _DUE_BATCH)
                decisions = [(trigger.id, self._decide_one(conn, trigger, now)) for trigger in due]
                store.insert(conn, [firing for _, each in decisions for firing in each.firings], now)
                store.move_on(conn, [(one, each.next_due, each.position) for one, each in decisions])
            if len(due) < _DUE_BATCH:
                return

    def _decide_one(self, conn: sa.Connection, trigger: Trigger, now: datetime) -> rules.Decision:
        match self._rule(trigger):
            case Recurrence() as rule:
                return rules.decide_clock(trigger, rule, now)
            case Windows() as rule:
                return rules.decide_windows(trigger, rule, store.count_open(conn, trigger.id), now)
        return rules.Decision(now + _UNREADABLE, trigger.position)

    def _rule(self, trigger: Trigger) -> Rule | None:
        """As :func:`read_rule`, each text once."""
        key = (trigger.ref.kind, trigger.type, trigger.text)
        known = self._rules.get(key)
        if known is not None:
            return known
        rule = read_rule(self._targets, trigger)
        if rule is None:
            return None
        if len(self._rules) >= _KNOWN_RULES:
            self._rules.clear()
        self._rules[key] = rule
        return rule

    def _take_events(self) -> None:
        now = self._clock.now()
        with self._db.begin() as conn:
            changes = take_events(conn, _EVENT_BATCH)
            fired: list[Firing] = []
            for trigger in store.list_listening(conn, {blob_channel(each.path.account) for each in changes}):
                rule = self._rule(trigger)
                if isinstance(rule, BlobEvents):
                    matched = [(change, rule.match(change)) for change in changes]
                    fired += [
                        rules.make_firing(trigger, f"blob/{change.id}", change.at, now, body=body)
                        for change, body in matched
                        if body is not None
                    ]
            store.insert(conn, fired, now)

    # -- starting

    def _promote(self) -> None:
        """Let waiting firings start where there is room and nothing that they depend on is missing."""
        now = self._clock.now()
        with self._db.read() as conn:
            states = store.list_waiting_triggers(conn, self._kinds)
            marks = {each.id: self._mark(conn, each) for each in store.list_by_id(conn, states).values()}
        self._judged = {each: known for each, known in self._judged.items() if each in states}
        # What is blocked stays so until something happens to what it waits for: nothing is read, no lock is taken.
        waiting = [
            each for each in marks if FiringState.WAITING in states[each] or not self._is_judged(each, marks[each], now)
        ]
        if not waiting:
            return
        with self._db.begin() as conn:
            busy = store.count_busy(conn, waiting)
            for trigger in store.list_by_id(conn, waiting).values():
                rule = self._rule(trigger)
                if isinstance(rule, (Windows, Polling)):
                    room = rule.max_concurrency - busy.get(trigger.id, 0)
                    if self._promote_some(conn, trigger, rule, room, now):
                        self._judged[trigger.id] = marks[trigger.id], now

    def _mark(self, conn: sa.Connection, trigger: Trigger) -> Hashable:
        """Differs when something happened to what windows of a trigger may wait for."""
        rule = self._rule(trigger)
        if not isinstance(rule, Windows):
            return trigger.text
        names = {each.trigger or trigger.ref.name for each in rule.depends_on}
        if rule.reruns is not None:
            names.add(rule.reruns)
        others = [store.find(conn, trigger.ref._replace(name=name)) for name in sorted(names)]
        found = [each for each in others if each is not None]
        return trigger.text, tuple((each.id, each.text, store.count_ended(conn, each.id)) for each in found)

    def _is_judged(self, trigger_id: str, mark: Hashable, now: datetime) -> bool:
        before, at = self._judged.get(trigger_id, (None, now))
        return before == mark and now - at < _JUDGED_FOR

    def _promote_some(
        self, conn: sa.Connection, trigger: Trigger, rule: Windows | Polling, room: int, now: datetime
    ) -> bool:
        """Whether all of them were judged."""
        if room <= 0:
            return False
        waiting = store.list_waiting(conn, trigger.id)
        if isinstance(rule, Windows) and rule.newest_first:
            waiting.reverse()
        blocked = self._find_blocked(conn, trigger, rule, [firing for firing, _ in waiting])
        changes: list[tuple[Firing, Firing, datetime | None]] = []
        is_whole = True
        for firing, since in waiting:
            patience = rule.patience if isinstance(rule, Windows) else None
            state = rules.judge_waiting(firing.id in blocked, now - since, patience)
            if state is FiringState.STARTING:
                if room == 0:
                    is_whole = False
                    continue
                room -= 1
            message = blocked.get(firing.id, "")
            if (state, message) != (firing.state, firing.message):
                changes.append((firing, replace(firing, state=state, message=message, updated=now), None))
        store.change_many(conn, changes)
        return is_whole

    def _find_blocked(
        self, conn: sa.Connection, trigger: Trigger, rule: Windows | Polling, waiting: Sequence[Firing]
    ) -> dict[str, str]:
        """Firings that have to wait for other windows, and for which."""
        blocked: dict[str, str] = {}
        if isinstance(rule, Polling):
            return blocked
        for dependency in rule.depends_on:
            upstream, upstream_rule = self._upstream(conn, trigger, rule, dependency)
            name = dependency.trigger or trigger.ref.name
            needed: dict[str, range] = {}
            for firing in waiting:
                window = rules.window_of(firing)
                if upstream_rule is not None and window is not None:
                    needed[firing.id] = rule.needed_numbers(window, dependency, upstream_rule)
            bounds = [number for each in needed.values() if each for number in (each[0], each[-1])]
            done = (
                store.list_numbers(conn, upstream.id, min(bounds), max(bounds), [FiringState.SUCCEEDED])
                if upstream and bounds
                else set()
            )
            for firing in waiting:
                if rules.is_blocked(needed.get(firing.id, range(0)), done, own=dependency.trigger is None):
                    blocked[firing.id] = f"waits for windows of {name} to succeed"
        if rule.reruns is not None:
            ended = self._list_ended(conn, trigger.ref._replace(name=rule.reruns), waiting)
            for firing in waiting:
                if firing.number not in ended:
                    blocked[firing.id] = f"waits for the window of {rule.reruns} to have ended"
        return blocked

    def _list_ended(self, conn: sa.Connection, parent: Ref, waiting: Sequence[Firing]) -> set[int]:
        """Numbers of windows that have ended in another trigger."""
        found = store.find(conn, parent)
        numbers = [each.number for each in waiting if each.number is not None]
        return store.list_numbers(conn, found.id, min(numbers), max(numbers), ENDED) if found and numbers else set()

    def _upstream(
        self, conn: sa.Connection, trigger: Trigger, rule: Windows, dependency: Dependency
    ) -> tuple[Trigger | None, Windows | None]:
        if dependency.trigger is None:
            return trigger, rule
        upstream = store.find(conn, trigger.ref._replace(name=dependency.trigger))
        upstream_rule = None if upstream is None else self._rule(upstream)
        return upstream, upstream_rule if isinstance(upstream_rule, Windows) else None

    def _start_some(self) -> int:
        now = self._clock.now()
        with self._db.begin() as conn:
            taken = store.take_starting(conn, self._kinds, now, now + TAKEN, _START_BATCH)
            owners = store.list_by_id(conn, [each.trigger_id for each in taken])
        tried = [(firing, self._start(owners.get(firing.trigger_id), firing)) for firing in taken]
        started = {before.id: (before, after, None) for before, after in tried if after is not None}
        with self._db.begin() as conn:
            all_kept = store.change_many(conn, list(started.values())) == len(started)
            now_at = () if all_kept else store.list_firings_by_id(conn, list(started))
        for firing in now_at:
            before, after, _ = started[firing.id]
            # It was cancelled while its runs were being started.
            if firing.state is FiringState.CANCELLED and firing.attempt == before.attempt and not firing.runs:
                self._targets[firing.ref.kind].cancel(list(after.runs.values()))
        return len(taken)

    def _start(self, trigger: Trigger | None, firing: Firing) -> Firing | None:
        """What a firing becomes by being started; None when it is to be tried again."""
        now = self._clock.now()
        if trigger is None:
            return replace(firing, state=FiringState.CANCELLED, updated=now, message="Its trigger was deleted.")
        try:
            runs = self._targets[firing.ref.kind].start(trigger, firing)
        except RestudioError as error:
            if error.kind is Kind.UNAVAILABLE:
                return None
            return replace(firing, state=FiringState.FAILED, updated=now, message=error.message)
        except Exception:
            _log.exception("firing %s of trigger %s could not be started; it is again soon", firing.id, firing.ref.name)
            return None
        state = FiringState.RUNNING if firing.mirrors and runs else FiringState.SUCCEEDED
        return replace(firing, state=state, updated=now, runs=runs, message="")

    # -- ending

    def _mirror(self) -> None:
        """Let firings end as their runs have ended."""
        with self._db.read() as conn:
            running = store.list_running(conn)
            owners = store.list_by_id(conn, [each.trigger_id for each in running])
        now = self._clock.now()
        moved: list[tuple[Firing, Firing, datetime | None]] = []
        rerun: list[tuple[Firing, Firing, Ref]] = []
        for kind, target in self._targets.items():
            mine = [each for each in running if each.ref.kind == kind]
            states = target.states([run_id for each in mine for run_id in each.runs.values()]) if mine else {}
            for firing in mine:
                after, trigger = rules.end_attempt(firing, states, now), owners.get(firing.trigger_id)
                if after is firing:
                    continue
                rule = None if trigger is None else self._rule(trigger)
                pause = timedelta(0)
                if isinstance(rule, Windows) and not after.state.ended:
                    pause = rule.pause_after(after.attempt)
                    if rule.held and trigger is not None and not trigger.started:
                        after = replace(after, state=FiringState.WAITING)
                if isinstance(rule, Windows) and rule.reruns is not None and after.state.ended:
                    rerun.append((firing, after, firing.ref._replace(name=rule.reruns)))
                else:
                    moved.append((firing, after, now + pause))
        if moved or rerun:
            with self._db.begin() as conn:
                store.change_many(conn, moved)
                for before, after, parent in rerun:
                    found = store.find(conn, parent) if store.change(conn, before, after) else None
                    if found is not None:
                        store.restate(conn, found.id, after)

    # -- looking

    def look(self) -> None:
        """Look into folders, and for runs that others wait for."""
        now = self._clock.now()
        with self._db.read() as conn:
            due = store.list_due(conn, self._kinds, [Mode.LOOKS], now, _DUE_BATCH)
        for trigger in due:
            if self._stopping.is_set():
                return
            try:
                self._look_one(trigger, now)
            except RestudioError as error:
                _log.warning("trigger %s of %s could not look: %s", trigger.ref.name, trigger.ref.owner, error)
                with self._db.begin() as conn:
                    store.look_again(conn, trigger.id, now + _OVERLAP)

    def _look_one(self, trigger: Trigger, now: datetime) -> None:
        rule, since, target = self._rule(trigger), trigger.seen or now, self._targets[trigger.ref.kind]
        seen = max(since, now - _OVERLAP)
        if isinstance(rule, Polling):
            changes = [each for each in target.list_changes(trigger, rule.folder, since) if each.at >= since]
            with self._db.begin() as conn:
                if not _is_as_read(conn, trigger):
                    return
                waits = FiringState.WAITING
                fired = [
                    rules.make_firing(trigger, each.key, each.at, now, waits, body=each.body, mirrors=True)
                    for each in changes
                ]
                store.insert(conn, fired, now)
                store.look_again(conn, trigger.id, now + rule.every, seen=seen)
        elif isinstance(rule, Chaining):
            completions = target.list_completions(trigger, rule.pipelines, rule.dimension, since)
            with self._db.begin() as conn:
                if not _is_as_read(conn, trigger):
                    return
                store.add_completions(conn, trigger.id, completions)
                fired, used = rules.chain(trigger, rule, store.list_unused(conn, trigger.id), now)
                store.insert(conn, fired, now)
                store.use_completions(conn, trigger.id, used)
                store.look_again(conn, trigger.id, now + timedelta(seconds=1), seen=seen)
        else:
            with self._db.begin() as conn:
                store.look_again(conn, trigger.id, now + _UNREADABLE)


def _is_as_read(conn: sa.Connection, trigger: Trigger) -> bool:
    """Whether a trigger is still started and the same. What was seen for another folder is not its own."""
    current = store.find(conn, trigger.ref)
    return current is not None and current.started and (current.id, current.text) == (trigger.id, trigger.text)

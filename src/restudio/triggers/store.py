"""Queries on triggers and firings. Every function takes a connection and decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from restudio.seams.database import execute_many
from restudio.triggers.rule import Mode
from restudio.triggers.tables import completions, firings, triggers
from restudio.triggers.types import ENDED, OPEN, Completion, Firing, FiringState, Ref, Trigger

_BATCH = 500
_WAITING = (FiringState.WAITING.value, FiringState.BLOCKED.value)


def find(conn: sa.Connection, ref: Ref) -> Trigger | None:
    row = conn.execute(sa.select(triggers).where(_is(ref))).one_or_none()
    return None if row is None else _to_trigger(row)


def list_by_id(conn: sa.Connection, ids: Iterable[str]) -> dict[str, Trigger]:
    found: dict[str, Trigger] = {}
    for part in _parts(sorted(set(ids))):
        rows = conn.execute(sa.select(triggers).where(triggers.c.id.in_(part)))
        found.update((row.id, _to_trigger(row)) for row in rows)
    return found


def list_owned(conn: sa.Connection, kind: str, owner: str) -> list[Trigger]:
    query = sa.select(triggers).where(triggers.c.kind == kind, triggers.c.owner == owner).order_by(triggers.c.folded)
    return [_to_trigger(row) for row in conn.execute(query)]


def put(conn: sa.Connection, trigger: Trigger, mode: Mode, listens: str | None) -> None:
    """Insert a trigger, or write it over the one of the same id."""
    values = {
        "kind": trigger.ref.kind,
        "owner": trigger.ref.owner,
        "name": trigger.ref.name,
        "folded": trigger.ref.folded,
        "type": trigger.type,
        "document": trigger.text,
        "started": trigger.started,
        "mode": mode.value,
        "listens": listens,
        "next_due": _epoch(trigger.next_due),
        "position": trigger.position,
        "seen": _epoch(trigger.seen),
    }
    changed = conn.execute(triggers.update().where(triggers.c.id == trigger.id).values(**values))
    if not changed.rowcount:
        conn.execute(triggers.insert().values(id=trigger.id, **values))


def stop(conn: sa.Connection, ref: Ref) -> None:
    conn.execute(triggers.update().where(_is(ref)).values(started=False, next_due=None))


def delete(conn: sa.Connection, trigger_id: str, now: datetime, message: str = "Its trigger was deleted.") -> None:
    """Remove a trigger; what it has not started yet is cancelled, and its history stays."""
    states = [state.value for state in OPEN if state is not FiringState.RUNNING]
    conn.execute(
        firings.update()
        .where(firings.c.trigger_id == trigger_id, firings.c.state.in_(states))
        .values(state=FiringState.CANCELLED.value, updated=now.timestamp(), message=message)
    )
    conn.execute(triggers.delete().where(triggers.c.id == trigger_id))
    conn.execute(completions.delete().where(completions.c.trigger_id == trigger_id))


def list_due(
    conn: sa.Connection, kinds: Sequence[str], modes: Sequence[Mode], now: datetime, limit: int
) -> list[Trigger]:
    """Started triggers that are to be looked at, the longest due first."""
    query = sa.select(triggers).where(_due(kinds, modes, now)).order_by(triggers.c.next_due).limit(limit)
    return [_to_trigger(row) for row in conn.execute(query)]


def find_next_due(conn: sa.Connection) -> datetime | None:
    return _instant(conn.scalar(sa.select(sa.func.min(triggers.c.next_due))))


def move_on(conn: sa.Connection, moved: Sequence[tuple[str, datetime | None, int]]) -> None:
    """Write of triggers, by their ids, when they are due next, and the numbers of their next windows."""
    execute_many(conn, _MOVE, [{"of": one, "due": _epoch(due), "at": at} for one, due, at in moved])


_MOVE = (
    triggers.update()
    .where(triggers.c.id == sa.bindparam("of"))
    .values(next_due=sa.bindparam("due"), position=sa.bindparam("at"))
)


def look_again(conn: sa.Connection, trigger_id: str, due: datetime, *, seen: datetime | None = None) -> None:
    """When to look again; ``seen`` is up to when things have been looked at."""
    values = {"next_due": due.timestamp()} | ({} if seen is None else {"seen": seen.timestamp()})
    conn.execute(triggers.update().where(triggers.c.id == trigger_id).values(**values))


def list_listening(conn: sa.Connection, channels: Iterable[str]) -> list[Trigger]:
    """Started triggers that listen to channels."""
    found: list[Trigger] = []
    for part in _parts(sorted(set(channels))):
        query = sa.select(triggers).where(triggers.c.listens.in_(part), triggers.c.started)
        found += [_to_trigger(row) for row in conn.execute(query)]
    return found


# -- firings


def insert(conn: sa.Connection, rows: Sequence[Firing], not_before: datetime) -> None:
    """Add firings whose keys are new; those that exist are left as they are."""
    known = _known(conn, [each.id for each in rows])
    fresh = {each.id: each for each in rows if each.id not in known}
    execute_many(conn, firings.insert(), [_to_row(each, not_before) for each in fresh.values()])


def _known(conn: sa.Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in _parts(ids):
        found.update(conn.scalars(sa.select(firings.c.id).where(firings.c.id.in_(part))))
    return found


def find_firing(conn: sa.Connection, firing_id: str) -> Firing | None:
    return next(iter(list_firings_by_id(conn, [firing_id])), None)


def list_firings_by_id(conn: sa.Connection, ids: Sequence[str]) -> list[Firing]:
    found: list[Firing] = []
    for part in _parts(ids):
        found += [_to_firing(row) for row in conn.execute(sa.select(firings).where(firings.c.id.in_(part)))]
    return found


@dataclass(frozen=True, slots=True)
class Pending:
    """What there is to do: triggers that are due, events, and the states of firings that have not ended."""

    due: bool
    events: bool
    states: frozenset[FiringState]


def peek(conn: sa.Connection, kinds: Sequence[str], modes: Sequence[Mode], now: datetime, *, events: bool) -> Pending:
    """Cheap, and done all the time: it takes no lock."""
    states = [state.value for state in OPEN]
    mine = firings.c.state.in_(states) & firings.c.kind.in_(kinds)
    found = conn.scalars(sa.select(firings.c.state).where(mine).distinct())
    return Pending(
        due=conn.scalar(sa.select(triggers.c.id).where(_due(kinds, modes, now)).limit(1)) is not None,
        events=events,
        states=frozenset(FiringState(each) for each in found),
    )


def take_starting(
    conn: sa.Connection, kinds: Sequence[str], now: datetime, until: datetime, limit: int
) -> list[Firing]:
    """Firings that are to be started now, the oldest first; nobody else gets them before ``until``."""
    query = (
        sa.select(firings)
        .where(
            firings.c.state == FiringState.STARTING.value,
            firings.c.not_before <= now.timestamp(),
            firings.c.kind.in_(kinds),
        )
        .order_by(firings.c.not_before, firings.c.scheduled)
        .limit(limit)
    )
    taken = [_to_firing(row) for row in conn.execute(query)]
    for part in _parts([each.id for each in taken]):
        conn.execute(firings.update().where(firings.c.id.in_(part)).values(not_before=until.timestamp()))
    return taken


def list_running(conn: sa.Connection) -> list[Firing]:
    query = sa.select(firings).where(firings.c.state == FiringState.RUNNING.value)
    return [_to_firing(row) for row in conn.execute(query)]


def list_waiting_triggers(conn: sa.Connection, kinds: Sequence[str]) -> dict[str, set[FiringState]]:
    """Started triggers that have waiting firings, with the states of these."""
    query = (
        sa.select(firings.c.trigger_id, firings.c.state)
        .join(triggers, triggers.c.id == firings.c.trigger_id)
        .where(firings.c.state.in_(_WAITING), firings.c.kind.in_(kinds), triggers.c.started)
        .distinct()
    )
    found: dict[str, set[FiringState]] = {}
    for row in conn.execute(query):
        found.setdefault(row[0], set()).add(FiringState(row[1]))
    return found


def count_ended(conn: sa.Connection, trigger_id: str) -> frozenset[tuple[str, int, float]]:
    """How many firings of a trigger have ended in each state, and when the last of these changed."""
    states = [state.value for state in ENDED]
    query = (
        sa.select(firings.c.state, sa.func.count(), sa.func.max(firings.c.updated))
        .where(firings.c.trigger_id == trigger_id, firings.c.state.in_(states))
        .group_by(firings.c.state)
    )
    return frozenset((row[0], row[1], row[2]) for row in conn.execute(query))


def list_waiting(conn: sa.Connection, trigger_id: str) -> list[tuple[Firing, datetime]]:
    """Waiting firings of a trigger with the instant since when they wait, the oldest window first."""
    query = (
        sa.select(firings)
        .where(firings.c.trigger_id == trigger_id, firings.c.state.in_(_WAITING))
        .order_by(firings.c.scheduled, firings.c.key)
    )
    return [(_to_firing(row), datetime.fromtimestamp(row.waits_since, UTC)) for row in conn.execute(query)]


def count_busy(conn: sa.Connection, trigger_ids: Sequence[str]) -> dict[str, int]:
    """How many firings of triggers are being started or run."""
    states = (FiringState.STARTING.value, FiringState.RUNNING.value)
    found: dict[str, int] = {}
    for part in _parts(trigger_ids):
        query = (
            sa.select(firings.c.trigger_id, sa.func.count())
            .where(firings.c.trigger_id.in_(part), firings.c.state.in_(states))
            .group_by(firings.c.trigger_id)
        )
        found.update((row[0], row[1]) for row in conn.execute(query))
    return found


def count_open(conn: sa.Connection, trigger_id: str) -> dict[FiringState, int]:
    """How many firings of a trigger have not ended, by their states."""
    states = [state.value for state in OPEN]
    query = (
        sa.select(firings.c.state, sa.func.count())
        .where(firings.c.trigger_id == trigger_id, firings.c.state.in_(states))
        .group_by(firings.c.state)
    )
    return {FiringState(row[0]): row[1] for row in conn.execute(query)}


def list_numbers(conn: sa.Connection, trigger_id: str, low: int, high: int, states: Iterable[FiringState]) -> set[int]:
    """Numbers from ``low`` to ``high`` of the windows that are at one of the states."""
    return set(
        conn.scalars(
            sa.select(firings.c.number).where(
                firings.c.trigger_id == trigger_id,
                firings.c.number.between(low, high),
                firings.c.state.in_([state.value for state in states]),
            )
        )
    )


def list_windows(conn: sa.Connection, trigger_id: str, low: int, high: int) -> dict[int, Firing]:
    """Firings of windows by their numbers, from ``low`` to ``high``."""
    where = (firings.c.trigger_id == trigger_id) & firings.c.number.between(low, high)
    return {row.number: _to_firing(row) for row in conn.execute(sa.select(firings).where(where))}


def delete_waiting_outside(conn: sa.Connection, trigger_id: str, low: int, high: int) -> None:
    """Forget windows with numbers below ``low`` or above ``high`` on which nobody has worked yet."""
    outside = sa.or_(firings.c.number < low, firings.c.number > high)
    conn.execute(firings.delete().where(firings.c.trigger_id == trigger_id, firings.c.state.in_(_WAITING), outside))


def hold_windows(conn: sa.Connection, trigger_id: str) -> None:
    """Let windows that are about to be started wait again."""
    mine = (firings.c.trigger_id == trigger_id) & firings.c.number.is_not(None)
    where = mine & (firings.c.state == FiringState.STARTING.value)
    conn.execute(firings.update().where(where).values(state=FiringState.WAITING.value))


def set_retries(conn: sa.Connection, trigger_id: str, retries: int) -> None:
    """How often what waits may be started again."""
    where = (firings.c.trigger_id == trigger_id) & firings.c.state.in_(_WAITING)
    conn.execute(firings.update().where(where).values(retries_left=retries))


def change(conn: sa.Connection, before: Firing, after: Firing, not_before: datetime | None = None) -> bool:
    """Write what became of a firing, unless somebody else has moved it meanwhile. ``not_before`` is set anew with it,
    and the firing waits from then on."""
    return change_many(conn, [(before, after, not_before)]) > 0


def change_many(conn: sa.Connection, changes: Sequence[tuple[Firing, Firing, datetime | None]]) -> int:
    """Several changes; gives how many of them were made."""
    plain = [_to_change(before, after) for before, after, at in changes if at is None]
    timed = [{**_to_change(before, after), "at": at.timestamp()} for before, after, at in changes if at is not None]
    made = conn.execute(_CHANGE, plain).rowcount if plain else 0
    return made + (conn.execute(_TIMED_CHANGE, timed).rowcount if timed else 0)


def _to_change(before: Firing, after: Firing) -> dict[str, object]:
    return {
        "of": before.id,
        "from_state": before.state.value,
        "from_attempt": before.attempt,
        "state": after.state.value,
        "updated": after.updated.timestamp(),
        "attempt": after.attempt,
        "retries_left": after.retries_left,
        "message": _readable(after.message),
        "runs": json.dumps(dict(after.runs)),
    }


_CHANGE = (
    firings.update()
    .where(
        firings.c.id == sa.bindparam("of"),
        firings.c.state == sa.bindparam("from_state"),
        firings.c.attempt == sa.bindparam("from_attempt"),
    )
    .values({name: sa.bindparam(name) for name in ("state", "updated", "attempt", "retries_left", "message", "runs")})
)
_TIMED_CHANGE = _CHANGE.values(not_before=sa.bindparam("at"), waits_since=sa.bindparam("at"))


def restate(conn: sa.Connection, trigger_id: str, ended: Firing) -> None:
    """Let a window of a trigger that has ended be at what it has come to elsewhere, unless it runs again meanwhile."""
    conn.execute(
        firings.update()
        .where(
            firings.c.trigger_id == trigger_id,
            firings.c.number == ended.number,
            firings.c.state.in_([state.value for state in ENDED]),
        )
        .values(
            state=ended.state.value,
            updated=ended.updated.timestamp(),
            message=_readable(ended.message),
            runs=json.dumps(dict(ended.runs)),
        )
    )


def list_firings(
    conn: sa.Connection,
    kind: str,
    owner: str,
    where: Sequence[sa.ColumnElement[bool]] = (),
    order: Sequence[Any] = (),
    *,
    skip: int = 0,
    limit: int,
) -> list[Firing]:
    """Firings of an owner that meet all conditions; after ``order`` the newest first."""
    query = sa.select(firings).where(firings.c.kind == kind, firings.c.owner == owner, *where)
    ordered = query.order_by(*order, firings.c.scheduled.desc(), firings.c.id)
    return [_to_firing(row) for row in conn.execute(ordered.offset(skip).limit(limit))]


def delete_ended(conn: sa.Connection, before: datetime) -> int:
    """Forget firings that ended, and completions that were, before an instant; windows are kept, because others may
    depend on them."""
    ended = [state.value for state in ENDED]
    old = sa.and_(firings.c.state.in_(ended), firings.c.updated < before.timestamp(), firings.c.number.is_(None))
    conn.execute(completions.delete().where(completions.c.at < before.timestamp()))
    return conn.execute(firings.delete().where(old)).rowcount


# -- completions


def add_completions(conn: sa.Connection, trigger_id: str, seen: Sequence[Completion]) -> None:
    """Those that are known are left as they are."""
    known: set[str] = set()
    for part in _parts([each.run_id for each in seen]):
        query = sa.select(completions.c.run_id).where(completions.c.trigger_id == trigger_id)
        known.update(conn.scalars(query.where(completions.c.run_id.in_(part))))
    rows = [
        {
            "trigger_id": trigger_id,
            "run_id": each.run_id,
            "pipeline": each.pipeline.casefold(),
            "value": each.value,
            "at": each.at.timestamp(),
            "used": False,
        }
        for each in seen
        if each.run_id not in known
    ]
    if rows:
        conn.execute(completions.insert(), rows)


def list_unused(conn: sa.Connection, trigger_id: str) -> list[Completion]:
    """Completions that no firing has used, oldest first."""
    query = (
        sa.select(completions)
        .where(completions.c.trigger_id == trigger_id, sa.not_(completions.c.used))
        .order_by(completions.c.at, completions.c.run_id)
    )
    return [
        Completion(row.run_id, datetime.fromtimestamp(row.at, UTC), row.pipeline, row.value)
        for row in conn.execute(query)
    ]


def use_completions(conn: sa.Connection, trigger_id: str, run_ids: Iterable[str]) -> None:
    for part in _parts(sorted(set(run_ids))):
        conn.execute(
            completions.update()
            .where(completions.c.trigger_id == trigger_id, completions.c.run_id.in_(part))
            .values(used=True)
        )


# -- rows


def _due(kinds: Sequence[str], modes: Sequence[Mode], now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        triggers.c.mode.in_([mode.value for mode in modes]),
        triggers.c.next_due <= now.timestamp(),
        triggers.c.kind.in_(kinds),
    )


def _is(ref: Ref) -> sa.ColumnElement[bool]:
    return sa.and_(triggers.c.kind == ref.kind, triggers.c.owner == ref.owner, triggers.c.folded == ref.folded)


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[i : i + _BATCH] for i in range(0, len(ids), _BATCH))


def _readable(message: str) -> str:
    """Without what databases do not keep: a message may quote names from events."""
    return message.replace("\0", "\ufffd").encode(errors="replace").decode()


def _epoch(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _instant(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


def _to_trigger(row: sa.Row[Any]) -> Trigger:
    # Members of rows are slow by name, and a loop reads thousands of them.
    identity, kind, owner, name, _, type_, text, started, _, _, due, position, seen = tuple(row)
    ref = Ref(kind, owner, name)
    return Trigger(identity, ref, type_, text, started, _instant(due), position, _instant(seen))


def _to_row(firing: Firing, not_before: datetime) -> dict[str, object]:
    return {
        "id": firing.id,
        "trigger_id": firing.trigger_id,
        "key": firing.key,
        "kind": firing.ref.kind,
        "owner": firing.ref.owner,
        "name": firing.ref.name,
        "type": firing.type,
        "state": firing.state.value,
        "scheduled": firing.scheduled.timestamp(),
        "created": firing.created.timestamp(),
        "updated": firing.updated.timestamp(),
        "number": firing.number,
        "window_start": _epoch(firing.window_start),
        "window_end": _epoch(firing.window_end),
        "body": None if firing.body is None else json.dumps(firing.body),
        "mirrors": firing.mirrors,
        "attempt": firing.attempt,
        "retries_left": firing.retries_left,
        "waits_since": not_before.timestamp(),
        "not_before": not_before.timestamp(),
        "message": _readable(firing.message),
        "runs": json.dumps(dict(firing.runs)),
    }


def _to_firing(row: sa.Row[tuple[object, ...]]) -> Firing:
    return Firing(
        id=row.id,
        trigger_id=row.trigger_id,
        ref=Ref(row.kind, row.owner, row.name),
        type=row.type,
        key=row.key,
        state=FiringState(row.state),
        scheduled=datetime.fromtimestamp(row.scheduled, UTC),
        created=datetime.fromtimestamp(row.created, UTC),
        updated=datetime.fromtimestamp(row.updated, UTC),
        number=row.number,
        window_start=_instant(row.window_start),
        window_end=_instant(row.window_end),
        body=None if row.body is None else json.loads(row.body),
        mirrors=row.mirrors,
        attempt=row.attempt,
        retries_left=row.retries_left,
        message=row.message,
        runs=json.loads(row.runs),
    )

"""Removal of module outputs that nobody needs any more.

Assets, revisions and results of jobs are contents of their own and are not touched. What remains of a run after its
time is its history: snapshot, events, states.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass

import sqlalchemy as sa

from restudio.core.decoding import decode_json
from restudio.experiments.outputs import module_outputs
from restudio.experiments.store import run_events, runs
from restudio.graph.events import Event
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.objects import Objects

PREFIXES = ("module-outputs/", "run-outputs/")
GRACE_S = 900.0
"""Far longer than a run takes to tell of an output that it found in the cache."""
_DAY_S = 86_400.0
_Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Swept:
    """``expired`` is how many cached outputs are to be removed by a later sweep, ``removed`` how many were removed,
    ``objects`` how many objects went that no cached output names."""

    expired: int
    removed: int
    objects: int


def sweep_outputs(db: Database, objects: Objects, clock: Clock, days: float) -> Swept:
    """Remove what was made more than so many days ago, unless a job or a run that has not ended by then needs it.

    In two steps: a cached output that nobody needs is marked, and removed when nobody has taken the mark back for a
    while. A run that found the output just before it was marked has long told of it by then; one that finds it later
    takes it back, or waits for the removal and makes it anew. Any number of processes may sweep at once.
    """
    now = clock.now().timestamp()
    before = now - days * _DAY_S
    used = _used(db, before)
    with db.read() as conn:
        rows = conn.execute(sa.select(module_outputs)).all()
    places = {(row.scope, row.cache_key): frozenset(json.loads(row.outputs).values()) for row in rows}
    unused = [row for row in rows if row.created < before and used.isdisjoint(places[row.scope, row.cache_key])]
    fresh = [(row.scope, row.cache_key) for row in unused if row.expired is None]
    ripe = [(row.scope, row.cache_key) for row in unused if row.expired is not None and row.expired < now - GRACE_S]
    expired = sum(_mark(db, entry, before, now) for entry in fresh)
    removed = sum(_remove(db, objects, entry, places[entry], now - GRACE_S) for entry in ripe)
    named = used.union(*places.values())
    return Swept(expired, removed, _remove_unnamed(objects, named, before))


def _mark(db: Database, entry: _Entry, before: float, now: float) -> int:
    old = module_outputs.c.created < before
    with db.begin() as conn:
        return conn.execute(module_outputs.update().where(_is(entry), old).values(expired=now)).rowcount


def _remove(db: Database, objects: Objects, entry: _Entry, places: Iterable[str], limit: float) -> int:
    """The entry and its objects, unless it was taken back. The row stays locked until the objects are gone."""
    with db.begin() as conn:
        if conn.execute(module_outputs.delete().where(_is(entry), module_outputs.c.expired < limit)).rowcount == 0:
            return 0
        for place in places:
            objects.delete(place)
    return 1


def _remove_unnamed(objects: Objects, named: Set[str], before: float) -> int:
    """Old objects of executions that died before anything told of them, and of runs that are past."""
    old = [
        info.key
        for prefix in PREFIXES
        for info in objects.iter_keys(prefix)
        if info.modified < before and info.key not in named
    ]
    return sum(_remove_old(objects, key, before) for key in old)


def _remove_old(objects: Objects, key: str, before: float) -> int:
    """Look again first: the list is long, and the execution may be repeated meanwhile."""
    try:
        if objects.info(key).modified >= before:
            return 0
    except KeyError:
        return 0
    objects.delete(key)
    return 1


def _is(entry: _Entry) -> sa.ColumnElement[bool]:
    return sa.and_(module_outputs.c.scope == entry[0], module_outputs.c.cache_key == entry[1])


def _used(db: Database, before: float) -> set[str]:
    """Objects that runs and jobs tell of, except those that had ended before."""
    ended = sa.select(runs.c.id).where(runs.c.ended < before)
    told = sa.select(run_events.c.body).where(
        run_events.c.run_id.not_in(ended), run_events.c.body.contains("-outputs/")
    )
    with db.read() as conn:
        bodies = conn.execute(told).scalars()
        return {key for body in bodies for key in decode_json(body, Event).outputs.values()}

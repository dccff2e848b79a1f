"""Removal of module outputs that nobody needs any more.

Assets, revisions and results of jobs are contents of their own and are not touched. What remains of a run after its
time is its history: snapshot, events, states.
"""

from __future__ import annotations

import json
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
_ROWS = 500
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Swept:
    """How much a sweep removed."""

    cached: int
    objects: int


def sweep_outputs(db: Database, objects: Objects, clock: Clock, days: float) -> Swept:
    """Remove what was made more than so many days ago, unless a job or a run that has not ended by then needs it.

    In two steps, a sweep apart: first an output is taken out of the cache, by the next sweep its objects go. So a run
    that found it in the cache just before has long told of it.
    """
    before = clock.now().timestamp() - days * _DAY_S
    cached = _cached(db)
    used = _used(db, before)
    expired = [
        (scope, key) for (scope, key), (made, places) in cached.items() if made < before and used.isdisjoint(places)
    ]
    _forget(db, expired)
    kept = used.union(*(places for _, places in cached.values()))
    old = [
        info.key
        for prefix in PREFIXES
        for info in objects.iter_keys(prefix)
        if info.modified < before and info.key not in kept
    ]
    for key in old:
        objects.delete(key)
    return Swept(len(expired), len(old))


def _cached(db: Database) -> dict[tuple[str, str], tuple[float, frozenset[str]]]:
    """Scope and cache key → when it was made, and its objects."""
    with db.read() as conn:
        rows = conn.execute(sa.select(module_outputs)).all()
    return {(r.scope, r.cache_key): (r.created, frozenset(json.loads(r.outputs).values())) for r in rows}


def _used(db: Database, before: float) -> set[str]:
    """Objects that runs and jobs tell of, except those that had ended before."""
    ended = sa.select(runs.c.id).where(runs.c.ended < before)
    told = sa.select(run_events.c.body).where(
        run_events.c.run_id.not_in(ended), run_events.c.body.contains("-outputs/")
    )
    with db.read() as conn:
        bodies = conn.execute(told).scalars()
        return {key for body in bodies for key in decode_json(body, Event).outputs.values()}


def _forget(db: Database, expired: list[tuple[str, str]]) -> None:
    table = module_outputs.c
    for start in range(0, len(expired), _ROWS):
        with db.begin() as conn:
            chosen = sa.or_(
                *(sa.and_(table.scope == s, table.cache_key == k) for s, k in expired[start : start + _ROWS])
            )
            conn.execute(module_outputs.delete().where(chosen))

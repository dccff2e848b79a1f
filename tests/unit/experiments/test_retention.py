"""What of the outputs of runs stays, and what goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from restudio.core.ids import Digest
from restudio.experiments import store
from restudio.experiments.outputs import OutputCache
from restudio.experiments.retention import Swept, sweep_outputs
from restudio.experiments.types import Run, Snapshot
from restudio.graph.events import Event, fold
from restudio.graph.model import Graph
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects

DAY = 86_400.0
WORKSPACE = "a" * 32


class World:
    """Outputs made now; ``sweep`` looks back at them from ``day`` days later."""

    def __init__(self, db: SqlDatabase) -> None:
        self.db = db
        self.objects = MemoryObjects()
        self.now = time.time()
        self.clock = ManualClock(datetime.fromtimestamp(self.now, UTC))
        self.cache = OutputCache(db, self.objects, self.clock)

    def sweep(self, day: float = 31, days: float = 30) -> Swept:
        later = ManualClock(datetime.fromtimestamp(self.now, UTC))
        later.advance(day * DAY)
        return sweep_outputs(self.db, self.objects, later, days)

    def make(self, *keys: str) -> None:
        for key in keys:
            self.objects.put(key, b"content")

    def remember(self, name: str) -> str:
        """A cached output; gives its object key."""
        key = f"module-outputs/{WORKSPACE}/{name}/0"
        self.make(key)
        self.cache.remember(WORKSPACE, Digest(name), {"Results": key})
        return key

    def run(self, name: str, *keys: str, ended: float | None) -> None:
        """A run that told of outputs, ended so many days from now."""
        events = [Event("started", self.now)]
        events += [Event("finished", self.now, f"n{i}", outputs={"Results": k}) for i, k in enumerate(keys)]
        if ended is not None:
            events.append(Event("finished", self.now + ended * DAY))
        with self.db.begin() as conn:
            run = Run(name, WORKSPACE, "e" * 32, 1, name, "NotStarted", self.now)
            store.insert_run(conn, run, Snapshot(Graph((), ())), "")
            store.append_events(conn, name, 0, events)
            store.update_run(conn, name, fold(events))

    def keys(self) -> list[str]:
        return [info.key for info in self.objects.iter_keys()]


@pytest.fixture
def world(database: SqlDatabase) -> World:
    return World(database)


LATER = 31 + 1 / 24


def test_old_outputs_are_marked_and_removed_later(world: World) -> None:
    key = world.remember("old")
    assert world.sweep(day=29) == Swept(0, 0, 0)
    assert world.sweep() == Swept(1, 0, 0)
    assert world.sweep() == Swept(0, 0, 0), "another process sweeps at the same instant"
    assert world.keys() == [key]
    assert world.sweep(LATER) == Swept(0, 1, 0)
    assert world.keys() == []
    assert world.cache.find(WORKSPACE, [Digest("old")]) == {}
    assert world.sweep(LATER) == Swept(0, 0, 0)


def test_an_output_that_is_found_again_is_taken_back(world: World) -> None:
    key = world.remember("old")
    world.sweep()
    assert world.cache.find(WORKSPACE, [Digest("old")]) == {"old": {"Results": key}}
    assert world.sweep(LATER) == Swept(1, 0, 0), "it is marked anew, not removed"
    assert world.keys() == [key]


def test_an_output_that_is_made_again_is_new(world: World) -> None:
    key = world.remember("old")
    world.sweep()
    world.now += 31 * DAY
    world.clock.advance(31 * DAY)
    world.remember("old")
    assert world.sweep(day=1) == Swept(0, 0, 0)
    assert world.keys() == [key]


class FoundWhileRemoved(MemoryObjects):
    """Another thread looks for an output while a sweep removes its object, and makes it anew when it is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: threading.Thread | None = None
        self.look: Callable[[], None] | None = None

    def delete(self, key: str) -> None:
        if self.look is not None:
            self.meanwhile = threading.Thread(target=self.look)
            self.meanwhile.start()
            self.meanwhile.join(0.3)
        super().delete(key)


def test_who_looks_during_the_removal_makes_it_anew(world: World) -> None:
    world.objects = objects = FoundWhileRemoved()
    world.cache = OutputCache(world.db, objects, world.clock)
    key = world.remember("old")
    world.sweep()

    def look() -> None:
        if not world.cache.find(WORKSPACE, [Digest("old")]):
            world.remember("old")

    objects.look = look
    assert world.sweep(LATER) == Swept(0, 1, 0)
    assert objects.meanwhile is not None
    objects.meanwhile.join()
    assert world.keys() == [key]
    assert world.cache.find(WORKSPACE, [Digest("old")]) == {"old": {"Results": key}}


def test_what_runs_refer_to_stays_as_long_as_they_are_kept(world: World) -> None:
    recent, running, expired = world.remember("recent"), world.remember("running"), world.remember("expired")
    places = [f"run-outputs/{name}/n/0" for name in ("recent", "running", "expired")]
    world.make(*places)
    world.run("recent", recent, places[0], ended=5)
    world.run("running", running, places[1], ended=None)
    world.run("expired", expired, places[2], ended=0)
    assert world.sweep() == Swept(1, 0, 1)
    assert world.sweep(LATER) == Swept(0, 1, 0)
    assert world.keys() == sorted([recent, running, *places[:2]])
    assert set(world.cache.find(WORKSPACE, [Digest(n) for n in ("recent", "running")])) == {"recent", "running"}


def test_a_run_that_told_of_a_marked_output_keeps_it(world: World) -> None:
    key = world.remember("old")
    world.sweep()
    world.run("late", key, ended=None)
    assert world.sweep(LATER) == Swept(0, 0, 0)
    assert world.keys() == [key]


def test_events_of_a_job_keep_what_it_may_need_again(world: World) -> None:
    world.make("run-outputs/job/n/0", "run-outputs/forgotten/n/0")
    with world.db.begin() as conn:
        event = Event("finished", world.now, "n", outputs={"Results": "run-outputs/job/n/0"})
        store.append_events(conn, "job", 0, [event])
    assert world.sweep() == Swept(0, 0, 1)
    assert world.keys() == ["run-outputs/job/n/0"]


def test_nothing_else_is_touched(world: World) -> None:
    keys = ["assets/abc", "blobs/def", "job-inputs/j/0", "uploads/u/upload.json"]
    world.make(*keys)
    assert world.sweep(day=400) == Swept(0, 0, 0)
    assert world.keys() == keys


def test_what_is_new_stays_though_nobody_tells_of_it_yet(world: World) -> None:
    world.make("module-outputs/w/k/0")
    assert world.sweep(day=1) == Swept(0, 0, 0)
    assert world.keys() == ["module-outputs/w/k/0"]

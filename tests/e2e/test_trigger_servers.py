"""Several processes fire the triggers of one PostgreSQL database, and are killed meanwhile."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from tests.e2e import trigger_server
from tests.unit.triggers.recorder import Recorder, runs

from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase, open_database
from restudio.triggers.service import TriggerService
from restudio.triggers.types import Firing, FiringState, Ref

TRIGGERS = 20
PER_SECOND = 4
WINDOWS = 100


PROCESSES = multiprocessing.get_context("forkserver")
"""Its processes are forks of one that has imported what they need, which takes longer than a server here lives."""
PROCESSES.set_forkserver_preload([trigger_server.__name__])


@contextmanager
def server(url: str) -> Iterator[None]:
    """A process that fires triggers, killed at the end."""
    hear, tell = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=trigger_server.main, args=(url, tell))
    process.start()
    tell.close()
    with hear:
        try:
            assert hear.recv() == "ready"
            yield
        finally:
            process.kill()
            process.join()
            process.close()


class Fleet:
    """Triggers that are due a few seconds from now, once a minute each; and windows of the past."""

    def __init__(self, url: str) -> None:
        self.db: SqlDatabase = open_database(url)
        self.db.create_all()
        self.recorder = Recorder(self.db)
        self.service = TriggerService(self.db, SystemClock(), {"test": self.recorder})
        self.first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
        for i in range(TRIGGERS):
            start = self.first + timedelta(seconds=i // PER_SECOND)
            recurrence = {"frequency": "Minute", "startTime": start.isoformat()}
            self.service.start(Ref("test", "o", f"s{i}"), "ScheduleTrigger", {"recurrence": recurrence})
        self.start = self.first - timedelta(hours=WINDOWS, minutes=30)
        windows = {
            "frequency": "Hour",
            "interval": 1,
            "startTime": self.start.isoformat(),
            "maxConcurrency": 50,
        }
        self.service.start(Ref("test", "o", "windows"), "TumblingWindowTrigger", windows)

    def close(self) -> None:
        self.db.close()

    def firings(self) -> list[Firing]:
        return self.service.list_firings("test", "o", limit=1000)

    def is_done(self) -> bool:
        with self.db.begin() as conn:
            conn.execute(runs.update().values(state="Succeeded"))
        states = [each.state for each in self.firings()]
        return len(states) >= TRIGGERS + WINDOWS and set(states) == {FiringState.SUCCEEDED}

    def wait_until_done(self) -> None:
        deadline = time.monotonic() + 90
        while not self.is_done():
            assert time.monotonic() < deadline, Counter((each.ref.name, each.state) for each in self.firings())
            time.sleep(0.2)

    def check_each_once(self) -> None:
        """Every instant and every window is one firing with one run."""
        firings = self.firings()
        expected = Counter((f"s{i}", self.first + timedelta(seconds=i // PER_SECOND)) for i in range(TRIGGERS))
        expected += Counter(("windows", self.start + timedelta(hours=n + 1)) for n in range(WINDOWS))
        late = self.first + timedelta(seconds=59)
        assert Counter((each.ref.name, each.scheduled) for each in firings if each.scheduled < late) == expected
        with self.db.read() as conn:
            found = conn.execute(sa.select(runs.c.trigger, runs.c.scheduled))
            started = Counter((row.trigger, datetime.fromtimestamp(row.scheduled, UTC)) for row in found)
        assert Counter({key: n for key, n in started.items() if key[1] < late}) == expected


def test_two_servers_fire_each_instant_once(make_postgresql: Callable[[], str]) -> None:
    url = make_postgresql()
    with closing(Fleet(url)) as fleet:
        with server(url), server(url):
            fleet.wait_until_done()
        fleet.check_each_once()


def test_killed_servers_lose_nothing_and_repeat_nothing(make_postgresql: Callable[[], str]) -> None:
    url = make_postgresql()
    chance = random.Random(11)
    with closing(Fleet(url)) as fleet:
        for _ in range(8):
            with server(url), server(url):
                time.sleep(chance.uniform(0.0, 1.2))  # and then both are killed
        with server(url):
            fleet.wait_until_done()
        fleet.check_each_once()

"""Evaluation of 10,000 triggers, and how late runs start.

    python -m bench.triggers [--triggers 10000] [--database URL]

Recurrences of all kinds, in several time zones. The database is a fresh SQLite file unless an empty one is named. What
is started does nothing, so that the figures are those of the loop. Results go to bench/results/triggers.md.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.machine import describe_machine

from restudio.factory.trigger import collect_triggers, parse_rule
from restudio.storage.clock import ManualClock, SystemClock
from restudio.storage.db import SqlDatabase, open_database
from restudio.triggers.loop import TriggerLoop
from restudio.triggers.rule import Rule
from restudio.triggers.service import TriggerService
from restudio.triggers.types import Change, Completion, Firing, Ref, RunState, Trigger

RESULTS = Path(__file__).parent / "results" / "triggers.md"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONES = ("UTC", "W. Europe Standard Time", "Eastern Standard Time", "India Standard Time")
SHAPES: tuple[dict[str, Any], ...] = (
    {"frequency": "Hour"},
    {"frequency": "Day", "schedule": {"hours": list(range(24)), "minutes": [0, 30]}},
    {"frequency": "Week", "schedule": {"weekDays": ["Sunday"], "hours": list(range(24)), "minutes": [0, 30]}},
    {"frequency": "Month", "schedule": {"monthDays": [1, -1], "hours": list(range(24)), "minutes": [0, 30]}},
)
CATALOG = collect_triggers()


class Nothing:
    """A target whose runs cost nothing; it notes when they were started."""

    def __init__(self) -> None:
        self.started: list[tuple[datetime, datetime]] = []

    def read(self, type: str, document: Mapping[str, Any]) -> Rule:
        return parse_rule(type, {"typeProperties": document}, CATALOG)

    def start(self, trigger: Trigger, firing: Firing) -> Mapping[str, str]:
        self.started.append((firing.scheduled, datetime.now(UTC)))
        return {}

    def states(self, run_ids: Sequence[str]) -> Mapping[str, RunState]:
        return {}

    def cancel(self, run_ids: Sequence[str]) -> None:
        return

    def list_changes(self, trigger: Trigger, folder: str, since: datetime) -> Sequence[Change]:
        return ()

    def list_completions(
        self, trigger: Trigger, pipelines: Sequence[str], dimension: str, since: datetime
    ) -> Sequence[Completion]:
        return ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triggers", type=int, default=10_000)
    parser.add_argument("--database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(options.database or f"sqlite:///{folder}/bench.db")
        database.create_all()
        rows = [*measure_evaluation(database, options.triggers), *measure_lateness(database)]
        database.close()
    kind = (options.database or "sqlite").partition(":")[0]
    report(kind, rows)


def measure_evaluation(database: SqlDatabase, count: int) -> list[tuple[str, str]]:
    clock = ManualClock(NOON - timedelta(minutes=10))
    target = Nothing()
    service = TriggerService(database, clock, {"bench": target})
    for i in range(count):
        begin = NOON - timedelta(days=40 + i // 16 % 400)  # of its own, so that few documents are the same
        start = f"{begin:%Y-%m-%d}T00:00:00"
        recurrence = {"startTime": start, "timeZone": ZONES[i % len(ZONES)], **SHAPES[i // 4 % 4]}
        service.start(Ref("bench", "owner", f"t{i}"), "ScheduleTrigger", {"recurrence": recurrence})
    loop = TriggerLoop(database, clock, {"bench": target})
    idle = statistics.median(timed(loop.fire) for _ in range(20))
    clock.advance(570)
    ready = timed(loop.fire)
    clock.advance(30)
    due = timed(loop.decide)
    fired = len(service.list_firings("bench", "owner", limit=2 * count))
    started = timed(loop.fire)
    clock.advance(1800)
    cold = timed(TriggerLoop(database, clock, {"bench": target}).decide)
    later = len(service.list_firings("bench", "owner", limit=2 * count)) - fired
    return [
        (f"{count} triggers, none due: one look", f"{idle * 1000:.1f} ms"),
        (f"the look half a minute before {fired} are due: their rules are read", f"{ready:.2f} s"),
        (f"{count} triggers, {fired} due at one instant: evaluated and written down", f"{due:.2f} s"),
        (f"half an hour later {later} are due, after a restart: rules read, evaluated, written down", f"{cold:.2f} s"),
        (f"{fired} firings started and noted", f"{started:.2f} s"),
    ]


def measure_lateness(database: SqlDatabase) -> list[tuple[str, str]]:
    """Two loops beside each other, as two servers would be, by the real clock."""
    target = Nothing()
    service = TriggerService(database, SystemClock(), {"late": target})
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    for i in range(200):
        recurrence = {"frequency": "Day", "startTime": (first + timedelta(seconds=i // 10)).isoformat()}
        service.start(Ref("late", "owner", f"t{i}"), "ScheduleTrigger", {"recurrence": recurrence})
    loops = [TriggerLoop(database, SystemClock(), {"late": target}) for _ in range(2)]
    for loop in loops:
        loop.start()
    time.sleep(max((first - datetime.now(UTC)).total_seconds(), 0.0) + 23)
    for loop in loops:
        loop.stop()
    late = sorted((at - scheduled).total_seconds() for scheduled, at in target.started)
    assert len(late) == 200, f"{len(late)} of 200 firings"
    return [
        (
            "200 runs due over 20 s, two loops: start after the due instant",
            f"median {late[100]:.2f} s, last {late[-1]:.2f} s",
        )
    ]


def timed(do: Callable[[], None]) -> float:
    """CPU seconds: the machine may be shared."""
    begun = time.process_time()
    do()
    return time.process_time() - begun


def report(kind: str, rows: Sequence[tuple[str, str]]) -> None:
    lines = [
        "| what | CPU time; lateness by the clock |",
        "|---|---|",
        *(f"| {what} | {figure} |" for what, figure in rows),
    ]
    section = f"## {kind}\n\n" + "\n".join(lines) + f"\n\n{describe_machine()}\n"
    print(section)
    known = RESULTS.read_text() if RESULTS.exists() else "# Triggers\n"
    kept = [part for part in known.split("\n## ")[1:] if not part.startswith(f"{kind}\n")]
    RESULTS.write_text("# Triggers\n\n" + section + "".join(f"\n## {part}" for part in kept))


if __name__ == "__main__":
    main()

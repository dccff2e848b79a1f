"""Trivial activities a second on both databases, with real durable work.

    python -m bench.factory [--rounds 3] [--only sqlite|postgresql]

Both databases sync every commit to disk. An inline activity is decided by the loop itself (Set Variable, Wait 0); one
in a thread is an activity type that returns at once, so that the figures are those of the loop. Results go to
bench/results/factory.md.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg
from bench.machine import describe_machine
from tests.postgresql import running_postgresql

from restudio.factory.activities import control
from restudio.factory.activity import Activities, Activity, ActivityContext, Output, activity
from restudio.factory.documents.check import Catalogs
from restudio.factory.linked_service import all_linked_services
from restudio.factory.platform import Platform
from restudio.factory.properties import Properties
from restudio.factory.runs.loop import PipelineLoop
from restudio.factory.runs.plan import Plans
from restudio.factory.runs.service import PipelineRuns
from restudio.factory.runs.starting import Starter
from restudio.factory.service import FactoryService
from restudio.factory.trigger import collect_triggers
from restudio.factory.vault import SecretVault
from restudio.identity.types import SYSTEM
from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.storage.migrations.generate import import_tables
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work import DbosWork

RESULTS = Path(__file__).parent / "results" / "factory.md"
Json = Any
TARGETS = {"sqlite": 100, "postgresql": 200}


@activity(type="Nothing")
def nothing(p: Properties, ctx: ActivityContext) -> Output:
    """Does nothing, in a thread."""
    return {}


CATALOG = Activities((*(each for each in vars(control).values() if isinstance(each, Activity)), nothing))


class Bench:
    """A factory with its loop in this process."""

    def __init__(self, url: str, folder: Path) -> None:
        import_tables()
        self.db = open_database(url)
        self.db.create_all()
        secrets, clock = MasterKeySecrets(bytes(32)), SystemClock()
        self.work = DbosWork(database_url=url, executor_id="bench", clock=clock)
        unused = cast("Any", None)  # no activity here reaches outside
        platform = Platform("http://here", unused, unused, unused, clock)
        plans = Plans(self.db, secrets, CATALOG)
        starter = Starter(self.db, secrets, clock, self.work, plans)
        vault = SecretVault(self.db, secrets, clock)
        self.loop = PipelineLoop(self.db, secrets, self.work, platform, CATALOG, plans, starter, folder, vault)
        catalogs = Catalogs(CATALOG, all_linked_services(), collect_triggers())
        self.factories = FactoryService(self.db, secrets, clock, catalogs)
        self.runs = PipelineRuns(self.db, clock, plans, starter, self.loop)
        self.factories.ensure("w", "bench", "bench")
        for name, activities in PIPELINES.items():
            properties = {"activities": activities, "variables": {"v": {"type": "String"}}}
            self.factories.put(SYSTEM, self.factory, "pipeline", name, properties)
        self.work.start()

    @property
    def factory(self) -> Any:
        return self.factories.get_factory("w", "bench", "bench")

    def measure(self, pipeline: str, count: int) -> float:
        """Seconds from the first start of so many runs to the end of the last."""
        factory, begun = self.factory, time.perf_counter()
        left = {self.runs.create(SYSTEM, factory, pipeline).id for _ in range(count)}
        while left:
            time.sleep(0.01)
            left = {each for each in left if not self.runs.get(factory, each).is_over}
        return time.perf_counter() - begun

    def close(self) -> None:
        self.work.rest()
        self.loop.stop()
        self.work.stop()
        self.db.close()


def step(name: str, type: str, *after: str, **properties: Json) -> Json:
    depends = [{"activity": each, "dependencyConditions": ["Succeeded"]} for each in after]
    return {"name": name, "type": type, "dependsOn": depends, "typeProperties": properties}


def chain(count: int, type: str, **properties: Json) -> list[Json]:
    return [step(f"A{i}", type, *([f"A{i - 1}"] if i else []), **properties) for i in range(count)]


def loop(count: int, inner: Json) -> list[Json]:
    items = {"value": f"@range(0,{count})", "type": "Expression"}
    return [step("Each", "ForEach", items=items, batchCount=50, activities=[inner])]


PIPELINES = {
    "chain-inline": chain(40, "SetVariable", variableName="v", value="@concat('a', pipeline().RunId)"),
    "chain-thread": chain(40, "Nothing"),
    "loop-inline": loop(1000, step("In", "Wait", waitTimeInSeconds=0)),
    "loop-thread": loop(1000, step("In", "Nothing")),
    "one": chain(1, "Wait", waitTimeInSeconds=0),
}
SCENARIOS = (
    ("one chain of 40 inline activities", "chain-inline", 1, 40),
    ("one chain of 40 activities in threads", "chain-thread", 1, 40),
    ("20 such chains at once", "chain-thread", 20, 800),
    ("1,000 parallel items, inline", "loop-inline", 1, 1001),
    ("1,000 parallel items, in threads", "loop-thread", 1, 1001),
    ("200 runs of one activity", "one", 200, 200),
)


@contextmanager
def databases(only: str | None, folder: Path) -> Iterator[dict[str, str]]:
    """Addresses of empty databases by kind."""
    found = {"sqlite": f"sqlite:///{folder / 'bench.db'}"} if only != "postgresql" else {}
    if only == "sqlite":
        yield found
        return
    with running_postgresql(durable=True) as address:
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        yield found | {"postgresql": f"{address}/bench"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    figures: dict[tuple[str, str], float] = {}
    with tempfile.TemporaryDirectory() as folder, databases(options.only, Path(folder)) as urls:
        for kind, url in urls.items():
            bench = Bench(url, Path(folder))
            for title, pipeline, runs, activities in SCENARIOS:
                seconds = statistics.median(bench.measure(pipeline, runs) for _ in range(options.rounds))
                figures[title, kind] = activities / seconds
            bench.close()
    report(figures, options.rounds)


def report(figures: dict[tuple[str, str], float], rounds: int) -> None:
    kinds = list(dict.fromkeys(kind for _, kind in figures))
    lines = [
        "# Pipelines",
        "",
        "Activities a second, from the call that starts the first run to the end of the last; every commit is synced.",
        f"Medians of {rounds} rounds. {describe_machine()}",
        "",
        f"| what | {' | '.join(kinds)} |",
        f"|---|{'---|' * len(kinds)}",
    ]
    for title, *_ in SCENARIOS:
        lines.append(f"| {title} | {' | '.join(f'{figures[title, kind]:,.0f}' for kind in kinds)} |")
    lines += ["", f"Targets: {', '.join(f'{TARGETS[kind]} on {kind}' for kind in kinds)}."]
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

"""Soak: kill -9 the server and its children at random moments under load, then ask for everything it acknowledged.

``python -m tests.e2e.soak --kills 100``. Ends with 1 when a job was lost or done twice, a ledger has a hole, an
endpoint does not answer, or a process outlived its server.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.e2e.soak_load import PATIENCE_S, Load
from tests.e2e.soak_server import SoakServer

from restudio.cli.console import Output
from restudio.cli.demo_data import bundled_data
from restudio.cli.loop import ENDPOINT, Loop
from restudio.client.blobs import BlobAccount
from restudio.client.client import Client
from restudio.client.connection import Connection
from restudio.client.credentials import read_credentials
from restudio.client.scoring import Scoring


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--home", type=Path, default=None)
    arguments = parser.parse_args()
    seed = random.randrange(1 << 30) if arguments.seed is None else arguments.seed
    home = arguments.home or Path(tempfile.mkdtemp(prefix="restudio-soak-"))
    print(f"home {home}, seed {seed}")
    problems = soak(home, arguments.kills, random.Random(seed))
    for problem in problems:
        print(f"PROBLEM {problem}")
    print("nothing lost, nothing doubled" if not problems else f"{len(problems)} problems; the home is kept: {home}")
    return 1 if problems else 0


def soak(home: Path, kills: int, chance: random.Random) -> list[str]:
    """Run it all; the answer lists what went wrong."""
    server = SoakServer(home)
    try:
        server.wait_until_ready()
        load = _prepare(home)
        try:
            _kill_often(server, load, kills, chance)
        finally:
            load.stop()
        problems = [*load.failures, *_check_jobs(load), *_check_runs(load), *_check_ledger(load)]
        print(f"slowest start {server.slowest_start:.1f} s, {load.away} requests met no server")
    finally:
        server.stop()
    return problems + [f"process {pid} outlived its server" for pid in server.survivors()]


def _kill_often(server: SoakServer, load: Load, kills: int, chance: random.Random) -> None:
    for number in range(1, kills + 1):
        time.sleep(chance.uniform(0.2, 4.0))
        victim = server.kill_something(chance)
        print(f"{number}/{kills} killed {victim}; {load.scored} scored, {len(load.jobs)} jobs, ", end="")
        print(f"{len(load.runs)} runs, {len(load.revisions)} patches, {len(load.failures)} failures", flush=True)


def _prepare(home: Path) -> Load:
    """The demo's loop makes the services; the load begins where it ends."""
    client, data = Client.from_home(home), bundled_data()
    account = BlobAccount(read_credentials(home).storage_connection_string)
    report = Loop(Output(as_json=True), client, account, data).run()
    trainer = client.endpoints.get(report.training_service, "default")
    load = Load(
        client,
        account,
        data,
        default=client.endpoints.get(report.predictive_service, "default"),
        fresh=client.endpoints.get(report.predictive_service, ENDPOINT),
        experiment=report.experiments["training"],
    )
    load.start(Scoring(trainer.api_location, trainer.primary_key))
    return load


def _check_jobs(load: Load) -> Iterator[str]:
    """Every acknowledged job ends well, is there once, and scored every row once."""
    anybody = Connection(load.client.url)  # the signature in the address is all that a reader needs
    for job in load.jobs:
        try:
            ended = load.batch.wait(job, timeout=PATIENCE_S)
        except TimeoutError as error:
            yield str(error)
            continue
        if ended.status_code != "Finished" or not ended.results:
            yield f"job {job} is {ended.status_code}: {ended.details}"
            continue
        for name, place in ended.results.items():
            lines = anybody.text(place.url).splitlines()
            if len(lines) != len(load.data.holdout) + 1:
                yield f"job {job} wrote {len(lines) - 1} rows to {name}, expected {len(load.data.holdout)}"
    listed = Counter(job.id for job in load.client.jobs.list())
    yield from (f"job {job} is listed {listed[job]} times" for job in load.jobs if listed[job] != 1)


def _check_runs(load: Load) -> Iterator[str]:
    for run in load.runs:
        try:
            ended = load.client.runs.wait(run, timeout=PATIENCE_S)
        except TimeoutError as error:
            yield str(error)
            continue
        if not ended.ended_well:
            yield f"run {run} is {ended.state}: {ended.failure}"


def _check_ledger(load: Load) -> Iterator[str]:
    """Numbered without a hole, one live, every acknowledged patch in it in order, none made twice, and it answers."""
    ledger = list(reversed(load.client.services.ledger(load.fresh.web_service_id, load.fresh.name)))
    numbers = [line.number for line in ledger]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        yield f"the ledger has the numbers {numbers}"
    live = [line.id for line in ledger if line.live]
    if len(live) != 1:
        yield f"{len(live)} revisions are live"
    order = {line.id: line.number for line in ledger}
    acknowledged = [order.get(revision) for revision in load.revisions]
    if None in acknowledged or acknowledged != sorted(acknowledged, key=lambda n: n or 0):
        yield f"acknowledged patches stand in the ledger as {acknowledged}"
    twins = [b.number for a, b in pairwise(ledger) if a.resources == b.resources]
    if [number for number in twins if number > 4]:  # the demo's rollbacks come first
        yield f"revisions {twins} repeat the one before"
    answered = load.score_once().revision
    if live and answered != live[0]:
        yield f"the endpoint answers with revision {answered}, the ledger says {live[0]}"


if __name__ == "__main__":
    raise SystemExit(main())

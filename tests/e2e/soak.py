"""kill -9 the server and its processes at random moments under load; nothing may be lost, doubled or torn.

    python -m tests.e2e.soak [--kills 100] [--seed N] [--home DIR] [--database postgresql] [--web-workers N]

After every restart the ledger is whole, every endpoint answers, and with its live revision; an outcome once reached
stays. At the end every job and run that was accepted has ended once, with one output each, answers are attributable,
no process has outlived its server and nothing was left in folders of temporary use.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.soak_checks import Looks
from tests.e2e.soak_load import Load
from tests.e2e.soak_server import SoakServer
from tests.postgresql import running_postgresql

from restudio.client.credentials import read_credentials

LONGEST_S = 3.0
_LEFT_S = 15.0
"""A start removes files of temporary use that are older than this and belong to nobody."""


@dataclass
class Soaked:
    """What happened, and what was wrong."""

    deaths: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    runs: int = 0
    patches: int = 0
    scored: int = 0
    problems: list[str] = field(default_factory=list)


def soak(
    home: Path,
    kills: int,
    seed: int,
    tell: Callable[[str], None] = print,
    *,
    longest: float = LONGEST_S,
    web_workers: int = 1,
    database_url: str | None = None,
) -> Soaked:
    """So many deaths of one home's server, at most ``longest`` seconds after it was ready again. It stops at the first
    death after which something is wrong."""
    chance = random.Random(seed)
    home.mkdir(parents=True, exist_ok=True)
    if database_url is not None:
        (home / "restudio.toml").write_text(f'database_url = "{database_url}"\n')
    server = SoakServer(home, "--web-workers", str(web_workers))
    found = Soaked()
    try:
        server.wait_until_ready()
        load = Load(read_credentials(home))
        looks = Looks(home, database_url)
        load.start()
        try:
            for number in range(1, kills + 1):
                time.sleep(chance.uniform(0.05, longest))
                found.deaths[server.kill_something(chance)] += 1
                found.problems += [*looks.problems_now(load), *load.failures]
                tell(
                    f"{number}/{kills} deaths: {dict(found.deaths)}; {load.scored} scored, {len(load.jobs)} jobs, "
                    f"{len(load.runs)} runs, {len(load.revisions)} patches, {load.away} times away"
                )
                if found.problems:
                    break
        finally:
            load.stop()
        found.problems += [*looks.problems_at_last(load), *load.failures]
        found.ended = looks.count()
        found.jobs, found.runs = len(load.jobs), len(load.runs)
        found.patches, found.scored = len(load.revisions), load.scored
        tell(f"slowest start {server.slowest_start:.1f} s; {dict(found.ended)}")
        server.age_files(_LEFT_S)
        restarted = time.time()
        server.restart()
        found.problems += [f"{path} was left behind" for path in server.left_files(restarted)]
    finally:
        server.stop()
    found.problems += [f"process {pid} outlived its server" for pid in server.survivors()]
    if server.crashes():
        found.problems.append(f"{server.crashes()} processes crashed in native code; see {server.log}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--home", type=Path, default=None, help="an empty folder; by default a temporary one")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--web-workers", type=int, default=1, help="processes that answer")
    given = parser.parse_args()
    seed = random.randrange(1 << 30) if given.seed is None else given.seed
    home = given.home or Path(tempfile.mkdtemp(prefix="restudio-soak-"))
    print(f"home {home}, seed {seed}", flush=True)
    with ExitStack() as stack:
        database_url = None
        if given.database == "postgresql":
            database_url = f"{stack.enter_context(running_postgresql())}/postgres"
        found = soak(
            home,
            given.kills,
            seed,
            lambda text: print(text, flush=True),
            web_workers=given.web_workers,
            database_url=database_url,
        )
    for problem in found.problems:
        print(f"PROBLEM {problem}")
    print(f"{len(found.problems)} problems; look into {home}" if found.problems else "nothing lost, nothing doubled")
    return 1 if found.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())

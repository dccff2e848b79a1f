"""Measure and write the table; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.machine import describe_machine
from bench.modules.rows import write_inputs
from bench.modules.scenario import Scenario, Scenarios

import restudio

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parents[1] / "results" / "modules.md"
FLOOR_S = 0.02
"""Calls shorter than this differ by less than a process's noise; ratios count them as this long."""
FLOOR_BYTES = 32 << 20
LIMIT_S = 900
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
"""Both sides as module processes run: threads that spin while they wait take ten times as long on a shared machine."""


@dataclass(frozen=True, slots=True)
class Side:
    """Medians of one side of a scenario."""

    seconds: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Line:
    scenario: Scenario
    ours: Side
    plain: Side

    @property
    def time_ratio(self) -> float:
        return max(self.ours.seconds, FLOOR_S) / max(self.plain.seconds, FLOOR_S)

    @property
    def memory_ratio(self) -> float:
        return max(self.ours.bytes, FLOOR_BYTES) / max(self.plain.bytes, FLOOR_BYTES)

    def shown(self) -> str:
        ours, plain = self.ours, self.plain
        note = "; ".join(filter(None, (self.scenario.note, self.scenario.reason)))
        return (
            f"| {self.scenario.module} | {self.scenario.peer.__name__.replace('_', ' ')} | {ours.seconds:.2f} |"
            f" {plain.seconds:.2f} | {self.time_ratio:.2f} | {ours.bytes / 2**20:.0f} | {plain.bytes / 2**20:.0f} |"
            f" {self.memory_ratio:.2f} | {note} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="scenarios whose name contains one of these")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    chosen = [s for s in Scenarios().by_name.values() if not asked.only or any(part in s.name for part in asked.only)]
    lines = []
    with tempfile.TemporaryDirectory(prefix="restudio-bench-") as name:
        write_inputs(Path(name), asked.rows)
        for each in chosen:
            rounds = [
                (measure(Path(name), each, "ours"), measure(Path(name), each, "plain")) for _ in range(asked.rounds)
            ]
            line = Line(each, median([ours for ours, _ in rounds]), median([plain for _, plain in rounds]))
            print(line.shown(), flush=True)
            lines.append(line)
    if not asked.only:
        RESULTS.write_text(report(lines, asked.rows, asked.rounds))


def measure(folder: Path, each: Scenario, side: str) -> Side:
    command = [sys.executable, "-W", "ignore", "-m", "bench.modules.once", str(folder), each.name, side]
    ended = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, cwd=ROOT, text=True, timeout=LIMIT_S, check=False
    )
    if ended.returncode:
        raise SystemExit(f"{each.name}, {side}: {ended.stderr[-2000:]}")
    return Side(**json.loads(ended.stdout.splitlines()[-1]))


def median(sides: list[Side]) -> Side:
    return Side(statistics.median(s.seconds for s in sides), statistics.median(s.bytes for s in sides))


def report(lines: list[Line], rows: int, rounds: int) -> str:
    """The whole results file."""
    times, memory = [line.time_ratio for line in lines], [line.memory_ratio for line in lines]
    above = sum(ratio > 3 for ratio in times)
    summary = (
        f"Time: median ratio {statistics.median(times):.2f}, {above} of {len(lines)} above 3."
        f" Memory: median ratio {statistics.median(memory):.2f}."
    )
    return "\n".join(
        [
            "# Modules beside plain libraries",
            "",
            f"{rows:,} rows of 15 mixed columns unless noted; medians of {rounds} rounds, a process for each side;",
            "calls of less than two seconds are repeated in it, up to nine in all, and their median counts.",
            f"Times under {FLOOR_S} s and memory under {FLOOR_BYTES >> 20} MiB count as that much in ratios.",
            f"Restudio {restudio.__version__}. {describe_machine()}",
            "",
            summary,
            "",
            "| module | beside | s | plain s | ratio | MiB | plain MiB | ratio | |",
            "|---|---|---|---|---|---|---|---|---|",
            *(line.shown() for line in lines),
            "",
        ]
    )


if __name__ == "__main__":
    main()

"""Peak memory of whole experiments on 1,000,000 rows of 15 mixed columns, beside the largest table in them.

    python -m bench.memory [--rows 1000000]

The server and all its processes are watched while a run goes on: their proportional share of memory (mapped tables
count once, however many processes read them), less what they held before, the workers' libraries loaded. Results go
to bench/results/memory.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
from bench.loop import run, start, stop
from bench.machine import describe_machine
from bench.modules.rows import FEATURES, FEW, LABEL, main_table

from restudio.client import Client
from restudio.client.types import Asset

RESULTS = Path(__file__).parent / "results" / "memory.md"
LEARNERS = ("two-class-logistic-regression", "two-class-boosted-decision-tree")
_PAUSE_S = 0.01
MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="restudio-bench-") as name:
        folder = Path(name)
        server = start(folder)
        try:
            client = Client.from_home(folder)
            lines = [measure(client, folder, server.pid, learner, rows, seed) for seed, learner in enumerate(LEARNERS)]
        finally:
            stop(server)
    text = [
        f"# Memory of an experiment on {rows:,} rows of 15 mixed columns",
        "",
        "Read, select, clean, split, normalize, train, score, evaluate; two modules at once. Target: the peak is at",
        "most three times the largest table. From `python -m bench.memory`.",
        "",
        describe_machine(),
        "",
        "| learner | largest table, MiB | peak above idle, MiB | ratio | s |",
        "|---|---|---|---|---|",
        *lines,
        "",
    ]
    RESULTS.write_text("\n".join(text))
    print("\n".join(text))


def upload(client: Client, folder: Path, rows: int, seed: int) -> Asset:
    file = folder / f"rows-{rows}-{seed}.csv"
    pl.from_arrow(main_table(np.random.default_rng(seed), rows).data).write_csv(file)  # type: ignore[union-attr]  # a frame
    return client.datasets.upload(file, name=file.name, data_type_id="GenericCSV")


def measure(client: Client, home: Path, server: int, learner: str, rows: int, seed: int) -> str:
    """A row of the results. Data of its own, so that no step is reused; few rows before it load the libraries."""
    for count in (min(rows, FEW), rows):
        experiment = client.experiments.import_yaml(document(learner, upload(client, home, count, seed).id))
        before = set(objects(home))
        with Watch(server) as watch:
            begun = time.perf_counter()
            run(client, experiment.id)
            took = time.perf_counter() - begun
    table = max(path.stat().st_size for path in set(objects(home)) - before)
    return f"| {learner} | {table / MIB:.0f} | {watch.above / MIB:.0f} | {watch.above / table:.2f} | {took:.1f} |"


def objects(home: Path) -> list[Path]:
    return [path for path in (home / "objects").rglob("*") if path.is_file()]


class Watch:
    """The peak of a process and all that it started, in bytes, above what they held when watching began."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.above = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        before = held(self._pid)
        while not self._ended.wait(_PAUSE_S):
            self.above = max(self.above, held(self._pid) - before)


def held(pid: int) -> int:
    """Bytes that a process and its descendants hold, shared pages by their share."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) * 1024
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0  # ended meanwhile
    return total + sum(held(child) for child in children)


def document(learner: str, asset: str) -> str:
    chosen = json.dumps([{"ColumnNames": [*FEATURES, LABEL]}])
    numbers = json.dumps([{"ColumnTypes": ["Numeric"]}])
    return f"""restudio: experiment/1
title: Memory of {learner} on {asset}
nodes:
  rows:
    module: dataset
    parameters: {{asset: "{asset}"}}
  select:
    module: select-columns-in-dataset
    inputs: {{Dataset: rows / dataset}}
    parameters: {{Select columns: '{chosen}'}}
  clean:
    module: clean-missing-data
    inputs: {{Dataset: select / Results dataset}}
    parameters: {{Columns to be cleaned: '{numbers}', Cleaning mode: Replace with mean}}
  split:
    module: split-data
    inputs: {{Dataset: clean / Cleaned dataset}}
    parameters: {{Fraction of rows in the first output dataset: 0.7, Random seed: 7}}
  normalize:
    module: normalize-data
    inputs: {{Dataset: split / Results dataset1}}
    parameters: {{Columns to transform: '{numbers}'}}
  apply:
    module: apply-transformation
    inputs: {{Transformation: normalize / Transformation function, Dataset: split / Results dataset2}}
  learner:
    module: {learner}
  train:
    module: train-model
    inputs: {{Untrained model: learner / Untrained model, Dataset: normalize / Transformed dataset}}
    parameters: {{Label column: {LABEL}}}
  score:
    module: score-model
    inputs: {{Trained model: train / Trained model, Dataset: apply / Transformed dataset}}
  evaluate:
    module: evaluate-model
    inputs: {{Scored dataset: score / Scored dataset}}
"""


if __name__ == "__main__":
    main()

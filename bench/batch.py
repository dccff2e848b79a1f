"""Batch scoring of 2,000,000 rows, against reading and writing the same file without a model.

    python -m bench.batch [--rows 2000000] [--rounds 3]

Each measurement is a fresh process, start and imports included; its memory is the peak resident size. Results go to
bench/results/batch.md.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import describe_machine

RESULTS = Path(__file__).parent / "results" / "batch.md"
WAYS = ("floor", "logistic", "trees")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, metavar=("WAY", "SOURCE", "TARGET"))
    options = parser.parse_args()
    if options.child:
        run_child(options.child[0], Path(options.child[1]), Path(options.child[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "adult.csv"
        write_source(source, options.rows)
        fit_models(Path(folder))
        figures = {way: [measure(way, source, Path(folder)) for _ in range(options.rounds)] for way in WAYS}
        report(figures, options.rows, source.stat().st_size)


def write_source(path: Path, rows: int) -> None:
    """Adult without its label, repeated."""
    from bench.adult import LABEL, read_adult
    from pyarrow import csv

    data = read_adult().drop_columns([LABEL])
    with path.open("wb") as target, csv.CSVWriter(target, data.schema) as writer:
        left = rows
        while left > 0:
            writer.write_table(data.slice(0, left))
            left -= min(left, data.num_rows)


def fit_models(folder: Path) -> None:
    """Fitting is no part of a batch run: the measured processes read fitted parameters."""
    from bench.adult import MODELS, save_model

    for model in MODELS:
        save_model(model, folder / f"{model}.json")


def measure(way: str, source: Path, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of one process."""
    target = folder / "scored.csv"
    command = [sys.executable, "-m", "bench.batch", "--child", way, str(source), str(target)]
    started = time.perf_counter()
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    wall = time.perf_counter() - started
    cpu, peak = map(float, answer.stdout.split())
    target.unlink()
    return wall, cpu, peak


def run_child(way: str, source: Path, target: Path) -> None:
    if way == "floor":
        copy_file(source, target)
    else:
        from bench.adult import load_scorer

        from restudio.scoring.batch import score_file

        scorer = load_scorer(source.parent / f"{way}.json")
        score_file(scorer, {"input1": source}, {"output1": target})
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(usage.ru_utime + usage.ru_stime, peak_mib())


def peak_mib() -> float:
    """Largest resident size of this program; ``ru_maxrss`` would also count the process it was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def copy_file(source: Path, target: Path) -> None:
    """Parse every cell and write it again with Arrow."""
    from pyarrow import csv

    with csv.open_csv(source) as reader, target.open("wb") as sink, csv.CSVWriter(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def report(figures: dict[str, list[tuple[float, float, float]]], rows: int, size: int) -> None:
    medians = {way: [statistics.median(column) for column in zip(*runs, strict=True)] for way, runs in figures.items()}
    floor = medians["floor"][0]
    lines = [
        "# Batch scoring",
        "",
        f"{rows:,} rows of Adult ({size / 1e6:.0f} MB of CSV) to CSV with two score columns.",
        f"Process start and imports included. Medians of {len(figures['floor'])} rounds. {describe_machine()}",
        "",
        "| way | wall s | CPU s | rows/s | peak MiB | times the floor |",
        "|---|---|---|---|---|---|",
    ]
    names = {"floor": "floor: pyarrow CSV to CSV, no model", "logistic": "logistic regression", "trees": "100 trees"}
    for way, (wall, cpu, peak) in medians.items():
        row = f"| {names[way]} | {wall:.1f} | {cpu:.1f} | {rows / wall:,.0f} | {peak:.0f} | {wall / floor:.1f} |"
        lines.append(row)
    RESULTS.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

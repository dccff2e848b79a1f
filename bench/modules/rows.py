"""The table of the module benchmarks: 15 mixed columns with missing cells, and texts and ratings beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from restudio.core.schema import Column, DType, Schema
from restudio.tables.ipc import write_table
from restudio.tables.table import Table

NUMBERS = ("n0", "n1", "n2", "n3", "n4", "n5")
"""Doubles; ``n4`` and ``n5`` have missing cells."""
WHOLE = ("i0", "i1", "key")
LEVELS = ("c2", "c10", "c50", "c1000")
"""Categories, by their number of levels."""
LABEL = "label"
FEATURES = (*NUMBERS, *WHOLE[:2], *LEVELS[:3])
WORDS = 5_000


LARGE, SMALL = "large", "small"
"""Folders of the inputs that are measured, and of the same with few rows."""
FEW = 20_000


def write_inputs(folder: Path, rows: int) -> None:
    """Write both folders of inputs."""
    for name, count in ((LARGE, rows), (SMALL, min(rows, FEW))):
        (folder / name).mkdir()
        _write(folder / name, count)


def _write(folder: Path, rows: int, seed: int = 1) -> None:
    """Write ``main``, ``regions`` (a lookup by ``key``), ``texts``, ``ratings`` and ``series`` as table files."""
    rng = np.random.default_rng(seed)
    write_table(main_table(rng, rows), folder / "main")
    keys = np.arange(10_000)
    small = pa.table({"key": keys, "region": pa.array([f"region {k % 97}" for k in keys]), "rate": rng.random(10_000)})
    write_table(Table.from_arrow(small), folder / "regions")
    write_table(texts(rng, min(rows, 100_000)), folder / "texts")
    write_table(ratings(rng, min(rows, 200_000)), folder / "ratings")
    times = np.datetime64("2026-01-01T00:00", "us") + np.arange(min(rows, 50_000)) * np.timedelta64(60_000_000, "us")
    series = pa.table({"time": times, "value": rng.normal(size=len(times)).cumsum()})
    write_table(Table.from_arrow(series), folder / "series")


def main_table(rng: np.random.Generator, rows: int) -> Table:
    """Label and target depend on the columns, so that learners have something to learn."""
    numbers = {name: rng.normal(size=rows) * (k + 1) for k, name in enumerate(NUMBERS)}
    whole = {"i0": rng.integers(0, 100, rows), "i1": rng.poisson(3, rows), "key": rng.integers(0, 10_000, rows)}
    codes = {"c2": 2, "c10": 10, "c50": 50, "c1000": 1000}
    picked = {name: rng.integers(0, count, rows) for name, count in codes.items()}
    signal = numbers["n0"] + numbers["n1"] * (picked["c2"] - 0.5) + 0.03 * whole["i0"] + 0.2 * (picked["c10"] % 3)
    target = signal + rng.normal(size=rows)
    holes = {name: rng.random(rows) < 0.05 for name in ("n4", "n5")}
    columns: dict[str, pa.Array] = {name: pa.array(v, mask=holes.get(name)) for name, v in numbers.items()}
    columns |= {name: pa.array(values) for name, values in whole.items()}
    for name, count in codes.items():
        levels = pa.array([f"{name} level {k}" for k in range(count)])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(picked[name].astype(np.int32)), levels)
    columns["target"] = pa.array(target)
    columns[LABEL] = pa.array(np.where(target > np.quantile(target, 0.75), "yes", "no"))
    return Table.from_arrow(pa.table(columns))


def texts(rng: np.random.Generator, rows: int) -> Table:
    """Sentences of 8 to 24 words with a Zipf-like frequency, and a label."""
    vocabulary = np.array([f"word{k:04d}" for k in range(WORDS)])
    frequency = 1 / np.arange(1, WORDS + 1)
    lengths = rng.integers(8, 25, rows)
    words = rng.choice(vocabulary, int(lengths.sum()), p=frequency / frequency.sum())
    ends = np.cumsum(lengths)
    sentences = [" ".join(words[end - n : end]) for n, end in zip(lengths, ends, strict=True)]
    label = np.where(np.array([s.count("word0003") for s in sentences]) > 0, "yes", "no")
    schema = Schema((Column("text", DType.STRING), Column(LABEL, DType.STRING, categories=("no", "yes"))))
    return Table(
        schema, pa.table({"text": pa.array(sentences, pa.large_string()), LABEL: pa.array(label, pa.large_string())})
    )


def ratings(rng: np.random.Generator, rows: int) -> Table:
    """User, item, rating from 1 to 5, of two traits each; no pair twice."""
    pairs = np.unique(rng.integers(0, 5_000 * 1_000, rows * 2))[:rows]
    rng.shuffle(pairs)
    users, items = pairs // 1_000, pairs % 1_000
    left, right = rng.normal(size=(5_000, 2)), rng.normal(size=(1_000, 2))
    liking = (left[users] * right[items]).sum(axis=1)
    stars = np.clip(np.round(3 + liking + rng.normal(scale=0.3, size=len(pairs))), 1, 5).astype(np.int64)
    names = {"user": [f"u{u}" for u in users], "item": [f"i{i}" for i in items]}
    return Table.from_arrow(pa.table({**{k: pa.array(v) for k, v in names.items()}, "rating": stars}))

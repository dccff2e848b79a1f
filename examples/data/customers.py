"""Made customers of a telephone company in the manner of the KDD Cup 2009: anonymous columns, mostly empty, numbers
first and coded texts after them; who left (1) or stayed (-1) stands in a file of its own, in the same order.

    python customers.py FOLDER

About 7 % leave. The odds depend on three numbers and two texts, missing or not; ``truth`` gives them, hence the best
area under the curve there is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

NUMBERS = range(1, 26)
TEXTS = range(191, 203)
TOLD = {6: 0.9, 13: -0.8, 20: 0.7}
"""The numbers that matter, by how much."""
LEVELS = {192: {"aaa": 1.2, "bbb": 0.0, "ccc": -0.8}, 200: {"xxx": 0.9, "yyy": -0.4}}


def make(rows: int = 6000, seed: int = 2009) -> dict[str, pl.DataFrame]:
    """File name → table."""
    table, leaves, _ = truth(rows, seed)
    return {"customers.csv": table, "churn-labels.csv": pl.DataFrame({"churn": np.where(leaves, 1, -1)})}


def truth(rows: int = 6000, seed: int = 2009) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """The customers, who leaves, and the true odds of it."""
    random = np.random.default_rng(seed)
    odds = np.full(rows, -3.6)
    columns: dict[str, pl.Series] = {}
    for number in NUMBERS:
        gaps = random.random(rows) < (0.1 if number in TOLD else (0.0, 0.3, 0.6, 0.97)[number % 4])
        cells = random.normal(0, 1, rows).round(4)
        odds += np.where(gaps, 0.0, TOLD.get(number, 0.0) * cells)
        columns[f"Var{number}"] = pl.Series(cells).set(pl.Series(gaps), None)
    for number in TEXTS:
        weights = LEVELS.get(number, dict.fromkeys(("k1", "k2", "k3", "k4"), 0.0))
        gaps = random.random(rows) < (0.05 if number in LEVELS else 0.4)
        levels = random.choice(list(weights), rows)
        odds += np.where(gaps, 0.0, [weights[level] for level in levels])
        columns[f"Var{number}"] = pl.Series(levels).set(pl.Series(gaps), None)
    leaves = random.random(rows) < 1 / (1 + np.exp(-odds))
    return pl.DataFrame(columns), leaves, odds


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)

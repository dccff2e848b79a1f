"""Made descriptions of companies, each with its sector: what the encyclopedia articles on listed companies were to the
original sample.

    python companies.py FOLDER

Each text mixes words of its sector with words of business that all sectors share; three texts in a hundred are about
another sector than they are filed under, so that 97 % is the most a classifier can reach.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

MISFILED = 0.03
SECTORS = {
    "Energy": "oil gas drilling pipeline refinery barrels turbine wells exploration petroleum",
    "Health": "patients hospital drug clinical vaccine therapy doctors medical surgery biotech",
    "Technology": "software chips cloud servers devices network developers semiconductors apps computing",
    "Finance": "bank loans insurance deposits mortgage investors brokerage credit funds assets",
}
SHARED = [
    "company",
    "founded",
    "headquarters",
    "employees",
    "revenue",
    "billion",
    "million",
    "customers",
    "market",
    "growth",
    "annual",
    "report",
    "year",
    "acquired",
    "shares",
    "listed",
    "world",
    "largest",
    "services",
    "products",
    "based",
    "subsidiary",
    "chief",
    "executive",
]


def make(rows: int = 480, seed: int = 500) -> dict[str, pl.DataFrame]:
    """File name → table."""
    random = np.random.default_rng(seed)
    names = list(SECTORS)
    about, texts = random.integers(len(names), size=rows), []
    for sector in about:
        words = [*random.choice(SECTORS[names[sector]].split(), 5), *random.choice(SHARED, 25)]
        texts.append(" ".join(random.permutation(words)).capitalize() + ".")
    moved = random.random(rows) < MISFILED
    filed = np.where(moved, (about + random.integers(1, len(names), rows)) % len(names), about)
    return {"companies.csv": pl.DataFrame({"sector": [names[at] for at in filed], "text": texts})}


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)

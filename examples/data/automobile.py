"""Automobile prices with the columns of UCI's imports-85: the real file where it is, else 205 made cars.

    python automobile.py FOLDER [SOURCE]     SOURCE holds imports-85.data

In the made cars the logarithm of the price is a sum over size, power, make and body with an error of 8 %, so that a
regression on prices can explain nine tenths of their variance. Gaps stand where the real file has them: 193 rows are
whole once normalized-losses is left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

REAL = "imports-85.data"
COLUMNS = [
    "symboling",
    "normalized-losses",
    "make",
    "fuel-type",
    "aspiration",
    "num-of-doors",
    "body-style",
    "drive-wheels",
    "engine-location",
    "wheel-base",
    "length",
    "width",
    "height",
    "curb-weight",
    "engine-type",
    "num-of-cylinders",
    "engine-size",
    "fuel-system",
    "bore",
    "stroke",
    "compression-ratio",
    "horsepower",
    "peak-rpm",
    "city-mpg",
    "highway-mpg",
    "price",
]
MAKES = {"toyota": 0.0, "nissan": 0.02, "mazda": 0.04, "honda": 0.06, "volvo": 0.2, "audi": 0.3, "bmw": 0.45}
BODIES = {"sedan": 0.0, "hatchback": -0.05, "wagon": 0.03, "convertible": 0.15}
GAPS = {
    "normalized-losses": range(0, 205, 5),
    "num-of-doors": (27, 63),
    "bore": (55, 56, 57, 58),
    "stroke": (55, 56, 57, 58),
    "horsepower": (130, 131),
    "peak-rpm": (130, 131),
    "price": (9, 44, 45, 129),
}


def make(source: Path | None = None) -> dict[str, pl.DataFrame]:
    """File name → table."""
    real = source / REAL if source else None
    return {"automobile.csv": read(real) if real and real.exists() else invent()}


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, has_header=False, new_columns=COLUMNS, null_values="?")


def invent(rows: int = 205, seed: int = 85) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    size = random.normal(0, 1, rows)
    makes, bodies = random.choice(list(MAKES), rows), random.choice(list(BODIES), rows, p=[0.5, 0.34, 0.12, 0.04])
    engine = np.round(125 + 38 * size + random.normal(0, 8, rows)).clip(61, 326)
    power = np.round(engine * 0.83 + random.normal(0, 8, rows)).clip(48, 288)
    base = np.round(98.8 + 5 * size + random.normal(0, 1, rows), 1)
    highway = np.round(31 - 6 * size + random.normal(0, 1.5, rows)).clip(16, 54)
    logs = 8.15 + 0.0035 * engine + 0.0042 * power + 0.003 * base - 0.002 * highway + random.normal(0, 0.08, rows)
    logs += np.array([MAKES[name] for name in makes]) + np.array([BODIES[name] for name in bodies])
    table = pl.DataFrame(
        {
            "symboling": random.integers(-2, 4, rows),
            "normalized-losses": random.integers(65, 257, rows),
            "make": makes,
            "fuel-type": random.choice(["gas", "diesel"], rows, p=[0.9, 0.1]),
            "aspiration": random.choice(["std", "turbo"], rows, p=[0.82, 0.18]),
            "num-of-doors": random.choice(["four", "two"], rows),
            "body-style": bodies,
            "drive-wheels": random.choice(["fwd", "rwd", "4wd"], rows, p=[0.58, 0.38, 0.04]),
            "engine-location": random.choice(["front", "rear"], rows, p=[0.98, 0.02]),
            "wheel-base": base,
            "length": np.round(174 + 11 * size + random.normal(0, 3, rows), 1),
            "width": np.round(65.9 + 1.8 * size + random.normal(0, 0.6, rows), 1),
            "height": np.round(random.normal(53.7, 2.4, rows), 1),
            "curb-weight": np.round(2556 + 480 * size + random.normal(0, 90, rows)).astype(np.int64),
            "engine-type": random.choice(["ohc", "ohcf", "ohcv", "dohc", "l"], rows, p=[0.72, 0.08, 0.07, 0.06, 0.07]),
            "num-of-cylinders": np.select([engine > 240, engine > 160], ["eight", "six"], "four"),
            "engine-size": engine.astype(np.int64),
            "fuel-system": random.choice(["mpfi", "2bbl", "idi", "1bbl"], rows, p=[0.47, 0.33, 0.12, 0.08]),
            "bore": np.round(3.33 + 0.2 * size + random.normal(0, 0.12, rows), 2),
            "stroke": np.round(random.normal(3.26, 0.31, rows), 2),
            "compression-ratio": np.round(random.normal(9, 0.6, rows), 1),
            "horsepower": power.astype(np.int64),
            "peak-rpm": random.integers(41, 61, rows) * 100,
            "city-mpg": (highway - random.integers(4, 8, rows)).astype(np.int64),
            "highway-mpg": highway.astype(np.int64),
            "price": np.round(np.exp(logs)).astype(np.int64),
        }
    )
    row = pl.int_range(pl.len())
    return table.with_columns(
        pl.when(row.is_in(list(where))).then(None).otherwise(pl.col(name)).alias(name) for name, where in GAPS.items()
    )


if __name__ == "__main__":
    for name, table in make(Path(sys.argv[2]) if len(sys.argv) > 2 else None).items():
        table.write_csv(Path(sys.argv[1]) / name)

"""Credit applications as in UCI's Statlog German credit data: the real file where it is, else 1,000 made ones.

    python credit.py FOLDER [SOURCE]     SOURCE holds german.data

No header, coded columns, 1 = low and 2 = high credit risk in the last column, as in the original. In the made
applications the risk depends on account status, duration, history, amount, savings and age, and on chance.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

REAL = "german.data"
CODES: dict[int, tuple[str, list[float]]] = {
    0: ("A11 A12 A13 A14", [0.27, 0.27, 0.06, 0.40]),
    2: ("A30 A31 A32 A33 A34", [0.04, 0.05, 0.53, 0.09, 0.29]),
    3: ("A40 A41 A42 A43 A46 A49", [0.25, 0.10, 0.19, 0.29, 0.06, 0.11]),
    5: ("A61 A62 A63 A64 A65", [0.60, 0.10, 0.07, 0.05, 0.18]),
    6: ("A71 A72 A73 A74 A75", [0.06, 0.17, 0.34, 0.18, 0.25]),
    8: ("A91 A92 A93 A94", [0.05, 0.31, 0.55, 0.09]),
    9: ("A101 A102 A103", [0.91, 0.04, 0.05]),
    11: ("A121 A122 A123 A124", [0.28, 0.23, 0.33, 0.16]),
    13: ("A141 A142 A143", [0.14, 0.05, 0.81]),
    14: ("A151 A152 A153", [0.18, 0.71, 0.11]),
    16: ("A171 A172 A173 A174", [0.02, 0.20, 0.63, 0.15]),
    18: ("A191 A192", [0.60, 0.40]),
    19: ("A201 A202", [0.96, 0.04]),
}
RISK = {"A11": 1.2, "A12": 0.7, "A13": 0.0, "A14": -1.0, "A30": 1.0, "A31": 1.0, "A34": -0.7, "A61": 0.4, "A64": -0.8}


def make(source: Path | None = None) -> dict[str, pl.DataFrame]:
    """File name → table."""
    real = source / REAL if source else None
    return {"credit.nh.csv": read(real) if real and real.exists() else invent()}


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, has_header=False, separator="\t")


def invent(rows: int = 1000, seed: int = 1994) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    columns: dict[int, np.ndarray] = {
        at: random.choice(codes.split(), rows, p=shares) for at, (codes, shares) in CODES.items()
    }
    columns[1] = random.choice([6, 9, 12, 15, 18, 24, 30, 36, 48, 60], rows)
    columns[4] = np.round(np.exp(random.normal(7.3, 0.55, rows)) + 60 * columns[1]).astype(np.int64)
    columns[7], columns[10] = random.integers(1, 5, rows), random.integers(1, 5, rows)
    columns[12] = np.round(19 + random.gamma(2.0, 8.0, rows)).clip(19, 75).astype(np.int64)
    columns[15], columns[17] = random.integers(1, 4, rows), random.integers(1, 3, rows)
    risk = -1.6 + 0.035 * (columns[1] - 20) + 0.0001 * columns[4] - 0.02 * (columns[12] - 35)
    for at in (0, 2, 5):
        risk += np.array([RISK.get(code, 0.0) for code in columns[at]])
    columns[20] = np.where(random.random(rows) < 1 / (1 + np.exp(-risk)), 2, 1)
    return pl.DataFrame({f"Col{at + 1}": columns[at] for at in range(21)})


if __name__ == "__main__":
    for name, table in make(Path(sys.argv[2]) if len(sys.argv) > 2 else None).items():
        table.write_csv(Path(sys.argv[1]) / name, include_header=False)

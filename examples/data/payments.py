"""Made card payments, a few of them fraud, in ten anonymous numbers V1 to V10.

    python payments.py FOLDER

Honest payments lie near a plane of three dimensions; fraud (class 1) lies off it, at distances that no single column
shows. A detector that learns the plane from honest rows can tell nearly all of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

WIDTH, PLANE = 10, 3
NOISE, OFF = 0.15, 1.0


def make(honest: int = 2000, fraud: int = 60, seed: int = 77) -> dict[str, pl.DataFrame]:
    """File name → table."""
    random = np.random.default_rng(seed)
    axes = np.linalg.qr(random.normal(0, 1, (WIDTH, WIDTH)))[0]
    rows = honest + fraud
    inside = random.normal(0, 1.5, (rows, PLANE)) @ axes[:PLANE]
    spread = np.where(np.arange(rows) < honest, NOISE, OFF)[:, None]
    cells = inside + spread * random.normal(0, 1, (rows, WIDTH - PLANE)) @ axes[PLANE:]
    order = random.permutation(rows)
    columns = {f"V{at + 1}": cells[order, at].round(6) for at in range(WIDTH)}
    return {"payments.csv": pl.DataFrame({**columns, "class": (order >= honest).astype(np.int64)})}


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)

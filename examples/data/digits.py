"""1,797 handwritten digits of 8 x 8 pixels, as scikit-learn carries them, for the recognition of letters.

python digits.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from sklearn.datasets import load_digits


def make() -> dict[str, pl.DataFrame]:
    """File name → table."""
    found = load_digits()
    pixels = {f"pixel{at}": found.data[:, at].astype("int64") for at in range(found.data.shape[1])}
    return {"digits.csv": pl.DataFrame({"digit": found.target, **pixels})}


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)

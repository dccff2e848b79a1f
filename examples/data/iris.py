"""Fisher's irises, as scikit-learn carries them: all three kinds, and the two that a line can part (0 and 1).

python iris.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from sklearn.datasets import load_iris

COLUMNS = ("sepal-length", "sepal-width", "petal-length", "petal-width")


def make() -> dict[str, pl.DataFrame]:
    """File name → table."""
    found = load_iris()
    table = pl.DataFrame(found.data, schema=COLUMNS).with_columns(kind=pl.Series(found.target_names[found.target]))
    two = table.filter(pl.col("kind") != "virginica").select(
        (pl.col("kind") == "versicolor").cast(pl.Int64).alias("class"), *COLUMNS
    )
    return {"iris.csv": table, "iris-two-class.csv": two}


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)

"""Made ratings of restaurants from 1 to 5 by their guests, with some pairs rated twice.

    python ratings.py FOLDER

Guests and restaurants have two hidden tastes each; a rating is 3 plus their product plus a little chance, rounded.
``SPREAD`` is the error of the best prediction there is, apart from rounding.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

SPREAD = 0.3
USERS, ITEMS, SHARE = 150, 60, 0.35


def make(seed: int = 2012) -> dict[str, pl.DataFrame]:
    """File name → table."""
    random = np.random.default_rng(seed)
    guests, places = random.normal(0, 0.9, (USERS, 2)), random.normal(0, 0.9, (ITEMS, 2))
    user, item = np.nonzero(random.random((USERS, ITEMS)) < SHARE)
    liking = 3 + (guests[user] * places[item]).sum(axis=1) + random.normal(0, SPREAD, len(user))
    table = pl.DataFrame(
        {
            "userID": [f"U{1000 + at}" for at in user],
            "placeID": 130_000 + item,
            "rating": np.clip(np.round(liking), 1, 5).astype(np.int64),
        }
    )
    return {
        "ratings.csv": pl.concat([table, table.head(40)]),
        "guests.csv": table.select("userID").unique().sort("userID"),
    }


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)

"""Incomes as in UCI's Adult census data: the real file where it is, else 8,000 made people.

    python adult.py FOLDER [SOURCE]     SOURCE holds adult.csv

In the made people the odds of an income above 50K depend on age, education, hours, marriage, sex and capital gains; the
three columns that have gaps in the original (a ? in the file) have them here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

FILE = "adult.csv"
EDUCATION = {"11th": 7, "HS-grad": 9, "Some-college": 10, "Assoc-voc": 11, "Bachelors": 13, "Masters": 14}
SHARES = [0.08, 0.36, 0.25, 0.07, 0.17, 0.07]
GAPS = {"workclass": 0.056, "occupation": 0.057, "native-country": 0.018}


def make(source: Path | None = None) -> dict[str, pl.DataFrame]:
    """File name → table."""
    real = source / FILE if source else None
    return {FILE: pl.read_csv(real) if real and real.exists() else invent()}


def invent(rows: int = 8000, seed: int = 1996) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    age = np.round(17 + random.gamma(2.6, 8.3, rows)).clip(17, 90).astype(np.int64)
    education = random.choice(list(EDUCATION), rows, p=SHARES)
    years = np.array([EDUCATION[name] for name in education])
    married = random.random(rows) < np.clip((age - 18) / 30, 0, 0.62)
    male = random.random(rows) < np.where(married, 0.85, 0.52)
    hours = np.round(random.normal(40.4, 11, rows)).clip(1, 99).astype(np.int64)
    gains = np.where(random.random(rows) < 0.08, np.round(np.exp(random.normal(8.6, 1, rows))), 0).astype(np.int64)
    odds = -8.2 + 0.33 * years + 0.035 * age + 0.035 * (hours - 40) + 2.6 * married + 0.3 * male + 0.0004 * gains
    rich = random.random(rows) < 1 / (1 + np.exp(-odds))
    table = pl.DataFrame(
        {
            "age": age,
            "workclass": random.choice(["Private", "Self-emp-not-inc", "Local-gov"], rows, p=[0.76, 0.12, 0.12]),
            "fnlwgt": random.integers(12_285, 800_000, rows),
            "education": education,
            "education-num": years,
            "marital-status": np.where(married, "Married-civ-spouse", "Never-married"),
            "occupation": random.choice(["Prof-specialty", "Craft-repair", "Sales", "Other-service"], rows),
            "relationship": np.select([married & male, married], ["Husband", "Wife"], "Not-in-family"),
            "race": random.choice(["White", "Black", "Asian-Pac-Islander"], rows, p=[0.86, 0.1, 0.04]),
            "sex": np.where(male, "Male", "Female"),
            "capital-gain": gains,
            "capital-loss": np.where(random.random(rows) < 0.05, random.integers(1000, 2500, rows), 0),
            "hours-per-week": hours,
            "native-country": random.choice(["United-States", "Mexico", "Germany"], rows, p=[0.93, 0.05, 0.02]),
            "income-per-year": np.where(rich, ">50K", "<=50K"),
        }
    )
    masks = {name: pl.Series(random.random(rows) < share) for name, share in GAPS.items()}
    return table.with_columns(
        pl.when(mask).then(pl.lit("?")).otherwise(pl.col(name)).alias(name) for name, mask in masks.items()
    )


if __name__ == "__main__":
    for name, table in make(Path(sys.argv[2]) if len(sys.argv) > 2 else None).items():
        table.write_csv(Path(sys.argv[1]) / name)

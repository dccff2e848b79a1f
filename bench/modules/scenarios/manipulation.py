"""Rows and columns: select, clean, join, group, split."""

from __future__ import annotations

import sqlite3

import numpy as np
import polars as pl
import pyarrow as pa
from bench.modules.rows import LABEL, NUMBERS
from bench.modules.scenario import Frames, Modules, names, scenario
from sklearn.neighbors import NearestNeighbors

from restudio.core.schema import Column, DType, Schema
from restudio.tables.table import Table

_WRITTEN = "the texts of the rows that stay are written anew; the plain way keeps views of the old ones"


@scenario("select-columns-in-dataset", {"Select columns": names(*NUMBERS)})
def pick(frames: Frames) -> object:
    return frames.polars("main").select(NUMBERS)


@scenario("edit-metadata", {"Column": names(LABEL), "Categorical": "Make categorical", "Fields": "Labels"})
def to_categories(frames: Frames) -> object:
    return frames.arrow("main").column(LABEL).unique()


@scenario("edit-metadata", {"Column": names("i0"), "Data type": "String"})
def whole_to_text(frames: Frames) -> object:
    return frames.polars("main").with_columns(pl.col("i0").cast(pl.String))


@scenario("clean-missing-data", {"Columns to be cleaned": names("n4", "n5"), "Cleaning mode": "Replace with mean"})
def fill_mean(frames: Frames) -> object:
    return frames.polars("main").with_columns(pl.col("n4", "n5").fill_null(pl.col("n4", "n5").mean()))


@scenario("clean-missing-data", {"Columns to be cleaned": names("n4", "n5"), "Cleaning mode": "Replace with median"})
def fill_median(frames: Frames) -> object:
    return frames.polars("main").with_columns(pl.col("n4", "n5").fill_null(pl.col("n4", "n5").median()))


@scenario(
    "clean-missing-data",
    {"Columns to be cleaned": names("n4", "n5"), "Cleaning mode": "Remove entire row"},
    reason=_WRITTEN,
)
def drop_rows(frames: Frames) -> object:
    return frames.polars("main").drop_nulls(["n4", "n5"])


@scenario("remove-duplicate-rows", {"Key column selection filter expression": names("key", "c10")})
def unique_rows(frames: Frames) -> object:
    return frames.polars("main").unique(["key", "c10"], keep="first", maintain_order=True)


@scenario(
    "join-data",
    {"Join key columns for L": names("key"), "Join key columns for R": names("key")},
    inputs=("main", "regions"),
)
def inner_join(frames: Frames) -> object:
    return frames.polars("main").join(frames.polars("regions"), on="key", how="inner", coalesce=False)


@scenario(
    "join-data",
    {"Join key columns for L": names("key"), "Join key columns for R": names("key"), "Join type": "Left Outer Join"},
    inputs=("main", "regions"),
)
def left_join(frames: Frames) -> object:
    return frames.polars("main").join(frames.polars("regions"), on="key", how="left", coalesce=False)


@scenario("add-rows", inputs=("main", "main"))
def stack(frames: Frames) -> object:
    return pl.concat([frames.polars("main"), frames.polars("main")]).rechunk()


@scenario("add-columns", inputs=("main", "main"))
def beside(frames: Frames) -> object:
    frame = frames.polars("main")
    return frame.hstack(frame.rename({name: f"{name} (2)" for name in frame.columns}))


@scenario(
    "group-categorical-values",
    {
        "Selected columns": names("c10"),
        "Output mode": "Inplace",
        "New number of levels": 2,
        "Name of new level 1": "low",
        "Comma-separated list of old levels to map to new level 1": "c10 level 0,c10 level 1,c10 level 2",
    },
)
def group_levels(frames: Frames) -> object:
    low = {f"c10 level {k}": "low" for k in range(3)}
    return frames.polars("main").with_columns(pl.col("c10").replace_strict(low, default="Other"))


@scenario(
    "convert-to-indicator-values",
    {"Categorical columns to convert": names("c50")},
    reason="50 columns of whole numbers take 8 bytes a cell, those of the plain way one",
)
def dummies(frames: Frames) -> object:
    return frames.polars("main").to_dummies("c50")


@scenario("split-data", {"Fraction of rows in the first output dataset": 0.7})
def split(frames: Frames) -> object:
    frame = frames.polars("main")
    order = np.random.default_rng(0).permutation(len(frame))
    cut = int(len(frame) * 0.7)
    return frame[np.sort(order[:cut])], frame[np.sort(order[cut:])]


@scenario(
    "split-data",
    {
        "Fraction of rows in the first output dataset": 0.7,
        "Stratified split": "True",
        "Stratification key column": names(LABEL),
    },
)
def stratified_split(frames: Frames) -> object:
    from sklearn.model_selection import train_test_split

    frame = frames.polars("main")
    first, second = train_test_split(np.arange(len(frame)), train_size=0.7, stratify=frame[LABEL], random_state=0)
    return frame[np.sort(first)], frame[np.sort(second)]


@scenario(
    "split-data",
    {"Splitting mode": "Relative Expression", "Relational expression": '\\"n0" > 0'},
    reason=_WRITTEN,
)
def split_where(frames: Frames) -> object:
    frame = frames.polars("main")
    return frame.filter(pl.col("n0") > 0), frame.filter(~(pl.col("n0") > 0))


@scenario("partition-and-sample", {"Rate of sampling": 0.1})
def sample(frames: Frames) -> object:
    return frames.polars("main").sample(fraction=0.1, seed=0)


@scenario("partition-and-sample", {"Partition or sample mode": "Assign to Folds"})
def folds(frames: Frames) -> object:
    frame = frames.polars("main")
    order = np.random.default_rng(0).permutation(len(frame))
    return frame.with_columns(fold=pl.Series(order % 5))


SQL = "select c10, count(*) as n, avg(n0) as mean, max(i0) as most from t1 where n1 > 0 group by c10"


@scenario("apply-sql-transformation", {"SQL Query Script": SQL})
def sqlite(frames: Frames) -> object:
    frame = frames.polars("main")
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f"create table t1 ({', '.join(frame.columns)})")
        marks = ", ".join("?" * len(frame.columns))
        connection.executemany(f"insert into t1 values ({marks})", frame.iter_rows())
        return connection.execute(SQL).fetchall()


def _rare(frames: Frames, modules: Modules) -> tuple[object, ...]:
    table = frames.table("main").select([*NUMBERS[:4], LABEL])
    rare = np.random.default_rng(2).random(table.num_rows) < 0.02
    labels = pa.array(np.where(rare, "yes", "no"), pa.large_string())
    columns = [*(table.schema[name] for name in NUMBERS[:4]), Column(LABEL, DType.STRING, ("no", "yes"))]
    return (Table(Schema.of(columns), table.data.set_column(4, LABEL, labels)),)


@scenario(
    "smote", {"Label column": names(LABEL), "SMOTE percentage": 100}, prepare=_rare, note="20,000 of the rows are rare"
)
def neighbours(frames: Frames) -> object:
    frame = frames.polars("main")
    rare = np.random.default_rng(2).random(len(frame)) < 0.02
    points = frame.select(NUMBERS[:4]).to_numpy()[rare]
    _, near = NearestNeighbors(n_neighbors=2).fit(points).kneighbors(points)
    share = np.random.default_rng(0).random((len(points), 1))
    made = points + share * (points[near[:, 1]] - points)
    return np.vstack([frame.select(NUMBERS[:4]).to_numpy(), made])


@scenario("convert-to-dataset", {"Action": "SetMissingValue", "Custom missing value": "c50 level 7"})
def to_missing(frames: Frames) -> object:
    frame = frames.polars("main")
    texts = [c for c in frame.columns if frame[c].dtype == pl.String]
    return frame.with_columns(pl.when(pl.col(texts) == "c50 level 7").then(None).otherwise(pl.col(texts)).name.keep())


@scenario("compute-elementary-statistics", {"Method": "Median", "Column set": names(*NUMBERS)})
def medians(frames: Frames) -> object:
    return frames.polars("main").select(pl.col(NUMBERS).median())


@scenario("summarize-data")
def describe(frames: Frames) -> object:
    frame = frames.polars("main")
    numeric = [c for c in frame.columns if frame[c].dtype != pl.String]
    quantiles = [pl.col(numeric).quantile(q).name.suffix(f" {q}") for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)]
    shape = [pl.col(numeric).skew().name.suffix(" skew"), pl.col(numeric).kurtosis().name.suffix(" kurtosis")]
    return frame.describe(), frame.select(pl.all().n_unique()), frame.select(*quantiles, *shape)


@scenario("filter-based-feature-selection", {"Target column": names("target"), "Number of desired features": 5})
def correlations(frames: Frames) -> object:
    frame = frames.polars("main")
    numeric = [c for c in frame.columns if frame[c].dtype.is_numeric() and c != "target"]
    return frame.select(pl.corr(name, "target") for name in numeric)


@scenario(
    "filter-based-feature-selection",
    {"Feature scoring method": "Chi Squared", "Target column": names(LABEL), "Number of desired features": 5},
)
def chi_squared(frames: Frames) -> object:
    from scipy.stats import chi2_contingency

    frame = frames.polars("main")
    found = {}
    for name in frame.columns:
        if name == LABEL:
            continue
        values = frame[name]
        if values.dtype.is_numeric() and values.n_unique() > 10:
            values = values.qcut(10, allow_duplicates=True).cast(pl.String).alias(name)
        counts = pl.DataFrame([values, frame[LABEL]]).group_by(name, LABEL).len().pivot(LABEL, index=name)
        found[name] = chi2_contingency(counts.drop(name).fill_null(0).to_numpy()).statistic
    return found

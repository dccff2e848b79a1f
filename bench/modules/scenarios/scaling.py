"""Numbers: normalise, clip, bin, reduce, compute."""

from __future__ import annotations

import numpy as np
import polars as pl
from bench.modules.rows import NUMBERS
from bench.modules.scenario import Frames, names, scenario
from sklearn.decomposition import PCA

FULL = NUMBERS[:4]


@scenario("normalize-data", {"Columns to transform": names(*FULL)})
def z_scores(frames: Frames) -> object:
    return frames.polars("main").with_columns((pl.col(FULL) - pl.col(FULL).mean()) / pl.col(FULL).std(ddof=0))


@scenario("normalize-data", {"Transformation method": "MinMax", "Columns to transform": names(*FULL)})
def min_max(frames: Frames) -> object:
    low, high = pl.col(FULL).min(), pl.col(FULL).max()
    return frames.polars("main").with_columns((pl.col(FULL) - low) / (high - low))


@scenario(
    "clip-values",
    {"Upper threshold": "Percentile", "Percentile number of upper threshold": 95, "List of columns": names(*FULL)},
)
def clip(frames: Frames) -> object:
    return frames.polars("main").with_columns(pl.col(FULL).clip(upper_bound=pl.col(FULL).quantile(0.95)))


@scenario("group-data-into-bins", {"Columns to bin": names("n0", "n1"), "Output mode": "Inplace"})
def quantile_bins(frames: Frames) -> object:
    labels = [str(k) for k in range(1, 11)]
    return frames.polars("main").with_columns(pl.col("n0", "n1").qcut(10, labels=labels).cast(pl.String))


@scenario(
    "group-data-into-bins",
    {"Binning mode": "Equal Width", "Columns to bin": names("n0", "n1"), "Output mode": "Inplace"},
)
def equal_bins(frames: Frames) -> object:
    frame = frames.polars("main")
    made = {}
    for name in ("n0", "n1"):
        values = frame[name].to_numpy()
        edges = np.linspace(values.min(), values.max(), 11)[1:-1]
        made[name] = pl.Series(np.digitize(values, edges) + 1).cast(pl.String)
    return frame.with_columns(**made)


@scenario("principal-component-analysis", {"Selected columns": names(*FULL), "Number of dimensions to reduce to": 2})
def components(frames: Frames) -> object:
    frame = frames.polars("main")
    reduced = PCA(2, svd_solver="covariance_eigh").fit_transform(frame.select(FULL).to_numpy())
    return frame.hstack(pl.DataFrame(reduced, schema=["Col1", "Col2"]))


@scenario("apply-math-operation", {"Basic math function": "Exp", "Column set": names(*FULL)})
def exponential(frames: Frames) -> object:
    return frames.polars("main").with_columns(pl.col(FULL).exp().name.prefix("Exp_"))


@scenario(
    "apply-math-operation",
    {"Category": "Operations", "Operation": "Multiply", "Constant second argument": 2.0, "Column set": names(*FULL)},
)
def double(frames: Frames) -> object:
    return frames.polars("main").with_columns((pl.col(FULL) * 2.0).name.prefix("Multiply_"))

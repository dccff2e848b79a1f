"""Clustering metrics (modules reference, 103): how close rows are to their centre, and how far from the others."""

from __future__ import annotations

import math

import numpy as np

COMBINED = "Combined Evaluation"
Row = tuple[str, float, float, int, float]
NAMES = (
    "Result Description",
    "Average Distance to Cluster Center",
    "Average Distance to Other Center",
    "Number of Points",
    "Maximal Distance To Cluster Center",
)


def metrics(assigned: np.ndarray, distances: np.ndarray) -> list[Row]:
    """A row for all points, then one a cluster, with cells in the order of ``NAMES``.

    ``distances`` has a column a centre. The distance to the other centres is the mean over all of them; NaN where
    there is no point, or no other centre.
    """
    points, centres = distances.shape
    own = distances[np.arange(points), assigned]
    other = (distances.sum(axis=1) - own) / (centres - 1) if centres > 1 else np.full(points, math.nan)
    rows = [_row(COMBINED, own, other)]
    for k in range(centres):
        here = assigned == k
        rows.append(_row(f"Evaluation For Cluster No.{k}", own[here], other[here]))
    return rows


def _row(description: str, own: np.ndarray, other: np.ndarray) -> Row:
    if not len(own):
        return description, math.nan, math.nan, 0, math.nan
    return description, float(own.mean()), float(other.mean()), len(own), float(own.max())

"""Clustering metrics (modules reference, 103): how close rows are to their centre, and how far from the others."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """Assigned clusters, the distance of every point to each centre, and of the centres to each other."""

    assigned: np.ndarray
    distances: np.ndarray
    centres: np.ndarray

    def own(self) -> np.ndarray:
        """The distance of every point to its centre."""
        found: np.ndarray = self.distances[np.arange(len(self.assigned)), self.assigned]
        return found

    def occurring(self) -> np.ndarray:
        """Clusters that have points."""
        return np.unique(self.assigned)


def simplified_silhouette(found: Clustering) -> float:
    """How much nearer points are to their own centre than to the next one: -1 to 1, the larger the better."""
    own = found.own()
    others = found.distances.copy()
    others[np.arange(len(own)), found.assigned] = math.inf
    nearest = others.min(axis=1)
    larger = np.maximum(own, nearest)
    return float(np.mean(np.divide(nearest - own, larger, out=np.zeros(len(own)), where=larger > 0)))


def davies_bouldin(found: Clustering) -> float:
    """How wide clusters are against their distance, for each with the one it is told from worst: the smaller the
    better; NaN for a single cluster."""
    clusters, own = found.occurring(), found.own()
    if len(clusters) < 2:
        return math.nan
    width = np.array([own[found.assigned == k].mean() for k in clusters])
    apart = found.centres[np.ix_(clusters, clusters)]
    np.fill_diagonal(apart, math.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (width[:, None] + width[None, :]) / apart
    return float(ratio.max(axis=1).mean())


def dunn(found: Clustering) -> float:
    """The smallest distance between two centres over the largest of a point to its own: the larger the better; NaN for
    a single cluster."""
    clusters, widest = found.occurring(), float(found.own().max())
    if len(clusters) < 2:
        return math.nan
    apart = found.centres[np.ix_(clusters, clusters)]
    closest = float(apart[~np.eye(len(clusters), dtype=np.bool_)].min())
    return closest / widest if widest else math.inf


def average_deviation(found: Clustering) -> float:
    """The mean distance of points to their centre: the smaller the better."""
    return float(found.own().mean())

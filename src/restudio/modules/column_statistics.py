"""Statistics of one column of numbers, by their documented names (modules reference, 45 and 49).

All take finite numbers, at least one; those that say so need them in ascending order. A statistic that needs more
numbers, or other ones, is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Statistic = Callable[[np.ndarray], float]


def central_moment(x: np.ndarray, order: int) -> float:
    distances = x - x.mean()
    power = distances
    for _ in range(order - 1):  # powers of arrays are an order of magnitude slower
        power = power * distances
    return float(power.mean())


def mode(x: np.ndarray) -> float:
    """The lowest of the most frequent of ascending numbers."""
    starts = np.flatnonzero(np.concatenate([[True], x[1:] != x[:-1]]))
    return float(x[starts[np.diff(starts, append=len(x)).argmax()]])


def distinct(x: np.ndarray) -> int:
    """How many different ones there are among ascending numbers."""
    return int(np.count_nonzero(x[1:] != x[:-1])) + 1


def percentile(share: float) -> Statistic:
    """Of ascending numbers: between the two nearest ones in proportion."""

    def between(x: np.ndarray) -> float:
        at = (len(x) - 1) * share / 100.0
        low = int(at)
        high = min(low + 1, len(x) - 1)
        return float(x[low] + (x[high] - x[low]) * (at - low))

    return between


def variance(x: np.ndarray) -> float:
    """Of a sample: divided by n - 1."""
    return float(x.var(ddof=1)) if len(x) > 1 else np.nan


def skewness(x: np.ndarray) -> float:
    """Of a sample, without bias."""
    n, spread = len(x), central_moment(x, 2)
    if n < 3 or not spread > 0:
        return np.nan
    return float(np.sqrt(n * (n - 1)) / (n - 2) * central_moment(x, 3) / spread**1.5)


def kurtosis(x: np.ndarray) -> float:
    """Excess of a sample, without bias."""
    n, spread = len(x), central_moment(x, 2)
    if n < 4 or not spread > 0:
        return np.nan
    return float((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * central_moment(x, 4) / spread**2 - 3 * (n - 1)))


def mean_deviation(x: np.ndarray) -> float:
    return float(np.abs(x - x.mean()).mean())


def geometric_mean(x: np.ndarray) -> float:
    return float(np.exp(np.log(x).mean())) if x.min() > 0 else np.nan


def harmonic_mean(x: np.ndarray) -> float:
    return float(len(x) / (1.0 / x).sum()) if x.min() > 0 else np.nan


ELEMENTARY: Mapping[str, Statistic] = {
    "Deviation squared": lambda x: float(((x - x.mean()) ** 2).sum()),
    "Geometric mean": geometric_mean,
    "Harmonic mean": harmonic_mean,
    "Interquartile distance": lambda x: float(np.subtract(*np.percentile(x, [75, 25]))),
    "Max": lambda x: float(x.max()),
    "Mean": lambda x: float(x.mean()),
    "Mean deviation": mean_deviation,
    "Median": lambda x: float(np.median(x)),
    "Median deviation": lambda x: float(np.median(np.abs(x - np.median(x)))),
    "Min": lambda x: float(x.min()),
    "Mode": lambda x: mode(np.sort(x)),
    "Population standard deviation": lambda x: float(x.std()),
    "Population variance": lambda x: float(x.var()),
    "Product": lambda x: float(x.prod()),
    "Range": lambda x: float(x.max() - x.min()),
    "Sample kurtosis": kurtosis,
    "Sample skewness": skewness,
    "Sample standard deviation": lambda x: float(np.sqrt(variance(x))),
    "Sample variance": variance,
    "Sum": lambda x: float(x.sum()),
}
SUMMARY: Mapping[str, Statistic] = {
    "Min": ELEMENTARY["Min"],
    "Max": ELEMENTARY["Max"],
    "Mean": ELEMENTARY["Mean"],
    "Mean Deviation": mean_deviation,
    "1st Quartile": percentile(25),
    "Median": percentile(50),
    "3rd Quartile": percentile(75),
    "Mode": mode,
    "Range": ELEMENTARY["Range"],
    "Sample Variance": variance,
    "Sample Standard Deviation": ELEMENTARY["Sample standard deviation"],
    "Sample Skewness": skewness,
    "Sample Kurtosis": kurtosis,
    **{f"P{share:g}": percentile(share) for share in (0.5, 1, 5, 95, 99.5)},
}
"""Columns of Summarize Data behind the counts, in order; of ascending numbers."""

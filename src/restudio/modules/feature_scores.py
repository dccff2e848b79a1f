"""How much a feature tells of a target: the scoring methods of feature selection (modules reference, 41).

Rows where the feature or the target is missing are passed over. A score is at least 0, and 0 where the method does not
apply (a text under a correlation) or nothing varies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.tables.table import Table

PEARSON, MUTUAL, KENDALL, SPEARMAN, CHI_SQUARED, FISHER, COUNT = METHODS = (
    "Pearson Correlation",
    "Mutual Information",
    "Kendall Correlation",
    "Spearman Correlation",
    "Chi Squared",
    "Fisher Score",
    "Count Based",
)
BINS = 10
"""Numbers with more distinct values than this are put in as many bins of equal counts, where a method needs groups."""
_TIMES = (DType.DATETIME, DType.TIMESPAN)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column as both forms that methods use: numbers (NaN where missing or not a number), and group codes (-1 where
    missing). ``grouped`` columns are categories by nature."""

    numbers: np.ndarray | None
    codes: np.ndarray
    grouped: bool


def cells_of(table: Table, name: str) -> Cells:
    column = table.schema[name]
    values = table.column(name)
    if column.is_categorical or column.dtype is DType.STRING or column.dtype in _TIMES:
        encoded = pc.dictionary_encode(values).combine_chunks()
        codes = np.asarray(pc.fill_null(encoded.indices, -1), np.int64)
        return Cells(None, codes, grouped=True)
    numbers = as_doubles(from_arrow(values, column.dtype))
    numbers[~np.isfinite(numbers)] = np.nan
    return Cells(numbers, codes_of_numbers(numbers), grouped=column.dtype is DType.BOOLEAN)


def codes_of_numbers(numbers: np.ndarray) -> np.ndarray:
    """A code for every distinct value while they are few, else for bins of equal counts; -1 for NaN."""
    known = ~np.isnan(numbers)
    distinct = np.unique(numbers[known])
    if len(distinct) > BINS:
        inner = np.quantile(numbers[known], np.arange(1, BINS) / BINS)
        codes = np.searchsorted(np.unique(inner), numbers, side="left")
    else:
        codes = np.searchsorted(distinct, numbers)
    return np.where(known, codes, -1).astype(np.int64)


def target_of(table: Table, name: str) -> Cells:
    """The target column. Error 0017 when it is a time."""
    column = table.schema[name]
    if column.dtype in _TIMES:
        raise ModuleError("0017", f"The target column '{name}' is {column.dtype.value}.", column=name)
    return cells_of(table, name)


def score_feature(method: str, feature: Cells, target: Cells) -> float:
    """The score of a feature under any method but Count Based."""
    if method in (MUTUAL, CHI_SQUARED):
        return _known(_GROUPED[method](_crossed(feature.codes, target.codes)))
    if feature.numbers is None:
        return 0.0
    if method == FISHER:
        both = ~np.isnan(feature.numbers) & (target.codes >= 0)
        return _known(fisher(feature.numbers[both], target.codes[both]))
    return _known(_correlated(_CORRELATIONS[method], feature.numbers, target))


def count_of(feature: Cells) -> int:
    """Cells that are neither missing nor zero; texts count for nothing."""
    return 0 if feature.numbers is None else int(np.count_nonzero(np.nan_to_num(feature.numbers)))


def fisher(values: np.ndarray, codes: np.ndarray) -> float:
    """Variance between the means of the groups over the variance within them."""
    if not len(values):
        return 0.0
    _, groups, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    means = np.bincount(groups, values) / sizes
    within = float(np.sum((values - means[groups]) ** 2))
    between = float(np.sum(sizes * (means - values.mean()) ** 2))
    return between / within if within else 0.0


def mutual_information(counts: np.ndarray) -> float:
    """In nats, from a table of counts."""
    total = counts.sum()
    if not total:
        return 0.0
    shares = counts / total
    expected = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    seen = shares > 0
    return max(0.0, float(np.sum(shares[seen] * np.log(shares[seen] / expected[seen]))))


def chi_squared(counts: np.ndarray) -> float:
    """The statistic of independence, from a table of counts."""
    total = counts.sum()
    if not total:
        return 0.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    return float(np.sum((counts - expected) ** 2 / expected))


def _correlated(method: Callable[[np.ndarray, np.ndarray], float], numbers: np.ndarray, target: Cells) -> float:
    """With the numbers of the target; when it is categorical, with the mean of the feature in the row's class."""
    if target.grouped or target.numbers is None:
        both = ~np.isnan(numbers) & (target.codes >= 0)
        _, groups, sizes = np.unique(target.codes[both], return_inverse=True, return_counts=True)
        with_ = (np.bincount(groups, numbers[both]) / sizes)[groups] if both.any() else np.empty(0)
    else:
        both = ~np.isnan(numbers) & ~np.isnan(target.numbers)
        with_ = target.numbers[both]
    values = numbers[both]
    if len(values) < 2 or values.min() == values.max() or with_.min() == with_.max():
        return 0.0
    return abs(method(values, with_))


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    # Scaled first: squares of numbers near the largest double overflow.
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt(np.sum(x * x)) * np.sqrt(np.sum(y * y)))
    return min(1.0, max(-1.0, float(np.sum(x * y)) / size)) if size else 0.0


def _spearman(x: np.ndarray, y: np.ndarray) -> float:
    from scipy.stats import rankdata

    return _pearson(rankdata(x), rankdata(y))


def _kendall(x: np.ndarray, y: np.ndarray) -> float:
    """Tau-b, which corrects for ties."""
    from scipy.stats import kendalltau

    return float(kendalltau(x, y).statistic)


def _crossed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Counts of every pair of groups, over the rows that have both."""
    both = (left >= 0) & (right >= 0)
    if not both.any():
        return np.zeros((1, 1))
    rows, left = np.unique(left[both], return_inverse=True)
    columns, right = np.unique(right[both], return_inverse=True)
    counts = np.bincount(left * len(columns) + right, minlength=len(rows) * len(columns))
    return counts.reshape(len(rows), len(columns)).astype(np.float64)


def _known(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0


_CORRELATIONS: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    PEARSON: _pearson,
    SPEARMAN: _spearman,
    KENDALL: _kendall,
}
_GROUPED: Mapping[str, Callable[[np.ndarray], float]] = {MUTUAL: mutual_information, CHI_SQUARED: chi_squared}

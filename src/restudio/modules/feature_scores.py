"""How much a feature tells of a target: the scoring methods of feature selection (modules reference, 41).

Rows where the feature or the target is missing are passed over. A score is at least 0, and 0 where the method does not
apply (a text under a correlation) or nothing varies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restudio.core.errors import ModuleError
from restudio.core.schema import DType
from restudio.kernels.vectors import from_arrow, to_doubles
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
_GLANCE = 10_000
_SQUARABLE = (1e-100, 1e100)
_VARIES = 1e-12
"""Of the mean's square, a variance that rounding has not spoilt."""
_BLOCK = 1 << 16
"""Rows whose intermediate values stay near the processor, and are enough that threads seldom wait for each other."""
_TIMES = (DType.DATETIME, DType.TIMESPAN)


@dataclass(frozen=True, eq=False)
class Cells:
    """A column as both forms that methods use: ``numbers`` (NaN where missing; None when it has none), and ``codes`` of
    groups from 0 (-1 where missing), made when a method asks. ``grouped`` columns are categories by nature."""

    numbers: np.ndarray | None
    grouped: bool
    encode: Callable[[], np.ndarray]

    @classmethod
    def of_numbers(cls, numbers: np.ndarray, *, grouped: bool = False) -> Cells:
        return cls(numbers, grouped, lambda: codes_of_numbers(numbers))

    @cached_property
    def codes(self) -> np.ndarray:
        return self.encode()


def cells_of(table: Table, name: str) -> Cells:
    column = table.schema[name]
    values = table.column(name)
    if column.is_categorical or column.dtype is DType.STRING or column.dtype in _TIMES:
        return Cells(None, True, lambda: _codes_of_levels(values))
    numbers = to_doubles(from_arrow(values, column.dtype))
    infinite = np.isinf(numbers)
    if infinite.any():
        numbers = np.where(infinite, np.nan, numbers)
    return Cells.of_numbers(numbers, grouped=column.dtype is DType.BOOLEAN)


def _codes_of_levels(values: pa.ChunkedArray) -> np.ndarray:
    encoded = pc.dictionary_encode(values).combine_chunks()
    return np.asarray(pc.fill_null(encoded.indices, -1), np.int64)


def codes_of_numbers(numbers: np.ndarray) -> np.ndarray:
    """A code for every distinct value while they are few, else for bins of equal counts; -1 for NaN."""
    known = ~np.isnan(numbers)
    present = numbers[known]
    # Most columns show in their first rows that they have many values, which spares sorting them all.
    distinct = np.unique(present[:_GLANCE])
    if len(distinct) <= BINS:
        distinct = np.sort(pc.unique(pa.array(present)).to_numpy())
    if len(distinct) > BINS:
        distinct = np.unique(np.quantile(present, np.arange(1, BINS) / BINS))
    return np.where(known, np.searchsorted(distinct, numbers, side="left"), -1).astype(np.int64)


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
    sizes = np.bincount(codes)
    means = _means(values, codes)
    within = float(np.sum((values - means[codes]) ** 2))
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
    if method is _pearson and target.numbers is not None and not target.grouped:
        found = _moments(numbers, target.numbers)  # one look is enough for ordinary numbers
        if _is_ordinary(found):
            return abs(_correlation(found))
    if target.grouped or target.numbers is None:
        values, groups = _where(~np.isnan(numbers) & (target.codes >= 0), numbers, target.codes)
        with_ = _means(values, groups)[groups]
    else:
        values, with_ = _where(~np.isnan(numbers) & ~np.isnan(target.numbers), numbers, target.numbers)
    if len(values) < 2 or values.min() == values.max() or with_.min() == with_.max():
        return 0.0
    return abs(method(values, with_))


def _where(both: np.ndarray, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows that have both; without a copy when all have."""
    return (left, right) if both.all() else (left[both], right[both])


def _means(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean of every group; of a number that no row has, 0."""
    return np.bincount(groups, values) / np.maximum(np.bincount(groups), 1)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Of pairs of numbers: their count, their means, and the sums of the squares and products of what is left when the
    means are taken away. ``+`` is that of Chan, Golub and LeVeque: as exact as if the means of all were known before.
    """

    count: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> _Moments:
        """Pairs with a number that is not finite are left out."""
        mean_x, mean_y = float(x.mean()), float(y.mean())
        if not np.isfinite(mean_x + mean_y):
            both = np.isfinite(x) & np.isfinite(y)
            if not both.any():
                return _NOTHING
            x, y = x[both], y[both]
            mean_x, mean_y = float(x.mean()), float(y.mean())
        a, b = x - mean_x, y - mean_y
        return cls(len(x), mean_x, mean_y, _product(a, a), _product(b, b), _product(a, b))

    def __add__(self, other: _Moments) -> _Moments:
        count = self.count + other.count
        if not count:
            return self
        step_x, step_y, share = other.x - self.x, other.y - self.y, other.count / count
        weight = self.count * share
        return _Moments(
            count,
            self.x + step_x * share,
            self.y + step_y * share,
            self.xx + other.xx + step_x * step_x * weight,
            self.yy + other.yy + step_y * step_y * weight,
            self.xy + other.xy + step_x * step_y * weight,
        )


def _product(a: np.ndarray, b: np.ndarray) -> float:
    # BLAS would divide it among threads of its own, which wait for each other where features already have one each.
    return float(np.einsum("i,i->", a, b))


_NOTHING = _Moments(0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _moments(x: np.ndarray, y: np.ndarray) -> _Moments:
    blocks = (slice(start, start + _BLOCK) for start in range(0, len(x), _BLOCK))
    return sum((_Moments.of(x[block], y[block]) for block in blocks), start=_NOTHING)


def _is_ordinary(found: _Moments) -> bool:
    """Whether both vary for sure, and no square left the range of doubles."""
    return all(
        _SQUARABLE[0] < squares < _SQUARABLE[1] and squares >= _VARIES * found.count * mean * mean
        for mean, squares in ((found.x, found.xx), (found.y, found.yy))
    )


def _correlation(found: _Moments) -> float:
    size = float(np.sqrt(found.xx) * np.sqrt(found.yy))
    return min(1.0, max(-1.0, found.xy / size)) if size else 0.0


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    return _correlation(_moments(_scaled(x), _scaled(y)))


def _scaled(values: np.ndarray) -> np.ndarray:
    """In another unit where squares would leave the range of doubles."""
    largest = max(float(values.max()), -float(values.min()))
    return values if _SQUARABLE[0] < largest < _SQUARABLE[1] or not largest else values / largest


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
    left, right = left[both], right[both]
    shape = int(left.max()) + 1, int(right.max()) + 1
    counts = np.bincount(left * shape[1] + right, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    return counts[counts.any(axis=1)][:, counts.any(axis=0)]


def _known(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0


_CORRELATIONS: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    PEARSON: _pearson,
    SPEARMAN: _spearman,
    KENDALL: _kendall,
}
_GROUPED: Mapping[str, Callable[[np.ndarray], float]] = {MUTUAL: mutual_information, CHI_SQUARED: chi_squared}

"""Changes in a series of numbers, by betting against its sameness.

How strange a value is, is ranked among the strangenesses before it; in a series without change every rank is equally
likely. A bet that wins on high ranks multiplies a stake; a stake that grows tells of a change. The anomaly score is the
logarithm of the best stake that a bettor could have who began within the last so many values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

_FIRST = 10
"""Ranks among fewer values say nothing."""
LONGEST = 5000
_ROUNDING = 1e-12
_HUGE = np.finfo(np.float64).max

Strangeness = Callable[[np.ndarray, int], np.ndarray]
"""From a series and a length: how strange each value is beside at most so many before it."""


def anomaly_scores(
    values: np.ndarray, strange: Strangeness, epsilon: float | None, bets: int, history: int
) -> np.ndarray:
    """The score of every value. ``bets`` and ``history`` are the lengths of martingale and strangeness values (0: the
    longest); ``epsilon`` is that of the power martingale, None to average over all."""
    if not len(values):
        return np.zeros(0)
    history = history or LONGEST
    return _best_stakes(_winnings(strange(values, history), history, epsilon), bets or LONGEST)


def _best_stakes(winnings: np.ndarray, length: int) -> np.ndarray:
    """The largest sum of consecutive winnings, at most ``length`` of them, up to each place; at least 0."""
    sums = np.concatenate([[0.0], np.cumsum(winnings)])
    starts: list[int] = []
    best = np.zeros(len(winnings))
    first = 0
    for i in range(1, len(sums)):
        # Starts in order of rising sums: the first one is the lowest of the window.
        while len(starts) > first and sums[starts[-1]] >= sums[i - 1]:
            starts.pop()
        starts.append(i - 1)
        first = min(first, len(starts) - 1)
        while starts[first] < i - length:
            first += 1
        best[i - 1] = max(0.0, sums[i] - sums[starts[first]])
    return best


def _winnings(strangeness: np.ndarray, history: int, epsilon: float | None) -> np.ndarray:
    """The logarithm of what each bet wins: on the share of values before it that are at least as strange."""
    import pandas as pd

    before = np.minimum(np.arange(len(strangeness)), history)
    # The average rank in the window that ends with the value counts those below it and half of its equals.
    finite = pd.Series(np.minimum(strangeness, _HUGE))
    rank = finite.rolling(history + 1, min_periods=1).rank().to_numpy()
    p = (before + 1.5 - rank) / (before + 1.0)
    log = np.log(p)
    if epsilon is not None:
        won = math.log(epsilon) + (epsilon - 1.0) * log
    else:
        won = np.log((1.0 - p + p * log) / (p * log * log))
    return np.where(before < _FIRST, 0.0, won)


def _range_percentile(values: np.ndarray, history: int) -> np.ndarray:
    """The distance from the median, in widths of the range of nine tenths of the values."""
    import pandas as pd

    window = pd.Series(values).rolling(history, min_periods=2)
    low, middle, high = (window.quantile(q).shift(1).to_numpy() for q in (0.05, 0.5, 0.95))
    away = np.abs(values - middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        strangeness = np.where(high > low, away / (high - low), np.where(away > 0, np.inf, 0.0))
    return np.where(np.isnan(middle), 0.0, strangeness)


def _slopes(values: np.ndarray, history: int) -> np.ndarray:
    """The slope of the least-squares line through the values before and the new one."""
    length = min(history + 1, len(values))
    slopes = np.zeros(len(values))
    for i in range(1, length - 1):
        slopes[i] = _directions(i + 1) @ values[: i + 1]
    if length > 1:
        slopes[length - 1 :] = np.lib.stride_tricks.sliding_window_view(values, length) @ _directions(length)
    # A level stretch has slopes of rounding errors, which would rank as different.
    return np.where(np.abs(slopes) < _ROUNDING * np.abs(values).max(), 0.0, slopes)


def _directions(length: int) -> np.ndarray:
    """What a line of so many equally spaced values is multiplied with to give its slope."""
    place = np.arange(length) - (length - 1) / 2.0
    return np.asarray(place / (place @ place))


STRANGENESS: Mapping[str, Strangeness] = {
    "RangePercentile": _range_percentile,
    "SlowPosTrend": _slopes,
    "SlowNegTrend": lambda values, history: -_slopes(values, history),
}

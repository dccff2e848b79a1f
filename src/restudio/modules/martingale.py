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

Strangeness = Callable[[np.ndarray, float], float]


def anomaly_scores(
    values: np.ndarray, strange: Strangeness, epsilon: float | None, bets: int, history: int
) -> np.ndarray:
    """The score of every value. ``bets`` and ``history`` are the lengths of martingale and strangeness values (0: the
    longest); ``epsilon`` is that of the power martingale, None to average over all."""
    bets, history = bets or LONGEST, history or LONGEST
    strangeness = np.array([strange(values[max(0, i - history) : i], value) for i, value in enumerate(values.tolist())])
    winnings = [_winning(strangeness[max(0, i - history) : i], s, epsilon) for i, s in enumerate(strangeness.tolist())]
    return _best_stakes(np.array(winnings), bets)


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


def _winning(before: np.ndarray, strangeness: float, epsilon: float | None) -> float:
    """The logarithm of what a bet wins."""
    if len(before) < _FIRST:
        return 0.0
    higher, equal = float((before > strangeness).sum()), float((before == strangeness).sum()) + 1.0
    p = (higher + equal / 2.0) / (len(before) + 1.0)
    if epsilon is not None:
        return math.log(epsilon) + (epsilon - 1.0) * math.log(p)
    log = math.log(p)
    return math.log((1.0 - p + p * log) / (p * log * log))


def _range_percentile(before: np.ndarray, value: float) -> float:
    """The distance from the median, in widths of the range of nine tenths of the values."""
    if len(before) < 2:
        return 0.0
    low, middle, high = np.percentile(before, [5, 50, 95]).tolist()
    away = abs(value - middle)
    return away / (high - low) if high > low else (math.inf if away else 0.0)


def _slope(before: np.ndarray, value: float) -> float:
    """The slope of the least-squares line through the values and the new one."""
    line = np.append(before, value)
    if len(line) < 2:
        return 0.0
    place = np.arange(len(line)) - (len(line) - 1) / 2.0
    return float(place @ line / (place @ place))


STRANGENESS: Mapping[str, Strangeness] = {
    "RangePercentile": _range_percentile,
    "SlowPosTrend": _slope,
    "SlowNegTrend": lambda before, value: -_slope(before, value),
}

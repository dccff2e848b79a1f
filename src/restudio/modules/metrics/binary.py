"""Two-class metrics and curves (modules reference, 103).

Definitions follow scikit-learn where both have them; a ratio without cases is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from restudio.artifacts.values import Json

CURVE_POINTS = 400
"""Most points that a stored curve keeps; the metrics use them all."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of a decision against the truth."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def accuracy(self) -> float:
        right = self.true_positive + self.true_negative
        return _ratio(right, right + self.false_positive + self.false_negative)

    @property
    def precision(self) -> float:
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    def to_json(self) -> dict[str, Json]:
        return {
            "True Positive": self.true_positive,
            "False Positive": self.false_positive,
            "True Negative": self.true_negative,
            "False Negative": self.false_negative,
            "Accuracy": self.accuracy,
            "Precision": self.precision,
            "Recall": self.recall,
            "F1 Score": self.f1,
        }


def confusion(positive: np.ndarray, assigned: np.ndarray) -> Confusion:
    """Both arrays are Boolean: truly positive, and assigned the positive label."""
    return Confusion(
        true_positive=int(np.sum(positive & assigned)),
        false_positive=int(np.sum(~positive & assigned)),
        true_negative=int(np.sum(~positive & ~assigned)),
        false_negative=int(np.sum(positive & ~assigned)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Cumulative counts of positive and negative rows from the highest probability down, at every distinct value."""

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray

    @property
    def positives(self) -> int:
        return int(self.true_positives[-1])

    @property
    def negatives(self) -> int:
        return int(self.false_positives[-1])

    def true_positive_rate(self) -> np.ndarray:
        return self.true_positives / max(self.positives, 1)

    def false_positive_rate(self) -> np.ndarray:
        return self.false_positives / max(self.negatives, 1)

    def auc(self) -> float:
        """Area under the ROC curve; NaN when only one class occurs."""
        if not self.positives or not self.negatives:
            return math.nan
        x, y = (np.concatenate([[0.0], rate]) for rate in (self.false_positive_rate(), self.true_positive_rate()))
        return float(np.trapezoid(y, x))

    def at(self, threshold: float) -> Confusion:
        """The decisions when probabilities of at least ``threshold`` are called positive."""
        reached = int(np.searchsorted(-self.thresholds, -threshold, side="right"))
        hits, alarms = (
            (int(self.true_positives[reached - 1]), int(self.false_positives[reached - 1])) if reached else (0, 0)
        )
        return Confusion(hits, alarms, self.negatives - alarms, self.positives - hits)

    def thin(self) -> Ranking:
        """At most ``CURVE_POINTS`` points, evenly along the curve, both ends kept."""
        size = len(self.thresholds)
        if size <= CURVE_POINTS:
            return self
        kept = np.unique(np.linspace(0, size - 1, CURVE_POINTS).round().astype(np.int64))
        return Ranking(self.thresholds[kept], self.true_positives[kept], self.false_positives[kept])


def rank(positive: np.ndarray, probability: np.ndarray) -> Ranking:
    """Rank at least one row."""
    order = np.argsort(-probability, kind="stable")
    sorted_probability = probability[order]
    last_of_value = np.concatenate([np.flatnonzero(np.diff(sorted_probability)), [len(order) - 1]])
    hits = np.cumsum(positive[order])[last_of_value]
    return Ranking(sorted_probability[last_of_value], hits, last_of_value + 1 - hits)


def log_loss(positive: np.ndarray, probability: np.ndarray) -> float:
    """Mean negative logarithm of the probability given to what happened."""
    tiny = np.finfo(np.float64).eps
    given = np.clip(probability, tiny, 1.0 - tiny)
    return float(-np.mean(np.where(positive, np.log(given), np.log(1.0 - given))))


def training_log_loss(positive: np.ndarray, average: float) -> float:
    """Advantage over always giving the share of positives, in percent; NaN when only one class occurs."""
    share = float(np.mean(positive))
    if share in (0.0, 1.0):
        return math.nan
    prior = -(share * math.log(share) + (1.0 - share) * math.log(1.0 - share))
    return 100.0 * (prior - average) / prior


def metrics(positive: np.ndarray, assigned: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """The metric columns of Evaluate Model."""
    counts = confusion(positive, assigned)
    average = log_loss(positive, probability)
    return {
        "Accuracy": counts.accuracy,
        "Precision": counts.precision,
        "Recall": counts.recall,
        "F1 Score": counts.f1,
        "AUC": rank(positive, probability).auc(),
        "Average Log Loss": average,
        "Training Log Loss": training_log_loss(positive, average),
    }


def curves(positive: np.ndarray, assigned: np.ndarray, probability: np.ndarray) -> dict[str, Json]:
    """ROC, precision/recall and lift with the names of their axes, score bins, and the counts at every distinct
    probability, from which all else can be told for any threshold."""
    ranking = rank(positive, probability)
    points = ranking.thin()
    chosen = points.true_positives + points.false_positives
    rate = (chosen / len(positive)).tolist()
    hits, thresholds = points.true_positives.tolist(), points.thresholds.tolist()
    recall = points.true_positive_rate().tolist()
    return {
        "Confusion": confusion(positive, assigned).to_json(),
        "ROC": {
            "False Positive Rate": [0.0, *points.false_positive_rate().tolist()],
            "True Positive Rate": [0.0, *recall],
            "Threshold": [None, *thresholds],
        },
        "Precision/Recall": {
            "Recall": recall,
            "Precision": (points.true_positives / chosen).tolist(),
            "Threshold": thresholds,
        },
        "Lift": {"Positive Rate": [0.0, *rate], "Number of True Positives": [0, *hits]},
        "Thresholds": {
            "Threshold": thresholds,
            "True Positive": hits,
            "False Positive": points.false_positives.tolist(),
            "True Negative": (ranking.negatives - points.false_positives).tolist(),
            "False Negative": (ranking.positives - points.true_positives).tolist(),
        },
        "Score Bins": _score_bins(ranking),
    }


def _score_bins(ranking: Ranking) -> Json:
    """Ten bins of probability, the highest first, with the counts of each class and the decisions at its lower end."""
    rows: list[Json] = []
    above = Confusion(0, 0, ranking.negatives, ranking.positives)
    for n in reversed(range(_BINS)):
        low = n / _BINS
        decided = ranking.at(low)
        chosen = decided.true_positive + decided.false_positive
        rows.append(
            {
                "Score Bin": f"[{low:.1f}, {(n + 1) / _BINS:.1f}{']' if n == _BINS - 1 else ')'}",
                "Positive Examples": decided.true_positive - above.true_positive,
                "Negative Examples": decided.false_positive - above.false_positive,
                "Fraction Above Threshold": _ratio(chosen, ranking.positives + ranking.negatives),
                "Accuracy": decided.accuracy,
                "F1 Score": decided.f1,
                "Precision": decided.precision,
                "Recall": decided.recall,
                "Negative Precision": _ratio(decided.true_negative, decided.true_negative + decided.false_negative),
                "Negative Recall": _ratio(decided.true_negative, decided.true_negative + decided.false_positive),
            }
        )
        above = decided
    return rows


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0

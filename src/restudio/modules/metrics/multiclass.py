"""Multiclass metrics, those of each class, and the confusion matrix (modules reference, 103).

A ratio without cases counts as 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from restudio.artifacts.values import Json
from restudio.core.schema import Level

SHOWN_CLASSES = 100
"""Classes that the tables spell out, the most frequent ones; all others are taken together."""
_REST = "(other classes)"


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Rows of each class: that are of it, that were assigned to it, and both."""

    true: np.ndarray
    assigned: np.ndarray
    right: np.ndarray


def count(truth: np.ndarray, assigned: np.ndarray, classes: int) -> Counts:
    """Counts from class positions."""
    hits = truth[truth == assigned]
    true, chosen, right = (np.bincount(codes, minlength=classes) for codes in (truth, assigned, hits))
    return Counts(true, chosen, right)


def metrics(counts: Counts) -> dict[str, float]:
    """The metric columns of Evaluate Model; classes that neither occur nor are assigned count for nothing."""
    occurring = (counts.true + counts.assigned) > 0
    true, assigned, right = (a[occurring] for a in (counts.true, counts.assigned, counts.right))
    rows = true.sum()
    overall = float(right.sum() / rows)
    # One class against the rest: wrong are the rows of either that are not of both.
    one_vs_rest = 1.0 - (assigned + true - 2 * right) / rows
    return {
        "Overall accuracy": overall,
        "Average accuracy": float(one_vs_rest.mean()),
        "Micro-averaged precision": overall,
        "Macro-averaged precision": float(_ratios(right, assigned).mean()),
        "Micro-averaged recall": overall,
        "Macro-averaged recall": float(_ratios(right, true).mean()),
    }


def tables(truth: np.ndarray, assigned: np.ndarray, counts: Counts, classes: Sequence[Level]) -> dict[str, Json]:
    """The confusion matrix (actual by assigned class) and the metrics of each class, in class order."""
    shown, names = _shown(counts, classes)
    # Classes that are not shown share the last place.
    place = np.full(len(classes), len(shown))
    place[shown] = np.arange(len(shown))
    width = len(names)
    matrix = np.bincount(place[truth] * width + place[assigned], minlength=width * width).reshape(width, width)
    cells = cast("Json", matrix.tolist())
    precision, recall = _ratios(counts.right, counts.assigned), _ratios(counts.right, counts.true)
    f1 = _ratios(2 * counts.right, counts.true + counts.assigned)
    by_class: list[Json] = [
        {
            "Class": classes[k],
            "Rows": int(counts.true[k]),
            "Assigned": int(counts.assigned[k]),
            "Precision": float(precision[k]),
            "Recall": float(recall[k]),
            "F1 Score": float(f1[k]),
        }
        for k in shown.tolist()
    ]
    return {"classes": names, "Confusion Matrix": cells, "Classes": by_class}


def _shown(counts: Counts, classes: Sequence[Level]) -> tuple[np.ndarray, list[Json]]:
    """Positions of the classes that are spelled out, and the names of rows and columns."""
    if len(classes) <= SHOWN_CLASSES:
        return np.arange(len(classes)), list(classes)
    shown = np.sort(np.argsort(-(counts.true + counts.assigned), kind="stable")[:SHOWN_CLASSES])
    return shown, [*(classes[k] for k in shown.tolist()), _REST]


def _ratios(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratios: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return ratios

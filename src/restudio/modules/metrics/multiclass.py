"""Multiclass metrics and the confusion matrix (modules reference, 103). A class without cases counts as 0."""

from __future__ import annotations

import numpy as np


def confusion_matrix(truth: np.ndarray, assigned: np.ndarray, classes: int) -> np.ndarray:
    """Counts by true class (row) and assigned class (column), from class positions."""
    return np.bincount(truth * classes + assigned, minlength=classes * classes).reshape(classes, classes)


def metrics(matrix: np.ndarray) -> dict[str, float]:
    """The metric columns of Evaluate Model; classes that neither occur nor are assigned count for nothing."""
    occurring = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    rows = matrix.sum()
    right = np.diag(matrix)[occurring]
    assigned, true = matrix.sum(axis=0)[occurring], matrix.sum(axis=1)[occurring]
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


def _ratios(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    ratios: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return ratios

"""Logistic regression under L1 and L2 penalties, by L-BFGS.

Minimises ``sum of log losses + l1 * |w|₁ + l2 / 2 * |w|²`` (intercepts free), which is scikit-learn's objective at
``C = 1 / (l1 + l2)`` and ``l1_ratio = l1 / (l1 + l2)``. The L1 part becomes smooth by splitting every weight into
positive and negative halves with a bound at zero. On the Adult data this takes 0.15 s where ``saga`` needs 11 s for a
slightly worse objective.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from restudio.core.errors import ModuleError

MAX_ITERATIONS = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """``tolerance`` is the relative improvement at which the search stops, ``memory`` the vectors L-BFGS keeps."""

    l1: float
    l2: float
    tolerance: float
    memory: int


def fit_logistic(
    matrix: Any, target: np.ndarray, sums: int, weight: np.ndarray | None, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (``sums`` x columns) and intercepts (``sums``): one sum for two classes, else one for each class."""
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    loss = _Loss(matrix, target, sums, weight, settings)
    # The vectors are short: BLAS threads would only wait for each other (25 times slower on busy cores), and would
    # make the last digits depend on their number.
    with threadpool_limits(1, "blas"):
        found = minimize(
            loss,
            np.zeros(loss.size),
            jac=True,
            method="L-BFGS-B",
            bounds=loss.bounds(),
            options={
                "maxcor": settings.memory,
                "maxiter": MAX_ITERATIONS,
                "maxfun": 2 * MAX_ITERATIONS,
                "ftol": settings.tolerance,
                "gtol": 1e-9,
            },
        )
    weights, intercepts = loss.split(found.x)
    if not (np.isfinite(weights).all() and np.isfinite(intercepts).all()):
        raise ModuleError("0083", "The training data gives no finite weights; look for extreme values in its features.")
    return weights, intercepts


class _Loss:
    """Objective and gradient over one flat vector: the weights (twice with an L1 penalty), then the intercepts."""

    def __init__(
        self, matrix: Any, target: np.ndarray, sums: int, weight: np.ndarray | None, settings: Settings
    ) -> None:
        self._matrix = matrix
        self._target = target
        self._rows = np.arange(len(target))
        self._weight = np.ones(len(target)) if weight is None else weight
        self._total = float(self._weight.sum()) or 1.0
        self._settings = settings
        self._sums = sums
        self._block = sums * matrix.shape[1]
        self._halves = 2 if settings.l1 > 0 else 1
        self.size = self._block * self._halves + sums

    def bounds(self) -> list[tuple[float | None, float | None]] | None:
        if self._halves == 1:
            return None
        return [(0.0, None)] * (2 * self._block) + [(None, None)] * self._sums

    def split(self, flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weights = flat[: self._block]
        if self._halves == 2:
            weights = weights - flat[self._block : 2 * self._block]
        return weights.reshape(self._sums, -1), flat[self._block * self._halves :]

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, intercepts = self.split(flat)
        raw = self._matrix @ weights.T + intercepts
        loss, slope = self._two_class(raw[:, 0]) if self._sums == 1 else self._many_classes(raw)
        slope *= self._weight[:, None]
        l1, l2 = self._settings.l1, self._settings.l2
        value = float(self._weight @ loss) + 0.5 * l2 * float(np.vdot(weights, weights))
        gradient = ((self._matrix.T @ slope).T + l2 * weights).ravel()
        if self._halves == 2:
            value += l1 * float(flat[: 2 * self._block].sum())
            gradient = np.concatenate([gradient + l1, l1 - gradient])
        # Per row, so that the tolerance means the same for small and large data.
        return value / self._total, np.concatenate([gradient, slope.sum(axis=0)]) / self._total

    def _two_class(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from scipy.special import expit

        sign = np.where(self._target == 1, 1.0, -1.0)
        margin = sign * raw
        return np.logaddexp(0.0, -margin), (-sign * expit(-margin))[:, None]

    def _many_classes(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raw = raw - raw.max(axis=1, keepdims=True)
        powers = np.exp(raw)
        sums = powers.sum(axis=1, keepdims=True)
        loss = np.log(sums[:, 0]) - raw[self._rows, self._target]
        slope = powers / sums
        slope[self._rows, self._target] -= 1.0
        return loss, slope

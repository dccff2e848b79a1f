"""Learning to tell missing cells from the others: chained regressions, and probabilistic principal components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from restudio.kernels.completion import Axes, Chain, Subspace

_RIDGE = 1.0
"""Weight of zero against one row: columns that repeat each other share their weights instead of blowing them up."""
_LEAST_VARIANCE = 1e-6


def learn_axes(raw: np.ndarray, numbers: np.ndarray) -> Axes:
    """From raw design numbers, NaN where nothing is known; each has a known value. ``numbers`` marks those that are
    scaled to variance 1; indicators are only centred."""
    if not raw.size:
        return Axes(*(np.zeros(0) for _ in range(4)))
    least, most = np.nanmin(raw, axis=0), np.nanmax(raw, axis=0)
    # Scaled first: squares of numbers near the largest double overflow.
    size = np.maximum(np.abs(least), np.abs(most))
    size[size == 0.0] = 1.0
    shares = raw / size
    constant = least == most
    shift = np.where(constant, least, np.nanmean(shares, axis=0) * size)
    divisor = np.where(numbers & ~constant, np.nanstd(shares, axis=0) * size, 1.0)
    return Axes(shift, divisor, (least - shift) / divisor, (most - shift) / divisor)


def learn_chain(
    axes: Axes, values: np.ndarray, unknown: np.ndarray, blocks: Sequence[slice], targets: Sequence[int], rounds: int
) -> Chain:
    """Fit the regressions of every round on the rows that know the target, as completed so far. Columns with fewer
    gaps come first. ``values`` is used up."""
    gaps = [int(unknown[:, blocks[c].start].sum()) for c in targets]
    order = tuple(targets[i] for i in np.argsort(gaps, kind="stable"))
    size = len(axes)
    weights, intercepts = np.zeros((rounds, size, size)), np.zeros((rounds, size))
    moments = _Moments(values)
    for number in range(rounds):
        for column in order:
            block = blocks[column]
            lacking = np.flatnonzero(unknown[:, block.start])
            others = np.ones(size, np.bool_)
            others[block] = False
            weights[number][others, block], intercepts[number, block] = moments.regress(lacking, others, block)
            step = Chain(axes, tuple(blocks), (column,), weights[[number]], intercepts[[number]])
            if len(lacking):
                step.complete(values, unknown)
                moments.renew(block)
    return Chain(axes, tuple(blocks), order, weights, intercepts)


class _Moments:
    """Sums and products of the columns of ``values``, kept up as columns change: a regression over all rows but a few
    then costs those few."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values
        self._sums = values.sum(axis=0)
        self._products = values.T @ values

    def renew(self, block: slice) -> None:
        self._sums[block] = self._values[:, block].sum(axis=0)
        products = self._values.T @ self._values[:, block]
        self._products[:, block], self._products[block] = products, products.T

    def regress(self, without: np.ndarray, others: np.ndarray, block: slice) -> tuple[np.ndarray, np.ndarray]:
        """Ridge weights and intercepts of a block over the other columns, on all rows but ``without``."""
        left_out = self._values[without]
        count = len(self._values) - len(without)
        means = (self._sums - left_out.sum(axis=0)) / count
        products = self._products - left_out.T @ left_out - count * np.multiply.outer(means, means)
        gram = products[np.ix_(others, others)] + _RIDGE * np.eye(int(others.sum()))
        weights: np.ndarray = np.linalg.solve(gram, products[others, block])
        return weights, means[block] - means[others] @ weights


def learn_subspace(axes: Axes, values: np.ndarray, unknown: np.ndarray, iterations: int) -> Subspace:
    """Probabilistic principal components by expectation and maximisation (Tipping and Bishop 1999), with the unknown
    numbers as hidden ones. It keeps as many components as have more than the average variance at the start."""
    # Clipping to what was seen is for the cells that are filled in the end: here it would bend the expectation.
    bound = np.full(len(axes), np.finfo(np.float64).max)
    free = replace(axes, low=-bound, high=bound)
    learned = _maximised(free, values, np.zeros((len(axes), len(axes))), None)
    patterns, kinds = np.unique(unknown, axis=0, return_inverse=True)
    shares = np.bincount(kinds.ravel(), minlength=len(patterns)) / len(values)
    for _ in range(iterations):
        learned.complete(values, unknown)
        doubt = sum((share * _doubt(learned, lacks) for lacks, share in zip(patterns, shares, strict=True)), start=0.0)
        learned = _maximised(free, values, np.asarray(doubt), learned.loadings.shape[1])
    return replace(learned, axes=axes)


def _doubt(learned: Subspace, lacks: np.ndarray) -> np.ndarray:
    """Covariance that the unknown numbers of a row keep when the known ones are given."""
    seen, hidden = learned.loadings[~lacks], np.where(lacks[:, None], learned.loadings, 0.0)
    system = seen.T @ seen + learned.variance * np.eye(seen.shape[1])
    covariance: np.ndarray = learned.variance * (np.diag(lacks) + hidden @ np.linalg.solve(system, hidden.T))
    return covariance


def _maximised(axes: Axes, values: np.ndarray, doubt: np.ndarray, width: int | None) -> Subspace:
    """The likeliest subspace for complete rows with this uncertainty about them."""
    mean = values.mean(axis=0)
    centred = values - mean
    variances, directions = np.linalg.eigh(centred.T @ centred / len(values) + doubt)
    variances, directions = variances[::-1], directions[:, ::-1]
    if width is None:
        width = min(max(1, int((variances > variances.mean()).sum())), max(1, len(axes) - 1))
    rest = variances[width:]
    variance = max(float(rest.mean()) if len(rest) else 0.0, _LEAST_VARIANCE)
    loadings = directions[:, :width] * np.sqrt(np.clip(variances[:width] - variance, 0.0, None))
    return Subspace(axes, mean, np.ascontiguousarray(loadings), variance)

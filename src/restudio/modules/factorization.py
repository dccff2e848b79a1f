"""Matrix factorisation: a rating as the sum of a mean, a user's and an item's bias, and the product of their traits.

Fitted by alternating least squares under a Gaussian prior, which needs no learning rate and gives the same numbers
every time. A ridge regression from features to factors stands in for users and items that were never rated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRIOR = 1.0
"""Weight of the prior against one rating: factors of those with few ratings stay near zero."""
_SEED = 0
_START = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """``users`` and ``items`` have a row each: the traits, then the bias."""

    mean: float
    users: np.ndarray
    items: np.ndarray


def factorize(
    user: np.ndarray, item: np.ndarray, value: np.ndarray, shape: tuple[int, int], traits: int, iterations: int
) -> Factors:
    """From positions of users and items and the values of their ratings."""
    mean = float(value.mean())
    random = np.random.default_rng(_SEED)
    users = np.zeros((shape[0], traits + 1))
    items = np.zeros((shape[1], traits + 1))
    items[:, :traits] = random.normal(scale=_START, size=(shape[1], traits))
    by_user, by_item = _groups(user, shape[0]), _groups(item, shape[1])
    for _ in range(iterations):
        _solve(users, items, by_user, item, value - mean)
        _solve(items, users, by_item, user, value - mean)
    return Factors(mean, users, items)


def _groups(codes: np.ndarray, count: int) -> list[np.ndarray]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))


def _solve(
    target: np.ndarray, fixed: np.ndarray, groups: list[np.ndarray], other: np.ndarray, value: np.ndarray
) -> None:
    """The best rows of ``target`` while ``fixed`` stays: a ridge regression of each one's ratings."""
    traits = fixed.shape[1] - 1
    ridge = PRIOR * np.eye(traits + 1)
    for position, rows in enumerate(groups):
        near = fixed[other[rows]]
        design = near.copy()
        design[:, traits] = 1.0
        left = value[rows] - near[:, traits]
        target[position] = np.linalg.solve(design.T @ design + ridge, design.T @ left)


def predict(mean: float, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Ratings for rows of user factors beside rows of item factors."""
    traits = users.shape[-1] - 1
    product = np.einsum("...k,...k->...", users[..., :traits], items[..., :traits])
    predicted: np.ndarray = mean + users[..., traits] + items[..., traits] + product
    return predicted


def regress(features: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Weights (features and a constant, by factors) that tell factors from features."""
    design = np.column_stack([features, np.ones(len(features))])
    gram = design.T @ design + PRIOR * np.eye(design.shape[1])
    weights: np.ndarray = np.linalg.solve(gram, design.T @ factors)
    return weights

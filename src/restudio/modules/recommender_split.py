"""Recommender Split of Split Data: ratings for learning and for judging a recommender (modules reference, 24)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restudio.core.errors import ModuleError
from restudio.modules.strata import codes_of
from restudio.tables.table import Table


@dataclass(frozen=True, slots=True)
class Shares:
    """Of all distinct users and items: ignored ones are drawn first, then cold ones, then users for training only; each
    gets what is left at most. ``tested`` is the share of the ratings of every other user that is still learned from."""

    training_users: float
    tested: float
    cold_users: float
    cold_items: float
    ignored_users: float
    ignored_items: float


def split_ratings(
    dataset: Table, shares: Shares, seed: int, *, without_new_items: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Which rows are for training, and which for testing; rows of ignored users and items are for neither.

    ``without_new_items`` leaves test rows out whose item no training row has, unless it was drawn to be cold. Error
    0022 when the columns are not user, item and perhaps rating.
    """
    if len(dataset.names) not in (2, 3):
        raise ModuleError(
            "0022", f"A recommender split needs the columns user, item and perhaps rating, got {len(dataset.names)}."
        )
    random = np.random.default_rng(seed)
    user, users = codes_of(dataset.column(dataset.names[0]))
    item, items = codes_of(dataset.column(dataset.names[1]))
    ignored_items, cold_items = _drawn(random, items, (shares.ignored_items, shares.cold_items))
    ignored_users, cold_users, training_users = _drawn(
        random, users, (shares.ignored_users, shares.cold_users, shares.training_users)
    )
    used = ~ignored_items[item] & ~ignored_users[user]
    cold = used & (cold_items[item] | cold_users[user])
    warm = used & ~cold
    training = warm & training_users[user]
    training |= _first_of_each(random, user, users, warm & ~training, shares.tested)
    testing = used & ~training
    if without_new_items:
        learned = np.zeros(items, np.bool_)
        learned[item[training]] = True
        testing &= learned[item] | cold
    return training, testing


def _drawn(random: np.random.Generator, count: int, shares: tuple[float, ...]) -> list[np.ndarray]:
    """Masks over ``count`` things, disjoint, one for each share."""
    order = random.permutation(count)
    masks = []
    for share in shares:
        # Half up, as for rows.
        taken, order = np.split(order, [int(np.floor(count * share + 0.5))])
        mask = np.zeros(count, np.bool_)
        mask[taken] = True
        masks.append(mask)
    return masks


def _first_of_each(
    random: np.random.Generator, user: np.ndarray, users: int, rows: np.ndarray, share: float
) -> np.ndarray:
    """A share of each user's rows at random, at least one."""
    picked = np.flatnonzero(rows)
    picked = picked[np.lexsort((random.random(len(picked)), user[picked]))]
    counts = np.bincount(user[picked], minlength=users)
    rank = np.arange(len(picked)) - np.repeat(np.cumsum(counts) - counts, counts)
    quota = np.maximum(1, np.floor(counts * share + 0.5))
    mask = np.zeros(len(user), np.bool_)
    mask[picked[rank < quota[user[picked]]]] = True
    return mask

"""Machine Learning / Evaluate: Evaluate Recommender (modules reference, 105)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from restudio.core.cells import Cell
from restudio.core.errors import ModuleError
from restudio.core.params import integer
from restudio.core.schema import Column, DType, Schema
from restudio.core.spec import Serving, module, table_in, table_out
from restudio.modules.ratings import Ratings, read_ratings
from restudio.seams.context import Context
from restudio.tables.table import Table

Rated = Mapping[Cell, float]
"""Ratings of one user by item, or of one item by user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRecommenderParams:
    items: int = integer(
        "Minimum number of items that the query user and the related user must have rated in common", 2, ge=1
    )
    users: int = integer(
        "Minimum number of users that the query item and the related item must have been rated by in common", 2, ge=1
    )


@module(
    id="evaluate-recommender",
    name="Evaluate Recommender",
    category="Machine Learning / Evaluate",
    params=EvaluateRecommenderParams,
    inputs=(table_in("Test dataset"), table_in("Scored dataset")),
    outputs=(table_out("Metric"),),
    family="9c4d0cb5213e47859cc8d29ce467b9c8",
    serving=Serving.NEVER,
    known_by_running="The kind of recommendations decides which metrics there are.",
    errors=("0002", "0003", "0017", "0018", "0022", "0034"),
)
def evaluate_recommender(p: EvaluateRecommenderParams, test: Table, scored: Table, *, ctx: Context) -> Table:
    """Judge what **Score Matchbox Recommender** made of test ratings. Predicted ratings get mean absolute and root mean
    squared errors; recommended items the normalised discounted cumulative gain (NDCG) of their true ratings; related
    users and items the NDCG of how alike their ratings are, by Manhattan (L1) and Euclidean (L2) distance. A metric is
    missing when no row can be judged.

    Example:
      Test dataset: {user: [Ann, Bob], item: [jam, pie], rating: [2, 3]}
      Scored dataset: {User: [Ann, Bob], Item: [jam, pie], Rating: [2.5, 2.0]}
      Metric: {MAE: [0.75], RMSE: [0.7906]}
    """
    ratings = read_ratings(test)
    names = scored.names
    if names[:3] == ("User", "Item", "Rating"):
        return _errors(ratings, scored)
    if names[:2] == ("User", "Item 1"):
        return _metrics({"NDCG": _mean(_item_gains(ratings.by_user(), scored))})
    if names[:2] == ("User", "Related User 1"):
        return _relatives(ratings.by_user(), scored, p.items)
    if names[:2] == ("Item", "Related Item 1"):
        return _relatives(ratings.by_item(), scored, p.users)
    raise ModuleError(
        "0018", f"The second dataset is not from Score Matchbox Recommender; its columns are {list(names)[:5]}."
    )


def _errors(ratings: Ratings, scored: Table) -> Table:
    truth = ratings.by_user()
    levels = {level: float(position) for position, level in enumerate(ratings.levels)}
    if not levels and not scored.schema["Rating"].dtype.is_number:
        raise ModuleError("0017", "The predicted ratings are not numbers.", column="Rating")
    found = []
    for row, (user, item, rating) in enumerate(_rows(scored, 3), start=1):
        known = truth.get(user, {}).get(item)
        told = levels.get(rating) if levels else rating
        if known is None or told is None:
            raise ModuleError("0018", f"The test dataset has no such rating of {item!r} by {user!r}.", row=row)
        found.append(float(str(told)) - known)
    errors = np.array(found)
    if not len(errors):
        return _metrics({"MAE": None, "RMSE": None})
    return _metrics({"MAE": float(np.mean(np.abs(errors))), "RMSE": math.sqrt(float(np.mean(errors**2)))})


def _item_gains(truth: Mapping[Cell, Rated], scored: Table) -> Iterator[float]:
    """The NDCG of every user: of the recommended items' ratings, against the user's best ones."""
    for user, *items in _rows(scored, len(scored.names)):
        rated = truth.get(user)
        if rated is None:
            continue
        gains = [rated.get(item, 0.0) for item in items if item is not None]
        best = _discounted(sorted(rated.values(), reverse=True)[: len(gains)])
        if best > 0:
            yield _discounted(gains) / best


def _relatives(truth: Mapping[Cell, Rated], scored: Table, common: int) -> Table:
    spread = _spread(truth)
    found: dict[str, list[float]] = {"L1 Sim NDCG": [], "L2 Sim NDCG": []}
    for name, likeness in (("L1 Sim NDCG", _manhattan), ("L2 Sim NDCG", _euclidean)):
        for id_, *relatives in _rows(scored, len(scored.names)):
            gains = _likenesses(truth, id_, common, spread, likeness)
            chosen = [gains.get(other, 0.0) for other in relatives if other is not None]
            best = _discounted(sorted(gains.values(), reverse=True)[: len(chosen)])
            if best > 0:
                found[name].append(_discounted(chosen) / best)
    return _metrics({name: _mean(iter(values)) for name, values in found.items()})


def _likenesses(
    truth: Mapping[Cell, Rated],
    id_: Cell,
    common: int,
    spread: float,
    likeness: Callable[[np.ndarray], float],
) -> dict[Cell, float]:
    """How alike the others are that share enough ratings with this one, 0 to 1."""
    own = truth.get(id_, {})
    found = {}
    for other, theirs in truth.items():
        shared = [key for key in own if key in theirs]
        if other != id_ and len(shared) >= common:
            found[other] = 1.0 - likeness(np.array([own[key] - theirs[key] for key in shared])) / spread
    return found


def _manhattan(differences: np.ndarray) -> float:
    return float(np.mean(np.abs(differences)))


def _euclidean(differences: np.ndarray) -> float:
    return math.sqrt(float(np.mean(differences**2)))


def _spread(truth: Mapping[Cell, Rated]) -> float:
    values = [value for rated in truth.values() for value in rated.values()]
    return max(values) - min(values) or 1.0


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def _rows(scored: Table, count: int) -> Iterator[tuple[Cell, ...]]:
    return zip(*(scored.data.column(i).to_pylist() for i in range(count)), strict=True)


def _mean(values: Iterator[float]) -> float | None:
    found = list(values)
    return math.fsum(found) / len(found) if found else None


def _metrics(values: Mapping[str, float | None]) -> Table:
    schema = Schema.of(Column(name, DType.DOUBLE) for name in values)
    return Table.from_columns({name: [value] for name, value in values.items()}, schema)

"""Matchbox recommender: Train Matchbox Recommender and Score Matchbox Recommender (modules reference, 84 and 95)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Model
from restudio.core.cells import Cell
from restudio.core.errors import ModuleError
from restudio.core.params import integer, mode, to_raw, when
from restudio.core.schema import Column, DType, Level, Role, Schema, Score
from restudio.core.spec import Port, PortKind, Serving, Task, module, table_in, table_out
from restudio.modules.factorization import factorize, predict, regress
from restudio.modules.fitted_state import reading
from restudio.modules.ratings import Attributes, Encoding, encode, is_missing, learn_encoding, positions, read_ratings
from restudio.seams.context import Context
from restudio.tables.table import Table

_TRAIN = "train-matchbox-recommender"
_ERRORS = ("0001", "0003", "0018", "0022", "0035", "0036", "0053")
_TIMES = (DType.DATETIME, DType.TIMESPAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecommenderParams:
    traits: int = integer("Number of traits", 10, ge=0, help="Hidden properties of users and items.")
    iterations: int = integer("Number of recommendation algorithm iterations", 5, ge=1)
    batches: int = integer(
        "Number of training batches", 4, ge=1, help="Kept for old experiments; all ratings are learned from at once."
    )


@module(
    id=_TRAIN,
    name="Train Matchbox Recommender",
    category="Machine Learning / Train",
    params=TrainRecommenderParams,
    inputs=(
        table_in("Training dataset of user-item-rating triples"),
        table_in("Training dataset of user features", optional=True),
        table_in("Training dataset of item features", optional=True),
    ),
    outputs=(Port("Trained Matchbox recommender", PortKind.MODEL),),
    serving=Serving.NEVER,
    errors=(*_ERRORS, "0017", "0034"),
)
def train_matchbox_recommender(
    p: TrainRecommenderParams, triples: Table, user_features: Table | None, item_features: Table | None, *, ctx: Context
) -> Model:
    """Learn the tastes of users from ratings (numbers, or categories in order), one rating for every pair of user and
    item: the columns are user, item and rating. Features of users and items, with the id in the first column, let the
    recommender judge those that were never rated.

    Example:
      parameters: {Number of traits: 1}
      Training dataset of user-item-rating triples:
        {user: [Ann, Ann, Bob, Bob], item: [tea, jam, tea, pie], rating: [5, 1, 4, 2]}
    """
    ratings = read_ratings(triples)
    if len(np.unique(ratings.value)) < 2:
        raise ModuleError("0018", "The ratings must have at least two different values.")
    shape = (len(ratings.users), len(ratings.items))
    factors = factorize(ratings.user, ratings.item, ratings.value, shape, p.traits, p.iterations)
    arrays = {
        "mean": np.array([factors.mean]),
        "users": factors.users,
        "items": factors.items,
        "bounds": np.array([ratings.value.min(), ratings.value.max()]),
    }
    texts = {}
    for side, table, ids, known in (
        ("user", user_features, ratings.users, factors.users),
        ("item", item_features, ratings.items, factors.items),
    ):
        if table is not None:
            encoding = learn_encoding(table)
            texts[f"{side}-encoding"] = json.dumps(encoding)
            arrays[f"{side}-weights"] = regress(_rows_of(encode(table, encoding), ids, side), known)
    user, item, rating = triples.schema.columns[:3]
    return Model(
        learner=_TRAIN,
        task=Task.RECOMMENDATION,
        features=(
            user.with_(categories=_as_levels(user, ratings.users)),
            item.with_(categories=_as_levels(item, ratings.items)),
        ),
        label=rating.with_(role=Role.LABEL, categories=ratings.levels or None),
        arrays=arrays,
        texts=texts,
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(len(ratings.value))},
    )


def _as_levels(column: Column, ids: Sequence[Cell]) -> tuple[Level, ...]:
    if column.dtype in _TIMES:
        raise ModuleError("0017", f"Column '{column.name}' holds times, which are no ids.", column=column.name)
    return cast("tuple[Level, ...]", tuple(ids))


def _rows_of(attributes: Attributes, ids: Sequence[Cell], side: str) -> np.ndarray:
    """The features of these ids; error 0035 when one has none."""
    lacking = next((id_ for id_ in ids if id_ not in attributes.rows), None)
    if lacking is not None:
        raise ModuleError("0035", f"The features of {side} {lacking!r} are missing.")
    return np.array([attributes.rows[id_] for id_ in ids]).reshape(len(ids), attributes.width)


_RATING, _ITEMS, _RELATED_USERS, _RELATED_ITEMS = (
    "Rating Prediction",
    "Item Recommendation",
    "Related Users",
    "Related Items",
)
_ALL_ITEMS, _RATED_ITEMS = "From All Items", "From Rated Items (for model evaluation)"
_ALL_USERS, _RATING_USERS = "From All Users", "From Users That Rated Items (for model evaluation)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecommenderParams:
    kind: str = mode("Recommender prediction kind", (_RATING, _ITEMS, _RELATED_USERS, _RELATED_ITEMS), _ITEMS)
    items: str = mode("Recommended item selection", (_ALL_ITEMS, _RATED_ITEMS), _RATED_ITEMS, when=when("kind", _ITEMS))
    items_count: int = integer("Maximum number of items to recommend to a user", 5, ge=1, when=when("kind", _ITEMS))
    items_pool: int = integer(
        "Minimum size of the recommendation pool for a single user", 2, ge=1, when=when("items", _RATED_ITEMS)
    )
    users: str = mode(
        "Related user selection", (_ALL_USERS, _RATING_USERS), _RATING_USERS, when=when("kind", _RELATED_USERS)
    )
    users_count: int = integer(
        "Maximum number of related users to find for a user", 5, ge=1, when=when("kind", _RELATED_USERS)
    )
    users_common: int = integer(
        "Minimum number of items that the query user and the related user must have rated in common",
        2,
        ge=1,
        when=when("users", _RATING_USERS),
    )
    users_pool: int = integer(
        "Minimum size of the related user pool for a single user", 2, ge=1, when=when("users", _RATING_USERS)
    )
    related: str = mode(
        "Related item selection", (_ALL_ITEMS, _RATED_ITEMS), _RATED_ITEMS, when=when("kind", _RELATED_ITEMS)
    )
    related_count: int = integer(
        "Maximum number of related items to find for an item", 5, ge=1, when=when("kind", _RELATED_ITEMS)
    )
    related_common: int = integer(
        "Minimum number of users that the query item and the related item must have been rated by in common",
        2,
        ge=1,
        when=when("related", _RATED_ITEMS),
    )
    related_pool: int = integer(
        "Minimum size of the related item pool for a single item", 2, ge=1, when=when("related", _RATED_ITEMS)
    )


@module(
    id="score-matchbox-recommender",
    name="Score Matchbox Recommender",
    category="Machine Learning / Score",
    params=ScoreRecommenderParams,
    inputs=(
        Port("Trained Matchbox recommender", PortKind.MODEL),
        table_in("Dataset to score"),
        table_in("User features", optional=True),
        table_in("Item features", optional=True),
        table_in("Training Dataset", optional=True),
    ),
    outputs=(table_out("Scored dataset"),),
    known_by_running="The recommender decides how users and items are written and how many columns there are.",
    errors=(*_ERRORS, "0013"),
)
def score_matchbox_recommender(
    p: ScoreRecommenderParams,
    model: Model,
    dataset: Table,
    user_features: Table | None,
    item_features: Table | None,
    training: Table | None,
    *,
    ctx: Context,
) -> Table:
    """Use a trained recommender in one of four ways: predict the rating of user-item pairs, recommend items to users,
    find users like a user, or items like an item. For judging a model the candidates come from the dataset itself;
    otherwise they are all that the model knows, without those that the training dataset shows as rated already.

    Example:
      parameters: {Recommended item selection: From All Items, Maximum number of items to recommend to a user: 2}
      Trained Matchbox recommender:
        module: train-matchbox-recommender
        parameters: {Number of traits: 1}
        Training dataset of user-item-rating triples:
          {user: [Ann, Ann, Bob, Bob], item: [tea, jam, tea, pie], rating: [5, 1, 4, 2]}
      Dataset to score: {user: [Ann]}
      Scored dataset: {User: [Ann], Item 1: [tea], Item 2: [pie]}
    """
    recommender = Recommender.of(model, user_features, item_features)
    first = recommender.items if p.kind == _RELATED_ITEMS and p.related == _ALL_ITEMS else recommender.users
    for side, column in zip((first, recommender.items), dataset.schema, strict=False):
        _ensure_same_kind(side, column)
    match p.kind:
        case "Rating Prediction":
            return _rate(recommender, dataset)
        case "Item Recommendation":
            return _recommend(p, recommender, dataset, training)
        case "Related Users":
            everyone = p.users == _ALL_USERS
            query = Query(p.users_count, p.users_common, p.users_pool, everyone)
            return _related(query, recommender.users, _linked(dataset, 0, alone=everyone), "User")
        case _:
            everything = p.related == _ALL_ITEMS
            query = Query(p.related_count, p.related_common, p.related_pool, everything)
            return _related(query, recommender.items, _linked(dataset, 1, alone=everything), "Item")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The users or the items of a recommender."""

    column: Column
    known: Mapping[Cell, np.ndarray]
    weights: np.ndarray | None
    attributes: Attributes | None
    size: int

    def factors(self, ids: Iterable[Cell]) -> np.ndarray:
        """Learned ones, else told from features, else those of the average. Error 0035 for an id without features."""
        return np.array([self._of(id_) for id_ in ids]).reshape(-1, self.size)

    def _of(self, id_: Cell) -> np.ndarray:
        known = self.known.get(id_)
        if known is not None:
            return known
        if self.weights is None or self.attributes is None:
            return np.zeros(self.size)
        if id_ not in self.attributes.rows:
            raise ModuleError("0035", f"The features of '{id_}' are missing, and it was not in the training dataset.")
        told: np.ndarray = np.append(self.attributes.rows[id_], 1.0) @ self.weights
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Recommender:
    users: Side
    items: Side
    mean: float
    bounds: tuple[float, float]
    rating: Column

    @classmethod
    def of(cls, model: Model, user_features: Table | None, item_features: Table | None) -> Recommender:
        """Error 0013 when the model is no recommender."""
        if model.task is not Task.RECOMMENDATION or model.label is None:
            raise ModuleError("0013", f"A model of '{model.learner}' is no recommender.")
        with reading(model.learner):
            users = _side(model, 0, "user", user_features)
            items = _side(model, 1, "item", item_features)
            low, high = model.arrays["bounds"].tolist()
            return cls(users, items, float(model.arrays["mean"][0]), (low, high), model.label)

    def ratings(self, users: Sequence[Cell], items: Sequence[Cell]) -> np.ndarray:
        """Predicted ratings of pairs, within what was learned from."""
        predicted = predict(self.mean, self.users.factors(users), self.items.factors(items))
        clipped: np.ndarray = np.clip(predicted, *self.bounds)
        return clipped


def _side(model: Model, position: int, side: str, features: Table | None) -> Side:
    column = model.features[position]
    factors = model.arrays[f"{side}s"]
    known = dict(zip(cast("tuple[Cell, ...]", column.categories or ()), factors, strict=True))
    told = model.texts.get(f"{side}-encoding")
    attributes = None if told is None or features is None else encode(features, cast("Encoding", json.loads(told)))
    return Side(
        column.with_(name=side.capitalize(), categories=None, role=Role.NONE),
        known,
        model.arrays.get(f"{side}-weights"),
        attributes,
        factors.shape[1],
    )


def _ensure_same_kind(side: Side, column: Column) -> None:
    if column.dtype is not side.column.dtype:
        raise ModuleError(
            "0018",
            f"Column '{column.name}' is {column.dtype.value}, but the recommender learned {side.column.name}s of "
            f"{side.column.dtype.value}; convert it with Edit Metadata.",
            column=column.name,
        )


def _rate(recommender: Recommender, dataset: Table) -> Table:
    if len(dataset.names) < 2:
        raise ModuleError("0022", f"Users and items are two columns, got {len(dataset.names)}.")
    pairs = _pairs(dataset)
    predicted = recommender.ratings([u for u, _ in pairs], [i for _, i in pairs])
    levels = recommender.rating.categories
    rating = Column("Rating", DType.DOUBLE, score=Score.REGRESSION_LABEL)
    values: list[object] = list(predicted.tolist())
    if levels is not None:
        rating = rating.with_(dtype=recommender.rating.dtype, categories=levels)
        values = [levels[round(position)] for position in predicted.tolist()]
    schema = Schema.of([recommender.users.column, recommender.items.column, rating])
    return _table(schema, [[u for u, _ in pairs], [i for _, i in pairs], values])


def _pairs(dataset: Table) -> list[tuple[Cell, Cell]]:
    cells = zip(dataset.data.column(0).to_pylist(), dataset.data.column(1).to_pylist(), strict=True)
    return [(user, item) for user, item in cells if not is_missing(user) and not is_missing(item)]


def _linked(dataset: Table, position: int, *, alone: bool) -> dict[Cell, set[Cell]]:
    """Ids of one side with those of the other that they are paired with; a single column of ids when ``alone``."""
    if alone:
        if len(dataset.names) != 1:
            raise ModuleError("0022", f"The dataset must be one column of ids, got {len(dataset.names)} columns.")
        return {id_: set() for id_ in positions(c for c in dataset.data.column(0).to_pylist() if not is_missing(c))}
    if len(dataset.names) < 2:
        raise ModuleError("0022", f"Users and items are two columns, got {len(dataset.names)}.")
    found: dict[Cell, set[Cell]] = {}
    for pair in _pairs(dataset):
        found.setdefault(pair[position], set()).add(pair[1 - position])
    return found


def _recommend(p: ScoreRecommenderParams, recommender: Recommender, dataset: Table, training: Table | None) -> Table:
    from_all = p.items == _ALL_ITEMS
    asked = _linked(dataset, 0, alone=from_all)
    rated = {} if training is None else _linked(training, 0, alone=False)
    every = list(recommender.items.known)
    found: dict[Cell, list[Cell]] = {}
    for user, own in asked.items():
        pool = [item for item in (every if from_all else own) if item not in rated.get(user, ())]
        if from_all or len(pool) >= p.items_pool:
            scores = recommender.ratings([user] * len(pool), pool)
            found[user] = _best(pool, scores, p.items_count)
    return _lists(recommender.users.column, found, recommender.items.column, "Item", p.items_count)


@dataclass(frozen=True, slots=True)
class Query:
    """How many relatives to find, and what they must share when they come from the dataset."""

    count: int
    common: int
    pool: int
    from_all: bool


def _related(query: Query, side: Side, linked: Mapping[Cell, set[Cell]], what: str) -> Table:
    candidates = list(side.known) if query.from_all else list(linked)
    factors = dict(zip(candidates, _directions(side.factors(candidates)), strict=True))
    found: dict[Cell, list[Cell]] = {}
    for id_, own in linked.items():
        pool = [other for other in candidates if other != id_]
        if not query.from_all:
            pool = [other for other in pool if len(own & linked[other]) >= query.common]
            if len(pool) < query.pool:
                continue
        direction = _directions(side.factors([id_]))[0]
        found[id_] = _best(pool, np.array([float(factors[other] @ direction) for other in pool]), query.count)
    return _lists(side.column, found, side.column, f"Related {what}", query.count)


def _directions(factors: np.ndarray) -> np.ndarray:
    """Rows of length 1, so that products are cosines."""
    length = np.linalg.norm(factors, axis=1, keepdims=True)
    directions: np.ndarray = np.divide(factors, length, out=np.zeros_like(factors), where=length > 0)
    return directions


def _best(pool: Sequence[Cell], scores: np.ndarray, count: int) -> list[Cell]:
    """The highest scores first; equal ones by the text of their id, so that the order of rows does not matter."""

    def order(i: int) -> tuple[float, str]:
        return -float(scores[i]), str(pool[i])

    return [pool[i] for i in sorted(range(len(pool)), key=order)[:count]]


def _lists(column: Column, found: Mapping[Cell, Sequence[Cell]], member: Column, name: str, count: int) -> Table:
    """A row an id, with as many columns as asked for; missing where there are fewer."""
    numbered = [member.with_(name=f"{name} {n}") for n in range(1, count + 1)]
    values = [[row[n] if n < len(row) else None for row in found.values()] for n in range(count)]
    return _table(Schema.of([column, *numbered]), [list(found), *values])


def _table(schema: Schema, values: Sequence[Sequence[object]]) -> Table:
    return Table.from_columns(dict(zip(schema.names, values, strict=True)), schema)

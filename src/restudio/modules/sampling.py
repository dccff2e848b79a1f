"""Data Transformation / Sample and Split: Split Data (modules reference, 24)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, real, text, when
from restudio.core.selector import Selection
from restudio.core.spec import Serving, module, table_in, table_out
from restudio.modules.recommender_split import Shares, split_ratings
from restudio.modules.row_conditions import matches_expression, matches_pattern
from restudio.modules.strata import strata_of
from restudio.seams.context import Context
from restudio.tables.table import Table

_ROWS, _RATINGS, _PATTERN, _RELATION = "Split Rows", "Recommender Split", "Regular Expression", "Relative Expression"
_KEY = "Stratification key column"
_RATED = when("splitting", _RATINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDataParams:
    splitting: str = mode(
        "Splitting mode", (_ROWS, _RATINGS, _PATTERN, _RELATION), choice_aliases={"Relational Expression": _RELATION}
    )
    fraction: float = real(
        "Fraction of rows in the first output dataset", 0.5, ge=0, le=1, when=when("splitting", _ROWS)
    )
    randomized: bool = boolean(
        "Randomized split", True, when=when("splitting", _ROWS), help="Off: the first rows go to the first output."
    )
    seed: int = integer("Random seed", 0, ge=0, when=when("splitting", _ROWS))
    stratified: str = choice(
        "Stratified split", ("False", "True"), when=when("splitting", _ROWS), help="Keep the shares of a key's values."
    )
    key: Selection = columns(_KEY, single=True, when=when("stratified", "True"))
    training_users: float = real("Fraction of training-only users", 0.5, ge=0, le=1, when=_RATED)
    tested: float = real("Fraction of test user ratings for training", 0.25, ge=0, le=1, when=_RATED)
    cold_users: float = real(
        "Fraction of cold users", 0.0, ge=0, le=1, when=_RATED, help="Users that only the second output has."
    )
    cold_items: float = real(
        "Fraction of cold items", 0.0, ge=0, le=1, when=_RATED, help="Items that only the second output has."
    )
    ignored_users: float = real("Fraction of ignored users", 0.0, ge=0, le=1, when=_RATED)
    ignored_items: float = real("Fraction of ignored items", 0.0, ge=0, le=1, when=_RATED)
    without_new_items: bool = boolean(
        "Remove occasionally produced cold items",
        False,
        when=_RATED,
        help="Leave rows out of the second output whose item came into it alone by chance.",
    )
    rating_seed: int = integer("Random seed for Recommender", 0, ge=0, when=_RATED)
    pattern: str = text("Regular expression", '\\"column name" ^start', when=when("splitting", _PATTERN))
    relation: str = text(
        "Relational expression",
        '\\"column name" > 3',
        when=when("splitting", _RELATION),
        aliases=("Relative expression",),
    )


@module(
    id="split-data",
    name="Split Data",
    category="Data Transformation / Sample and Split",
    params=SplitDataParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Results dataset1"), table_out("Results dataset2")),
    family="70530644c97a4ab685f788bf30a8be5f",
    aliases=("Split",),
    serving=Serving.PASS_THROUGH,
    errors=("0001", "0002", "0003", "0008", "0017", "0021", "0022", "0060"),
)
def split_data(p: SplitDataParams, dataset: Table, *, ctx: Context) -> tuple[Table, Table]:
    r"""Divide the rows of a dataset in two, in their order: by a fraction (at random, with the same share of every
    value of a key column if stratified), by a pattern such as ``\"name" ^A``, or by a comparison such as
    ``\"speed" > 30 & < 80``. Rows that match go to the first output. **Recommender Split** divides ratings (user, item,
    rating): some users are for training only, the others keep a share of their ratings in the first output.

    Example:
      parameters: {Splitting mode: Relative Expression, Relational expression: '\"age" > 40'}
      Dataset: {age: [41, 32, 50]}
      Results dataset1: {age: [41, 50]}
      Results dataset2: {age: [32]}
    """
    if dataset.num_rows < 2:
        raise ModuleError("0021", f"At least two rows are needed to split, the dataset has {dataset.num_rows}.")
    if p.splitting == _RATINGS:
        shares = Shares(p.training_users, p.tested, p.cold_users, p.cold_items, p.ignored_users, p.ignored_items)
        training, testing = split_ratings(dataset, shares, p.rating_seed, without_new_items=p.without_new_items)
        return dataset.filter(pa.array(training)), dataset.filter(pa.array(testing))
    if p.splitting == _PATTERN:
        first = matches_pattern(p.pattern, dataset)
    elif p.splitting == _RELATION:
        first = matches_expression(p.relation, dataset)
    else:
        first = _chosen_rows(p, dataset)
    return dataset.filter(pa.array(first)), dataset.filter(pa.array(~first))


@split_data.tells_schema
def _schemas(p: SplitDataParams, schema: object) -> tuple[object, object]:
    return schema, schema


def _chosen_rows(p: SplitDataParams, dataset: Table) -> np.ndarray:
    random = np.random.default_rng(p.seed) if p.randomized else None
    first = np.zeros(dataset.num_rows, np.bool_)
    for rows in strata_of(dataset, p.key if p.stratified == "True" else None, parameter=_KEY):
        # Half up, so that one half of three rows is two of them.
        count = int(np.floor(len(rows) * p.fraction + 0.5))
        first[(rows if random is None else random.permutation(rows))[:count]] = True
    return first

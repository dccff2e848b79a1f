"""Recommender Split of Split Data."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.modules.catalog import run

from restudio.modules.sampling import split_data
from restudio.tables.table import Table

USERS, ITEMS = 40, 25


def ratings(seed: int = 0, share: float = 0.4) -> Table:
    random = np.random.default_rng(seed)
    user, item = np.nonzero(random.random((USERS, ITEMS)) < share)
    order = random.permutation(len(user))
    names = [f"u{u}" for u in user[order].tolist()]
    return Table.from_columns({"user": names, "item": item[order].tolist(), "rating": [u % 5 for u in user.tolist()]})


def split(table: Table, **raw: object) -> tuple[Table, Table]:
    return cast("tuple[Table, Table]", run(split_data, table, Splitting_mode="Recommender Split", **raw))


def rows(table: Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.data.to_pylist()]


def of(table: Table, column: str) -> set[object]:
    return set(table.column(column).to_pylist())


def test_defaults_train_on_half_of_the_users_and_a_quarter_of_the_others_ratings() -> None:
    table = ratings()
    first, second = split(table)
    assert sorted(rows(first) + rows(second)) == sorted(rows(table))
    tested = of(second, "user")
    assert len(tested) == USERS / 2
    counts = {u: table.column("user").to_pylist().count(u) for u in tested}
    for user, count in counts.items():
        assert first.column("user").to_pylist().count(user) == max(1, int(count * 0.25 + 0.5))


def test_cold_users_and_items_are_only_tested() -> None:
    first, second = split(ratings(), Fraction_of_cold_users=0.1, Fraction_of_cold_items=0.2)
    assert len(of(second, "user") - of(first, "user")) == USERS * 0.1
    assert len(of(second, "item") - of(first, "item")) >= ITEMS * 0.2
    assert len(of(first, "item")) <= ITEMS * 0.8


def test_ignored_users_and_items_are_in_neither() -> None:
    first, second = split(ratings(), Fraction_of_ignored_users=0.25, Fraction_of_ignored_items=0.2)
    assert len(of(first, "user") | of(second, "user")) == USERS * 0.75
    assert len(of(first, "item") | of(second, "item")) == ITEMS * 0.8


def test_items_that_came_to_be_cold_by_chance_are_removed() -> None:
    table = ratings(share=0.06)
    raw = {"Fraction_of_training-only_users": 0.2, "Fraction_of_cold_items": 0.1}
    first, second = split(table, **raw)
    chance = of(second, "item") - of(first, "item")
    again, cleaned = split(table, Remove_occasionally_produced_cold_items=True, **raw)
    assert rows(again) == rows(first)
    left = of(cleaned, "item") - of(first, "item")
    assert left < chance
    assert set(rows(cleaned)) < set(rows(second))


_SHARE = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
_NAMES = (
    "Fraction of training-only users",
    "Fraction of test user ratings for training",
    "Fraction of cold users",
    "Fraction of cold items",
    "Fraction of ignored users",
    "Fraction of ignored items",
)


@given(st.tuples(*[_SHARE] * len(_NAMES)), st.booleans(), st.integers(0, 5))
def test_no_row_is_doubled_and_order_stays(shares: tuple[float, ...], clean: bool, seed: int) -> None:
    table = ratings(1)
    raw = {
        **dict(zip(_NAMES, shares, strict=True)),
        "Remove occasionally produced cold items": clean,
        "Random seed for Recommender": seed,
    }
    first, second = split(table, **raw)
    place = {row: i for i, row in enumerate(rows(table))}
    for side in (first, second):
        found = [place[row] for row in rows(side)]
        assert found == sorted(found)
    assert not set(rows(first)) & set(rows(second))
    if shares[4:] == (0.0, 0.0) and not clean:
        assert first.num_rows + second.num_rows == table.num_rows
    assert split(table, **raw)[0].equals(first)


def test_seeds_differ() -> None:
    assert not split(ratings())[0].equals(split(ratings(), Random_seed_for_Recommender=1)[0])


@pytest.mark.parametrize("columns", [["user", "item"], ["user", "item", "rating"]])
def test_two_or_three_columns(columns: list[str]) -> None:
    table = ratings().select(columns)
    first, second = split(table)
    assert first.num_rows + second.num_rows == table.num_rows

"""SMOTE."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema
from restudio.modules.smote import smote
from restudio.tables.table import Table

SCHEMA = Schema.of(
    [
        *(Column(name, DType.DOUBLE) for name in ("x", "y")),
        Column("n", DType.INTEGER),
        Column("kind", DType.STRING, ("a", "b")),
        Column("day", DType.DATETIME),
        Column("class", DType.STRING, role=Role.LABEL),
    ]
)


def samples(rare: int = 20, others: int = 60) -> Table:
    random = np.random.default_rng(3)
    rows = rare + others
    return Table.from_columns(
        {
            "x": random.normal(size=rows).tolist(),
            "y": [None if i % 9 == 5 else float(v) for i, v in enumerate(random.normal(size=rows))],
            "n": random.integers(0, 9, rows).tolist(),
            "kind": ["a" if v < 0.5 else "b" for v in random.random(rows)],
            "day": [datetime(2020, 1, 1 + i % 28) for i in range(rows)],
            "class": ["yes" if i < rare else "no" for i in range(rows)],
        },
        SCHEMA,
    )


def grow(table: Table, **raw: object) -> Table:
    result = run(smote, table, **raw)
    assert isinstance(result, Table)
    assert result.schema == table.schema
    assert result.slice(0, table.num_rows).equals(table)
    return result


@pytest.mark.parametrize("percentage", [100, 300])
def test_the_rarest_class_grows(percentage: int) -> None:
    result = grow(samples(), SMOTE_percentage=percentage)
    assert result.column("class").to_pylist()[80:] == ["yes"] * (20 * percentage // 100)
    assert grow(samples(), SMOTE_percentage=percentage).equals(result)
    assert not grow(samples(), SMOTE_percentage=percentage, Random_seed=1).equals(result)


def test_nothing_is_added_for_zero() -> None:
    assert grow(samples(), SMOTE_percentage=0).num_rows == 80


def test_new_rows_lie_between_a_row_and_its_nearest_neighbour() -> None:
    """With two numbers and one neighbour every new point can be checked against all segments."""
    table = samples().select(["x", "n", "class"])
    points = np.column_stack([np.array(table.column(c).to_pylist()[:20], float) for c in ("x", "n")])
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, math.inf)
    nearest = distances.argmin(axis=1)
    made = grow(table).slice(80)
    for at, (x, n) in enumerate(zip(made.column("x").to_pylist(), made.column("n").to_pylist(), strict=True)):
        start, end = points[at], points[nearest[at]]
        share = (x - start[0]) / (end[0] - start[0])
        assert 0 <= share <= 1
        assert abs(n - (start[1] + share * (end[1] - start[1]))) <= 0.5


def test_other_values_come_from_the_class() -> None:
    made = grow(samples(), SMOTE_percentage=500, Number_of_nearest_neighbors=4).slice(80)
    assert set(made.column("kind").to_pylist()) <= {"a", "b"}
    days = made.column("day").to_pylist()
    assert min(days) >= datetime(2020, 1, 1)
    assert max(days) <= datetime(2020, 1, 28)
    assert 0 < made.column("y").null_count < made.num_rows


def test_the_label_can_be_chosen_and_few_rows_have_few_neighbours() -> None:
    plain = samples(2).with_schema(Schema.of(c.with_(role=Role.FEATURE) for c in SCHEMA))
    result = grow(plain, Label_column="class", Number_of_nearest_neighbors=9)
    assert result.num_rows == plain.num_rows + 2
    with pytest.raises(ModuleError, match="Error 0024"):
        grow(plain)


def test_equal_rows_and_missing_labels() -> None:
    table = Table.from_columns({"x": [1.0] * 4 + [2.0] * 5, "class": ["a"] * 4 + ["b"] * 4 + [None]})
    made = grow(table, Label_column="class", Number_of_nearest_neighbors=2).slice(9)
    assert made.data.to_pydict() == {"x": [1.0] * 4, "class": ["a"] * 4}


@pytest.mark.parametrize(
    ("table", "raw", "number"),
    [
        (samples(), {"SMOTE percentage": 150}, "0002"),
        (samples(), {"SMOTE percentage": -100}, "0005"),
        (samples(), {"Label column": '[{"ColumnNames":["x","y"]}]'}, "0022"),
        (samples(1), {}, "0021"),
        (samples(0), {}, "0054"),
    ],
)
def test_errors(table: Table, raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        grow(table, **raw)
    assert caught.value.number == number

"""Column metadata: look-up, roles, and its JSON form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema, Score, from_json, to_json

LEVELS = st.lists(st.one_of(st.text(max_size=3), st.integers(), st.booleans()), max_size=3).map(tuple)
COLUMNS = st.builds(
    Column,
    st.text(min_size=1, max_size=5),
    st.sampled_from(DType),
    st.none() | LEVELS,
    st.sampled_from(Role),
    st.none() | st.sampled_from(Score),
    st.booleans(),
)
SCHEMAS = st.lists(COLUMNS, max_size=5, unique_by=lambda c: c.name).map(Schema.of)


@given(SCHEMAS)
def test_json_round_trips(schema: Schema) -> None:
    assert from_json(json.loads(json.dumps(to_json(schema)))) == schema


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        [5],
        [{"type": "String"}],
        [{"name": "a"}],
        [{"name": "a", "type": "Odd"}],
        [{"name": "a", "type": "String", "more": 1}],
        [{"name": "a", "type": "String", "categories": "abc"}],
        [{"name": "a", "type": "String", "categories": [None]}],
        [{"name": "a", "type": "String", "role": "King"}],
    ],
)
def test_other_json_is_refused(rows: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each has its own words
        from_json(rows)


def test_names_are_unique() -> None:
    with pytest.raises(ModuleError, match=r"0028.*'a'"):
        Schema.of([Column("a", DType.STRING), Column("a", DType.DOUBLE)])


def test_look_up_suggests() -> None:
    schema = Schema.of([Column("income", DType.DOUBLE)])
    assert schema["income"].is_numeric
    assert "income" in schema
    with pytest.raises(ModuleError, match="Did you mean 'income'"):
        schema["incom"]


def test_labels_and_features() -> None:
    x, y = Column("x", DType.DOUBLE), Column("y", DType.STRING, role=Role.LABEL)
    score = Column("s", DType.DOUBLE, score=Score.PROBABILITY)
    schema = Schema.of([x, y, score])
    assert (schema.label(), schema.features()) == (y, (x,))
    assert schema.select(["y", "x"]).names == ("y", "x")
    assert Schema.of([x]).label() is None
    with pytest.raises(ModuleError, match="0037"):
        Schema.of([y, y.with_(name="z")]).label()

"""Column selections: cases in ``selector_cases.yaml``, and laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema, Score
from restudio.core.selector import Rule, Selection, parse_selection

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "selector_cases.yaml").read_text())
SCHEMA = Schema.of(
    [
        Column("age", DType.INTEGER),
        Column("price", DType.DOUBLE),
        Column("plan", DType.STRING),
        Column("region", DType.STRING, ("e", "w")),
        Column("paid", DType.BOOLEAN),
        Column("when", DType.DATETIME),
        Column("took", DType.TIMESPAN),
        Column("grade", DType.INTEGER, (1, 2)),
        Column("churned", DType.STRING, role=Role.LABEL),
        Column("score", DType.DOUBLE, score=Score.PROBABILITY),
    ]
)
RULES = st.one_of(
    st.builds(Rule, st.just("AllColumns"), st.booleans()),
    st.builds(Rule, st.just("ColumnNames"), st.booleans(), st.lists(st.sampled_from(SCHEMA.names)).map(tuple)),
    st.builds(Rule, st.just("ColumnIndexes"), st.booleans(), st.just(("1-3", "5"))),
    st.builds(
        Rule,
        st.just("ColumnTypes"),
        st.booleans(),
        types=st.lists(st.sampled_from(["Numeric", "String", "Categorical"])).map(tuple),
        kinds=st.lists(st.sampled_from(["Feature", "Label", "Score"])).map(tuple),
    ),
)
SELECTIONS = st.builds(Selection, st.lists(RULES, min_size=1, max_size=4).map(tuple), st.booleans())


@pytest.mark.parametrize("case", CASES, ids=lambda c: str(c["name"]))
def test_case(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(ModuleError) as caught:
            parse_selection(case["selection"], parameter="P").resolve(SCHEMA, parameter="P")
        assert caught.value.number == case["error"]
        return
    assert list(parse_selection(case["selection"]).resolve(SCHEMA)) == case["columns"]


@given(SELECTIONS)
def test_the_document_form_round_trips(selection: Selection) -> None:
    assert parse_selection(selection.to_json()) == selection


@given(SELECTIONS)
def test_filters_give_distinct_columns_in_table_order(selection: Selection) -> None:
    names = Selection(selection.rules).resolve(SCHEMA)
    assert list(names) == [name for name in SCHEMA.names if name in set(names)]


@given(SELECTIONS)
def test_both_meanings_pick_the_same_set(selection: Selection) -> None:
    assert set(Selection(selection.rules, False).resolve(SCHEMA)) == set(Selection(selection.rules).resolve(SCHEMA))

"""Every case of ``slices.yaml``, and the Python side of the language of version 1."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import EXPRESSION_LENGTH, NESTING
from restudio.expressions.v1 import Window, compile_slice_expression, evaluate_slice_tree

WINDOW = Window(datetime(2024, 5, 6, 7, tzinfo=UTC), datetime(2024, 5, 7, 7, tzinfo=UTC))
CASES = yaml.safe_load((Path(__file__).parent / "slices.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["input"])[:100])
def test_case(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(ExpressionError) as caught:
            compile_slice_expression(case["input"]).evaluate(WINDOW)
        assert case["error"] in caught.value.message
        assert caught.value.position is not None
    else:
        found = compile_slice_expression(case["input"]).evaluate(WINDOW)
        assert (type(found), found) == (type(case["result"]), case["result"])


def test_instants_of_inputs_need_no_prefix() -> None:
    moment = compile_slice_expression("Date.AddDays(SliceEnd, -1)", bare=True).moment(WINDOW)
    assert moment == datetime(2024, 5, 6, 7, tzinfo=UTC)
    assert compile_slice_expression("$$WindowEnd", bare=True).moment(WINDOW) == WINDOW.end


def test_what_is_no_instant() -> None:
    with pytest.raises(ExpressionError, match="gives '5', not a date time"):
        compile_slice_expression("5", bare=True).moment(WINDOW)


def test_constants_tell_so() -> None:
    assert compile_slice_expression("in/adult.csv").is_constant
    assert not compile_slice_expression("$$SliceStart").is_constant


def test_tree() -> None:
    document = {"$$SliceStart": ["$$Text.Format('{0:yyyy}', SliceStart)", 5, None], "x": {"y": "plain"}}
    assert evaluate_slice_tree(document, WINDOW) == {"$$SliceStart": ["2024", 5, None], "x": {"y": "plain"}}


def test_a_tree_nested_beyond_measure() -> None:
    document: Any = "x"
    for _ in range(10_000):
        document = [document]
    with pytest.raises(ExpressionError, match="nested too deeply"):
        evaluate_slice_tree(document, WINDOW)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$$" + "x" * EXPRESSION_LENGTH, f"at most {EXPRESSION_LENGTH} are allowed"),
        ("$$" + "Date.Day(" * 500, f"nested more than {NESTING} levels deep"),
        ("$$Text.Format('" + "{0,999999}" * 500 + "', 1)", "is allowed"),
        ("$$" + "'" * 8001, "is not expected"),
        ("$$" + "a." * 4000 + "a", "no system variable"),
    ],
    ids=lambda each: each[:30],
)
def test_texts_made_to_hurt(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_slice_expression(text).evaluate(WINDOW)
    assert words in caught.value.message
    assert len(caught.value.message) < 1000

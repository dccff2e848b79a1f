"""Texts made to hurt: each is an error, at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import EVALUATION_SIZE, EXPRESSION_LENGTH, NESTING, RESULT_SIZE, VALUE_NESTING
from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_template, evaluate_tree

MANY = 5_000


def _nested(depth: int, *, objects: bool = False) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@concat('" + "x" * EXPRESSION_LENGTH + "')", f"at most {EXPRESSION_LENGTH} are allowed"),
        ("a@{concat('" + "x" * EXPRESSION_LENGTH + "')}", f"at most {EXPRESSION_LENGTH} are allowed"),
        ("@" + "not(" * 1000, f"nested more than {NESTING} levels deep"),
        ("@" + "first(" * 1000 + "''" + ")" * 1000, f"nested more than {NESTING} levels deep"),
        ("@pipeline()" + "[pipeline()" * 700, f"nested more than {NESTING} levels deep"),
        ("@pipeline()" + ".x" * 2000, "property 'x' doesn't exist"),
        ("@" + "'" * 8001, "is not terminated"),
        ("@{" + " " * 8000, "is not terminated"),
        ("@" + "9" * 8000, "cannot be converted to number"),
        ("@-" + "1" * 5000 + ".5e999", "cannot be converted to number"),
        (f"@json('{'[' * MANY}')", "nested too deeply"),
        (f"@json('{'[' * MANY + ']' * (MANY // 3)}')"[:EXPRESSION_LENGTH], "nested too deeply"),
        (f"@json('{'[' * 1000 + ']' * 1000}')", "nested too deeply"),
        (f"@json('{'{a:' * 2000}')", "nested too deeply"),
        (f"@json('{'[' * 200 + ']' * 200}')", "nested too deeply"),
        ('@xml(json(concat(\'{"r":{"' + "a" * 4000 + "\":', string(range(0,2000)), '}}')))", "is allowed"),
        (f"@xml('{'<a>' * 300 + '</a>' * 300}')", "cannot be converted to XML"),
        (f"@json(xml('{'<a>' * 200 + '</a>' * 200}'))", "nested too deeply"),
        ("@replace(replace(item(),'x',item()),'x',item())", f"at most {RESULT_SIZE} is allowed"),
        ("@join(range(0,100000),item())", f"at most {RESULT_SIZE} is allowed"),
        ("@split(item(),'x')", f"at most {RESULT_SIZE} is allowed"),
        ("@concat(" + ",".join(["item()"] * 1000) + ")", f"at most {RESULT_SIZE} is allowed"),
        ("@{item()}" * 1000, f"at most {RESULT_SIZE} is allowed"),
        ("@createArray(" + ",".join(["concat(item(),'')"] * 100) + ")", f"above {EVALUATION_SIZE}"),
        ("@createArray(" + ",".join(["range(0,100000)"] * 400) + ")", f"above {EVALUATION_SIZE}"),
        ("@formatNumber(1,'N999999999')", "at most 99 digits"),
        (f"@formatNumber(1,'{'%' * 8000}0')", "digits in it"),
        (f"@formatNumber(1,'0.{'0' * 8000}')", "digits in it"),
        ("@decimal('1e999999999')", "cannot be converted"),
        ("@int('" + "9" * 8000 + "')", "cannot be converted"),
        ("@addDays('" + "1" * 8000 + "',1)", "was not valid"),
        ("@" + "mul(" * 60 + "2" + ",9e300)" * 60, "caused arithmetic overflow"),
        ("@float('1e400')", "cannot be converted"),
    ],
    ids=lambda each: each[:40],
)
def test_it_is_refused(text: str, words: str, scope: Scope) -> None:
    surroundings = replace(scope, item="x" * 400_000)
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).evaluate(surroundings)
    assert words in caught.value.message
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize("text", ["@{item()}", "@string(item())", "@equals(item(),item())", "@contains(item(),item())"])
def test_values_that_are_nested_beyond_measure(text: str, scope: Scope) -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        compile_template(text).evaluate(replace(scope, item=_nested(100_000)))


@pytest.mark.parametrize("text", ["@{item()}", "@xml(item())"])
def test_objects_that_are_nested_too_deeply(text: str, scope: Scope) -> None:
    with pytest.raises(ExpressionError, match="nested too deeply"):
        compile_template(text).evaluate(replace(scope, item=_nested(200, objects=True)))


def test_a_document_nested_beyond_measure(scope: Scope) -> None:
    with pytest.raises(ExpressionError, match=f"at most {VALUE_NESTING} levels"):
        evaluate_tree(_nested(100_000), scope)


def test_what_is_large_but_allowed(scope: Scope) -> None:
    surroundings = replace(scope, item="x" * 400_000)
    assert compile_template("@length(concat(item(),item(),item()))").evaluate(surroundings) == 1_200_000
    assert compile_template("@length(range(0,100000))").evaluate(surroundings) == 100_000
    assert (
        compile_template("@string(item())").evaluate(replace(scope, item=_nested(100))) == "[" * 100 + "1" + "]" * 100
    )

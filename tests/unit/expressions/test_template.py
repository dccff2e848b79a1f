"""The Python side of templates: what they tell of themselves, trees, and errors with their places."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from restudio.core.errors import RestudioError
from restudio.expressions.errors import ExpressionError
from restudio.expressions.scope import Scope
from restudio.expressions.template import Mode, Path, compile_template, evaluate_tree, expression_of


@pytest.mark.parametrize(
    ("text", "mode", "constant"),
    [
        ("plain", Mode.LITERAL, True),
        ("@@x", Mode.ESCAPED, True),
        ("a@{1}", Mode.INTERPOLATED, True),
        ("@add(1,2)", Mode.EXPRESSION, True),
        ("@{item()}", Mode.INTERPOLATED, False),
        ("@utcNow()", Mode.EXPRESSION, False),
        ("@guid()", Mode.EXPRESSION, False),
        ("@if(true,1,pipeline().RunId)", Mode.EXPRESSION, False),
    ],
)
def test_mode_and_constancy(text: str, mode: Mode, constant: bool) -> None:
    template = compile_template(text)
    assert (template.mode, template.is_constant, template.text) == (mode, constant, text)


def test_references_of_everything_that_may_be_needed() -> None:
    found = compile_template(
        "x@{if(true, pipeline().parameters.a, Pipeline().Parameters['b'])}"
        "@{activity('A')?.output[variables('v')]} @{pipeline().globalParameters.g}"
        "@{concat(body('B'), dataset().d, linkedService().l.x, variables(concat('c','d')))}"
    ).references
    assert found.parameters == {"a", "b"}
    assert found.global_parameters == {"g"}
    assert found.activities == {"A", "B"}
    assert found.variables == {"v"}
    assert found.dataset_parameters == {"d"}
    assert found.linked_service_parameters == {"l"}
    assert {"if", "pipeline", "concat"} <= found.functions


def test_a_template_is_compiled_once() -> None:
    assert compile_template("@concat('kept',1)") is compile_template("@concat('kept',1)")


def test_long_plain_text_around_expressions(scope: Scope) -> None:
    script = "-- " + "x" * 100_000
    assert compile_template(script + "@{1}").evaluate(scope) == script + "1"


def test_tree(scope: Scope) -> None:
    document = {
        "@concat('key')": "@pipeline().parameters.n",
        "object": {"value": "@pipeline().parameters.arr", "type": "Expression"},
        "lower": {"Value": "x@{1}", "Type": "expression"},
        "not": {"value": "@@{1}", "type": "String"},
        "wrong": {"value": 5, "type": "Expression"},
        "more": {"value": "@{1}", "type": "Expression", "x": True},
        "list": ["@{1}", 2, None, ["@@@"]],
    }
    before = json.dumps(document)
    assert evaluate_tree(document, scope) == {
        "@concat('key')": 42,
        "object": [1, 2, 3],
        "lower": "x1",
        "not": {"value": "@{1}", "type": "String"},
        "wrong": {"value": 5, "type": "Expression"},
        "more": {"value": "1", "type": "Expression", "x": True},
        "list": ["1", 2, None, ["@@"]],
    }
    assert json.dumps(document) == before


def test_a_tree_leaves_alone_what_is_skipped(scope: Scope) -> None:
    def nested(path: Path) -> bool:
        return path[-1:] == ("activities",)

    document = {"activities": ["@item()"], "cases": [{"value": "@{1}", "activities": ["@item()"]}]}
    assert evaluate_tree(document, scope, skip=nested) == {
        "activities": ["@item()"],
        "cases": [{"value": "1", "activities": ["@item()"]}],
    }


def test_an_error_of_a_tree_tells_its_place(scope: Scope) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate_tree({"a": [{"b": {"value": "@foo()", "type": "Expression"}}]}, scope)
    assert (caught.value.target, caught.value.position) == ("$.a[0].b.value", 1)
    assert isinstance(caught.value, RestudioError)
    assert caught.value.detail == "InvalidTemplate"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("@concat('a', foo())", 13),
        ("@concat('a', div(1,0))", 13),
        ("@add(1, 'x')", 1),
        ("x @{foo()}", 4),
        ("x @{pipeline().parameters.zz}", 25),
        ("@if(true, length(1), 2)", 10),
        ("@if(1, 1, 2)", 1),
        ("@a=b", 2),
        ("@add(1", 6),
    ],
)
def test_an_error_tells_its_position(text: str, position: int, scope: Scope) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(text).evaluate(scope)
    assert caught.value.position == position


def test_arithmetic_beyond_all_bounds(scope: Scope) -> None:
    with pytest.raises(ExpressionError, match="'float' caused arithmetic overflow"):
        compile_template("@float(item())").evaluate(replace(scope, item=10**400))


def test_expression_objects() -> None:
    assert expression_of({"type": "Expression", "value": "@x"}) == "@x"
    assert expression_of({"type": "String", "value": "@x"}) is None
    assert expression_of("@x") is None


def test_a_value_comes_as_it_stands_in_the_scope(scope: Scope) -> None:
    items = [1, 2]
    inner = replace(scope, item=items)
    assert compile_template("@item()").evaluate(inner) is items
    compile_template("@union(item(),createArray(3))").evaluate(inner)
    compile_template("@reverse(item())").evaluate(inner)
    assert items == [1, 2]


def test_randomness_comes_from_the_scope(scope: Scope) -> None:
    class Fixed:
        def getrandbits(self, k: int, /) -> int:
            return 1 << (k - 1)

        def randrange(self, start: int, stop: int, /) -> int:
            return stop - 1

    fixed = replace(scope, random=Fixed())
    assert compile_template("@guid()").evaluate(fixed) == "80000000-0000-4000-8000-000000000000"
    assert compile_template("@rand(1,10)").evaluate(fixed) == 9

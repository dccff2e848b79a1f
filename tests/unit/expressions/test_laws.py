"""Laws that hold for all values."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.expressions.catalog import families
from restudio.expressions.date_format import format_instant
from restudio.expressions.declaration import Function
from restudio.expressions.equality import equal, identity
from restudio.expressions.errors import ExpressionError
from restudio.expressions.instant import END, Instant, ZoneKind
from restudio.expressions.lenient_json import read_json
from restudio.expressions.numbers import float_text
from restudio.expressions.ordering import sort_key
from restudio.expressions.parser import parse
from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_template
from restudio.expressions.texts import json_text
from restudio.expressions.timestamps import parse_timestamp
from restudio.expressions.tree import Call, Literal, Node, Select, Step, to_text

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
telling = st.sampled_from(
    [
        "2024-03-10T05:06:07Z",
        "05:06",
        "yyyy-MM",
        "N2",
        "#,##0.0;(0)",
        "fr-FR",
        "UTC",
        "Month",
        "<a b='1'/>",
        "//@b",
        "{a:1}",
    ]
)
ALL = [each for family in families().values() for each in family]
names = st.from_regex(r"[a-z_$][a-z0-9_]{0,5}", fullmatch=True).filter(
    lambda name: name not in ("true", "false", "null")
)
instants = st.builds(Instant, st.integers(0, END - 1), st.sampled_from(list(ZoneKind)))


def evaluate(text: str, **parameters: Any) -> Any:
    scope = Scope(now=lambda: NOW, random=random.Random(1), pipeline={"parameters": parameters})
    return compile_template(text).evaluate(scope)


def outcome(text: str, **parameters: Any) -> tuple[Any, ExpressionError | None]:
    """The value or the error."""
    try:
        return evaluate(text, **parameters), None
    except ExpressionError as error:
        return None, error


def trees() -> st.SearchStrategy[Node]:
    literals = st.builds(Literal, scalars)

    def deeper(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        calls = st.builds(Call, names, st.lists(inner, max_size=3).map(tuple))
        steps = st.builds(Step, inner | st.builds(Literal, names), st.booleans())
        return calls | st.builds(Select, literals | calls, st.lists(steps, min_size=1, max_size=3).map(tuple))

    return st.recursive(literals, deeper, max_leaves=10)


@settings(deadline=None)
@given(trees())
def test_a_tree_reads_back(tree: Node) -> None:
    again = parse(to_text(tree))
    assert again == tree
    assert to_text(again) == to_text(tree)


@settings(deadline=None)
@given(values)
def test_json_text_reads_back(value: Any) -> None:
    assert identity(json.loads(json_text(value))) == identity(value)
    assert identity(evaluate("@json(string(createArray(pipeline().parameters.v)))[0]", v=value)) == identity(value)


@settings(deadline=None)
@given(values)
def test_json_reads_what_python_writes(value: Any) -> None:
    assert identity(read_json(json.dumps(value))) == identity(value)


@settings(deadline=None)
@given(values, st.integers(1, 3))
def test_json_closes_what_is_left_open(value: Any, levels: int) -> None:
    text = "[" * levels + json.dumps(value)
    expected = value
    for _ in range(levels):
        expected = [expected]
    assert identity(read_json(text)) == identity(expected)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_json_of_any_text_is_a_value_or_an_error(text: str) -> None:
    _, error = outcome("@json(pipeline().parameters.s)", s=text)
    assert error is None or error.position == 1


@settings(deadline=None)
@given(texts)
def test_encodings_come_back(text: str) -> None:
    for there, back in (
        ("base64", "base64ToString"),
        ("uriComponent", "uriComponentToString"),
        ("dataUri", "dataUriToString"),
        ("binary", "string"),
        ("base64", "decodeBase64"),
    ):
        assert evaluate(f"@{back}({there}(pipeline().parameters.s))", s=text) == text


@settings(deadline=None)
@given(texts, st.integers(0, 40))
def test_take_and_skip_are_the_whole(text: str, count: int) -> None:
    if all(char <= "\uffff" for char in text):
        assert evaluate("@concat(take(pipeline().parameters.s,pipeline().parameters.n),skip(pipeline().parameters.s,"
                        "pipeline().parameters.n))", s=text, n=count) == text  # fmt: skip
    items = list(text)
    parts = evaluate("@createArray(take(pipeline().parameters.s,pipeline().parameters.n),skip(pipeline().parameters.s,"
                     "pipeline().parameters.n))", s=items, n=count)  # fmt: skip
    assert parts[0] + parts[1] == items


@settings(deadline=None)
@given(texts, st.text(",;a", min_size=1, max_size=2))
def test_join_undoes_split(text: str, separator: str) -> None:
    assert evaluate("@join(split(pipeline().parameters.s,pipeline().parameters.x),pipeline().parameters.x)",
                    s=text, x=separator) == text  # fmt: skip


@settings(deadline=None)
@given(texts)
def test_a_text_in_quotes_is_itself(text: str) -> None:
    assert evaluate("@" + to_text(Literal(text))) == text
    assert evaluate("x@{" + to_text(Literal(text)) + "}y") == f"x{text}y"


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float_text_reads_back(number: float) -> None:
    assert float(float_text(number)) == number
    assert math.copysign(1, float(float_text(number))) == math.copysign(1, number)


@settings(deadline=None)
@given(instants)
def test_instants_read_back(instant: Instant) -> None:
    assert parse_timestamp(format_instant(instant), NOW.date) == instant


@settings(deadline=None)
@given(instants)
def test_round_trip_is_its_own_pattern(instant: Instant) -> None:
    assert format_instant(instant, "o") == format_instant(instant, "yyyy-MM-ddTHH:mm:ss.fffffffK")


@settings(deadline=None)
@given(st.datetimes(), st.integers(-1000, 1000), st.sampled_from(["Second", "Minute", "Hour", "Day", "Week"]))
def test_subtracting_undoes_adding(moment: datetime, count: int, unit: str) -> None:
    text = format_instant(Instant.of(moment.replace(year=moment.year % 9000 + 500)))
    moved = evaluate(f"@addToTime('{text}',pipeline().parameters.n,'{unit}')", n=count)
    assert evaluate(f"@subtractFromTime('{moved}',pipeline().parameters.n,'{unit}')", n=count) == text


@settings(deadline=None)
@given(instants, st.integers(-120_000, 120_000))
def test_months_move_by_months(instant: Instant, count: int) -> None:
    try:
        moved = instant.plus_months(count)
    except OverflowError:
        return
    months = (moved.date.year - instant.date.year) * 12 + moved.date.month - instant.date.month
    assert months == count
    assert moved.date.day == instant.date.day or (moved.date.day >= 28 and moved.date.day < instant.date.day)


@settings(deadline=None)
@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1)), st.sampled_from(["Eastern Standard Time", "Asia/Kolkata"])
)
def test_zones_go_there_and_back(moment: datetime, zone: str) -> None:
    text = format_instant(Instant.of(moment.replace(tzinfo=UTC)))
    local = evaluate(f"@convertFromUtc('{text}','{zone}')")
    back, error = outcome(f"@convertToUtc('{local}','{zone}')")
    assert back == text if error is None else "twice" in error.message


@settings(deadline=None)
@given(st.lists(values, max_size=6), st.lists(values, max_size=6))
def test_sets(a: list[Any], b: list[Any]) -> None:
    union = evaluate("@union(pipeline().parameters.a,pipeline().parameters.b)", a=a, b=b)
    common = evaluate("@intersection(pipeline().parameters.a,pipeline().parameters.b)", a=a, b=b)
    kinds = [identity(each) for each in union]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) == {identity(each) for each in a + b}
    assert {identity(each) for each in common} == {identity(each) for each in a} & {identity(each) for each in b}


@settings(deadline=None)
@given(texts, texts, texts)
def test_order_of_texts(a: str, b: str, c: str) -> None:
    less = {(x, y): evaluate("@less(pipeline().parameters.x,pipeline().parameters.y)", x=x, y=y)
            for x, y in ((a, b), (b, a), (b, c), (a, c))}  # fmt: skip
    assert not (less[a, b] and less[b, a])
    assert not (less[a, b] and less[b, c]) or less[a, c]
    assert (sort_key(a) == sort_key(b)) or less[a, b] or less[b, a]


@settings(deadline=None)
@given(values, values)
def test_what_is_identical_is_equal(a: Any, b: Any) -> None:
    assert equal(a, a)
    assert equal(a, b) == equal(b, a)
    assert equal(a, b) or identity(a) != identity(b)
    assert evaluate("@equals(pipeline().parameters.a,pipeline().parameters.b)", a=a, b=b) == equal(a, b)


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6).filter(bool))
def test_division(a: int, b: int) -> None:
    whole = evaluate("@add(mul(div(pipeline().parameters.a,pipeline().parameters.b),pipeline().parameters.b),"
                     "mod(pipeline().parameters.a,pipeline().parameters.b))", a=a, b=b)  # fmt: skip
    assert whole == a


@settings(deadline=None)
@given(st.sampled_from(ALL), st.data())
def test_any_function_of_any_values_is_a_value_or_an_error(each: Function, data: st.DataObject) -> None:
    count = data.draw(st.integers(each.fewest, each.most if each.most is not None else each.fewest + 2))
    arguments = {f"p{index}": data.draw(values | telling) for index in range(count)}
    written = ",".join(f"pipeline().parameters.{name}" for name in arguments)
    _, error = outcome(f"@{each.name}({written})", **arguments)
    assert error is None or error.position is not None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_value_or_an_error(text: str) -> None:
    for written in (text, "@" + text, "@{" + text + "}", f"@formatDateTime('2024-01-02',{to_text(Literal(text))})"):
        _, error = outcome(written)
        assert error is None or error.message

"""The law of kernels: one row and a chunk agree to the last bit, for every expression and predictor."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.kernels.random_cells import arrow, columns, same

from restudio.core.cells import Cell
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.chunk import evaluate, evaluate_all
from restudio.kernels.expr import Call, Constant, Convert, Expr, Fill, Frame, Function, Input, IsMissing, Predict, Scale
from restudio.kernels.linear import LevelTerm, LinearPredictor, NumberTerm
from restudio.kernels.row import bind
from restudio.kernels.scores import BinaryScores, ClassScores, ValueScores

COLUMNS = {
    "text": DType.STRING,
    "count": DType.INTEGER,
    "real": DType.DOUBLE,
    "flag": DType.BOOLEAN,
    "when": DType.DATETIME,
    "span": DType.TIMESPAN,
}
SCHEMA = Schema.of(Column(name, dtype) for name, dtype in COLUMNS.items())
LINES = st.integers(0, 6).flatmap(lambda n: st.fixed_dictionaries({c: columns(t, n) for c, t in COLUMNS.items()}))

TEXT, COUNT, REAL, FLAG, WHEN, SPAN = (Input("in", column) for column in SCHEMA)
WEIGHTS = st.floats(-1e3, 1e3)


def score_rows(frame: Frame, cells: dict[str, list[Cell]]) -> list[tuple[object, ...]]:
    kernel = bind([frame])
    rows = len(next(iter(cells.values())))
    results = [kernel.run([cells[name][i] for _, name in kernel.needed]) for i in range(rows)]
    together = kernel.run_many([[cells[name][i] for _, name in kernel.needed] for i in range(rows)])
    scored = [result[0] for result in results if result is not None]
    assert all(
        same(a, b) for row, (other,) in zip(scored, together, strict=True) for a, b in zip(row, other, strict=True)
    )
    return scored


def score_chunk(frame: Frame, cells: dict[str, list[Cell]]) -> list[tuple[object, ...]]:
    table = pa.table({name: arrow(values, COLUMNS[name]) for name, values in cells.items()})
    result = evaluate(frame, {"in": table})
    lists = [column.to_pylist() for column in result.columns]
    return list(zip(*lists, strict=True))


def assert_agree(exprs: list[Expr], cells: dict[str, list[Cell]], keep: tuple[Expr, ...] = ()) -> None:
    frame = Frame(tuple((Column(f"c{i}", DType.STRING), expr) for i, expr in enumerate(exprs)), keep)
    outcomes: list[list[tuple[object, ...]] | str] = []
    for score in (score_rows, score_chunk):
        try:
            outcomes.append(score(frame, cells))
        except ModuleError as error:
            outcomes.append(error.number)
    by_row, by_chunk = outcomes
    if isinstance(by_row, str) or isinstance(by_chunk, str):
        assert by_row == by_chunk
        return
    assert len(by_row) == len(by_chunk)
    for left, right in zip(by_row, by_chunk, strict=True):
        assert all(same(a, b) for a, b in zip(left, right, strict=True)), (left, right)


@given(LINES, WEIGHTS, st.sampled_from([0.0, -0.0, 1.0, 3.7, -2.5]))
def test_expressions_agree(cells: dict[str, list[Cell]], shift: float, divisor: float) -> None:
    numbers: list[Expr] = [COUNT, REAL, FLAG]
    exprs: list[Expr] = [TEXT, WHEN, SPAN, Fill(TEXT, "none"), Fill(WHEN, "2020-02-02"), Constant("x", DType.STRING)]
    exprs += [Constant(None, DType.DOUBLE), Constant(3, DType.DOUBLE), Constant(True, DType.BOOLEAN)]
    for source in numbers:
        exprs += [Fill(source, 1), IsMissing(source), Scale(source, shift, divisor)]
        exprs += [Function(source, name) for name in ("logistic", "tanh", "exp")]
        exprs += [Function(source, "lognormal", (0.5, 2.0)), Scale(Fill(source, 0), 1.0, 2.0)]
    assert_agree(exprs, cells)


@pytest.mark.parametrize("source", [TEXT, COUNT, REAL, FLAG, WHEN, SPAN], ids=lambda e: e.column.name)
@given(cells=LINES)
@settings(max_examples=40)
def test_conversions_agree(source: Input, cells: dict[str, list[Cell]]) -> None:
    for target in DType:  # by themselves, as an error in one hides the others; over the same cells, which are dear
        assert_agree([Convert(source, target)], cells)


@given(LINES)
def test_filters_agree(cells: dict[str, list[Cell]]) -> None:
    assert_agree([TEXT, Scale(COUNT, 1.0, 2.0)], cells, keep=(FLAG,))


@given(LINES)
def test_an_error_in_a_row_that_is_dropped_does_not_matter(cells: dict[str, list[Cell]]) -> None:
    cells = {**cells, "flag": [False] * len(cells["flag"])}
    assert score_rows(Frame(((SCHEMA["text"], Convert(TEXT, DType.INTEGER)),), (FLAG,)), cells) == []
    assert score_chunk(Frame(((SCHEMA["text"], Convert(TEXT, DType.INTEGER)),), (FLAG,)), cells) == []


LEVEL_TERMS = st.sampled_from([None, (2.5, -1.0, 0.25)])


@given(LINES, st.lists(WEIGHTS, min_size=18, max_size=18), LEVEL_TERMS, st.sampled_from([None, (0.5, 0.0, -3.0)]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_linear_models_agree(
    cells: dict[str, list[Cell]],
    w: list[float],
    unknown: tuple[float, ...] | None,
    missing: tuple[float, ...] | None,
) -> None:
    features: tuple[Expr, ...] = (COUNT, TEXT, REAL, FLAG, Convert(FLAG, DType.DOUBLE))
    for width, scores, link in (
        (1, ValueScores(), "identity"),
        (1, ValueScores(), "exp"),
        (1, BinaryScores(["no", "yes"], DType.STRING), "logistic"),
        (1, BinaryScores([0, 1], DType.INTEGER, threshold=0.3), "logistic"),
        (3, ClassScores(["a", "b", "c"], DType.STRING), "softmax"),
        (3, ClassScores([1.5, 2.5, 3.5], DType.DOUBLE), "softmax"),
    ):
        terms = [
            NumberTerm(tuple(w[:width]), shift=w[3], divisor=7.0),
            LevelTerm(
                ("a", "b", "ü"),
                DType.STRING,
                tuple((w[4] + k, w[5], w[6]) for k in range(width)),
                unknown and unknown[:width],
                missing and missing[:width],
            ),
            NumberTerm(tuple(w[7 : 7 + width])),
            NumberTerm(tuple(w[10 : 10 + width]), divisor=0.1),
            LevelTerm((0, 1), DType.DOUBLE, tuple((w[13], w[14]) for _ in range(width))),
        ]
        call = Call(LinearPredictor(terms, w[15 : 15 + width], scores, link), features)  # type: ignore[arg-type]
        assert_agree([Predict(call, i) for i in range(len(scores.outputs))], cells)


def test_a_call_is_made_once_for_all_its_outputs() -> None:
    class Counting(LinearPredictor):
        calls = 0

        def one(self, cells: object) -> tuple[object, ...]:
            Counting.calls += 1
            return super().one(cells)  # type: ignore[arg-type]

    predictor = Counting([NumberTerm((1.0,))], [0.0], BinaryScores([0, 1], DType.INTEGER), "logistic")
    call = Call(predictor, (REAL,))
    kernel = bind([Frame(((SCHEMA["real"], Predict(call, 1)), (SCHEMA["count"], Predict(call, 0))))])
    assert kernel.run([0.0]) == ((0.5, 1),)
    assert Counting.calls == 1


def test_only_the_columns_that_are_used_are_needed() -> None:
    frame = Frame(((SCHEMA["real"], Scale(REAL, 1.0, 2.0)), (SCHEMA["text"], Constant("k", DType.STRING))))
    kernel = bind([frame])
    assert kernel.needed == (("in", "real"),)
    assert kernel.run([5.0]) == ((2.0, "k"),)


def test_frames_bound_together_share_a_row() -> None:
    first = Frame(((SCHEMA["real"], Scale(REAL, 1.0, 2.0)),))
    second = Frame(((SCHEMA["count"], COUNT), (SCHEMA["real"], Scale(REAL, 1.0, 2.0))))
    kernel = bind([first, second])
    assert kernel.run([5.0, 7]) == ((2.0,), (7, 2.0))
    tables = evaluate_all([first, second], {"in": pa.table({"real": [5.0], "count": [7]})})
    assert [t.to_pylist() for t in tables] == [[{"real": 2.0}], [{"count": 7, "real": 2.0}]]


def test_a_cell_that_cannot_be_converted_names_its_column() -> None:
    kernel = bind([Frame(((SCHEMA["text"], Convert(TEXT, DType.INTEGER)),))])
    with pytest.raises(ModuleError, match="column 'text' cannot be converted to Integer") as caught:
        kernel.run(["abc"])
    assert caught.value.number == "0042"


def test_unusable_weights_are_refused() -> None:
    for terms, intercepts in (
        ([NumberTerm((1.0, 2.0))], [0.0]),
        ([NumberTerm((math.nan,))], [0.0]),
        ([NumberTerm((1.0,), divisor=0.0)], [0.0]),
        ([LevelTerm(("a",), DType.STRING, ((1.0, 2.0),))], [0.0]),
        ([], [0.0, 1.0]),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  several texts
            LinearPredictor(terms, intercepts, ValueScores())


def test_a_wrong_constant_is_a_parameter_error() -> None:
    with pytest.raises(RestudioError, match="cannot be used in a column of Integer"):
        bind([Frame(((SCHEMA["count"], Fill(COUNT, "many")),))])

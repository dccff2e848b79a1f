"""A module's description for scoring equals its table function: over a chunk, and a row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conformance.examples import Example, Examples
from tests.conformance.tables import LABEL, SCHEMA, ordinary, random_tables

from restudio.core.errors import ModuleError
from restudio.core.params import ParamKind, parameters_of, parse_params
from restudio.core.spec import Entry
from restudio.kernels.chunk import evaluate, evaluate_all
from restudio.kernels.expr import CannotLower, Frame
from restudio.kernels.row import bind
from restudio.tables.table import Table

_PORT = "in"


@given(data=st.data(), table=random_tables())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_speeds_equal_the_table_function(
    lowering: Entry, examples: Examples, data: st.DataObject, table: Table
) -> None:
    candidate = data.draw(st.sampled_from(_plain_candidates(lowering, examples)))
    setting = data.draw(st.sampled_from([{}, *_settings(lowering)]))
    _compare(Example(lowering, {**candidate.raw, **setting}, candidate.inputs).on(table), table, examples)


def _settings(entry: Entry) -> Iterator[dict[str, object]]:
    """Every choice of every parameter, by itself; those that need others with it are refused by all speeds alike."""
    for _, parameter in parameters_of(entry.spec.params):
        values = (True, False) if parameter.kind is ParamKind.BOOLEAN else parameter.choices
        for value in values:
            yield {parameter.name: value}


def _plain_candidates(entry: Entry, examples: Examples) -> Sequence[Example]:
    """Every saved model or transform is tried, each over the plain table."""
    names = ordinary().names
    return [
        example
        for example in examples.candidates(entry)
        if all(not isinstance(value, Table) or value.names == names for value in example.inputs)
    ]


def _compare(example: Example, table: Table, examples: Examples) -> None:
    try:
        lowered = _lower(example, examples)
    except CannotLower:
        return
    except ModuleError as error:
        with pytest.raises(ModuleError, match=error.number):
            examples.run(example)
        return
    tables = [(f, i) for i, f in enumerate(lowered) if isinstance(f, Frame)]
    assert tables
    try:
        outputs = examples.run(example)
    except ModuleError as error:
        with pytest.raises(ModuleError, match=error.number):
            evaluate_all([frame for frame, _ in tables], {_PORT: table.data})
        return
    for frame, position in tables:
        _compare_table(frame, table, outputs[position])


def _lower(example: Example, examples: Examples) -> tuple[object, ...]:
    symbols = [Frame.input(_PORT, SCHEMA) if isinstance(v, Table) else v for v in example.inputs]
    params: object = parse_params(example.entry.spec.params, example.raw)
    assert example.entry.lower is not None
    result = example.entry.lower(params, *symbols, entry=examples.catalog.get_entry)
    return result if isinstance(result, tuple) else (result,)


def _compare_table(frame: Frame, table: Table, expected: object) -> None:
    assert isinstance(expected, Table)
    chunk = Table(frame.schema, evaluate(frame, {_PORT: table.data}))
    assert [(c.name, c.dtype, c.role, c.score) for c in chunk.schema] == [
        (c.name, c.dtype, c.role, c.score) for c in expected.schema
    ]
    assert repr(chunk.data.to_pydict()) == repr(expected.data.to_pydict())
    assert repr(_row_by_row(frame, table)) == repr([tuple(row.values()) for row in chunk.data.to_pylist()])


def _row_by_row(frame: Frame, table: Table) -> list[tuple[object, ...]]:
    kernel = bind([frame], [(_PORT, name) for name in table.names])
    rows = (kernel.run(list(row.values())) for row in table.data.to_pylist())
    return [row[0] for row in rows if row is not None]


def test_callers_need_not_send_the_label(scoring: Entry, examples: Examples) -> None:
    """A scoring module that takes a model works on rows without the label that the model learned."""
    unlabelled = ordinary().select([name for name in ordinary().names if name != LABEL])
    for candidate in _plain_candidates(scoring, examples):
        try:
            (with_label,) = examples.run(candidate)
        except ModuleError:
            continue
        (without,) = examples.run(candidate.on(unlabelled))
        assert isinstance(with_label, Table)
        assert isinstance(without, Table)
        scores = [c.name for c in without.schema if c.score is not None]
        assert without.select(scores).equals(with_label.select(scores))

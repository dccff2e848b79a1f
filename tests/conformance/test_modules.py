"""What every module promises by being in the catalog. A new module takes part without an edit here."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conformance.conftest import CATALOG, OUTSIDE
from tests.conformance.examples import Example, Examples, fits
from tests.conformance.tables import VARIANTS

from restudio.artifacts.container import write_artifact
from restudio.artifacts.values import Model, Transform, UntrainedModel
from restudio.core.params import parse_params
from restudio.core.schema import Schema, Superset
from restudio.core.spec import Entry, PortKind, ToldModel
from restudio.tables.table import Table

_ALWAYS_POSSIBLE = frozenset({"0001", "0002", "0003"})
"""Errors of any module with parameters and inputs; the others must be declared for the help page."""


@pytest.fixture
def example(runnable: Entry, examples: Examples) -> Example:
    found = examples.find(runnable)
    assert found is not None
    return found


def test_it_is_documented(entry: Entry) -> None:
    assert entry.spec.help.strip().endswith(".")
    assert len(entry.spec.help) > 20
    assert all(len(number) == 4 and number.isdigit() for number in entry.spec.errors)
    names = [port.name.casefold() for port in entry.spec.inputs]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_are_as_declared_or_the_error_is(variant: str, runnable: Entry, examples: Examples) -> None:
    spec, met = runnable.spec, examples.outcome(runnable, variant)
    if met.error is not None:
        assert variant != "ordinary"
        assert met.error.number in {*spec.errors, *_ALWAYS_POSSIBLE}, met.error.message
        return
    assert len(met.outputs) == len(spec.outputs)
    assert all(fits(value, port) for value, port in zip(met.outputs, spec.outputs, strict=True))


def test_columns_are_told_or_it_says_why_not(tabular: Entry) -> None:
    assert tabular.schema_of is not None or tabular.spec.known_by_running


def test_what_learners_predict_is_declared(entry: Entry, examples: Examples) -> None:
    makes = [port.kind for port in entry.spec.outputs] == [PortKind.UNTRAINED]
    assert makes == (entry.spec.task is not None)
    if makes and entry.spec.id not in OUTSIDE:
        (untrained,) = examples.outcome(entry, "ordinary").outputs
        assert isinstance(untrained, UntrainedModel)
        assert (untrained.learner, untrained.task) == (entry.spec.id, entry.spec.task)


@pytest.mark.parametrize("variant", VARIANTS)
def test_columns_are_as_declared(variant: str, telling: Entry, examples: Examples) -> None:
    met = examples.outcome(telling, variant)
    assert telling.schema_of is not None
    if met.error is not None:
        assert variant != "ordinary"
        return
    declared = telling.schema_of(_params(met.example), *map(_told, met.example.inputs))
    for told, value in zip(declared if isinstance(declared, tuple) else (declared,), met.outputs, strict=True):
        if isinstance(value, Model):
            assert _of_model(told) == _of_model(_told(value))
        elif not isinstance(value, Table):
            assert told is None
        elif told is None:
            assert telling.spec.known_by_running
        elif isinstance(told, Superset):
            assert set(_shape(value.schema)) <= set(_shape(told.schema))
        else:
            assert _shape(told) == _shape(value.schema)


def _told(value: object) -> Schema | ToldModel | None:
    if isinstance(value, (UntrainedModel, Model)):
        learner = CATALOG[value.learner]
        label = value.label if isinstance(value, Model) else None
        return ToldModel(learner, parse_params(learner.spec.params, value.params), label)
    return value.schema if isinstance(value, Table) else None


def _of_model(told: Any) -> tuple[str, object]:
    return told.learner.spec.id, None if told.label is None else (told.label.name, told.label.dtype)


def test_inputs_are_not_changed(example: Example, examples: Examples) -> None:
    before = [_frozen(value) for value in example.inputs]
    examples.run(example)
    assert [_frozen(value) for value in example.inputs] == before


def test_the_same_again_gives_the_same(example: Example, examples: Examples) -> None:
    first, second = examples.run(example), examples.run(example)
    assert [_frozen(value) for value in first] == [_frozen(value) for value in second]


def _params(example: Example) -> Any:
    return parse_params(example.entry.spec.params, example.raw)


def _shape(schema: Schema) -> list[tuple[object, ...]]:
    return [(c.name, c.dtype, c.is_categorical, c.role, c.score) for c in schema]


def _frozen(value: object) -> object:
    """A value that compares by content (NaN equal to itself)."""
    if isinstance(value, Table):
        return value.schema, repr(value.data.to_pydict())
    return write_artifact(value) if isinstance(value, (Model, Transform, UntrainedModel)) else value

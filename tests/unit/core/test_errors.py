"""Errors carry data, survive the way between processes, and offer near names."""

from __future__ import annotations

import pickle

import pytest

from restudio.core.errors import Kind, ManyErrors, ModuleError, RestudioError, nearest


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("Scored Label", ["Scored Labels", "age"], " Did you mean 'Scored Labels'?"),
        ("AGE", ["age"], " Did you mean 'age'?"),
        ("zz", ["a", "b"], " Known: 'a', 'b'."),
        ("zz", ["a", "b", "c", "d", "e", "f"], " Known: 'a', 'b', 'c', 'd', 'e' …."),
        ("zz", [], ""),
    ],
)
def test_nearest(name: str, known: list[str], sentence: str) -> None:
    assert nearest(name, known) == sentence


def test_module_errors_have_the_classic_form() -> None:
    error = ModuleError("0005", "Too small.", parameter="Trees", column="age", row=3)
    assert error.message == str(error) == "Error 0005: Too small."
    assert (error.kind, error.detail, error.row) == (Kind.MODULE_EXECUTION, "0005", 3)
    assert ModuleError("1000", "x").kind is Kind.LIBRARY_EXECUTION


def test_an_error_is_placed_at_a_node() -> None:
    placed = ModuleError("0001", "No.", column="age").at(module="split-data", node="n1")
    assert (placed.module, placed.node, placed.target, placed.column) == ("split-data", "n1", "n1", "age")


@pytest.mark.parametrize("number", ["1", "00001", "abcd"])
def test_numbers_have_four_digits(number: str) -> None:
    with pytest.raises(ValueError, match="four digits"):
        ModuleError(number, "x")


def test_errors_keep_their_data_between_processes() -> None:
    for error in (
        ModuleError("0049", "Broken.", row=7, column="c"),
        RestudioError.not_found("D", "Endpoint", "e1", ["e2"]),
    ):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), copy.__dict__, str(copy)) == (type(error), error.__dict__, str(error))


def test_several_findings_are_told_together() -> None:
    errors = [ModuleError("0001", "One."), ModuleError("0002", "Two.")]
    assert ManyErrors("Checks", errors).message == "Error 0001: One. Error 0002: Two."

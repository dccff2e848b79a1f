"""Parsing of raw parameter values; the standard errors are tested over the whole catalog in tests/conformance."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from restudio.core.errors import ModuleError
from restudio.core.params import (
    boolean,
    choice,
    columns,
    integer,
    mode,
    parameter_range,
    parse_params,
    real,
    secret,
    text,
    to_raw,
    when,
)
from restudio.core.selector import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    trees: int = integer("Number of trees", 100, ge=1, aliases=("Total number of trees constructed",))
    rate: float = real("Learning rate", 0.2, gt=0, lt=1)
    share: float = real("Share", 0.5, ge=0, le=1)
    seed: int | None = integer("Random number seed", None, ge=0)
    shuffle: bool = boolean("Shuffle", True)
    kind: str = mode("Trainer mode", ("Single", "Range"), choice_aliases={"SingleParameter": "Single"})
    sweep: tuple[float, ...] = parameter_range("Sweep", "2; 8", gt=0, when=when("kind", "Range"))
    label: Selection = columns("Label", single=True)
    color: str = choice("Color", ("Red", "Blue"), "Blue")
    title: str = text("Title", "x")
    key: str = secret("Key")


def test_defaults() -> None:
    params = parse_params(Params, {})
    assert params == Params()
    assert (params.trees, params.seed, params.kind, params.sweep, params.color) == (
        100,
        None,
        "Single",
        (2.0, 8.0),
        "Blue",
    )


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"number OF trees": "7"}, "trees", 7),
        ({"Total number of trees constructed": 7.0}, "trees", 7),
        ({"Learning rate": "1e-3"}, "rate", 0.001),
        ({"Share": 1}, "share", 1.0),
        ({"Random number seed": " "}, "seed", None),
        ({"Random number seed": "0"}, "seed", 0),
        ({"Shuffle": "FALSE"}, "shuffle", False),
        ({"Shuffle": "1"}, "shuffle", True),
        ({"Trainer mode": "singleparameter"}, "kind", "Single"),
        ({"Trainer mode": " Single Parameter "}, "kind", "Single"),
        ({"Trainer mode": "Range", "Sweep": "1;2; 3"}, "sweep", (1.0, 2.0, 3.0)),
        ({"Trainer mode": "Range", "Sweep": [4, 5]}, "sweep", (4.0, 5.0)),
        ({"Trainer mode": "Range", "Sweep": 6}, "sweep", (6.0,)),
        ({"Label": "age"}, "label", Selection.names("age")),
        ({"Title": 5}, "title", "5"),
        ({"Title": True}, "title", "True"),
        ({"Title": ""}, "title", ""),
    ],
)
def test_values_are_understood(raw: dict[str, object], field: str, value: object) -> None:
    params = parse_params(Params, raw)
    assert getattr(params, field) == value
    assert parse_params(Params, to_raw(params)) == params


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("Number of trees", 0, "0005"),
        ("Number of trees", None, "0003"),
        ("Number of trees", 1.5, "0002"),
        ("Number of trees", True, "0002"),
        ("Learning rate", 0, "0004"),
        ("Learning rate", 1, "0006"),
        ("Share", 1.1, "0008"),
        ("Share", "NaN", "0032"),
        ("Share", "Infinity", "0033"),
        ("Share", 10**400, "0002"),
        ("Color", "Green", "0002"),
        ("Label", None, "0003"),
        ("Colour", "Red", "0002"),
    ],
)
def test_errors(name: str, value: object, number: str) -> None:
    with pytest.raises(ModuleError) as caught:
        parse_params(Params, {name: value})
    assert (caught.value.number, caught.value.parameter) == (number, name)


def test_hidden_parameters_are_not_read() -> None:
    assert parse_params(Params, {"Sweep": "not; numbers"}).sweep == (2.0, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    selects: str = mode("Selects", ("True", "False"))
    method: str = mode("Method", ("Best", "Count"), when=when("selects", "True"))
    best: int = integer("Best", 1, ge=1, when=when("method", "Best"))


def test_what_a_hidden_parameter_decides_is_hidden_too() -> None:
    assert parse_params(Nested, {"Selects": "False", "Method": "Best", "Best": 0}) == Nested(selects="False")
    with pytest.raises(ModuleError):
        parse_params(Nested, {"Best": 0})


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(ModuleError, match="Did you mean 'Color'"):
        parse_params(Params, {"Colour": "Red"})


def test_secrets_stay_out_of_messages() -> None:
    with pytest.raises(ModuleError) as caught:
        parse_params(Params, {"Key": ["hush-hush"]})
    assert "hush" not in caught.value.message

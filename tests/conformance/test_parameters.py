"""Parameters of every module: defaults are valid, raw forms round-trip, bad values get the catalog's errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from restudio.core.errors import ModuleError
from restudio.core.params import Parameter, ParamKind, parameters_of, parse_params, to_raw
from restudio.core.selector import Selection
from restudio.core.spec import Entry

_WRONG_FORM: dict[ParamKind, tuple[tuple[object, str], ...]] = {
    ParamKind.INT: (("abc", "0002"), ("1.5", "0002"), ([], "0002")),
    ParamKind.FLOAT: (("abc", "0002"), ("nan", "0032"), ("-inf", "0033"), (True, "0002")),
    ParamKind.BOOLEAN: (("maybe", "0002"), (2, "0002")),
    ParamKind.ENUMERATED: (("no such choice", "0002"),),
    ParamKind.MODE: (("no such choice", "0002"),),
    ParamKind.COLUMN_PICKER: (("{", "0002"), (5, "0002"), ({"rules": [{"ruleType": "Odd"}]}, "0002")),
    ParamKind.PARAMETER_RANGE: (("1; x", "0002"), (";", "0002"), ("1; nan", "0032")),
    ParamKind.STRING: (({}, "0002"), ([1], "0002")),
    ParamKind.SCRIPT: (({}, "0002"),),
    ParamKind.CREDENTIAL: (({}, "0002"),),
}


def test_defaults_round_trip(entry: Entry) -> None:
    defaults = entry.spec.params()
    assert parse_params(entry.spec.params, {}) == defaults
    assert parse_params(entry.spec.params, to_raw(defaults)) == defaults


def test_every_choice_round_trips(entry: Entry) -> None:
    for name, parameter in parameters_of(entry.spec.params):
        for choice in parameter.choices:
            params: object = parse_params(
                entry.spec.params, {**_shown(entry, parameter), parameter.name: choice.upper()}
            )
            assert getattr(params, name) == choice
            assert parse_params(entry.spec.params, to_raw(params)) == params


def test_other_names_are_understood(entry: Entry) -> None:
    for name, parameter in parameters_of(entry.spec.params):
        for alias in parameter.aliases:
            raw = {**_shown(entry, parameter), alias: _raw_default(entry, parameter)}
            assert getattr(parse_params(entry.spec.params, raw), name) == parameter.default


def test_bad_values_get_their_error(entry: Entry) -> None:
    for _, parameter in parameters_of(entry.spec.params):
        for value, number in (*_WRONG_FORM[parameter.kind], *_out_of_range(parameter)):
            with pytest.raises(ModuleError) as caught:
                parse_params(entry.spec.params, {**_shown(entry, parameter), parameter.name: value})
            assert (caught.value.number, caught.value.parameter) == (number, parameter.name), value
            if parameter.kind is ParamKind.CREDENTIAL:
                assert repr(value) not in caught.value.message


def test_unknown_parameters_are_refused(entry: Entry) -> None:
    with pytest.raises(ModuleError, match=r"0002.*no parameter 'Surely not'"):
        parse_params(entry.spec.params, {"Surely not": 1})


def _out_of_range(p: Parameter) -> Iterator[tuple[object, str]]:
    both = p.ge is not None and p.le is not None
    if p.ge is not None:
        yield p.ge - 1, "0008" if both else "0005"
    if p.gt is not None:
        yield p.gt, "0004"
    if p.le is not None:
        yield p.le + 1, "0008" if both else "0007"
    if p.lt is not None:
        yield p.lt, "0006"


def _shown(entry: Entry, parameter: Parameter) -> dict[str, object]:
    """Raw values of other parameters that make this one visible."""
    raw: dict[str, object] = {}
    declared = dict(parameters_of(entry.spec.params))
    conditions = [parameter.when]
    while conditions:
        condition = conditions.pop()
        if condition is not None:
            other = declared[condition.parameter]
            # The second condition narrows what the other parameter's own leaves open: it is looked at first.
            raw.setdefault(other.name, condition.values[0])
            conditions += [other.when, condition.also]
    return raw


def _raw_default(entry: Entry, parameter: Parameter) -> object:
    if isinstance(parameter.default, Selection):
        return parameter.default.to_json()
    return to_raw(entry.spec.params()).get(parameter.name)

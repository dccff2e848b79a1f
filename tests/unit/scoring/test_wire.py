"""Bodies in, bodies out: both shapes, typed cells, and errors that name the place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.scoring.small_service import LABEL, SCHEMA, make_row, make_scorer

from restudio.core.errors import RestudioError
from restudio.scoring.wire import Wire, decode_call, decode_legacy

WIRE = Wire(make_scorer())


def table_body(*rows: dict[str, object], port: str = "input1", **more: object) -> bytes:
    names = list(rows[0])
    body = {"Inputs": {port: {"ColumnNames": names, "Values": [list(row.values()) for row in rows]}}, **more}
    return json.dumps(body).encode()


def swagger_body(*rows: dict[str, object]) -> bytes:
    return json.dumps({"Inputs": {"input1": list(rows)}}).encode()


def answer(body: bytes, *, details: bool = False, swagger: bool = False) -> Any:
    return json.loads(WIRE.score(decode_call(body), details=details, swagger=swagger))["Results"]["output1"]


def test_table_form() -> None:
    result = answer(table_body(make_row()))
    assert result == {
        "type": "table",
        "value": {
            "ColumnNames": [*SCHEMA.names, "Scored Labels", "Scored Probabilities"],
            "Values": [
                ["53", "nurse", "0.5", "True", "2020-01-02T03:04:05", "1.02:03:04", "<=50K", "0.3743268813290793"]
            ],
        },
    }


def test_details_add_column_types() -> None:
    result = answer(table_body(make_row()), details=True)
    types = ["Int64", "String", "Double", "Boolean", "DateTime", "TimeSpan", "String", "Double"]
    assert result["value"]["ColumnTypes"] == types


def test_either_shape_gives_the_same_under_either_form() -> None:
    rows = [make_row(), make_row(age=20)]
    assert answer(table_body(*rows), swagger=True) == answer(swagger_body(*rows), swagger=True)
    assert answer(table_body(*rows)) == answer(swagger_body(*rows))
    first = answer(swagger_body(*rows), swagger=True)[0]
    assert list(first) == [*SCHEMA.names, "Scored Labels", "Scored Probabilities"]
    assert first["age"] == "53"


def test_the_designer_gets_numbers_and_booleans() -> None:
    [row] = json.loads(WIRE.score_typed(decode_call(swagger_body(make_row()))))["Results"]["output1"]
    assert list(row) == [*SCHEMA.names, "Scored Labels", "Scored Probabilities"]
    assert list(row.values()) == [
        *(53, "nurse", 0.5, True, "2020-01-02T03:04:05", "1.02:03:04", "<=50K"),
        0.3743268813290793,
    ]


def test_columns_in_any_order_and_the_label_is_ignored() -> None:
    row = make_row()
    turned = {LABEL: "whatever", **dict(reversed(row.items()))}
    assert answer(table_body(turned)) == answer(table_body(row))
    assert answer(swagger_body(turned, row))["value"]["Values"][0] == answer(table_body(row))["value"]["Values"][0]


def test_missing_cells_are_null() -> None:
    for blank in (None, "", " "):
        row = make_row(age=blank, job=blank and None, rate=blank, member=blank, since=blank, length=blank)
        values = answer(table_body(row))["value"]["Values"][0]
        assert values == ["40", None, None, None, None, None, None, None]


def test_no_rows() -> None:
    body = {"Inputs": {"input1": {"ColumnNames": list(SCHEMA.names), "Values": []}}}
    assert answer(json.dumps(body).encode())["value"]["Values"] == []
    assert answer(b'{"Inputs": {"input1": []}}') == answer(json.dumps(body).encode())


CELLS = [
    ("age", "41", "41"),
    ("age", " 41 ", "41"),
    ("age", 41.0, "41"),
    ("age", "41.0", "41"),
    ("age", -(2**63), "-9223372036854775808"),
    ("rate", 7, "7"),
    ("rate", "1e3", "1000"),
    ("rate", "1e-7", "1e-7"),
    ("rate", 1e16, "1e+16"),
    ("rate", 0.00001, "0.00001"),
    ("rate", "NaN", "NaN"),
    ("rate", "-Infinity", "-Infinity"),
    ("rate", 2**80, "1.2089258196146292e+24"),
    ("member", "FALSE", "False"),
    ("member", 1, "True"),
    ("member", "0", "False"),
    ("job", 7, "7"),
    ("job", 7.5, "7.5"),
    ("job", True, "True"),
    ("job", 'ü\n"', 'ü\n"'),
    ("since", "1/2/2020 3:04:05 PM", "2020-01-02T15:04:05"),
    ("since", "2020-01-02T03:04:05+02:00", "2020-01-02T01:04:05"),
    ("since", "2020-01-02T03:04:05.25Z", "2020-01-02T03:04:05.250000"),
    ("length", "-00:00:01", "-00:00:01"),
]


@pytest.mark.parametrize(("column", "sent", "shown"), CELLS, ids=repr)
def test_cells(column: str, sent: object, shown: str) -> None:
    values = answer(table_body(make_row(**{column: sent})))["value"]["Values"][0]
    assert values[SCHEMA.index(column)] == shown


BAD_CELLS = [
    ("age", "x", "Integer"),
    ("age", 41.5, "Integer"),
    ("age", True, "Integer"),
    ("age", 2**63, "Integer"),
    ("age", "NaN", "Integer"),
    ("age", "4_1", "Integer"),
    ("rate", "abc", "Double"),
    ("rate", False, "Double"),
    ("rate", 10**400, "Double"),
    ("rate", "1,5", "Double"),
    ("member", "yes", "Boolean"),
    ("member", 2, "Boolean"),
    ("since", "yesterday", "DateTime"),
    ("since", 5, "DateTime"),
    ("length", "25:00:00", "TimeSpan"),
]


@pytest.mark.parametrize(("column", "sent", "expected"), BAD_CELLS, ids=lambda v: repr(v)[:20])
@pytest.mark.parametrize("shape", [table_body, swagger_body])
def test_a_bad_cell_names_row_column_expected_and_got(shape: Any, column: str, sent: object, expected: str) -> None:
    with pytest.raises(RestudioError) as caught:
        WIRE.read_inputs(decode_call(shape(make_row(), make_row(**{column: sent}))))
    assert caught.value.kind.value == "BadUserArgument"
    assert caught.value.detail == "InputParseError"
    assert f"Input 'input1', row 2, column '{column}': expected {expected}, got " in caught.value.message
    assert len(caught.value.message) < 300
    assert caught.value.target == column


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in make_row().items() if key != name}


BODIES: list[tuple[bytes, str, str]] = [
    (b"", "RequestIsEmpty", "no body"),
    (b"  \n", "RequestIsEmpty", "no body"),
    (b"{", "RequestBodyInvalid", "could not be read"),
    (b"[]", "RequestBodyInvalid", "Expected `object`"),
    (b"nonsense", "RequestBodyInvalid", "malformed"),
    (b'{"Inputs": {"input1": {"ColumnNames": ["\xff"], "Values": []}}}', "RequestBodyInvalid", "could not be read"),
    (b'{"Inputs": 5}', "RequestBodyInvalid", "Inputs"),
    (b'{"Inputs": {"input1": 5}}', "RequestBodyInvalid", "Inputs"),
    (b'{"Inputs": {"input1": {"ColumnNames": [1], "Values": []}}}', "RequestBodyInvalid", "ColumnNames"),
    (b'{"Inputs": {"input1": {"Values": []}}}', "RequestBodyInvalid", "ColumnNames"),
    (b'{"Inputs": {"input1": {"ColumnNames": ["a"], "Values": [[NaN]]}}}', "RequestBodyInvalid", "malformed"),
    (b'{"Inputs": {"input1": {"ColumnNames": ["a"], "Values": [["x"], [[1]]]}}}', "InputParseError", "Row 2, cell 1"),
    (b'{"Inputs": {"input1": [{"a": {"b": 1}}]}}', "InputParseError", "Row 1"),
    (b"[" * 100_000, "RequestBodyInvalid", "could not be read"),
    (b'{"Inputs": {"input1": [' + b'{"a":' * 5000, "InputParseError", "Row 1"),
    (b"{}", "MissingRequestInput", "'input1' is missing"),
    (b'{"Inputs": null}', "MissingRequestInput", "'input1' is missing"),
    (table_body(make_row(), port="Input1"), "MissingRequestInput", "'input1' is missing"),
    (b'{"Inputs": {"input1": [], "inputs": []}}', "InvalidInputNames", "Did you mean 'input1'"),
    (table_body(without("rate")), "InputMismatchError", "column 'rate' (Double) is missing"),
    (table_body({**without("rate"), "rates": 1}), "InputMismatchError", "'rates' is not expected. Did you mean 'rate'"),
    (swagger_body(make_row(), without("age")), "InputMismatchError", "row 2: column 'age' (Integer) is missing"),
    (swagger_body(make_row(more=1)), "InputMismatchError", "row 1: column 'more' is not expected"),
    (b'{"Inputs": {"input1": {"ColumnNames": ["age", "age"], "Values": []}}}', "InputMismatchError", "occurs twice"),
    (
        table_body(make_row()).replace(b"[53, ", b"["),
        "InputParseError",
        "row 1: expected 6 cells, as many as ColumnNames, got 5",
    ),
]


@pytest.mark.parametrize(("body", "detail", "part"), BODIES, ids=lambda v: str(v)[:40])
def test_a_bad_body_is_explained(body: bytes, detail: str, part: str) -> None:
    with pytest.raises(RestudioError) as caught:
        WIRE.read_inputs(decode_call(body))
    assert (caught.value.detail, part in caught.value.message) == (detail, True), caught.value.message


def test_more_plans_than_are_kept() -> None:
    names = list(make_row())
    for i in range(200):
        row = {f"x{i}": 1, **make_row()}
        with pytest.raises(RestudioError):
            WIRE.read_inputs(decode_call(table_body(row)))
        turned = names[i % 6 :] + names[: i % 6]
        assert answer(table_body({name: make_row()[name] for name in turned}))


def test_legacy_form() -> None:
    body = {"Id": "score1", "Instance": {"FeatureVector": make_row(age="53"), "GlobalParameters": {}}}
    values = json.loads(WIRE.score_legacy(decode_legacy(json.dumps(body).encode(), "input1")))
    assert values == answer(table_body(make_row()))["value"]["Values"][0]
    with pytest.raises(RestudioError, match="could not be read"):
        decode_legacy(b'{"Id": "x"}', "input1")
    with pytest.raises(RestudioError, match="no body"):
        decode_legacy(b"", "input1")

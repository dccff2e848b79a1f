from __future__ import annotations

import json

import pytest

from restudio.cli.console import Output, at, size
from restudio.core.errors import Kind, RestudioError


def test_programs_get_exactly_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)
    out.note("for people")
    out.rows([{"a": 1}], ("a",), [(1,)], empty="none")
    assert json.loads(capsys.readouterr().out) == [{"a": 1}]


def test_people_get_a_table_or_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output()
    out.rows([], ("a",), [], empty="Nothing yet.")
    out.rows([], ("name", "share"), [("x", 0.123456789)], empty="")
    shown = capsys.readouterr().out
    assert shown.startswith("Nothing yet.")
    assert "0.123457" in shown


def test_tables_keep_brackets_and_long_cells(capsys: pytest.CaptureFixture[str]) -> None:
    cells = ("income [trained model]", "http://h/" + "x" * 150, "http://h/" + "y" * 150)
    Output().rows([], ("name", "a", "b"), [cells], empty="")
    assert capsys.readouterr().out.splitlines()[1].split("  ") == list(cells)


def test_markup_in_data_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Output().value(None, "Churn [trained model]")
    assert "Churn [trained model]" in capsys.readouterr().out


@pytest.mark.parametrize("as_json", [True, False])
def test_errors_go_to_standard_error(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    Output(as_json=as_json).error(RestudioError(Kind.CONFLICT, "NameExists", "It [exists] already."))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "It [exists] already." in captured.err
    assert "NameExists" in captured.err


def test_times_and_sizes() -> None:
    assert at(0) == ""
    assert at(1_700_000_000).startswith("2023-11-1")
    assert [size(n) for n in (0, 1023, 1024, 5 << 40)] == ["0 B", "1023 B", "1.0 KiB", "5120.0 GiB"]

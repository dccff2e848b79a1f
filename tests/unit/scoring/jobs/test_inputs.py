"""Input files of training services against the columns that the service declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from restudio.core.errors import RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.scoring.jobs.inputs import read_input
from restudio.scoring.scorer import InputSpec
from restudio.tables.formats import get_codec
from restudio.tables.table import Table

SPEC = InputSpec(
    Schema.of(
        [Column("age", DType.DOUBLE), Column("job", DType.STRING, categories=("nurse",)), Column("pay", DType.STRING)]
    ),
    frozenset({"id"}),
)


def read(folder: Path, text: str, name: str = "july.csv", spec: InputSpec | None = SPEC) -> Table:
    path = folder / name
    path.write_text(text)
    return read_input("input1", path, spec)


def test_cells_get_the_declared_types(tmp_path: Path) -> None:
    table = read(tmp_path, "id,pay,job,age\nx,10,nurse,30\ny,20,cook,\n")
    assert [(c.name, c.dtype) for c in table.schema] == [(c.name, c.dtype) for c in SPEC.schema]
    assert table.schema["job"].categories == ("nurse", "cook")
    assert table.data.to_pylist() == [
        {"age": 30.0, "job": "nurse", "pay": "10"},
        {"age": None, "job": "cook", "pay": "20"},
    ]


@pytest.mark.parametrize(
    ("text", "words", "target"),
    [
        ("age,job,pay\n1,a,x\nold,b,y\n", ["'input1'", "row 2", "column 'age'", "expected Double", "'old'"], "age"),
        ("age,job\n1,a\n", ["column 'pay'", "missing"], "pay"),
        ("age,job,pay,more\n1,a,x,2\n", ["column 'more'", "not expected"], "more"),
        ("age,job,pay\n1,a,x\n1,a\n", ["row 2", "expected 3 fields, got 2"], "input1"),
        ("", ["empty"], "input1"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path: Path, text: str, words: list[str], target: str) -> None:
    with pytest.raises(RestudioError) as error:
        read(tmp_path, text)
    assert (error.value.detail, error.value.target) == ("InputParseError", target)
    for word in words:
        assert word in error.value.message


def test_files_with_types_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "july.parquet"
    get_codec("Parquet").write(Table.from_columns({"pay": ["1"], "age": [30], "job": ["cook"]}), path)
    assert read_input("input1", path, SPEC).data.to_pylist() == [{"age": 30.0, "job": "cook", "pay": "1"}]


def test_without_declared_columns_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n1,x\n", spec=None).schema.names == ("a", "b")

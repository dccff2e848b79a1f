"""Batch scoring: the same cells as single calls, whole outputs or none."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.unit.scoring.small_service import SCHEMA, make_row, make_scorer

from restudio.core.errors import RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.expr import Constant, Frame, Input
from restudio.scoring.batch import BatchResult, score_file
from restudio.scoring.cellcodec import FORMATTERS
from restudio.scoring.celltexts import to_texts
from restudio.scoring.scorer import InputSpec, KernelScorer, Scorer
from restudio.scoring.wire import Wire, decode_call
from restudio.seams.engine import Cancelled
from restudio.tables.table import ARROW_TYPES


def write_csv(path: Path, rows: list[dict[str, object]], separator: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in rows)
    return path


def read_csv(path: Path, separator: str = ",") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as source:
        return list(csv.reader(source, delimiter=separator))


ROWS = [make_row(age=20 + i % 60, rate=i / 7, job=["nurse", "clerk", "a, b", None][i % 4]) for i in range(50)]


def one(scorer: Scorer, source: Path, target: Path) -> BatchResult:
    return score_file(scorer, {"input1": source}, {"output1": target})


def test_the_cells_of_a_file_are_those_of_an_answer(tmp_path: Path) -> None:
    rows = [*ROWS, make_row(rate=1e-9), make_row(rate=1e12), make_row(rate=1e300), make_row(member=None, since=None)]
    one(make_scorer(), write_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv")
    body = json.dumps({"Inputs": {"input1": rows}}).encode()
    answer = json.loads(Wire(make_scorer()).score(decode_call(body), details=False, swagger=False))
    table = answer["Results"]["output1"]["value"]
    expected = [["" if cell is None else cell for cell in row] for row in table["Values"]]
    assert read_csv(tmp_path / "out.csv") == [table["ColumnNames"], *expected]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_formats(tmp_path: Path, ending: str) -> None:
    source = write_csv(tmp_path / "in.tsv", ROWS, "\t")
    target = tmp_path / f"out.{ending}"
    assert one(make_scorer(), source, target) == BatchResult(len(ROWS), {"output1": len(ROWS)})
    if ending == "parquet":
        assert parquet.read_table(target).schema.field("age").type == pa.int64()
    else:
        assert len(read_csv(target, "\t" if ending == "tsv" else ",")) == len(ROWS) + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.tsv", target.name])


def test_many_chunks_keep_their_order(tmp_path: Path) -> None:
    rows = [make_row(age=i) for i in range(60_000)]
    seen: list[int] = []
    source = write_csv(tmp_path / "in.csv", rows)
    result = score_file(make_scorer(), {"input1": source}, {"output1": tmp_path / "out.csv"}, seen.append)
    assert result.rows_in == seen[-1] == 60_000
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert [row[0] for row in read_csv(tmp_path / "out.csv")[1:]] == [str(i) for i in range(60_000)]


def test_a_file_with_a_header_only(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(",".join(SCHEMA.names) + "\n")
    assert one(make_scorer(), tmp_path / "in.csv", tmp_path / "out.csv").rows_in == 0
    assert read_csv(tmp_path / "out.csv") == [list(make_scorer().outputs["output1"].names)]


def test_a_bad_cell_names_its_place_and_leaves_no_output(tmp_path: Path) -> None:
    rows = [*ROWS, make_row(age="old"), *ROWS]
    with pytest.raises(RestudioError, match=f"row {len(ROWS) + 1}, column 'age': expected Integer, got 'old'"):
        one(make_scorer(), write_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_cancelling_leaves_no_output(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ROWS)
    with pytest.raises(Cancelled):
        score_file(make_scorer(), {"input1": source}, {"output1": tmp_path / "out.csv"}, is_cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_names_that_the_service_does_not_have(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", ROWS)
    for inputs, outputs, detail in (
        ({}, {"output1": source}, "MissingRequestInput"),
        ({"input1": source, "input2": source}, {"output1": source}, "InvalidInputNames"),
        ({"input1": source}, {"output": source}, "InvalidOutputOverrideName"),
    ):
        with pytest.raises(RestudioError) as caught:
            score_file(make_scorer(), inputs, outputs)
        assert caught.value.detail == detail


def two_inputs() -> KernelScorer:
    """``left`` and ``right`` stand beside each other in ``both``; ``lone`` is ``left`` alone."""
    left, right = Column("a", DType.INTEGER), Column("b", DType.STRING)
    inputs = {"left": InputSpec(Schema((left,))), "right": InputSpec(Schema((right,)))}
    both = Frame(((left, Input("left", left)), (right, Input("right", right))))
    lone = Frame(((left, Input("left", left)), (right, Constant("k", DType.STRING))))
    return KernelScorer(inputs, {"both": both, "lone": lone})


def test_two_inputs_are_read_in_step(tmp_path: Path) -> None:
    left = write_csv(tmp_path / "l.csv", [{"a": i} for i in range(40_000)])
    right = write_csv(tmp_path / "r.csv", [{"b": f"text {i}"} for i in range(40_000)])
    outputs = {"both": tmp_path / "both.csv", "lone": tmp_path / "lone.csv"}
    score_file(two_inputs(), {"left": left, "right": right}, outputs)
    assert read_csv(outputs["both"])[-1] == ["39999", "text 39999"]
    assert read_csv(outputs["lone"])[-1] == ["39999", "k"]


def test_inputs_that_meet_must_be_equally_long(tmp_path: Path) -> None:
    left = write_csv(tmp_path / "l.csv", [{"a": 1}, {"a": 2}])
    right = write_csv(tmp_path / "r.csv", [{"b": "x"}])
    with pytest.raises(RestudioError, match="equally many rows: 'left' has 2, 'right' has 1"):
        score_file(two_inputs(), {"left": left, "right": right}, {"both": tmp_path / "both.csv"})


CELLS = {
    DType.DOUBLE: st.floats(),
    DType.BOOLEAN: st.booleans(),
    DType.DATETIME: st.datetimes(),
    DType.STRING: st.text(max_size=3),
}


@pytest.mark.parametrize("dtype", CELLS)
@given(data=st.data())
@settings(max_examples=60)
def test_columns_have_the_texts_of_cells(dtype: DType, data: st.DataObject) -> None:
    cells = data.draw(st.lists(st.none() | CELLS[dtype], max_size=8))
    table = pa.table({"c": pa.array(cells, ARROW_TYPES[dtype])})
    shown = to_texts(table, Schema((Column("c", dtype),))).column("c").to_pylist()
    assert shown == [None if cell is None else FORMATTERS[dtype](cell) for cell in cells]


def test_a_blank_line_of_one_column_is_scored(tmp_path: Path) -> None:
    schema = Schema.of([Column("x", DType.DOUBLE)])
    scorer = KernelScorer({"input1": InputSpec(schema)}, {"output1": Frame.input("input1", schema)})
    (tmp_path / "in.csv").write_text("x\n1\n\n3\n\n")
    result = one(scorer, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (result.rows_in, result.rows_out) == (4, {"output1": 4})
    assert (tmp_path / "out.csv").read_text() == 'x\n1\n""\n3\n""\n'

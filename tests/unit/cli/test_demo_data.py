from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from restudio.cli.demo_data import Row, bundled_data, read_data, score_of, split_data, task_of, to_csv
from restudio.core.errors import RestudioError


def rows(count: int) -> list[Row]:
    return [{"x": str(n), "y": "yes" if n % 2 else "no"} for n in range(count)]


def test_the_parts_are_disjoint_whole_and_always_the_same() -> None:
    data = split_data("d", "y", rows(200))
    parts = [data.first, data.later, data.holdout]
    assert sorted(int(row["x"]) for part in parts for row in part) == list(range(200))
    assert [len(part) for part in parts] == [18, 132, 50]
    assert split_data("d", "y", rows(200)) == data


def test_the_bundled_data_is_real_and_two_class() -> None:
    data = bundled_data()
    assert len(data.first) + len(data.later) + len(data.holdout) == 569
    assert (data.task, data.label, len(data.features)) == ("two-class", "diagnosis", 30)


@pytest.mark.parametrize(
    ("labels", "task"),
    [(["1", "0"], "two-class"), (["a", "b", "c"], "multiclass"), ([str(n) for n in range(30)], "regression")],
)
def test_the_labels_tell_the_task(labels: list[str], task: str) -> None:
    assert task_of(labels) == task


def test_csv_round_trip_with_missing_cells() -> None:
    text = to_csv([{"a": "1,2", "b": "?"}]).decode()
    assert list(csv.DictReader(io.StringIO(text))) == [{"a": "1,2", "b": ""}]


def test_callers_leave_the_label_out_and_send_null_for_missing() -> None:
    data = split_data("d", "y", [*rows(30), {"x": "?", "y": "no"}])
    assert data.caller_row({"x": "?", "y": "no"}) == {"x": None}


@pytest.mark.parametrize(
    ("content", "label", "message"),
    [
        ("a,b\n1,2\n", "c", "has no column 'c'. Known: 'a', 'b'"),
        ("a,b\n1,2\n", "b", "needs at least 20 rows"),
        ("a,b\n" + "1,?\n" * 30, "b", "needs at least 20 rows"),
        ("\xff", "b", "not a CSV file in UTF-8"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, content: str, label: str, message: str) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(RestudioError, match=message.replace("?", "[?]").replace(".", "[.]")):
        read_data(file, label)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RestudioError, match="cannot be read: No such file"):
        read_data(tmp_path / "none.csv", "x")


def test_scores_compare_numbers_and_texts() -> None:
    data = split_data("d", "y", [{"x": str(n), "y": str(n % 2)} for n in range(40)])
    right: list[dict[str, object]] = [{"Scored Labels": float(row["y"])} for row in data.holdout]
    assert score_of(data, right) == ("accuracy", 1.0)

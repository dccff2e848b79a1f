from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from restudio.cli.demo_data import bundled_data, read_data, score_of, split_data, task_of, to_csv
from restudio.cli.demo_file import Row
from restudio.core.errors import RestudioError

DATA = Path(__file__).parents[4] / "shared" / "data"


def rows(count: int) -> list[Row]:
    return [{"x": str(n), "y": "yes" if n % 2 else "no"} for n in range(count)]


def test_the_parts_are_disjoint_whole_and_always_the_same() -> None:
    data = split_data("d", "y", rows(200))
    parts = [data.first, data.later, data.holdout]
    assert sorted(int(row["x"]) for part in parts for row in part) == list(range(200))
    assert [len(part) for part in parts] == [18, 132, 50]
    assert [sum(row["y"] == "no" for row in part) for part in parts] == [9, 66, 25]
    assert split_data("d", "y", rows(200)) == data


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_the_separator_is_found_and_what_is_left_out_is_told(tmp_path: Path, separator: str) -> None:
    lines = [separator.join(("x", "y")), *(separator.join((str(n), "yes" if n % 2 else "no")) for n in range(40))]
    lines += ["alone", separator.join(("1", "?")), separator.join(("2", "rare"))]
    (tmp_path / "d.txt").write_text("\n".join(lines))
    data = read_data(tmp_path / "d.txt", "y")
    assert len(data.first) + len(data.later) + len(data.holdout) == 40
    assert data.notes == (
        "1 lines left out: they do not have 2 cells",
        "1 rows left out: they have no 'y'",
        "1 rows left out: their labels have fewer than 8 rows each",
    )


def test_columns_without_names_are_numbered() -> None:
    data = read_data(DATA / "imports-85.data", "Col26", header=False)
    assert (data.task, len(data.features), data.notes) == ("regression", 25, ("4 rows left out: they have no 'Col26'",))
    assert read_data(DATA / "german.data", "Col21", header=False).task == "two-class"


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
        ("1,2\n3,4\n", "b", "looks like data, not like names"),
        ("a,a\n1,2\n", "a", "more than one column 'a'"),
        ("", "a", "is empty"),
        ("a,b\n" + "1,x\n" * 30, "b", "needs two values with 8 rows each, it has 'x' (30 rows)"),
        ("a,b\n" + "".join(f"1,t{n}\n" for n in range(200)), "b", "200 different texts in 200 rows"),
        ("a,b\n1,2\n", "b", "needs at least 20 rows"),
        ("a,b\n" + "1,?\n" * 30, "b", "needs at least 20 rows"),
        ("\xff", "b", "not a CSV file in UTF-8"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, content: str, label: str, message: str) -> None:
    file = tmp_path / "d.csv"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(RestudioError, match=re.escape(message)):
        read_data(file, label)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RestudioError, match="cannot be read: No such file"):
        read_data(tmp_path / "none.csv", "x")


def test_scores_compare_numbers_and_texts() -> None:
    data = split_data("d", "y", [{"x": str(n), "y": str(n % 2)} for n in range(40)])
    right: list[dict[str, object]] = [{"Scored Labels": float(row["y"])} for row in data.holdout]
    assert score_of(data, right) == ("accuracy", 1.0)

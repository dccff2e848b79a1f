"""Data of the demo: a real data set that scikit-learn carries, or any CSV file, in three parts."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from restudio.cli.demo_file import MISSING, Row, is_number, read_rows
from restudio.core.errors import Kind, RestudioError

Task = Literal["two-class", "multiclass", "regression"]
HOLDOUT = 0.25
FIRST = 0.12
LEAST_ROWS = 20
LEAST_OF_A_LABEL = 8
"""Rarer labels are left out: each part needs some, or the models would not know the same labels."""
MOST_LABELS = 100


@dataclass(frozen=True, slots=True)
class DemoData:
    """``first`` is what the first model learns from, ``later`` arrives afterwards, ``holdout`` judges both."""

    name: str
    label: str
    task: Task
    first: list[Row]
    later: list[Row]
    holdout: list[Row]
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> list[str]:
        return [name for name in self.holdout[0] if name != self.label]

    def caller_row(self, row: Row) -> dict[str, object]:
        """A row as a caller sends it: without the label, an empty cell as null."""
        return {name: None if row[name] in MISSING else row[name] for name in self.features}


def bundled_data() -> DemoData:
    """Breast cancer Wisconsin (diagnostic), 569 real cases."""
    from sklearn.datasets import load_breast_cancer  # only the demo needs it here

    found = load_breast_cancer()
    names = [str(name) for name in found.feature_names]
    diagnoses = [str(found.target_names[code]) for code in found.target]
    rows = [
        {**{name: repr(float(cell)) for name, cell in zip(names, cells, strict=True)}, "diagnosis": diagnosis}
        for cells, diagnosis in zip(found.data, diagnoses, strict=True)
    ]
    return split_data("breast-cancer", "diagnosis", rows)


def read_data(file: Path, label: str, *, header: bool = True) -> DemoData:
    """A file of delimited text; see :func:`read_rows`."""
    rows, notes = read_rows(file, label, header=header)
    return split_data(file.stem, label, rows, notes)


def split_data(name: str, label: str, rows: list[Row], notes: Sequence[str] = ()) -> DemoData:
    """Shuffle with a fixed seed and cut; the first part is small on purpose, so that new data is worth something."""
    if len(rows) < LEAST_ROWS:
        raise _bad(f"The demo needs at least {LEAST_ROWS} rows with a label, got {len(rows)}.")
    task = task_of([row[label] for row in rows])
    if task != "regression":
        rows, left_out = _with_frequent_labels(label, rows)
        notes = [*notes, *left_out]
    mixed = random.Random(7).sample(rows, len(rows))
    # Every label in the same share in each part; numbers to predict are one stratum.
    strata: dict[str, list[Row]] = {}
    for row in mixed:
        strata.setdefault("" if task == "regression" else row[label], []).append(row)
    first, later, judged = [], [], []
    for stratum in strata.values():
        held = int(len(stratum) * HOLDOUT)
        learned = stratum[held:]
        early = max(LEAST_ROWS // 2 if task == "regression" else LEAST_OF_A_LABEL // 2, int(len(learned) * FIRST))
        judged += stratum[:held]
        first += learned[:early]
        later += learned[early:]
    return DemoData(name, label, task, first, later, judged, tuple(notes))


def _with_frequent_labels(label: str, rows: list[Row]) -> tuple[list[Row], list[str]]:
    counts = Counter(row[label] for row in rows)
    frequent = {level for level, count in counts.items() if count >= LEAST_OF_A_LABEL}
    if len(counts) > MOST_LABELS and len(counts) > len(rows) / 2:
        raise _bad(f"Column '{label}' has {len(counts)} different texts in {len(rows)} rows; that cannot be predicted.")
    if len(frequent) < 2:
        raise _bad(f"Column '{label}' needs two values with {LEAST_OF_A_LABEL} rows each, it has {_most(counts)}.")
    kept = [row for row in rows if row[label] in frequent]
    if len(kept) == len(rows):
        return rows, []
    rare = f"{len(rows) - len(kept)} rows left out: their labels have fewer than {LEAST_OF_A_LABEL} rows each"
    return kept, [rare]


def _most(counts: Counter[str]) -> str:
    """The most frequent values in words.

    >>> _most(Counter("aab"))
    "'a' (2 rows), 'b' (1 row)"
    """
    return ", ".join(f"'{value}' ({n} row{'' if n == 1 else 's'})" for value, n in counts.most_common(3))


def task_of(labels: Sequence[str]) -> Task:
    """What to predict from the look of the labels.

    >>> task_of(["yes", "no"]), task_of(["a", "b", "c"]), task_of([str(n / 7) for n in range(99)])
    ('two-class', 'multiclass', 'regression')
    """
    levels = set(labels)
    if len(levels) == 2:
        return "two-class"
    return "regression" if len(levels) > 20 and all(map(is_number, levels)) else "multiclass"


def to_csv(rows: Sequence[Row]) -> bytes:
    """Rows as a CSV file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v in MISSING else v for k, v in row.items()} for row in rows)
    return text.getvalue().encode()


def score_of(data: DemoData, answers: Sequence[dict[str, object]]) -> tuple[str, float]:
    """Name and value of how good the answers to the holdout are: accuracy, or mean absolute error."""
    told = [str(answer["Scored Labels"]) for answer in answers]
    truth = [row[data.label] for row in data.holdout]
    if data.task == "regression":
        errors = [abs(float(a) - float(b)) for a, b in zip(told, truth, strict=True)]
        return "mean absolute error", sum(errors) / len(errors)
    return "accuracy", sum(map(_same, told, truth)) / len(truth)


def _same(told: str, truth: str) -> bool:
    return told == truth or (is_number(told) and is_number(truth) and float(told) == float(truth))


def _bad(message: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "BadData", message)

"""Data of the demo: a real data set that scikit-learn carries, or any CSV file, in three parts."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from restudio.core.errors import Kind, RestudioError, nearest

Task = Literal["two-class", "multiclass", "regression"]
Row = dict[str, str]
HOLDOUT = 0.25
FIRST = 0.12
LEAST_ROWS = 20
_MISSING = frozenset({"", "?", "NA", "NaN", "null"})


@dataclass(frozen=True, slots=True)
class DemoData:
    """``first`` is what the first model learns from, ``later`` arrives afterwards, ``holdout`` judges both."""

    name: str
    label: str
    task: Task
    first: list[Row]
    later: list[Row]
    holdout: list[Row]

    @property
    def features(self) -> list[str]:
        return [name for name in self.holdout[0] if name != self.label]

    def caller_row(self, row: Row) -> dict[str, object]:
        """A row as a caller sends it: without the label, an empty cell as null."""
        return {name: None if row[name] in _MISSING else row[name] for name in self.features}


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


def read_data(file: Path, label: str) -> DemoData:
    """A CSV file with a header row."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as source:
            rows = list(csv.DictReader(source, skipinitialspace=True))
    except OSError as error:
        raise RestudioError(Kind.BAD_ARGUMENT, "BadData", f"{file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RestudioError(Kind.BAD_ARGUMENT, "BadData", f"{file} is not a CSV file in UTF-8: {error}.") from error
    if rows and label not in rows[0]:
        message = f"{file} has no column '{label}'.{nearest(label, [str(name) for name in rows[0]])}"
        raise RestudioError(Kind.BAD_ARGUMENT, "BadData", message)
    whole = [row for row in rows if None not in row and None not in row.values()]
    return split_data(file.stem, label, [row for row in whole if row[label] not in _MISSING])


def split_data(name: str, label: str, rows: list[Row]) -> DemoData:
    """Shuffle with a fixed seed and cut; the first part is small on purpose, so that new data is worth something."""
    if len(rows) < LEAST_ROWS:
        message = f"The demo needs at least {LEAST_ROWS} rows with a label, got {len(rows)}."
        raise RestudioError(Kind.BAD_ARGUMENT, "BadData", message)
    mixed = random.Random(7).sample(rows, len(rows))
    judged, learned = mixed[: int(len(rows) * HOLDOUT)], mixed[int(len(rows) * HOLDOUT) :]
    first = max(LEAST_ROWS // 2, int(len(learned) * FIRST))
    return DemoData(name, label, task_of([row[label] for row in rows]), learned[:first], learned[first:], judged)


def task_of(labels: Sequence[str]) -> Task:
    """What to predict from the look of the labels.

    >>> task_of(["yes", "no"]), task_of(["a", "b", "c"]), task_of([str(n / 7) for n in range(99)])
    ('two-class', 'multiclass', 'regression')
    """
    levels = set(labels)
    if len(levels) == 2:
        return "two-class"
    return "regression" if len(levels) > 20 and all(map(_is_number, levels)) else "multiclass"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def to_csv(rows: Sequence[Row]) -> bytes:
    """Rows as a CSV file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: "" if v in _MISSING else v for k, v in row.items()} for row in rows)
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
    return told == truth or (_is_number(told) and _is_number(truth) and float(told) == float(truth))

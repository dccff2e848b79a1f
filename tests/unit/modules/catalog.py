"""Modules run as the engine runs them: parsed parameters, a context that knows the catalog and reaches nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.spec import Entry
from restudio.kernels.expr import Frame
from restudio.kernels.row import bind
from restudio.tables.table import Table

CATALOG = Registry.collect(
    "restudio.modules.learners",
    *(
        f"restudio.modules.{name}"
        for name in ("training", "scoring", "evaluation", "sampling", "scaling", "missing_data")
    ),
)


class PlainContext:
    """Only progress and the catalog work."""

    scratch = Path()

    def __init__(self) -> None:
        self.reported: list[float] = []

    def progress(self, fraction: float, message: str = "") -> None:
        self.reported.append(fraction)

    def log(self, text: str) -> None:
        """Nobody reads it."""

    def entry(self, module_id: str) -> Entry:
        return CATALOG.get_entry(module_id)

    def _unreachable(self, *args: object, **options: object) -> NoReturn:
        raise AssertionError("these modules reach nothing outside")

    asset = fetch = deliver = exchange = resolve = open_file = run_script = _unreachable


CTX = PlainContext()


def run(entry: Entry, *inputs: object, **raw: object) -> object:
    """Run an entry with raw parameters; underscores in names stand for blanks."""
    named = {name.replace("_", " "): value for name, value in raw.items()}
    return entry.run(parse_params(entry.spec.params, named), *inputs, ctx=CTX)


def train(learner: str, table: Table, label: str, **raw: object) -> Model:
    """Train as Train Model does, and take the model through its container."""
    untrained = run(CATALOG[learner], **raw)
    assert isinstance(untrained, UntrainedModel)
    model = run(CATALOG["train-model"], untrained, table, Label_column=label)
    assert isinstance(model, Model)
    stored = read_artifact(write_artifact(model))
    assert isinstance(stored, Model)
    return stored


def score(model: Model, table: Table, **raw: object) -> Table:
    scored = run(CATALOG["score-model"], model, table, **raw)
    assert isinstance(scored, Table)
    return scored


def one_by_one(frame: Frame, table: Table) -> list[dict[str, object]]:
    """The rows of a frame over the input port ``in``, computed a row at a time."""
    kernel = bind([frame], [("in", name) for name in table.names])
    found = []
    for row in table.data.to_pylist():
        cells = kernel.run(list(row.values()))
        if cells is not None:
            found.append(dict(zip(frame.schema.names, cells[0], strict=True)))
    return found

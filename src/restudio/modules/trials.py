"""Trials: an untrained model trained on some rows and measured on others, many of them side by side.

Trials of one module run in threads, one a core: training spends its time in libraries that let other threads run. They
live and die with the process of the module, which is what a cancel kills.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.selector import Selection
from restudio.core.spec import Entry
from restudio.modules.cores import cores
from restudio.modules.evaluation import evaluate_scored
from restudio.modules.scoring import ScoreModelParams, score_model
from restudio.modules.training import TrainModelParams, train_model
from restudio.seams.context import Context, HttpAnswer, HttpRequest, Resource, ScriptResult
from restudio.tables.table import Table

T = TypeVar("T")
TRAINING_ERRORS = (
    "0001", "0003", "0013", "0014", "0018", "0021", "0023", "0024", "0025", "0033", "0037", "0042", "0047", "0083",
    "0122", "0124", "0130", "0134",
)  # fmt: skip
"""What training, scoring and measuring can raise together."""
_SHOWN = {"F1 Score": "F-Score"}
_TWO_CLASS_ORDER = (
    "Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss", "Accuracy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quiet:
    """The context of a trial: as that of its module, but it tells no progress. Only the module knows how far it is."""

    outer: Context

    @property
    def scratch(self) -> Path:
        return self.outer.scratch

    def progress(self, fraction: float, message: str = "") -> None:
        """The progress of one trial interests nobody."""

    def log(self, text: str) -> None:
        """Messages of trials would mingle."""

    def entry(self, module_id: str) -> Entry:
        return self.outer.entry(module_id)

    def asset(self, asset_id: str) -> Path:
        return self.outer.asset(asset_id)

    def fetch(self, url: str, *, credential: str | None = None) -> Resource:
        return self.outer.fetch(url, credential=credential)

    def deliver(self, url: str, source: Path, *, credential: str | None = None, overwrite: bool = True) -> None:
        self.outer.deliver(url, source, credential=credential, overwrite=overwrite)

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        return self.outer.exchange(request)

    def resolve(self, host: str, port: int) -> str:
        return self.outer.resolve(host, port)

    def open_file(self, path: Path) -> Path:
        return self.outer.open_file(path)

    def run_script(
        self, language: str, source: str, inputs: Mapping[str, Path], *, bundle: Path | None = None
    ) -> ScriptResult:
        return self.outer.run_script(language, source, inputs, bundle=bundle)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Train ``untrained`` on ``training`` to tell ``label``, and measure it on ``test``."""

    untrained: UntrainedModel
    label: str
    training: Table
    test: Table

    def run(self, ctx: Context) -> Outcome:
        scored = score(train(self.untrained, self.training, self.label, ctx), self.test, ctx)
        return Outcome(scored, measure(scored))


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Scored test rows and their metrics; no metrics when no row has both a label and a score."""

    scored: Table
    metrics: Mapping[str, float]


def fold_trials(untrained: UntrainedModel, label: str, table: Table, folds: np.ndarray) -> list[Trial]:
    """A trial for each fold number that occurs, in order: trained on all other rows, measured on the fold's."""
    held = [folds == number for number in np.unique(folds)]
    return [Trial(untrained, label, table.filter(pa.array(~mask)), table.filter(pa.array(mask))) for mask in held]


def train(untrained: UntrainedModel, table: Table, label: str, ctx: Context) -> Model:
    """As **Train Model** does."""
    model: Model = train_model.run(TrainModelParams(label=Selection.names(label)), untrained, table, ctx=ctx)
    return model


def score(model: Model, table: Table, ctx: Context) -> Table:
    """As **Score Model** does."""
    scored: Table = score_model.run(ScoreModelParams(), model, table, ctx=ctx)
    return scored


def measure(scored: Table) -> dict[str, float]:
    """The metrics of **Evaluate Model**, with the names that cross-validation and sweeps show."""
    try:
        found = evaluate_scored(scored).metrics
    except ModuleError as error:
        if error.number == "0021":
            return {}
        raise
    return {_SHOWN.get(name, name): value for name, value in found.items()}


def metric_rows(found: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """Metrics by name, one cell a trial; None where a trial does not tell it."""
    names = list(dict.fromkeys(name for metrics in found for name in metrics))
    if set(names) == set(_TWO_CLASS_ORDER):
        names = list(_TWO_CLASS_ORDER)
    return {name: [known(metrics.get(name)) for metrics in found] for name in names}


def known(value: float | None) -> float | None:
    """None for NaN."""
    return None if value is None or math.isnan(value) else value


def run_all(jobs: Sequence[Callable[[Context], T]], ctx: Context, what: str) -> list[T]:
    """The results of the jobs in their order, computed on all cores; the first error ends the whole."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    quiet = Quiet(ctx)
    own = cores()
    # Each job has a core for itself; libraries that start threads of their own would only make them wait.
    with threadpool_limits(1), ThreadPoolExecutor(len(own), initializer=_pin, initargs=(own.copy(),)) as pool:
        futures = [pool.submit(job, quiet) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                ctx.progress(done / len(jobs), f"{done} of {len(jobs)} {what}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


def _pin(free: list[int]) -> None:
    """Bind the thread to a core of its own: learners that ask how many cores they have are told one."""
    core = free.pop()
    bind = getattr(os, "sched_setaffinity", None)
    if bind is not None:
        bind(0, {core})


if TYPE_CHECKING:

    def _fits(context: Quiet) -> Context:
        return context

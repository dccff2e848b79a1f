"""Machine Learning / Evaluate: Cross-Validate Model (modules reference, 104)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa

from restudio.artifacts.values import UntrainedModel
from restudio.core.params import columns, integer
from restudio.core.schema import Column, DType, Level, Role, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, Serving, module, table_in, table_out
from restudio.modules.folds import FOLDS, folds_for
from restudio.modules.training import label_name
from restudio.modules.trials import TRAINING_ERRORS, Outcome, fold_trials, known, metric_rows, run_all
from restudio.seams.context import Context
from restudio.tables.naming import unique_names
from restudio.tables.table import ARROW_TYPES, Table

_FOLD, _COUNT, _MODEL = "Fold Number", "Number of examples in fold", "Model"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidateParams:
    label: Selection = columns(
        "Label column",
        single=True,
        aliases=("Name or numerical index of the label column",),
        help="The column to learn.",
    )
    seed: int = integer("Random seed", 0, ge=0, help="Decides which row goes to which of the ten folds.")


@module(
    id="cross-validate-model",
    name="Cross-Validate Model",
    category="Machine Learning / Evaluate",
    params=CrossValidateParams,
    inputs=(Port("Untrained model", PortKind.UNTRAINED), table_in("Dataset")),
    outputs=(table_out("Scored results"), table_out("Evaluation results by fold")),
    family="75fb875d6b864d468bcc74261ade5826",
    aliases=("Cross Validate Model",),
    serving=Serving.NEVER,
    known_by_running="The learner decides which scores it gives and which metrics are measured.",
    errors=(*TRAINING_ERRORS, "0008"),
)
def cross_validate_model(
    p: CrossValidateParams, untrained: UntrainedModel, dataset: Table, *, ctx: Context
) -> tuple[Table, Table]:
    """Train on all folds of a dataset but one and score that one, for every fold in turn. The folds are those that
    **Partition and Sample** assigned, else ten at random. The first output has every row with the scores that the
    model of the other folds gave it; the second the metrics of every fold, their mean and standard deviation.

    Example:
      parameters: {Label column: price}
      Untrained model: {module: linear-regression, parameters: {L2 regularization weight: 0}}
      Dataset:
        module: partition-and-sample
        parameters:
          Partition or sample mode: Assign to Folds
          Randomized split: false
          Specify number of folds to split evenly into: 2
        Dataset: {size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 20.0, 30.0, 40.0]}
      Scored results: {Fold Assignments: [0, 1, 0, 1], Scored Labels: [10.0, 20.0, 30.0, 40.0], ...: []}
      Evaluation results by fold: {Fold Number: ["0", "1", Mean, Standard Deviation], ...: []}
    """
    table, folds = folds_for(dataset, p.seed)
    trials = fold_trials(untrained, label_name(p.label, table.schema), table, folds)
    outcomes = run_all([trial.run for trial in trials], ctx, "folds")
    model = ctx.entry(untrained.learner).spec.name
    return _scored(outcomes, folds), _by_fold(outcomes, np.unique(folds).tolist(), model)


def _scored(outcomes: Sequence[Outcome], folds: np.ndarray) -> Table:
    """The scored folds as one table with the rows in their first order, the fold numbers before the scores."""
    scored = [outcome.scored for outcome in outcomes]
    merged = [_merged([t.schema[name] for t in scored if name in t.schema]) for name in _names(scored)]
    rows = np.argsort(np.concatenate([np.flatnonzero(folds == number) for number in np.unique(folds)]))
    whole = {column: pa.chunked_array([_cells(t, column) for t in scored]).take(rows) for column in merged}
    fold = Column(unique_names([*(c.name for c in whole), FOLDS])[-1], DType.INTEGER, role=Role.NONE)
    ordered = {
        **{column: cells for column, cells in whole.items() if column.score is None},
        fold: pa.chunked_array([pa.array(folds, pa.int64())]),
        **{column: cells for column, cells in whole.items() if column.score is not None},
    }
    return Table.from_arrow(pa.table({})).with_columns(ordered)


def _names(scored: Sequence[Table]) -> Sequence[str]:
    """All columns; a class that is in no training fold but one has its probability column only there."""
    longest = max(scored, key=lambda table: len(table.schema))
    return tuple(dict.fromkeys(name for table in (longest, *scored) for name in table.names))


def _merged(columns_: Sequence[Column]) -> Column:
    first = columns_[0]
    if first.categories is None:
        return first
    levels: tuple[Level, ...] = tuple(dict.fromkeys(level for c in columns_ for level in c.categories or ()))
    return first.with_(categories=levels if first.score is None else tuple(sorted(levels)))


def _cells(table: Table, column: Column) -> pa.Array:
    if column.name not in table.schema:
        return pa.nulls(table.num_rows, ARROW_TYPES[column.dtype])
    return table.column(column.name).combine_chunks()


def _by_fold(outcomes: Sequence[Outcome], numbers: Sequence[int], model: str) -> Table:
    metrics = metric_rows([outcome.metrics for outcome in outcomes])
    sizes = [outcome.scored.num_rows for outcome in outcomes]
    total = sum(sizes)
    values: dict[str, Sequence[object]] = {
        _FOLD: [*map(str, numbers), "Mean", "Standard Deviation"],
        _COUNT: [*sizes, total, total],
        _MODEL: [model] * (len(sizes) + 2),
    }
    for name, cells in metrics.items():
        values[name] = [*cells, _over(cells, np.mean), _over(cells, _deviation)]
    plain = {_FOLD: DType.STRING, _COUNT: DType.INTEGER, _MODEL: DType.STRING}
    return Table.from_columns(values, Schema.of(Column(n, plain.get(n, DType.DOUBLE)) for n in values))


def _over(cells: Sequence[float | None], statistic: Callable[[np.ndarray], float]) -> float | None:
    told = np.array([cell for cell in cells if cell is not None], np.float64)
    return known(float(statistic(told))) if len(told) else None


def _deviation(values: np.ndarray) -> float:
    """Of the sample; NaN for a single value and for infinite ones."""
    return cast("float", np.std(values, ddof=1)) if len(values) > 1 and np.isfinite(values).all() else math.nan

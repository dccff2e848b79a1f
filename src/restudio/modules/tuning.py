"""Machine Learning / Train: Tune Model Hyperparameters (modules reference, 80)."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import Parameter, choice, columns, integer, mode, parameters_of, parse_params, to_raw, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, Serving, Task, ToldModel, module, table_in, table_out
from restudio.modules.folds import folds_for, split_off
from restudio.modules.learners.ranges import SINGLE
from restudio.modules.training import label_name
from restudio.modules.trials import TRAINING_ERRORS, Trial, fold_trials, metric_rows, run_all, train
from restudio.seams.context import Context
from restudio.tables.table import Table

_GRID, _RANDOM, _RANDOM_GRID = "Entire grid", "Random sweep", "Random grid"
_MODE = "Specify parameter sweeping mode"
_RANGE = "_range"
_MOST_RUNS = 10_000
_LOWER_IS_BETTER = frozenset(
    {
        "Average Log Loss",
        "Mean Absolute Error",
        "Root Mean Squared Error",
        "Relative Absolute Error",
        "Relative Squared Error",
    }
)
_MEASURED: Mapping[str, str] = {
    "F-score": "F-Score",
    "Train Log Loss": "Training Log Loss",
    "Mean absolute error": "Mean Absolute Error",
    "Root of mean squared error": "Root Mean Squared Error",
    "Relative absolute error": "Relative Absolute Error",
    "Relative squared error": "Relative Squared Error",
}
"""Choices whose metric is named otherwise in results."""
_MULTICLASS: Mapping[str, str] = {"Precision": "Macro-averaged precision", "Recall": "Macro-averaged recall"}
"""Choices that several classes have as well; the others rank by overall accuracy."""

Setting = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneParams:
    sweep: str = mode(_MODE, (_GRID, _RANDOM, _RANDOM_GRID), _RANDOM)
    sweep_runs: int = integer(
        "Maximum number of runs on random sweep", 5, ge=1, le=_MOST_RUNS, when=when("sweep", _RANDOM)
    )
    grid_runs: int = integer(
        "Maximum number of runs on random grid", 5, ge=1, le=_MOST_RUNS, when=when("sweep", _RANDOM_GRID)
    )
    seed: int = integer("Random seed", 0, ge=0, help="Decides the draws, and the folds without a validation dataset.")
    label: Selection = columns(
        "Label column",
        single=True,
        aliases=("Name or numerical index of the label column",),
        help="The column to learn.",
    )
    classification: str = choice(
        "Metric for measuring performance for classification",
        ("Accuracy", "Precision", "Recall", "F-score", "AUC", "Average Log Loss", "Train Log Loss"),
    )
    regression: str = choice(
        "Metric for measuring performance for regression",
        (
            "Mean absolute error",
            "Root of mean squared error",
            "Relative absolute error",
            "Relative squared error",
            "Coefficient of determination",
        ),
    )


@module(
    id="tune-model-hyperparameters",
    name="Tune Model Hyperparameters",
    category="Machine Learning / Train",
    params=TuneParams,
    inputs=(
        Port("Untrained model", PortKind.UNTRAINED),
        table_in("Training dataset"),
        table_in("Validation dataset", optional=True),
    ),
    outputs=(table_out("Sweep results"), Port("Trained best model", PortKind.MODEL)),
    family="038d91b6c2f242a192151f2c20ed1b40",
    aliases=("Sweep Parameters",),
    serving=Serving.NEVER,
    known_by_running="The learner decides which parameters are swept and which metrics are measured.",
    errors=(*TRAINING_ERRORS, "0002", "0008", "0140"),
)
def tune_model_hyperparameters(
    p: TuneParams, untrained: UntrainedModel, dataset: Table, validation: Table | None, *, ctx: Context
) -> tuple[Table, Model]:
    """Train a model under many settings and keep the best. The settings come from the ranges of the learner (its
    default ranges when it was made with single values): the entire grid, a number of its points drawn without
    repetition, or values drawn for each parameter by itself. Every setting is measured on the validation dataset, or
    over the folds of **Partition and Sample**, or over ten folds at random. The results are ordered, the best first;
    the best model is trained anew on the whole training dataset.

    Example:
      parameters: {Specify parameter sweeping mode: Entire grid, Label column: price}
      Untrained model:
        module: linear-regression
        parameters:
          Solution method: Online Gradient Descent
          Create trainer mode: Parameter Range
          Range for number of training epochs: 1; 100
          Range for learning rate: "0.1"
          Range for L2 regularization weight: "0.001"
      Training dataset: &rows {size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 20.0, 30.0, 40.0]}
      Validation dataset: *rows
      Sweep results: {Number of training epochs: [100, 1], Mean Absolute Error: [7.498, 9.923], ...: []}
    """
    learner = ctx.entry(untrained.learner)
    if learner.fit is None:
        raise ModuleError("0013", f"'{learner.spec.name}' is not a learner.")
    ranges = Ranges.of(learner, untrained)
    settings = ranges.settings(p)
    models = [ranges.model(untrained, setting) for setting in settings]
    label = _label(p, split_off(dataset)[0].schema)
    found = _measure(p, models, label, dataset, validation, ctx)
    metric = _metric(p, untrained.task)
    order = sorted(range(len(found)), key=lambda i: _badness(metric, found[i]))
    table = _results(ranges, [settings[i] for i in order], [found[i] for i in order])
    return table, train(models[order[0]], split_off(dataset)[0], label, ctx)


@tune_model_hyperparameters.tells_schema
def _told(
    p: TuneParams, untrained: ToldModel | None, dataset: Schema, validation: Schema | None
) -> tuple[None, ToldModel | None]:
    label = dataset[_label(p, dataset)]
    return None, None if untrained is None else dataclasses.replace(untrained, label=label)


def _label(p: TuneParams, schema: Schema) -> str:
    """The label column; error 0140 when there is no feature beside it."""
    label = label_name(p.label, schema)
    if all(column.name == label for column in schema.features()):
        raise ModuleError("0140", f"There is no feature column beside the label '{label}'.", column=label)
    return label


@dataclass(frozen=True, slots=True)
class Ranges:
    """The values to sweep of a learner: field name → values, for the parameters that its other settings show."""

    params: Any
    values: Mapping[str, tuple[float, ...]]
    names: Mapping[str, str]

    @classmethod
    def of(cls, learner: Entry, untrained: UntrainedModel) -> Ranges:
        params: Any = parse_params(learner.spec.params, untrained.params)
        declared = dict(parameters_of(learner.spec.params))
        swept = [name for name in declared if name + _RANGE in declared and _is_shown(declared[name], params)]
        # A parameter that the learner hides in single mode holds its default range.
        return cls(params, {n: getattr(params, n + _RANGE) for n in swept}, {n: declared[n].name for n in swept})

    def settings(self, p: TuneParams) -> list[Setting]:
        """The settings to try; one without anything to vary when the learner has no ranges."""
        names = list(self.values)
        random = np.random.default_rng(p.seed)
        if p.sweep == _RANDOM and names:
            drawn = ({n: _drawn(random, self.values[n]) for n in names} for _ in range(p.sweep_runs))
            return list(drawn)
        size = math.prod(len(v) for v in self.values.values())
        if p.sweep == _GRID and size > _MOST_RUNS:
            raise ModuleError(
                "0008",
                f"The entire grid has {size} settings, at most {_MOST_RUNS} are tried; shorten the ranges of the "
                f"learner or choose '{_RANDOM_GRID}'.",
                parameter=_MODE,
            )
        if p.sweep == _RANDOM_GRID:
            chosen = random.choice(size, min(p.grid_runs, size), replace=False).tolist()
            return [self._point(index) for index in chosen]
        return [dict(zip(names, point, strict=True)) for point in itertools.product(*self.values.values())]

    def _point(self, index: int) -> Setting:
        """The point of the grid at an index of its order, without making the grid."""
        point = {}
        for name, values in reversed(list(self.values.items())):
            index, position = divmod(index, len(values))
            point[name] = values[position]
        return {name: point[name] for name in self.values}

    def model(self, untrained: UntrainedModel, setting: Setting) -> UntrainedModel:
        """The learner with single values: those of the setting."""
        typed = {n: self.typed(n, v) for n, v in setting.items()}
        mode_ = {"trainer_mode": SINGLE} if hasattr(self.params, "trainer_mode") else {}
        params = dataclasses.replace(self.params, **mode_, **typed)
        return dataclasses.replace(untrained, params=to_raw(params))

    def typed(self, name: str, value: float) -> float:
        """Ranges hold doubles; whole-number parameters want integers."""
        return int(value) if self.is_whole(name) else value

    def is_whole(self, name: str) -> bool:
        return isinstance(getattr(self.params, name), int)


def _is_shown(parameter: Parameter, params: Any) -> bool:
    """Whether the parameter counts under the other settings; the trainer mode is the sweep's to choose."""
    condition = parameter.when
    if condition is None or condition.parameter == "trainer_mode":
        return True
    return getattr(params, condition.parameter) in condition.values


def _drawn(random: np.random.Generator, values: Sequence[float]) -> float:
    return values[int(random.integers(len(values)))]


def _measure(
    p: TuneParams, models: Sequence[UntrainedModel], label: str, dataset: Table, validation: Table | None, ctx: Context
) -> list[Mapping[str, float]]:
    """The metrics of every model; equal models are trained once."""
    distinct = list({_key(model): model for model in models}.values())
    if validation is not None:
        base = [Trial(distinct[0], label, split_off(dataset)[0], split_off(validation)[0])]
    else:
        training, folds = folds_for(dataset, p.seed)
        base = fold_trials(distinct[0], label, training, folds)
    # All settings share the tables of the folds.
    trials = [[dataclasses.replace(trial, untrained=model) for trial in base] for model in distinct]
    jobs: list[Callable[[Context], Mapping[str, float]]] = [partial(_metrics_of, t) for ts in trials for t in ts]
    measured = iter(run_all(jobs, ctx, "trainings"))
    found = {_key(m): _mean([next(measured) for _ in ts]) for m, ts in zip(distinct, trials, strict=True)}
    return [found[_key(model)] for model in models]


def _key(model: UntrainedModel) -> str:
    return repr(sorted(model.params.items(), key=str))


def _metrics_of(trial: Trial, ctx: Context) -> Mapping[str, float]:
    return trial.run(ctx).metrics


def _mean(folds: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The mean over the folds that tell a metric."""
    rows = metric_rows(folds)
    known = {name: [cell for cell in cells if cell is not None] for name, cells in rows.items()}
    return {name: float(np.mean(cells)) if cells else math.nan for name, cells in known.items()}


def _metric(p: TuneParams, task: Task) -> str:
    if task is Task.REGRESSION:
        return _MEASURED.get(p.regression, "Coefficient of Determination")
    if task is Task.MULTICLASS:
        return _MULTICLASS.get(p.classification, "Overall accuracy")
    return _MEASURED.get(p.classification, p.classification)


def _badness(metric: str, found: Mapping[str, float]) -> float:
    """Sorts the best first and what is not known last."""
    value = found.get(metric, math.nan)
    if math.isnan(value):
        return math.inf
    return value if metric in _LOWER_IS_BETTER else -value


def _results(ranges: Ranges, settings: Sequence[Setting], found: Sequence[Mapping[str, float]]) -> Table:
    """A row a run: the values of its setting, then its metrics."""
    types = {ranges.names[n]: DType.INTEGER if ranges.is_whole(n) else DType.DOUBLE for n in ranges.values}
    values: dict[str, Sequence[object]] = {
        shown: [ranges.typed(name, setting[name]) for setting in settings] for name, shown in ranges.names.items()
    }
    values.update(metric_rows(found))
    schema = Schema.of(Column(name, types.get(name, DType.DOUBLE)) for name in values)
    return Table.from_columns(cast("Mapping[str, Sequence[object]]", values), schema)

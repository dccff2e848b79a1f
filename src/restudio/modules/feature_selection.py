"""Feature Selection: Filter Based Feature Selection and Permutation Feature Importance (modules reference, 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from restudio.artifacts.values import Model
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, when
from restudio.core.schema import Column, DType, Role, Schema, Superset
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, Serving, Task, module, table_in, table_out
from restudio.modules.cores import cores
from restudio.modules.evaluation import evaluate_scored
from restudio.modules.feature_scores import COUNT, METHODS, cells_of, count_of, score_feature, target_of
from restudio.modules.trials import run_all, score
from restudio.seams.context import Context
from restudio.tables.table import Table

_TARGET = "Target column"
_WITH_TARGET = tuple(m for m in METHODS if m != COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSelectionParams:
    method: str = mode("Feature scoring method", METHODS)
    features_only: bool = boolean(
        "Operate on feature columns only", True, help="Off: every column that is no label and no score is judged."
    )
    target: Selection = columns(_TARGET, single=True, when=when("method", *_WITH_TARGET))
    count: int = integer("Number of desired features", 1, gt=0, when=when("method", *_WITH_TARGET))
    least: int = integer("Minimum number of non-zero elements", 1, gt=0, when=when("method", COUNT))


@module(
    id="filter-based-feature-selection",
    name="Filter Based Feature Selection",
    category="Feature Selection",
    params=FilterSelectionParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Filtered dataset"), table_out("Features")),
    family="818b356b045c412baa1294a1d2dad90f",
    # A row alone tells no scores; the model that follows finds its features by name.
    serving=Serving.PASS_THROUGH,
    errors=("0001", "0003", "0004", "0017", "0022"),
)
def filter_based_feature_selection(p: FilterSelectionParams, dataset: Table, *, ctx: Context) -> tuple[Table, Table]:
    """Keep the features that tell most of a target column: by the absolute correlation (with a categorical target, of
    the feature with its class means), by mutual information or chi-squared (numbers are put in ten bins), or by the
    Fisher score; or by the number of cells that are not zero. The first output has the target and the best features,
    the second the score of every feature, the highest first.

    Example:
      parameters: {Target column: price}
      Dataset: {noise: [1.0, 3.0, 2.0, 2.0], size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 21.0, 29.0, 40.0]}
      Filtered dataset: {price: [10.0, 21.0, 29.0, 40.0], size: [1.0, 2.0, 3.0, 4.0]}
      Features: {size: [0.9981], noise: [0.3543]}
    """
    if p.method == COUNT:
        return _by_count(p, dataset)
    target = _target_name(p.target, dataset.schema)
    goal = target_of(dataset, target)
    names = [name for name in candidates(dataset.schema, features_only=p.features_only) if name != target]
    scores = {}
    with ThreadPoolExecutor(len(cores())) as pool:
        found = pool.map(lambda name: score_feature(p.method, cells_of(dataset, name), goal), names)
        for done, (name, score) in enumerate(zip(names, found, strict=True), start=1):
            scores[name] = score
            ctx.progress(done / len(names), f"{done} of {len(names)} features")
    best = sorted(names, key=lambda name: -scores[name])
    return dataset.select([target, *best[: p.count]]), _one_row({name: scores[name] for name in best})


def _by_count(p: FilterSelectionParams, dataset: Table) -> tuple[Table, Table]:
    names = candidates(dataset.schema, features_only=p.features_only)
    counts = {name: count_of(cells_of(dataset, name)) for name in names}
    kept = [name for name in names if counts[name] >= p.least]
    marked = [c.name for c in dataset.schema if c.role is Role.LABEL]
    found = {name: float(counts[name]) for name in names if counts[name]}
    return dataset.select([*marked, *kept]), _one_row(found)


def candidates(schema: Schema, *, features_only: bool) -> list[str]:
    """The columns that are judged."""
    fixed = (Role.LABEL, Role.FOLD)
    return [c.name for c in schema if (c.is_feature if features_only else c.score is None and c.role not in fixed)]


def _target_name(selection: Selection, schema: Schema) -> str:
    names = selection.resolve(schema, parameter=_TARGET)
    if not names:
        raise ModuleError("0003", "No target column is selected.", parameter=_TARGET)
    if len(names) > 1:
        raise ModuleError("0022", f"One target column must be selected, got {len(names)}.", parameter=_TARGET)
    return names[0]


@filter_based_feature_selection.tells_schema
def _schemas(p: FilterSelectionParams, dataset: Schema) -> tuple[Superset, Superset]:
    names = candidates(dataset, features_only=p.features_only)
    first = (
        [c.name for c in dataset if c.role is Role.LABEL] if p.method == COUNT else [_target_name(p.target, dataset)]
    )
    judged = [name for name in names if name not in first]
    scores = Schema.of(Column(name, DType.DOUBLE) for name in judged)
    return Superset(dataset.select([*first, *judged])), Superset(scores)


def _one_row(scores: Mapping[str, float]) -> Table:
    schema = Schema.of(Column(name, DType.DOUBLE) for name in scores)
    return Table.from_columns({name: [value] for name, value in scores.items()}, schema)


_CLASSIFICATION, _REGRESSION = "Classification - ", "Regression - "
_METRICS = (
    "Classification - Accuracy",
    "Classification - Precision",
    "Classification - Recall",
    "Classification - Average Log Loss",
    "Regression - Mean Absolute Error",
    "Regression - Root Mean Squared Error",
    "Regression - Relative Absolute Error",
    "Regression - Relative Squared Error",
    "Regression - Coefficient of Determination",
)
_LOWER_IS_BETTER = ("Loss", "Error")
_MULTICLASS: Mapping[str, str] = {
    "Accuracy": "Overall accuracy",
    "Precision": "Macro-averaged precision",
    "Recall": "Macro-averaged recall",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationImportanceParams:
    seed: int = integer("Random seed", 0, ge=0, help="Decides how the cells of a column are shuffled.")
    metric: str = choice(
        "Metric for measuring performance",
        _METRICS,
        choice_aliases={alias: n for n in _METRICS for alias in (n.replace("-", "–"), n.partition(" - ")[2])},
    )


@module(
    id="permutation-feature-importance",
    name="Permutation Feature Importance",
    category="Feature Selection",
    params=PermutationImportanceParams,
    inputs=(Port("Trained model", PortKind.MODEL), table_in("Test data")),
    outputs=(table_out("Feature importance"),),
    family="2e010ee4714e44e9933e62d8c41818a9",
    serving=Serving.NEVER,
    errors=("0001", "0003", "0013", "0018", "0021", "0024", "0025", "0033", "0042", "0062"),
)
def permutation_feature_importance(
    p: PermutationImportanceParams, model: Model, dataset: Table, *, ctx: Context
) -> Table:
    """How much a model relies on each of its features: the loss in a metric when the cells of the column are shuffled
    among the rows. The most important feature comes first; a feature near zero could be left out.

    Example:
      parameters: {Metric for measuring performance: Regression - Mean Absolute Error}
      Trained model:
        module: train-model
        parameters: {Label column: price}
        Untrained model: {module: linear-regression, parameters: {L2 regularization weight: 0}}
        Dataset: {size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 20.0, 30.0, 40.0]}
      Test data: {size: [1.0, 2.0, 3.0, 4.0], price: [10.0, 20.0, 30.0, 40.0]}
      Feature importance: {Feature: [size], Score: [10.0]}
    """
    metric = _metric(p.metric, model)
    random = np.random.default_rng(p.seed)
    before = _measured(metric, score(model, dataset, ctx))
    jobs = [
        partial(_shuffled, model, dataset, feature.name, random.permutation(dataset.num_rows), metric)
        for feature in model.features
    ]
    sign = -1.0 if metric.endswith(_LOWER_IS_BETTER) else 1.0
    losses = [sign * (before - after) for after in run_all(jobs, ctx, "features")]
    order: Sequence[int] = np.argsort(-np.array(losses), kind="stable").tolist()
    names = [model.features[i].name for i in order]
    return Table.from_columns({"Feature": names, "Score": [losses[i] for i in order]}, _IMPORTANCE)


_IMPORTANCE = Schema.of([Column("Feature", DType.STRING), Column("Score", DType.DOUBLE)])


@permutation_feature_importance.tells_schema
def _importance_schema(p: PermutationImportanceParams, model: None, dataset: Schema) -> Schema:
    return _IMPORTANCE


def _metric(shown: str, model: Model) -> str:
    """The metric's name in the results of **Evaluate Model**; error 0062 when it is for another kind of model."""
    metric = shown.removeprefix(_CLASSIFICATION).removeprefix(_REGRESSION)
    family = _REGRESSION if model.task is Task.REGRESSION else _CLASSIFICATION
    names: Mapping[Task, Mapping[str, str]] = {
        Task.REGRESSION: {metric: metric},
        Task.BINARY: {metric: metric},
        Task.MULTICLASS: _MULTICLASS,
    }
    suited = names.get(model.task, {}).get(metric) if shown.startswith(family) else None
    if suited is None:
        raise ModuleError(
            "0062", f"'{shown}' does not suit a {model.task.value} model.", parameter="Metric for measuring performance"
        )
    return suited


def _shuffled(model: Model, dataset: Table, name: str, order: np.ndarray, metric: str, ctx: Context) -> float:
    cells = dataset.column(name).take(pa.array(order))
    return _measured(metric, score(model, dataset.with_columns({dataset.schema[name]: cells}), ctx))


def _measured(metric: str, scored: Table) -> float:
    return evaluate_scored(scored).metrics[metric]

"""Clustering: Train Clustering Model and Assign Data to Clusters (modules reference, 81 and 93)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, columns, parse_params
from restudio.core.schema import Column, DType, Level, Role, Score
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, Serving, Task, module, table_in, table_out
from restudio.kernels.expr import Frame, Predict
from restudio.kernels.levels import Levels
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.modules.k_means import FILL, IGNORE, KMeansParams
from restudio.modules.learners.training_data import TrainingData, levels_of, prepare_unlabelled
from restudio.modules.scoring import call_of
from restudio.modules.symbolic import over
from restudio.seams.context import Context
from restudio.tables.naming import unique_names
from restudio.tables.table import ARROW_TYPES, Table

ASSIGNMENTS, DISTANCES = "Assignments", "DistancesToClusterCenter no."
APPEND = "Check for Append or Uncheck for Result Only"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainClusteringParams:
    chosen: Selection = columns("Column Set", help="The columns to cluster by.")
    append: bool = boolean(APPEND, True, help="Off: only the assignments and distances.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignParams:
    append: bool = boolean(APPEND, True, help="Off: only the assignments and distances.")


@module(
    id="train-clustering-model",
    name="Train Clustering Model",
    category="Machine Learning / Train",
    params=TrainClusteringParams,
    inputs=(Port("Untrained model", PortKind.UNTRAINED), table_in("Dataset")),
    outputs=(Port("Trained model", PortKind.MODEL), table_out("Results dataset")),
    family="bb43c744f7fa41d0ae6774ae75da3ffd",
    serving=Serving.NEVER,
    known_by_running="The learner decides how many clusters there are.",
    errors=("0001", "0003", "0013", "0014", "0021", "0033", "0037", "0047", "0083", "0089", "0130"),
)
def train_clustering_model(
    p: TrainClusteringParams, untrained: UntrainedModel, dataset: Table, *, ctx: Context
) -> tuple[Model, Table]:
    """Find clusters in a dataset by the chosen columns, and tell the cluster of each of its rows. A label is never
    clustered by. Rows with a missing cell in a chosen column are not learned from and are assigned to no cluster.

    Example:
      parameters: {Column Set: x}
      Untrained model: {module: k-means-clustering}
      Dataset: {x: [1.0, 2.0, 9.0, 10.0]}
      Results dataset: {x: [1.0, 2.0, 9.0, 10.0], Assignments: [1, 1, 0, 0], ...: []}
    """
    learner, params = clustering_learner(untrained, ctx)
    data = clustering_data(p.chosen, dataset)
    ctx.progress(0.1, f"clustering {data.rows} rows by {len(data.features)} columns")
    model: Model = learner.fit(params, data, ctx)
    return model, assigned_table(model, params, dataset, append=p.append, entry=ctx.entry)


class ClusteringLearner(NamedTuple):
    """``fit(params, data, ctx)`` finds clusters."""

    fit: Callable[..., Model]


def clustering_learner(untrained: UntrainedModel, ctx: Context) -> tuple[ClusteringLearner, KMeansParams]:
    """The learner and its parameters; error 0013 when it does not find clusters."""
    learner = ctx.entry(untrained.learner)
    params: object = parse_params(learner.spec.params, untrained.params)
    if learner.fit is None or untrained.task is not Task.CLUSTERING or not isinstance(params, KMeansParams):
        raise ModuleError("0013", f"'{learner.spec.name}' does not find clusters; use K-Means Clustering.")
    return ClusteringLearner(learner.fit), params


def clustering_data(selection: Selection, dataset: Table) -> TrainingData:
    """The chosen columns, and the label where there is one, which is never clustered by."""
    label = dataset.schema.label()
    chosen = selection.resolve(dataset.schema, parameter="Column Set")
    data = prepare_unlabelled(dataset, [name for name in chosen if dataset.schema[name].role is not Role.LABEL])
    if label is None:
        return data
    levels, codes = _label_codes(dataset, label)
    return replace(data, label=label, classes=levels, target=codes)


def assigned_table(
    model: Model, params: KMeansParams, dataset: Table, *, append: bool, entry: Callable[[str], Entry]
) -> Table:
    """The clusters of the rows, and the label where the learner is told to change it."""
    results = over(dataset, lambda frame: _assigned(model, frame, append, entry))
    label = dataset.schema.label()
    if label is None or params.label_mode == IGNORE:
        return results
    return _relabelled(results, dataset, label, only_missing=params.label_mode == FILL)


def distances_of(model: Model, dataset: Table, entry: Callable[[str], Entry]) -> tuple[np.ndarray, np.ndarray]:
    """Assigned clusters, and distances to all centres (a column each), of the rows that have them."""
    results = over(dataset, lambda frame: _assigned(model, frame, False, entry))
    arrays = [as_doubles(from_arrow(results.column(c.name), c.dtype)) for c in results.schema]
    complete = ~np.isnan(arrays[1])
    return arrays[0][complete].astype(np.int64), np.column_stack(arrays[1:])[complete]


@module(
    id="assign-data-to-clusters",
    name="Assign Data to Clusters",
    category="Machine Learning / Score",
    params=AssignParams,
    inputs=(Port("Trained model", PortKind.MODEL), table_in("Dataset")),
    outputs=(table_out("Results dataset"),),
    family="20a0683a07f94a08a89b44b3bbaae382",
    aliases=("Assign to Clusters",),
    known_by_running="The trained model knows how many clusters there are.",
    errors=("0001", "0003", "0013", "0018", "0042"),
)
def assign_data_to_clusters(p: AssignParams, model: Model, dataset: Table, *, ctx: Context) -> Table:
    """Tell the nearest cluster of every row, counted from 0, and the distance to the centre of each cluster. The
    dataset must have the columns that the model was trained on; a row that misses one of them is assigned to none.

    Example:
      parameters: {Check for Append or Uncheck for Result Only: false}
      Trained model:
        module: train-clustering-model
        parameters: {Column Set: x}
        Untrained model: {module: k-means-clustering, parameters: {Initialization: First N, Normalize features: false}}
        Dataset: {x: [1.0, 9.0, 3.0, 11.0]}
      Dataset: {x: [4.0]}
      Results dataset: {Assignments: [0], DistancesToClusterCenter no.0: [2.0], DistancesToClusterCenter no.1: [6.0]}
    """
    return over(dataset, lambda frame: _assigned(model, frame, p.append, ctx.entry))


@assign_data_to_clusters.lowers
def _lower(p: AssignParams, model: Model, frame: Frame, *, entry: Callable[[str], Entry]) -> Frame:
    return _assigned(model, frame, p.append, entry)


def _assigned(model: Model, frame: Frame, append: bool, entry: Callable[[str], Entry]) -> Frame:
    if model.task is not Task.CLUSTERING:
        raise ModuleError("0013", f"A {model.task.value} model has no clusters; use Score Model.")
    call = call_of(model, frame, entry=entry)
    kept = frame.columns if append else ()
    added = list(_result_columns(len(call.predictor.outputs) - 1))
    names = unique_names([*(column.name for column, _ in kept), *(column.name for column in added)])[len(kept) :]
    results = [(c.with_(name=n), Predict(call, i)) for i, (c, n) in enumerate(zip(added, names, strict=True))]
    return Frame((*kept, *results), frame.keep)


def _result_columns(centres: int) -> Iterator[Column]:
    yield Column(ASSIGNMENTS, DType.INTEGER, tuple(range(centres)), score=Score.CLUSTER_LABEL)
    for k in range(centres):
        yield Column(f"{DISTANCES}{k}", DType.DOUBLE, role=Role.NONE, score=Score.CLUSTER_DISTANCE)


def _label_codes(dataset: Table, label: Column) -> tuple[tuple[Level, ...], np.ndarray]:
    """The values of a label, and the position of every row's; negative for a missing one."""
    values = dataset.column(label.name)
    levels = levels_of(label, values)
    return levels, Levels(levels, label.dtype).codes_of(from_arrow(values, label.dtype)).astype(np.int64)


def _relabelled(results: Table, dataset: Table, label: Column, *, only_missing: bool) -> Table:
    """The label of every row, or of rows without one, becomes that of the labelled row nearest to its centre."""
    if label.name not in results.schema:
        return results
    truth = dataset.column(label.name).to_pylist()
    scored = [c for c in results.schema if c.score is Score.CLUSTER_DISTANCE]
    distances = np.column_stack([as_doubles(from_arrow(results.column(c.name), c.dtype)) for c in scored])
    labelled = np.array([cell is not None for cell in truth])
    usable = np.where(labelled[:, None], distances, np.nan)
    assigned = next(c for c in reversed(results.schema.columns) if c.score is Score.CLUSTER_LABEL)
    clusters = results.column(assigned.name).to_pylist()
    names = [None if np.isnan(column).all() else truth[int(np.nanargmin(column))] for column in usable.T]
    changed = [
        cell if k is None or (only_missing and cell is not None) else names[k]
        for cell, k in zip(truth, clusters, strict=True)
    ]
    return results.with_columns(
        {results.schema[label.name]: pa.chunked_array([pa.array(changed, ARROW_TYPES[label.dtype])])}
    )

"""Machine Learning / Train: Sweep Clustering (modules reference, 82)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.params import boolean, choice, columns, integer, mode, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Port, PortKind, Serving, module, table_in, table_out
from restudio.modules.clustering import APPEND, assigned_table, clustering_data, clustering_learner, distances_of
from restudio.modules.k_means import KMeansParams, centre_distances, setting
from restudio.modules.learners.training_data import TrainingData
from restudio.modules.metrics import clustering
from restudio.modules.metrics.clustering import Clustering
from restudio.modules.trials import known, run_all
from restudio.seams.context import Context
from restudio.tables.table import Table

_GRID, _RANDOM = "Entire grid", "Random sweep"
_MOST_RUNS = 10_000
_SILHOUETTE, _DAVIES_BOULDIN, _DUNN, _DEVIATION = (
    "Simplified Silhouette",
    "Davies-Bouldin",
    "Dunn",
    "Average Deviation",
)
_METRICS: Mapping[str, Callable[[Clustering], float]] = {
    _SILHOUETTE: clustering.simplified_silhouette,
    _DAVIES_BOULDIN: clustering.davies_bouldin,
    _DUNN: clustering.dunn,
    _DEVIATION: clustering.average_deviation,
}
_LOWER_IS_BETTER = (_DAVIES_BOULDIN, _DEVIATION)
_RESULTS = Schema.of(
    [
        Column("Cluster metric", DType.DOUBLE),
        Column("Number of centroids", DType.INTEGER),
        Column("Index of run", DType.INTEGER),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepClusteringParams:
    metric: str = choice(
        "Metric for measuring clustering result",
        tuple(_METRICS),
        help="Silhouette and Dunn: the larger the better. Davies-Bouldin and deviation: the smaller the better.",
    )
    sweep: str = mode("Specify parameter sweeping mode", (_GRID, _RANDOM), _RANDOM)
    runs: int = integer("Maximum number of runs on random sweep", 5, ge=1, le=_MOST_RUNS, when=when("sweep", _RANDOM))
    seed: int = integer("Random seed", 0, ge=0, when=when("sweep", _RANDOM), help="Decides the draws.")
    chosen: Selection = columns("Column Set", help="The columns to cluster by.")
    append: bool = boolean(APPEND, True, help="Off: only the assignments and distances.")


@dataclass(frozen=True, slots=True)
class _Run:
    """One point of the grid: a number of centres, and which of the starts with it."""

    centroids: int
    index: int


@module(
    id="sweep-clustering",
    name="Sweep Clustering",
    category="Machine Learning / Train",
    params=SweepClusteringParams,
    inputs=(Port("Untrained model", PortKind.UNTRAINED), table_in("Dataset")),
    outputs=(Port("Best Trained model", PortKind.MODEL), table_out("Results dataset"), table_out("Sweep results")),
    serving=Serving.NEVER,
    known_by_running="The best of the sweep decides how many clusters there are.",
    errors=("0001", "0003", "0008", "0013", "0014", "0021", "0033", "0037", "0047", "0083", "0089", "0130"),
)
def sweep_clustering(
    p: SweepClusteringParams, untrained: UntrainedModel, dataset: Table, *, ctx: Context
) -> tuple[Model, Table, Table]:
    """Find clusters with different numbers of centres and different starts, and keep the best. The numbers are the
    range of the learner (its default range when it was made with single values), each with so many starts as it says;
    the sweep tries them all, or draws some. Distances are those that the learner clusters by; **Dunn** is the smallest
    distance between two centres over the largest of a row to its own.

    Example:
      parameters: {Specify parameter sweeping mode: Entire grid, Column Set: x}
      Untrained model:
        module: k-means-clustering
        parameters:
          Create trainer mode: Parameter Range
          Range for Number of Centroids: 2; 3
          Number of seeds to sweep: 1
      Dataset: {x: [1.0, 1.5, 2.0, 9.0, 9.5, 10.0]}
      Results dataset: {Assignments: [1, 1, 1, 0, 0, 0], ...: []}
      Sweep results: {Cluster metric: [0.9581, 0.8527], Number of centroids: [2, 3], Index of run: [0, 0]}
    """
    learner, params = clustering_learner(untrained, ctx)
    data = clustering_data(p.chosen, dataset)
    runs = _runs(p, params)
    jobs = [partial(_tried, p.metric, learner.fit, params, run, data, dataset) for run in dict.fromkeys(runs)]
    tried = dict(zip(dict.fromkeys(runs), run_all(jobs, ctx, "clusterings"), strict=True))
    ordered = sorted(runs, key=lambda run: _badness(p.metric, tried[run][1]))
    best = tried[ordered[0]][0]
    rows = [(known(tried[run][1]), run.centroids, run.index) for run in ordered]
    results = Table.from_columns(dict(zip(_RESULTS.names, zip(*rows, strict=True), strict=True)), _RESULTS)
    return best, assigned_table(best, params, dataset, append=p.append, entry=ctx.entry), results


def _runs(p: SweepClusteringParams, params: KMeansParams) -> list[_Run]:
    """What is tried. Random draws may repeat a point, which is then clustered once and told twice."""
    counts = [int(count) for count in params.centroids_range]
    if p.sweep == _GRID:
        return [_Run(count, index) for count, index in itertools.product(counts, range(params.seeds))]
    random = np.random.default_rng(p.seed)
    return [_Run(counts[int(random.integers(len(counts)))], int(random.integers(params.seeds))) for _ in range(p.runs)]


def _tried(
    metric: str,
    fit: Callable[..., Model],
    params: KMeansParams,
    run: _Run,
    data: TrainingData,
    dataset: Table,
    ctx: Context,
) -> tuple[Model, float]:
    """A clustering, and how good it is. A run keeps the model and one number; distances are made anew for the best."""
    first = 0 if params.seed is None else params.seed
    model = fit(replace(setting(params), centroids=run.centroids, seed=first + run.index), data, ctx)
    assigned, distances = distances_of(model, dataset, ctx.entry)
    return model, _METRICS[metric](Clustering(assigned, distances, centre_distances(model)))


def _badness(metric: str, value: float) -> float:
    """Sorts the best first and what is not known last."""
    if math.isnan(value):
        return math.inf
    return value if metric in _LOWER_IS_BETTER else -value

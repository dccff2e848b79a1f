"""K-Means Clustering (modules reference, 75)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, integer, to_raw, when
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.clusters import ClusterPredictor
from restudio.kernels.expr import Predictor
from restudio.modules.fitted_state import reading
from restudio.modules.learners.dense_model import doubles, inputs_of
from restudio.modules.learners.fitted import guard_levels
from restudio.modules.learners.linear_design import encode, to_unit_range, unscaled
from restudio.modules.learners.ranges import RANGE, SINGLE, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.modules.silence import without
from restudio.seams.context import Context

_ID = "k-means-clustering"
_FIRST, _RANDOM, _PLUS, _FAST, _EVENLY, _LABEL = (
    "First N",
    "Random",
    "K-Means++",
    "K-Means++ Fast",
    "Evenly",
    "Use label column",
)
_STARTS = (_FIRST, _RANDOM, _PLUS, _FAST, _EVENLY, _LABEL)
_EUCLIDEAN, _COSINE = "Euclidean", "Cosine"
_METRIC = "Metric"
IGNORE, FILL, _OVERWRITE = "Ignore label column", "Fill missing values", "Overwrite from closest to center"
_MOST_CENTROIDS = 10_000
_DENSE_CELLS = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KMeansParams:
    trainer_mode: str = trainer_mode()
    centroids: int = integer("Number of Centroids", 2, ge=2, le=_MOST_CENTROIDS, when=when("trainer_mode", SINGLE))
    start: str = choice("Initialization", _STARTS, _PLUS, when=when("trainer_mode", SINGLE))
    centroids_range: tuple[float, ...] = values_of("Number of Centroids", "2; 3; 4; 5", ge=2, le=_MOST_CENTROIDS)
    start_sweep: str = choice("Initialization for sweep", _STARTS, _PLUS, when=when("trainer_mode", RANGE))
    seed: int | None = seed()
    seeds: int = integer("Number of seeds to sweep", 10, ge=1, when=when("trainer_mode", RANGE))
    metric: str = choice(_METRIC, (_EUCLIDEAN, _COSINE))
    normalize: bool = boolean(
        "Normalize features",
        True,
        aliases=("Should input instances be normalized",),
        help="Scale numbers to 0…1.",
    )
    iterations: int = integer("Iterations", 100, ge=1, help="How often the centres move, at most.")
    label_mode: str = choice(
        "Assign Label Mode",
        (IGNORE, FILL, _OVERWRITE),
        help="What becomes of the label column in the results: nothing, or it takes the label of the row that is "
        "closest to the centre.",
    )


@module(
    id=_ID,
    name="K-Means Clustering",
    category="Machine Learning / Initialize Model / Clustering",
    params=KMeansParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.CLUSTERING,
    family="5049a09bbd904c4e9b467c87e3a36810",
    serving=Serving.NEVER,
    errors=("0002", "0005", "0008"),
)
def k_means_clustering(p: KMeansParams, *, ctx: Context) -> UntrainedModel:
    """Find a number of centres such that rows are close to the nearest one. Categories become indicators; rows with a
    missing cell are not learned from and belong to no cluster.

    Example:
      parameters: {Number of Centroids: 3}
    """
    return UntrainedModel(_ID, Task.CLUSTERING, to_raw(p))


@k_means_clustering.fits
def _fit(p: KMeansParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

    chosen = single(p)
    if p.trainer_mode == RANGE:
        chosen = replace(chosen, start=p.start_sweep)
    design = encode(data, to_unit_range if chosen.normalize else unscaled)
    matrix = design.matrix
    if matrix.shape[0] < chosen.centroids:
        raise ModuleError("0021", f"{chosen.centroids} clusters need as many complete rows, found {matrix.shape[0]}.")
    if chosen.metric == _COSINE:
        matrix = normalize(matrix)
    if matrix.shape[0] * matrix.shape[1] <= _DENSE_CELLS:
        matrix = matrix.toarray()
    seeded = 0 if chosen.seed is None else chosen.seed
    learner = KMeans(
        chosen.centroids,
        init=_start(chosen, matrix, design.data),
        n_init=1,
        max_iter=chosen.iterations,
        random_state=seeded,
    )
    # One thread: the last digits must not depend on the number of cores.
    # The warning: fewer distinct rows than centres.
    with threadpool_limits(1), without(ConvergenceWarning):
        learner.fit(matrix)
    return Model(
        learner=_ID,
        task=Task.CLUSTERING,
        features=design.data.features,
        label=None,
        arrays={
            "centres": np.asarray(learner.cluster_centers_, np.float64),
            "shift": design.shift,
            "divisor": design.divisor,
        },
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(design.data.rows)},
    )


@k_means_clustering.predicts
def _predict(model: Model) -> Predictor:
    with reading(model.learner):
        cosine = model.params.get(_METRIC) == _COSINE
        return guard_levels(
            model, ClusterPredictor(inputs_of(model), doubles(model.arrays, "centres", 2), cosine=cosine)
        )


def setting(p: KMeansParams) -> KMeansParams:
    """The parameters as single values, for a sweep to change: those of the range mode where it is on."""
    return replace(p, trainer_mode=SINGLE, start=p.start_sweep if p.trainer_mode == RANGE else p.start)


def centre_distances(model: Model) -> np.ndarray:
    """The distances of the centres to each other, by the metric that the model assigns with."""
    from sklearn.metrics import pairwise_distances

    found: np.ndarray = pairwise_distances(model.arrays["centres"], metric=str(model.params[_METRIC]).lower())
    return found


def _start(p: KMeansParams, matrix: Any, data: TrainingData) -> Any:
    """The first centres as the library takes them: a name, or the centres themselves."""
    if p.start in (_PLUS, _FAST):
        return "k-means++"
    if p.start == _RANDOM:
        return "random"
    if p.start == _LABEL:
        return _label_means(p.centroids, matrix, data)
    rows = matrix.shape[0]
    chosen = np.arange(p.centroids) if p.start == _FIRST else np.arange(p.centroids) * rows // p.centroids
    return _dense(matrix[chosen])


def _label_means(centroids: int, matrix: Any, data: TrainingData) -> np.ndarray:
    """The mean of the rows of each label; rows at even distances where there are fewer labels than centres."""
    if data.label is None:
        raise ModuleError("0083", f"'{_LABEL}' needs a label column; mark one with Edit Metadata.")
    found = [code for code in range(len(data.classes)) if (data.target == code).any()]
    if len(found) > centroids:
        raise ModuleError("0089", f"The label has {len(found)} values, more than {centroids} centroids.")
    means = [np.asarray(matrix[data.target == code].mean(axis=0)).ravel() for code in found]
    rest = centroids - len(found)
    more = _dense(matrix[np.arange(rest) * matrix.shape[0] // max(rest, 1)])
    return np.concatenate([np.array(means).reshape(len(means), matrix.shape[1]), more])


def _dense(rows: Any) -> np.ndarray:
    array: np.ndarray = rows if isinstance(rows, np.ndarray) else rows.toarray()
    return array

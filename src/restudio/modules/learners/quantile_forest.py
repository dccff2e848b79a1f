"""Fast Forest Quantile Regression (modules reference, 54): trees whose leaves keep the labels that fell into them.

LightGBM grows the trees. Their text holds the number of each leaf instead of its mean; the labels of the leaves are
arrays beside it (``restudio.kernels.quantiles``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import integer, real, text, to_raw, when
from restudio.core.schema import Column, DType, Score
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.kernels.quantiles import QuantileScores
from restudio.kernels.tree_text import MAX_CLASSES
from restudio.kernels.trees import TreePredictor
from restudio.modules.fitted_state import reading
from restudio.modules.learners.boosted_trees import portable, threads_for, typed_matrix
from restudio.modules.learners.dense_model import doubles
from restudio.modules.learners.fitted import as_read, guard_levels
from restudio.modules.learners.ranges import SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

SCORES = "Scores for quantile :"
_ID = "fast-forest-quantile-regression"
_QUANTILES = "Quantiles to be estimated"
_LEAF_VALUES = re.compile(r"^leaf_value=.*$", re.MULTILINE)
_HEADER = re.compile(r"^(num_class|num_tree_per_iteration)=.*$", re.MULTILINE)
_OBJECTIVE = re.compile(r"^objective=.*\n", re.MULTILINE)
_ALMOST_ALL = 1.0 - 1e-9
"""Rounds to all columns; LightGBM insists on some share for forests."""
_MOST_LEAVES = 131_072
_shown = when("trainer_mode", SINGLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileForestParams:
    trainer_mode: str = trainer_mode()
    trees: int = integer("Number of Trees", 100, ge=1, le=MAX_CLASSES, when=_shown)
    leaves: int = integer("Number of Leaves", 20, ge=2, le=_MOST_LEAVES, when=_shown)
    leaf_rows: int = integer("Minimum number of training instances required to form a leaf", 10, ge=1, when=_shown)
    bagging: float = real("Bagging fraction", 0.7, gt=0, le=1, when=_shown, help="Share of the rows that a tree sees.")
    features: float = real("Feature fraction", 0.7, gt=0, le=1, when=_shown, help="Share of the columns of a tree.")
    splits: float = real("Split fraction", 0.7, gt=0, le=1, when=_shown, help="Share of those that a split looks at.")
    samples: int = integer(
        "Quantile sample count", 100, ge=1, le=2147483647, help="Labels that a leaf keeps, at most, drawn at random."
    )
    quantiles: str = text(
        _QUANTILES, "0.25;0.5;0.75", aliases=("Required quantile values",), help="Numbers between 0 and 1."
    )
    trees_range: tuple[float, ...] = values_of("number of trees", "16; 32; 64", ge=1, le=MAX_CLASSES)
    leaves_range: tuple[float, ...] = values_of("number of leaves", "16; 32; 64", ge=2, le=_MOST_LEAVES)
    leaf_rows_range: tuple[float, ...] = values_of(
        "minimum number of training instances required to form a leaf", "1; 5; 10", ge=1
    )
    bagging_range: tuple[float, ...] = values_of("bagging fraction", "0.25; 0.5; 0.75", gt=0, le=1)
    features_range: tuple[float, ...] = values_of("feature fraction", "0.25; 0.5; 0.75", gt=0, le=1)
    splits_range: tuple[float, ...] = values_of("split fraction", "0.25; 0.5; 0.75", gt=0, le=1)
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@module(
    id=_ID,
    name="Fast Forest Quantile Regression",
    category="Machine Learning / Initialize Model / Regression",
    params=QuantileForestParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.REGRESSION,
    family="b9064dc32d694e06b3076cebf324686a",
    serving=Serving.NEVER,
    errors=("0002", "0004", "0005", "0007", "0008", "0023", "0033", "0134"),
)
def fast_forest_quantile_regression(p: QuantileForestParams, *, ctx: Context) -> UntrainedModel:
    """Trees that tell how the label is spread, not only its mean: one score for each quantile, such as the value that
    nine in ten rows like this stay below. Categories are split as sets of levels; missing values need no cleaning.

    Example:
      parameters: {Number of Trees: 50, Quantiles to be estimated: "0.1;0.5;0.9"}
    """
    _read_quantiles(p.quantiles)
    return UntrainedModel(_ID, Task.REGRESSION, to_raw(p))


@fast_forest_quantile_regression.fits
def _fit(p: QuantileForestParams, data: TrainingData, ctx: Context) -> Model:
    import lightgbm

    chosen, quantiles = single(p), _read_quantiles(p.quantiles)
    seeded = 42 if chosen.seed is None else chosen.seed % 2**31
    settings = {
        "boosting": "rf",
        "objective": "regression",
        "num_leaves": chosen.leaves,
        "min_data_in_leaf": chosen.leaf_rows,
        "bagging_fraction": chosen.bagging,
        "bagging_freq": 1 if chosen.bagging < 1.0 else 0,
        "feature_fraction": min(chosen.features, _ALMOST_ALL),
        "feature_fraction_bynode": chosen.splits,
        "seed": seeded,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
        "num_threads": threads_for(data),
    }
    categorical = [i for i, column in enumerate(data.features) if column.is_categorical]
    matrix, target = typed_matrix(data), data.target.astype(np.float64)
    dataset = lightgbm.Dataset(matrix, target, categorical_feature=categorical, params=settings, free_raw_data=False)
    try:
        booster = lightgbm.train(settings, dataset, chosen.trees)
    except lightgbm.basic.LightGBMError as cause:
        raise ModuleError("1000", f"LightGBM could not train on this data: {cause}", module=_ID) from cause
    reached = np.asarray(booster.predict(matrix, pred_leaf=True)).reshape(data.rows, -1)
    grown, leaves = _numbered(portable(booster.model_to_string()))
    random = np.random.default_rng(seeded)
    kept = [part for tree, count in enumerate(leaves) for part in _held(reached[:, tree], target, count, p, random)]
    return Model(
        learner=_ID,
        task=Task.REGRESSION,
        features=data.features,
        label=data.label,
        arrays={
            "gain": np.asarray(booster.feature_importance("gain"), np.float64),
            "quantiles": np.array(quantiles),
            "samples": np.concatenate(kept),
            "ends": np.cumsum([len(part) for part in kept]),
            "leaves": np.array(leaves, np.int64),
        },
        texts={"trees": grown},
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(data.rows)},
    )


@fast_forest_quantile_regression.predicts
def _predict(model: Model) -> Predictor:
    with reading(model.learner):
        ends, leaves = (np.asarray(model.arrays[name], np.int64) for name in ("ends", "leaves"))
        quantiles = doubles(model.arrays, "quantiles", 1).tolist()
        scores = QuantileScores(quantiles, doubles(model.arrays, "samples", 1), ends, leaves)
        features = [as_read(column) for column in model.features]
        return guard_levels(model, TreePredictor(model.texts["trees"], features, scores))


@fast_forest_quantile_regression.scores_as
def _scores(model: Model) -> Iterator[Column]:
    for quantile in _read_quantiles(str(model.params[_QUANTILES])):
        yield Column(f"{SCORES}{quantile!r}", DType.DOUBLE, score=Score.QUANTILE)


def _read_quantiles(listed: str) -> list[float]:
    """Ascending, each once. Errors: 0002 when they are no numbers, 0008 when they are not between 0 and 1."""
    try:
        found = sorted({float(part) for part in listed.split(";") if part.strip()})
    except ValueError as cause:
        text_ = f"'{listed[:80]}' is no list of numbers such as '0.25;0.5;0.75'."
        raise ModuleError("0002", text_, parameter=_QUANTILES) from cause
    if not found or not all(0.0 < quantile < 1.0 for quantile in found):
        raise ModuleError("0008", f"Quantiles lie between 0 and 1, got '{listed[:80]}'.", parameter=_QUANTILES)
    return found


def _numbered(text_: str) -> tuple[str, list[int]]:
    """The trees side by side, each leaf telling its own number; and how many leaves each tree has."""
    leaves = [line[0].count(" ") + 1 for line in _LEAF_VALUES.finditer(text_)]
    counts = iter(leaves)
    numbered = _LEAF_VALUES.sub(lambda _: "leaf_value=" + " ".join(map(str, range(next(counts)))), text_)
    return _HEADER.sub(rf"\1={len(leaves)}", _OBJECTIVE.sub("", numbered)), leaves


def _held(
    reached: np.ndarray, target: np.ndarray, leaves: int, p: QuantileForestParams, random: np.random.Generator
) -> Iterator[np.ndarray]:
    """The labels that each leaf of a tree keeps, ascending."""
    order = np.argsort(reached, kind="stable")
    bounds = np.searchsorted(reached[order], np.arange(leaves + 1))
    for start, end in itertools.pairwise(bounds.tolist()):
        labels = target[order[start:end]]
        yield np.sort(random.choice(labels, p.samples, replace=False) if len(labels) > p.samples else labels)

"""Two-Class and Multiclass Boosted Decision Tree, Boosted Decision Tree Regression (modules reference, 68, 59, 52)."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import integer, real, to_raw, when
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.kernels.levels import MISSING
from restudio.kernels.trees import TreePredictor
from restudio.modules.cores import cores
from restudio.modules.fitted_state import reading
from restudio.modules.learners.fitted import as_read, guard_levels, scores_of
from restudio.modules.learners.ranges import EPSILON, SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.seams.context import Context

_TWO_CLASS = "two-class-boosted-decision-tree"
_MULTICLASS = "multiclass-boosted-decision-tree"
_REGRESSION = "boosted-decision-tree-regression"
_DEFAULT_SEED = 42
_MAX_LEAVES = 131_072
_CELLS_PER_THREAD = 1_000_000
_ERRORS = ("0002", "0005", "0008", "0023", "0033", "0134")


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostedTreeParams:
    trainer_mode: str = trainer_mode()
    leaves: int = integer(
        "Maximum number of leaves per tree", 20, ge=1, le=_MAX_LEAVES, when=when("trainer_mode", SINGLE)
    )
    leaf_rows: int = integer(
        "Minimum number of samples per leaf node",
        10,
        ge=1,
        when=when("trainer_mode", SINGLE),
        aliases=("Minimum number of training instances required to form a leaf",),
    )
    learning_rate: float = real(
        "Learning rate", 0.2, ge=EPSILON, le=1, when=when("trainer_mode", SINGLE), aliases=("The learning rate",)
    )
    trees: int = integer(
        "Number of trees constructed",
        100,
        ge=1,
        le=100_000,
        when=when("trainer_mode", SINGLE),
        aliases=("Total number of trees constructed",),
    )
    leaves_range: tuple[float, ...] = values_of(
        "maximum number of leaves per tree", "2; 8; 32; 128", ge=1, le=_MAX_LEAVES
    )
    leaf_rows_range: tuple[float, ...] = values_of(
        "minimum number of samples per leaf node",
        "1; 10; 50",
        ge=1,
        aliases=("Range for minimum number of training instances required to form a leaf",),
    )
    learning_rate_range: tuple[float, ...] = values_of(
        "learning rate", "0.025; 0.05; 0.1; 0.2; 0.4", ge=EPSILON, le=1, aliases=("Range for the learning rate",)
    )
    trees_range: tuple[float, ...] = values_of(
        "number of trees constructed",
        "20; 100; 500",
        ge=1,
        le=100_000,
        aliases=("Range for total number of trees constructed",),
    )
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()


@module(
    id=_TWO_CLASS,
    name="Two-Class Boosted Decision Tree",
    category="Machine Learning / Initialize Model / Classification",
    params=BoostedTreeParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.BINARY,
    family="e3c522f853d948298ea45c6a6b75330c",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def two_class_boosted_decision_tree(p: BoostedTreeParams, *, ctx: Context) -> UntrainedModel:
    """An ensemble of trees, each fitted to what the ones before it got wrong. Categories are split as sets of levels;
    missing values need no cleaning.

    Example:
      parameters: {Maximum number of leaves per tree: 8, Number of trees constructed: 50}
    """
    return UntrainedModel(_TWO_CLASS, Task.BINARY, to_raw(p))


@module(
    id=_MULTICLASS,
    name="Multiclass Boosted Decision Tree",
    category="Machine Learning / Initialize Model / Classification",
    params=BoostedTreeParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.MULTICLASS,
    family="1d67b73134d74adbbc2aa8844cd1bd2d",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def multiclass_boosted_decision_tree(p: BoostedTreeParams, *, ctx: Context) -> UntrainedModel:
    """An ensemble with a tree for every class in each step, fitted to what the ones before it got wrong (softmax).
    Categories are split as sets of levels; missing values need no cleaning.

    Example:
      parameters: {Learning rate: 0.1, Number of trees constructed: 50}
    """
    return UntrainedModel(_MULTICLASS, Task.MULTICLASS, to_raw(p))


@module(
    id=_REGRESSION,
    name="Boosted Decision Tree Regression",
    category="Machine Learning / Initialize Model / Regression",
    params=BoostedTreeParams,
    outputs=(Port("Untrained model", PortKind.UNTRAINED),),
    task=Task.REGRESSION,
    family="0207d2526c414c7784c373bdf1ac5960",
    serving=Serving.NEVER,
    errors=_ERRORS,
)
def boosted_decision_tree_regression(p: BoostedTreeParams, *, ctx: Context) -> UntrainedModel:
    """An ensemble of regression trees, each fitted to the errors of the ones before it (squared loss). Categories are
    split as sets of levels; missing values need no cleaning.

    Example:
      parameters: {Create trainer mode: Parameter Range, Range for number of trees constructed: 20; 100}
    """
    return UntrainedModel(_REGRESSION, Task.REGRESSION, to_raw(p))


@two_class_boosted_decision_tree.fits
def _fit_two_class(p: BoostedTreeParams, data: TrainingData, ctx: Context) -> Model:
    return _fit(_TWO_CLASS, Task.BINARY, {"objective": "binary"}, p, data, ctx)


@multiclass_boosted_decision_tree.fits
def _fit_multiclass(p: BoostedTreeParams, data: TrainingData, ctx: Context) -> Model:
    objective = {"objective": "multiclass", "num_class": len(data.classes)}
    return _fit(_MULTICLASS, Task.MULTICLASS, objective, p, data, ctx)


@boosted_decision_tree_regression.fits
def _fit_regression(p: BoostedTreeParams, data: TrainingData, ctx: Context) -> Model:
    return _fit(_REGRESSION, Task.REGRESSION, {"objective": "regression"}, p, data, ctx)


@two_class_boosted_decision_tree.predicts
def _predict_two_class(model: Model) -> Predictor:
    return _tree_predictor(model)


@multiclass_boosted_decision_tree.predicts
def _predict_multiclass(model: Model) -> Predictor:
    return _tree_predictor(model)


@boosted_decision_tree_regression.predicts
def _predict_regression(model: Model) -> Predictor:
    return _tree_predictor(model)


def _tree_predictor(model: Model) -> Predictor:
    with reading(model.learner):
        features = [as_read(column) for column in model.features]
        return guard_levels(model, TreePredictor(model.texts["trees"], features, scores_of(model)))


def _fit(
    learner: str,
    task: Task,
    objective: Mapping[str, object],
    p: BoostedTreeParams,
    data: TrainingData,
    ctx: Context,
) -> Model:
    import lightgbm

    chosen = single(p)
    settings = {**objective, **_settings(chosen), "num_threads": threads_for(data)}
    categorical = [i for i, column in enumerate(data.features) if column.is_categorical]
    dataset = lightgbm.Dataset(
        typed_matrix(data), data.target.astype(np.float64), categorical_feature=categorical, params=settings
    )

    def report(environment: Any) -> None:
        ctx.progress((environment.iteration + 1) / environment.end_iteration, "growing trees")

    try:
        booster = lightgbm.train(settings, dataset, chosen.trees, callbacks=[report])
    except lightgbm.basic.LightGBMError as cause:
        raise ModuleError("1000", f"LightGBM could not train on this data: {cause}", module=learner) from cause
    return Model(
        learner=learner,
        task=task,
        features=data.features,
        label=data.label,
        classes=data.classes,
        arrays={"gain": np.asarray(booster.feature_importance("gain"), np.float64)},
        texts={"trees": portable(booster.model_to_string())},
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(data.rows)},
    )


def _settings(p: BoostedTreeParams) -> dict[str, object]:
    return {
        # LightGBM knows no tree of one leaf; two leaves of the whole data come nearest.
        "num_leaves": max(p.leaves, 2),
        "min_data_in_leaf": p.leaf_rows,
        "learning_rate": p.learning_rate,
        "seed": _DEFAULT_SEED if p.seed is None else p.seed % 2**31,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def threads_for(data: TrainingData) -> int:
    """A core for every so many cells, as far as there are cores.

    Fewer cells do not repay the waiting for each other. In module processes waiting threads sleep (the engine sees to
    it); spinning ones would make this take ten times as long on a busy machine. The trees are the same for any number.
    """
    return min(len(cores()), 1 + data.rows * len(data.features) // _CELLS_PER_THREAD)


def typed_matrix(data: TrainingData) -> np.ndarray:
    """The features as LightGBM takes them: categories by the position of their level, missing cells as NaN."""
    matrix = np.empty((data.rows, len(data.features)))
    for i, (column, cells) in enumerate(zip(data.features, data.columns, strict=True)):
        matrix[:, i] = cells
        if column.is_categorical:
            matrix[cells == MISSING, i] = np.nan
    return matrix


def portable(text: str) -> str:
    """The trees alone, with finite numbers.

    What follows the trees repeats settings (threads, paths) that say nothing of the model. A split of missing from
    present cells has the threshold ``inf``, which readers of the text rightly distrust; the largest double does it too.
    """
    end = "end of trees\n"
    trees = text[: text.index(end) + len(end)]
    return _THRESHOLDS.sub(lambda line: _INFINITE.sub(str(sys.float_info.max), line[0]), trees)


_THRESHOLDS = re.compile(r"^threshold=.*$", re.MULTILINE)
_INFINITE = re.compile(r"\binf\b")

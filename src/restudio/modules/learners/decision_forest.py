"""Decision Forest Regression, Two-Class and Multiclass Decision Forest (modules reference, 53, 69 and 60)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.params import choice, integer, to_raw, when
from restudio.core.schema import Column
from restudio.core.spec import Entry, Port, PortKind, Serving, Task, module
from restudio.kernels.expr import Predictor
from restudio.kernels.gaussian import GaussianScores
from restudio.kernels.scores import Scores
from restudio.kernels.tree_text import MAX_LEAVES
from restudio.kernels.trees import TreePredictor
from restudio.modules.cores import cores
from restudio.modules.fitted_state import reading
from restudio.modules.learners.fitted import as_read, guard_levels, mean_and_deviation, scores_of
from restudio.modules.learners.forest_text import GrownTree, forest_text
from restudio.modules.learners.ranges import SINGLE, allow_unknown, seed, single, trainer_mode, values_of
from restudio.modules.learners.training_data import TrainingData
from restudio.modules.learners.tree_matrix import tree_matrix
from restudio.seams.context import Context

_REGRESSION = "decision-forest-regression"
_TWO_CLASS = "two-class-decision-forest"
_MULTICLASS = "multiclass-decision-forest"
_BAGGING, _REPLICATE = "Bagging", "Replicate"
_MOST_TREES, _MOST_DEPTH = 10_000, 10_000
_ERRORS = ("0002", "0005", "0008", "0023", "0033", "0083", "0134", "0138")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionForestParams:
    resampling: str = choice(
        "Resampling method",
        (_BAGGING, _REPLICATE),
        choice_aliases={"Bagging Resampling": _BAGGING, "Replicate Resampling": _REPLICATE},
        help="Bagging: every tree sees rows drawn with replacement. Replicate: every tree sees all rows.",
    )
    trainer_mode: str = trainer_mode()
    trees: int = integer("Number of decision trees", 8, ge=1, le=_MOST_TREES, when=when("trainer_mode", SINGLE))
    depth: int = integer(
        "Maximum depth of the decision trees", 32, ge=1, le=_MOST_DEPTH, when=when("trainer_mode", SINGLE)
    )
    splits: int = integer(
        "Number of random splits per node",
        128,
        ge=1,
        when=when("trainer_mode", SINGLE),
        help="How many features a node looks at, at most; the best threshold of each is found exactly.",
    )
    leaf_rows: int = integer("Minimum number of samples per leaf node", 1, ge=1, when=when("trainer_mode", SINGLE))
    trees_range: tuple[float, ...] = values_of("number of decision trees", "1; 8; 32", ge=1, le=_MOST_TREES)
    depth_range: tuple[float, ...] = values_of("maximum depth of the decision trees", "1; 16; 64", ge=1, le=_MOST_DEPTH)
    splits_range: tuple[float, ...] = values_of("number of random splits per node", "1; 128; 1024", ge=1)
    leaf_rows_range: tuple[float, ...] = values_of("minimum number of samples per leaf node", "1; 4; 16", ge=1)
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown(
        "Allow unknown values for categorical features", "Allow unknown values in categorical features"
    )


def _declare(id: str, name: str, kind: str, task: Task, family: str) -> Callable[[Callable[..., Any]], Entry]:
    return module(
        id=id,
        name=name,
        category=f"Machine Learning / Initialize Model / {kind}",
        params=DecisionForestParams,
        outputs=(Port("Untrained model", PortKind.UNTRAINED),),
        task=task,
        family=family,
        serving=Serving.NEVER,
        errors=_ERRORS,
    )


@_declare(_REGRESSION, "Decision Forest Regression", "Regression", Task.REGRESSION, "562988b2e7404e3a8131358391bad755")
def decision_forest_regression(p: DecisionForestParams, *, ctx: Context) -> UntrainedModel:
    """Trees grown by themselves, each of which predicts a mean and a variance; scores are the mean and the standard
    deviation of all trees together. Missing values need no cleaning.

    Example:
      parameters: {Number of decision trees: 32, Minimum number of samples per leaf node: 4}
    """
    return UntrainedModel(_REGRESSION, Task.REGRESSION, to_raw(p))


@_declare(_TWO_CLASS, "Two-Class Decision Forest", "Classification", Task.BINARY, "5a7d5466992840c8a19cd5de4882c77e")
def two_class_decision_forest(p: DecisionForestParams, *, ctx: Context) -> UntrainedModel:
    """Trees grown by themselves, which vote with the shares of the two classes in their leaves. Missing values need no
    cleaning.

    Example:
      parameters: {Number of decision trees: 32, Maximum depth of the decision trees: 16}
    """
    return UntrainedModel(_TWO_CLASS, Task.BINARY, to_raw(p))


@_declare(
    _MULTICLASS, "Multiclass Decision Forest", "Classification", Task.MULTICLASS, "5e70108d2e4445d986e894f37c68fe86"
)
def multiclass_decision_forest(p: DecisionForestParams, *, ctx: Context) -> UntrainedModel:
    """Trees grown by themselves, which vote with the shares of the classes in their leaves. Missing values need no
    cleaning.

    Example:
      parameters: {Resampling method: Replicate, Number of random splits per node: 4}
    """
    return UntrainedModel(_MULTICLASS, Task.MULTICLASS, to_raw(p))


@decision_forest_regression.fits
def _fit_regression(p: DecisionForestParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.ensemble import RandomForestRegressor

    centre = float(data.target.mean())
    return _grow(_REGRESSION, RandomForestRegressor, p, data, lambda tree: _moments(tree, centre))


@two_class_decision_forest.fits
def _fit_two_class(p: DecisionForestParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.ensemble import RandomForestClassifier

    return _grow(_TWO_CLASS, RandomForestClassifier, p, data, lambda tree: tree.value[:, 0, 1:])


@multiclass_decision_forest.fits
def _fit_multiclass(p: DecisionForestParams, data: TrainingData, ctx: Context) -> Model:
    from sklearn.ensemble import RandomForestClassifier

    return _grow(_MULTICLASS, RandomForestClassifier, p, data, lambda tree: tree.value[:, 0, :])


@decision_forest_regression.predicts
def _predict_regression(model: Model) -> Predictor:
    with reading(model.learner):
        (centre,) = model.arrays["centre"].tolist()
        return _predictor(model, GaussianScores(centre))


@two_class_decision_forest.predicts
@multiclass_decision_forest.predicts
def _predict_classes(model: Model) -> Predictor:
    with reading(model.learner):
        return _predictor(model, scores_of(model))


@decision_forest_regression.scores_as
def _regression_scores(model: Model) -> Iterator[Column]:
    return mean_and_deviation()


def _predictor(model: Model, scores: Scores) -> Predictor:
    features = [as_read(column) for column in model.features]
    return guard_levels(model, TreePredictor(model.texts["trees"], features, scores))


def _moments(tree: Any, centre: float) -> np.ndarray:
    """The mean of every node, and its mean square around ``centre``."""
    mean = tree.value[:, 0, 0]
    return np.column_stack([mean, np.maximum(tree.impurity, 0.0) + (mean - centre) ** 2])


def _grow(
    learner: str, forest: Callable[..., Any], p: DecisionForestParams, data: TrainingData, values: Callable[..., Any]
) -> Model:
    chosen = single(p)
    matrix, shift, divisor = tree_matrix(data)
    width = matrix.shape[1]
    grown = forest(
        n_estimators=chosen.trees,
        max_depth=chosen.depth,
        min_samples_leaf=chosen.leaf_rows,
        max_features=min(chosen.splits, width),
        bootstrap=chosen.resampling == _BAGGING,
        # Beyond this size trees grow leaf by leaf, the best first, until the text has no room for more.
        max_leaf_nodes=MAX_LEAVES if data.rows > MAX_LEAVES else None,
        n_jobs=len(cores()),
        random_state=0 if chosen.seed is None else chosen.seed,
    ).fit(matrix, data.target)
    trees = [GrownTree(tree.tree_, values(tree.tree_)) for tree in grown.estimators_]
    arrays = {"importance": np.asarray(grown.feature_importances_, np.float64)}
    if not data.classes:
        arrays["centre"] = np.array([float(data.target.mean())])
    return Model(
        learner=learner,
        task={_REGRESSION: Task.REGRESSION, _TWO_CLASS: Task.BINARY}.get(learner, Task.MULTICLASS),
        features=data.features,
        label=data.label,
        classes=data.classes,
        arrays=arrays,
        texts={"trees": forest_text(trees, width, shift, divisor)},
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(data.rows)},
    )

"""Score, evaluate, tune, validate; and the modules with an algorithm of their own."""

from __future__ import annotations

import lightgbm
import numpy as np
from bench.modules.rows import FEATURES, LABEL, LEVELS
from bench.modules.scenario import Frames, Modules, names, scenario
from bench.modules.scenarios.learners import LABELLED, PART, TENTH, TREES, codes, part, sliced, yes
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, log_loss, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.model_selection import GridSearchCV, cross_val_predict

from restudio.tables.table import Table

FOREST = "two-class-boosted-decision-tree"


def _trained(frames: Frames, modules: Modules) -> tuple[object, ...]:
    data = part(frames, (*FEATURES, LABEL))
    model = modules.run("train-model", LABELLED, modules.run(FOREST, {}), data.slice(0, data.num_rows // TENTH))
    return model, data


def _fitted(frames: Frames) -> lightgbm.LGBMClassifier:
    def make() -> lightgbm.LGBMClassifier:
        frame = sliced(frames, TENTH)
        levels = [FEATURES.index(c) for c in LEVELS[:3]]
        return lightgbm.LGBMClassifier(**TREES).fit(codes(frame, FEATURES), yes(frame), categorical_feature=levels)

    return frames.made("fitted", make)  # type: ignore[no-any-return]


@scenario("score-model", prepare=_trained, warm=_fitted)
def predict(frames: Frames) -> object:
    scores = _fitted(frames).predict_proba(codes(frames.polars("main"), FEATURES))[:, 1]
    return np.where(scores > 0.5, "yes", "no"), scores


def _scored(frames: Frames, modules: Modules) -> tuple[object, ...]:
    model, data = _trained(frames, modules)
    scored = modules.run("score-model", {}, model, data)
    assert isinstance(scored, Table)
    return (scored,)


def _probabilities(frames: Frames) -> np.ndarray:
    data = codes(frames.polars("main"), FEATURES)
    return frames.made("scores", lambda: _fitted(frames).predict_proba(data)[:, 1])  # type: ignore[no-any-return]


@scenario("evaluate-model", prepare=_scored, warm=_probabilities)
def binary_metrics(frames: Frames) -> object:
    truth, scores = yes(frames.polars("main")), _probabilities(frames)
    return (
        roc_curve(truth, scores),
        precision_recall_curve(truth, scores),
        accuracy_score(truth, scores >= 0.5),
        log_loss(truth, scores),
        roc_auc_score(truth, scores),
    )


CHILDREN = "the memory of the plain way's child processes is not counted"


def _to_validate(frames: Frames, modules: Modules) -> tuple[object, ...]:
    return modules.run(FOREST, {}), part(frames, (*FEATURES, LABEL), TENTH)


@scenario("cross-validate-model", LABELLED, prepare=_to_validate, note=PART, reason=CHILDREN)
def cross_validation(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    model = lightgbm.LGBMClassifier(**TREES, n_jobs=1)
    return cross_val_predict(model, codes(frame, FEATURES), yes(frame), cv=10, n_jobs=2, method="predict_proba")


RANGES = {
    "Create trainer mode": "Parameter Range",
    "Range for maximum number of leaves per tree": "8; 32",
    "Range for minimum number of samples per leaf node": "10",
    "Range for learning rate": "0.1; 0.2",
    "Range for number of trees constructed": "20; 50",
}


def _to_tune(frames: Frames, modules: Modules) -> tuple[object, ...]:
    return modules.run(FOREST, RANGES), part(frames, (*FEATURES, LABEL), TENTH)


@scenario(
    "tune-model-hyperparameters",
    {**LABELLED, "Specify parameter sweeping mode": "Entire grid"},
    prepare=_to_tune,
    note=f"{PART}, 8 points",
    reason=CHILDREN,
)
def grid_search(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    grid = {"num_leaves": [8, 32], "learning_rate": [0.1, 0.2], "n_estimators": [20, 50]}
    model = lightgbm.LGBMClassifier(min_child_samples=10, deterministic=True, verbose=-1, n_jobs=1)
    return GridSearchCV(model, grid, cv=10, n_jobs=2).fit(codes(frame, FEATURES), yes(frame))


def _model_and_part(frames: Frames, modules: Modules) -> tuple[object, ...]:
    model, data = _trained(frames, modules)
    assert isinstance(data, Table)
    return model, data.slice(0, data.num_rows // TENTH)


@scenario("permutation-feature-importance", prepare=_model_and_part, warm=_fitted, note=PART)
def permutation(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return permutation_importance(_fitted(frames), codes(frame, FEATURES), yes(frame), n_repeats=1, random_state=0)


@scenario(
    "train-matchbox-recommender",
    {"Number of traits": 5},
    inputs=("ratings",),
    note="200,000 ratings",
    reason="the plain way takes unrated for average and learns no biases",
)
def factor_matrix(frames: Frames) -> object:
    import polars as pl
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import svds

    frame = frames.polars("ratings")
    users = frame["user"].cast(pl.Categorical).to_physical().to_numpy()
    items = frame["item"].cast(pl.Categorical).to_physical().to_numpy()
    stars = frame["rating"].to_numpy().astype(float)
    return svds(coo_matrix((stars - stars.mean(), (users, items))).tocsr(), k=5)


@scenario(
    "time-series-anomaly-detection",
    {"Data Column": names("value"), "Time Column": names("time")},
    inputs=("series",),
    note="50,000 points; the plain way has rolling quantiles and ranks, without the bets",
)
def rolling_quantiles(frames: Frames) -> object:
    values = frames.pandas("series")["value"]
    window = values.rolling(500, min_periods=2)
    low, middle, high = (window.quantile(q) for q in (0.05, 0.5, 0.95))
    return ((values - middle).abs() / (high - low)).rolling(501).rank()

"""Train Model with each learner at its defaults, beside the library's own estimator on the same columns.

Both sides start from the mixed table: encoding of categories is part of the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import scipy.sparse as sp
from bench.modules.rows import FEATURES, LABEL, LEVELS, NUMBERS, WHOLE
from bench.modules.scenario import Frames, Modules, Prepare, names, scenario
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import (
    BayesianRidge,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    Ridge,
    SGDClassifier,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import OneHotEncoder

from restudio.tables.table import Table

NUMERIC = (*NUMBERS[:4], *WHOLE[:2])
"""Learners of numbers get columns without missing cells, as after Clean Missing Data."""
COLUMNS = (*NUMERIC, *LEVELS[:3])
TENTH = 10
PART = "100,000 rows"


def learner(id: str, label: str, columns: tuple[str, ...] = COLUMNS, share: int = 1, **raw: object) -> Prepare:
    """Inputs of Train Model: the untrained model and the columns it learns from, of one row in ``share``."""

    def prepare(frames: Frames, modules: Modules) -> tuple[object, ...]:
        untrained = modules.run(id, raw)
        return untrained, part(frames, (*columns, label), share)

    return prepare


def part(frames: Frames, columns: tuple[str, ...], share: int = 1) -> Table:
    table = frames.table("main").select(columns)
    return table.slice(0, table.num_rows // share)


def design(frame: pl.DataFrame) -> sp.csr_matrix:
    """One-hot levels beside standardised numbers."""
    numbers = frame.select(NUMERIC).to_numpy()
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    coded = OneHotEncoder(dtype=np.float64).fit_transform(frame.select(LEVELS[:3]).to_numpy())
    return sp.hstack([sp.csr_matrix(numbers), coded], format="csr")


def codes(frame: pl.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Numbers as they are, levels by number."""
    made = [
        frame[c].cast(pl.Categorical).to_physical().to_numpy() if c in LEVELS else frame[c].to_numpy() for c in columns
    ]
    return np.column_stack(made)


def sliced(frames: Frames, share: int) -> pl.DataFrame:
    frame = frames.polars("main")
    return frame.head(len(frame) // share)


def yes(frame: pl.DataFrame) -> np.ndarray:
    return (frame[LABEL] == "yes").to_numpy()


TREES: Mapping[str, object] = {
    "n_estimators": 100,
    "num_leaves": 20,
    "min_child_samples": 10,
    "learning_rate": 0.2,
    "deterministic": True,
    "verbose": -1,
}
LABELLED = {"Label column": names(LABEL)}
AIMED = {"Label column": names("target")}
SORTED = {"Label column": names("c10")}


@scenario("train-model", LABELLED, prepare=learner("two-class-boosted-decision-tree", LABEL, FEATURES))
def boosted_trees(frames: Frames) -> object:
    frame = frames.polars("main")
    levels = [FEATURES.index(c) for c in LEVELS[:3]]
    model = lightgbm.LGBMClassifier(**TREES)
    return model.fit(codes(frame, FEATURES), yes(frame), categorical_feature=levels)


@scenario("train-model", AIMED, prepare=learner("boosted-decision-tree-regression", "target", FEATURES))
def boosted_trees_regression(frames: Frames) -> object:
    frame = frames.polars("main")
    levels = [FEATURES.index(c) for c in LEVELS[:3]]
    return lightgbm.LGBMRegressor(**TREES).fit(
        codes(frame, FEATURES), frame["target"].to_numpy(), categorical_feature=levels
    )


@scenario("train-model", SORTED, prepare=learner("multiclass-boosted-decision-tree", "c10", NUMERIC, TENTH), note=PART)
def boosted_trees_of_ten_classes(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return lightgbm.LGBMClassifier(**TREES).fit(frame.select(NUMERIC).to_numpy(), frame["c10"].to_numpy())


@scenario("train-model", LABELLED, prepare=learner("two-class-logistic-regression", LABEL))
def logistic_regression(frames: Frames) -> object:
    frame = frames.polars("main")
    return LogisticRegression(C=0.5, tol=1e-7, max_iter=500).fit(design(frame), yes(frame))


@scenario("train-model", SORTED, prepare=learner("multiclass-logistic-regression", "c10", NUMERIC, TENTH), note=PART)
def logistic_regression_of_ten_classes(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    numbers = frame.select(NUMERIC).to_numpy()
    scaled = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return LogisticRegression(C=0.5, tol=1e-7, max_iter=500).fit(scaled, frame["c10"].to_numpy())


@scenario("train-model", AIMED, prepare=learner("linear-regression", "target"))
def ridge(frames: Frames) -> object:
    frame = frames.polars("main")
    return Ridge(0.001).fit(design(frame), frame["target"].to_numpy())


@scenario("train-model", {"Label column": names("i1")}, prepare=learner("poisson-regression", "i1", NUMERIC[:5]))
def poisson_regression(frames: Frames) -> object:
    frame = frames.polars("main")
    numbers = frame.select(NUMERIC[:5]).to_numpy()
    scaled = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return PoissonRegressor(alpha=1e-6, tol=1e-7).fit(scaled, frame["i1"].to_numpy())


@scenario("train-model", AIMED, prepare=learner("bayesian-linear-regression", "target", NUMERIC))
def bayesian_ridge(frames: Frames) -> object:
    frame = frames.polars("main")
    return BayesianRidge().fit(frame.select(NUMERIC).to_numpy(), frame["target"].to_numpy())


@scenario("train-model", LABELLED, prepare=learner("two-class-averaged-perceptron", LABEL))
def perceptron(frames: Frames) -> object:
    frame = frames.polars("main")
    return Perceptron(max_iter=10, tol=None).fit(design(frame), yes(frame))


@scenario("train-model", LABELLED, prepare=learner("two-class-support-vector-machine", LABEL))
def linear_support_vectors(frames: Frames) -> object:
    frame = frames.polars("main")
    return SGDClassifier(alpha=0.001, max_iter=1, tol=None).fit(design(frame), yes(frame))


ALL = None
"""Features that a split chooses from: the documented number, 128, is more than there are."""


@scenario("train-model", LABELLED, prepare=learner("two-class-decision-forest", LABEL, COLUMNS, TENTH), note=PART)
def forest(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return RandomForestClassifier(8, max_depth=32, max_features=ALL, n_jobs=2).fit(codes(frame, COLUMNS), yes(frame))


@scenario("train-model", AIMED, prepare=learner("decision-forest-regression", "target", COLUMNS, TENTH), note=PART)
def forest_regression(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return RandomForestRegressor(8, max_depth=32, max_features=ALL, n_jobs=2).fit(
        codes(frame, COLUMNS), frame["target"].to_numpy()
    )


@scenario("train-model", SORTED, prepare=learner("multiclass-decision-forest", "c10", NUMERIC, TENTH), note=PART)
def forest_of_ten_classes(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return RandomForestClassifier(8, max_depth=32, max_features=ALL, n_jobs=2).fit(
        frame.select(NUMERIC).to_numpy(), frame["c10"]
    )


NETWORK: Mapping[str, Any] = {
    "hidden_layer_sizes": (100,),
    "activation": "logistic",
    "solver": "sgd",
    "max_iter": 10,
    "tol": 0.0,
}


def _unit(frame: pl.DataFrame) -> np.ndarray:
    """Numbers between 0 and 1."""
    numbers = frame.select(NUMERIC).to_numpy()
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    return np.asarray((numbers - low) / (high - low))


@scenario(
    "train-model",
    LABELLED,
    prepare=learner("two-class-neural-network", LABEL, NUMERIC, TENTH, **{"Number of learning iterations": 10}),
    note=f"{PART}, 10 iterations",
)
def network(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return MLPClassifier(**NETWORK, learning_rate_init=0.1).fit(_unit(frame), frame[LABEL].to_numpy())


@scenario(
    "train-model",
    SORTED,
    prepare=learner("multiclass-neural-network", "c10", NUMERIC, TENTH, **{"Number of learning iterations": 10}),
    note=f"{PART}, 10 iterations",
)
def network_of_ten_classes(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return MLPClassifier(**NETWORK, learning_rate_init=0.1).fit(_unit(frame), frame["c10"].to_numpy())


@scenario(
    "train-model",
    AIMED,
    prepare=learner("neural-network-regression", "target", NUMERIC, TENTH, **{"Number of learning iterations": 10}),
    note=f"{PART}, 10 iterations",
)
def network_regression(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    return MLPRegressor(**NETWORK, learning_rate_init=0.005).fit(_unit(frame), frame["target"].to_numpy())


def _one_vs_all(frames: Frames, modules: Modules) -> tuple[object, ...]:
    binary = modules.run("two-class-logistic-regression", {})
    return modules.run("one-vs-all-multiclass", {}, binary), part(frames, (*NUMERIC, "c10"), TENTH)


@scenario("train-model", SORTED, prepare=_one_vs_all, note=PART)
def one_against_the_rest(frames: Frames) -> object:
    frame = sliced(frames, TENTH)
    numbers = frame.select(NUMERIC).to_numpy()
    scaled = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return OneVsRestClassifier(LogisticRegression(C=0.5, tol=1e-7)).fit(scaled, frame["c10"].to_numpy())


def _clusters(frames: Frames, modules: Modules) -> tuple[object, ...]:
    return modules.run("k-means-clustering", {"Number of Centroids": 5}), part(frames, NUMERIC)


@scenario("train-clustering-model", {"Column Set": names(*NUMERIC)}, prepare=_clusters)
def k_means(frames: Frames) -> object:
    scaled = _unit(frames.polars("main"))
    model = KMeans(5, n_init=1, max_iter=100, random_state=0).fit(scaled)
    return model.transform(scaled), model.labels_


def _anomalies(id: str, share: int) -> Prepare:
    def prepare(frames: Frames, modules: Modules) -> tuple[object, ...]:
        return modules.run(id, {}), part(frames, NUMERIC, share)

    return prepare


@scenario("train-anomaly-detection-model", prepare=_anomalies("pca-based-anomaly-detection", 1))
def principal_components(frames: Frames) -> object:
    from sklearn.decomposition import PCA

    return PCA(2, svd_solver="randomized", random_state=0).fit(frames.polars("main").select(NUMERIC).to_numpy())


@scenario(
    "train-anomaly-detection-model",
    prepare=_anomalies("one-class-support-vector-machine", 200),
    note="5,000 rows: the method is quadratic",
)
def one_class(frames: Frames) -> object:
    from sklearn.svm import OneClassSVM

    return OneClassSVM(nu=0.1).fit(_unit(sliced(frames, 200)))

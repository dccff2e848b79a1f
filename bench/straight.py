"""The Adult training experiment as a straight script: read, split, train, score, evaluate with the plain libraries.

    python -m bench.straight logistic|trees ROUNDS

Prints the seconds of every round as JSON, imports and a first round left out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

DATA = Path(__file__).parents[2] / "shared" / "data" / "adult.csv"
LABEL = "income-per-year"


def work(learner: str, seed: int) -> float:
    """AUC on the held-out rows."""
    data = pd.read_csv(DATA)
    target = (data.pop(LABEL) == ">50K").to_numpy()
    train, test, y, truth = train_test_split(data, target, train_size=0.7, random_state=seed)
    scores = _logistic(train, test, y) if learner == "logistic" else _trees(train, test, y)
    roc_curve(truth, scores)
    precision_recall_curve(truth, scores)
    accuracy_score(truth, scores >= 0.5)
    log_loss(truth, scores)
    return float(roc_auc_score(truth, scores))


def _logistic(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    numbers = train.select_dtypes("number").columns
    texts = train.columns.difference(numbers)
    # What the experiment asks for: L1 = 0, L2 = 1, so C = 1 / (L1 + L2).
    model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=1000)
    encode = make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts))
    return np.asarray(make_pipeline(encode, model).fit(train, y).predict_proba(test)[:, 1])


def _trees(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    both = pd.concat([train, test])
    levels = {c: pd.CategoricalDtype(sorted(both[c].unique())) for c in train.columns if train[c].dtype == "str"}
    model = lightgbm.LGBMClassifier(
        n_estimators=100, num_leaves=20, min_child_samples=10, learning_rate=0.2, deterministic=True, verbose=-1
    )
    model.fit(train.astype(levels), y)
    return np.asarray(model.predict_proba(test.astype(levels)))[:, 1]


def main() -> None:
    learner, rounds = sys.argv[1], int(sys.argv[2])
    times = []
    for seed in range(rounds + 1):
        begun = time.perf_counter()
        auc = work(learner, seed)
        times.append(time.perf_counter() - begun)
    print(json.dumps({"seconds": times[1:], "auc": auc}))


if __name__ == "__main__":
    main()

"""The demo's training experiment, as a document anyone can read, and export again from the server."""

from __future__ import annotations

import json
from collections.abc import Mapping

from restudio.cli.demo_data import Task

LEARNERS: Mapping[Task, str] = {
    "two-class": "two-class-boosted-decision-tree",
    "multiclass": "multiclass-logistic-regression",
    "regression": "boosted-decision-tree-regression",
}
TRAINING_DATA = "training-data"
MODEL = "model"
METRICS = "metrics"

_TEXT = """\
restudio: experiment/1
title: {title}
description: Clean, split, train, score, evaluate. Its service takes new training data and gives a model with metrics.
nodes:
  data:
    module: dataset
    parameters:
      asset: {asset}
  new data:
    module: web-service-input
    parameters:
      Name: {training_data}
  clean:
    module: clean-missing-data
    inputs:
      Dataset: [data / dataset, new data / dataset]
    parameters:
      Cleaning mode: Custom substitution value
      Replacement value: "0"
  split:
    module: split-data
    inputs:
      Dataset: clean / Cleaned dataset
    parameters:
      Fraction of rows in the first output dataset: 0.75
      Random seed: 7
{stratify}  learner:
    module: {learner}
  train:
    module: train-model
    inputs:
      Untrained model: learner / Untrained model
      Dataset: split / Results dataset1
    parameters:
      Label column: {label}
  score:
    module: score-model
    inputs:
      Trained model: train / Trained model
      Dataset: split / Results dataset2
  evaluate:
    module: evaluate-model
    inputs:
      Scored dataset: score / Scored dataset
  model out:
    module: web-service-output
    inputs:
      dataset: train / Trained model
    parameters:
      Name: {model}
  metrics out:
    module: web-service-output
    inputs:
      dataset: evaluate / Evaluation results
    parameters:
      Name: {metrics}
"""

_STRATIFY = """\
      Stratified split: "True"
      Stratification key column: {label}
"""


def training_experiment(title: str, asset: str, label: str, task: Task) -> str:
    """The experiment as YAML; ``asset`` is the data set's id or name."""
    rule = {"ruleType": "ColumnNames", "columns": [label], "exclude": False}
    selection = json.dumps({"isFilter": True, "rules": [rule]})
    return _TEXT.format(
        title=json.dumps(title),
        asset=json.dumps(asset),
        label=selection,
        stratify="" if task == "regression" else _STRATIFY.format(label=selection),
        learner=LEARNERS[task],
        training_data=TRAINING_DATA,
        model=MODEL,
        metrics=METRICS,
    )

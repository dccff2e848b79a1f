"""R Language Modules: Create R Model (modules reference, 116).

A trained model is what R's ``serialize`` gives, in an array; only R reads it, in the sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params, script, to_raw
from restudio.core.schema import Column, DType, Role, Schema, Score
from restudio.core.spec import Port, PortKind, Serving, Task, module
from restudio.modules.r_script import find_program, r_table, run_r
from restudio.seams.context import Context
from restudio.tables.table import Table

_ID = "create-r-model"
_LIBRARY = Path(__file__).with_name("r_model.R")
_TRAINER = """# 'dataset' is the training data; 'model' is what the scorer gets.
model <- lm(get.label.column(dataset) ~ ., data = get.feature.columns(dataset))
"""
_SCORER = """# 'model' is what the trainer set, 'dataset' the data to score; 'scores' is a data frame.
scores <- data.frame("Scored Labels" = predict(model, get.feature.columns(dataset)), check.names = FALSE)
"""
_ASSIGNED, _CALIBRATED = "Assigned Labels", "Calibrated Score"


@dataclass(frozen=True, slots=True, kw_only=True)
class RModelParams:
    trainer: str = script("Trainer R script", _TRAINER, help="Gets 'dataset' and sets 'model'.")
    scorer: str = script("Scorer R script", _SCORER, help="Gets 'model' and 'dataset' and sets 'scores'.")
    visualizer: str = script(
        "Visualizer R script", "", help="Runs after the trainer; what it prints stands in the log of the training."
    )


@module(
    id=_ID,
    name="Create R Model",
    category="R Language Modules",
    params=RModelParams,
    outputs=(Port("Model", PortKind.UNTRAINED),),
    task=Task.SCRIPT,
    serving=Serving.NEVER,
    errors=("0063",),
)
def create_r_model(p: RModelParams, *, ctx: Context) -> UntrainedModel:
    """A learner that is written in R, where R is installed beside the server. The trainer gets ``dataset`` and sets
    ``model``; the scorer gets ``model`` and ``dataset`` and sets ``scores``, a data frame with a row for each of the
    dataset. ``get.feature.columns``, ``get.label.column`` and their relatives tell columns apart;
    ``set.score.column(scores, ScoredLabelType, "name")`` says what a score is, so that **Evaluate Model** can judge it,
    as do the usual names of score columns. The scripts run in a process of their own, with limits on memory, time and
    network.

    Example:
      parameters:
        Trainer R script: model <- mean(get.label.column(dataset))
        Scorer R script: scores <- data.frame("Scored Labels" = rep(model, nrow(dataset)), check.names = FALSE)
    """
    find_program()
    return UntrainedModel(_ID, Task.SCRIPT, to_raw(p))


@create_r_model.fits_table
def _fit(p: RModelParams, dataset: Table, label: str, ctx: Context) -> Model:
    features = tuple(c for c in dataset.schema if c.is_feature and c.name != label)
    program = [*_head(features, label), "dataset <- maml.mapInputPort(1)", p.trainer]
    end = ['if (!exists("model")) stop("the trainer must set \'model\'")', ".pieces <- .to_pieces(model)"]
    source = "\n".join([*program, *end, p.visualizer, 'maml.mapOutputPort(".pieces")'])
    pieces = r_table(run_r(source, (dataset,), ctx), "result1").column("piece").to_pylist()
    return Model(
        learner=_ID,
        task=Task.SCRIPT,
        features=features,
        label=dataset.schema[label],
        arrays={"model": np.frombuffer(bytes.fromhex("".join(pieces)), np.uint8)},
        params=cast("dict[str, Json]", to_raw(p)),
        metrics={"Training rows": float(dataset.num_rows)},
    )


@create_r_model.scores_table
def _score(model: Model, dataset: Table, ctx: Context) -> Table:
    """The scores alone. Error 0063 when there is not one for every row."""
    for column in model.features:
        dataset.schema.index(column.name)
    p = parse_params(RModelParams, model.params)
    head = _head(model.features, model.label.name if model.label is not None else "")
    given = ["dataset <- maml.mapInputPort(1)", 'model <- .from_pieces(maml.mapInputPort(2)[["piece"]])']
    source = "\n".join([*head, *given, p.scorer, ".send_scores(scores)"])
    result = run_r(source, (dataset, _pieces(model)), ctx)
    scores = r_table(result, "result1")
    if scores.num_rows != dataset.num_rows:
        raise ModuleError("0063", f"The scorer gave {scores.num_rows} rows for {dataset.num_rows}.")
    told = r_table(result, "result2").data.to_pylist() if "result2" in result.outputs else []
    return scores.with_schema(_typed(scores.schema, {row["column"]: row["type"] for row in told}))


def _head(features: tuple[Column, ...], label: str) -> list[str]:
    names = ", ".join(json.dumps(column.name, ensure_ascii=False) for column in features)
    told = [f".features <- c({names})" if names else ".features <- character(0)"]
    return [*told, f".label <- {json.dumps(label, ensure_ascii=False)}", _LIBRARY.read_text(encoding="utf-8")]


def _pieces(model: Model) -> Table:
    stored = np.asarray(model.arrays["model"], np.uint8).tobytes().hex()
    return Table.from_columns({"piece": [stored[at : at + 4096] for at in range(0, len(stored), 4096)]})


def _typed(schema: Schema, types: Mapping[str, str]) -> Schema:
    """Score columns by what the script says they are; the kind of labels follows from what stands beside them."""
    two_classes = _CALIBRATED in types.values()
    columns = []
    for column in schema:
        said, score = types.get(column.name), None
        if said == _CALIBRATED:
            score = Score.PROBABILITY
        elif said == _ASSIGNED:
            numeric = Score.REGRESSION_LABEL if column.dtype is DType.DOUBLE else Score.MULTICLASS_LABEL
            score = Score.BINARY_LABEL if two_classes else numeric
        columns.append(column.with_(role=Role.NONE, score=score))
    return Schema.of(columns)

"""Create R Model: trained and scored by real R where the machine has it, refused clearly where it has not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from tests.conformance.context import FolderContext

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.artifacts.values import Model, UntrainedModel
from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Role, Schema, Score
from restudio.kernels.expr import CannotLower, Frame
from restudio.tables.table import Table

CATALOG = Registry.collect("restudio.modules")
needs_r = pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
X = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
DATA = Table.from_columns(
    {"x": X, 'strange "name"': [0.5, 0.1, 0.9, 0.3, 0.7, 0.2], "y": [2.1, 3.9, 6.2, 7.8, 10.1, 12.0]}
)
CLASSES = Table.from_columns({"x": X, "ill": ["no", "no", "yes", "no", "yes", "yes"]})
TRAINER = """
labels <- as.integer(get.label.column(dataset) == "yes")
model <- suppressWarnings(glm(labels ~ ., data = get.feature.columns(dataset), family = binomial))
"""
SCORER = """
p <- predict(model, get.feature.columns(dataset), type = "response")
scores <- data.frame(chance = p, verdict = ifelse(p >= 0.5, "yes", "no"))
scores <- set.score.column(scores, CalibratedScoreType, "chance")
scores <- set.score.column(scores, ScoredLabelType, "verdict")
"""


@pytest.fixture
def ctx(tmp_path: Path) -> FolderContext:
    return FolderContext(CATALOG, tmp_path, tmp_path)


def execute(ctx: FolderContext, module: str, *inputs: object, **raw: object) -> object:
    entry = CATALOG[module]
    named = {name.replace("_", " "): value for name, value in raw.items()}
    return entry.run(parse_params(entry.spec.params, named), *inputs, ctx=ctx)


def train(ctx: FolderContext, data: Table, label: str, **scripts: str) -> Model:
    untrained = execute(ctx, "create-r-model", **scripts)
    assert isinstance(untrained, UntrainedModel)
    model = cast("Model", execute(ctx, "train-model", untrained, data, Label_column=label))
    return cast("Model", read_artifact(write_artifact(model)))


def score(ctx: FolderContext, model: Model, data: Table, **raw: object) -> Table:
    return cast("Table", execute(ctx, "score-model", model, data, **raw))


def test_without_r_the_error_says_so(monkeypatch: pytest.MonkeyPatch, ctx: FolderContext) -> None:
    monkeypatch.setenv("PATH", str(ctx.scratch))
    with pytest.raises(ModuleError, match=r"0063.*R is not installed"):
        execute(ctx, "create-r-model")


@needs_r
def test_a_linear_model_of_r_equals_least_squares(ctx: FolderContext) -> None:
    model = train(ctx, DATA, "y")
    scored = score(ctx, model, DATA.select(["x", 'strange "name"']))
    design = np.column_stack([np.ones(6), *(DATA.column(n).to_pylist() for n in DATA.names[:2])])
    truth = np.array(DATA.column("y").to_pylist())
    expected = design @ np.linalg.lstsq(design, truth, rcond=None)[0]
    assert scored.names == ("x", 'strange "name"', "Scored Labels")
    np.testing.assert_allclose(scored.column("Scored Labels").to_pylist(), expected)


@needs_r
def test_scores_that_the_script_declares_can_be_judged(ctx: FolderContext) -> None:
    model = train(ctx, CLASSES, "ill", Trainer_R_script=TRAINER, Scorer_R_script=SCORER)
    scored = score(ctx, model, CLASSES, Append_score_columns_to_output=False)
    assert scored.names == ("ill", "chance", "verdict")
    assert scored.schema["ill"].role is Role.LABEL
    assert [c.score for c in scored.schema] == [None, Score.PROBABILITY, Score.BINARY_LABEL]
    measured = cast("Table", execute(ctx, "evaluate-model", scored, None))
    assert measured.column("Accuracy").to_pylist() == [pytest.approx(4 / 6)]


@needs_r
def test_what_a_visualizer_prints_stands_in_the_log(ctx: FolderContext) -> None:
    train(ctx, DATA, "y", Visualizer_R_script='cat("coefficients:", length(coef(model)))')
    assert "coefficients: 3" in ctx.lines


@needs_r
@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        ({"Trainer_R_script": "stop('no luck')"}, "no luck"),
        ({"Trainer_R_script": "x <- 1"}, "must set 'model'"),
        ({"Scorer_R_script": "scores <- 1"}, "data frame"),
        ({"Scorer_R_script": "scores <- data.frame(a = 1:2)"}, "2 rows for 6"),
    ],
)
def test_errors_of_scripts(ctx: FolderContext, scripts: dict[str, str], said: str) -> None:
    with pytest.raises(ModuleError, match=said) as caught:
        score(ctx, train(ctx, DATA, "y", **scripts), DATA)
    assert caught.value.number == "0063"


@needs_r
def test_a_service_runs_the_script_and_misses_no_column(ctx: FolderContext) -> None:
    model = train(ctx, DATA, "y")
    with pytest.raises(ModuleError, match="0001"):
        score(ctx, model, DATA.select(["x"]))
    lower = CATALOG["score-model"].lower
    assert lower is not None
    frame = Frame.input("in", Schema.of([Column("x", DType.DOUBLE)]))
    with pytest.raises(CannotLower, match="script"):
        lower(parse_params(CATALOG["score-model"].spec.params, {}), model, frame, entry=CATALOG.get_entry)

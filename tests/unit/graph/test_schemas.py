"""Columns told before a run."""

from __future__ import annotations

import pytest

from restudio.core.registry import Registry
from restudio.core.schema import Column, DType, Role, Schema, Superset
from restudio.graph.document import from_yaml
from restudio.graph.model import Graph
from restudio.graph.schemas import propagate_schemas, tell_schemas

PEOPLE = Schema.of([Column("age", DType.INTEGER), Column("name", DType.STRING)])
GRAPH = """
restudio: experiment/1
title: Columns
nodes:
  people: {module: dataset, parameters: {asset: people}}
  callers: {module: web-service-input, parameters: {Name: input1}}
  select:
    module: select-columns-in-dataset
    inputs: {Dataset: [people / dataset, callers / dataset]}
    parameters: {Select columns: COLUMN}
  split: {module: split-data, inputs: {Dataset: select / Results dataset}}
  script:
    module: execute-python-script
    inputs: {Dataset1: split / Results dataset2}
    parameters: {Python script: "def azureml_main(a, b): return a"}
  after: {module: split-data, inputs: {Dataset: script / Results dataset}}
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.collect("restudio.modules")


def test_columns_flow_as_far_as_modules_tell(registry: Registry) -> None:
    told = propagate_schemas(from_yaml(GRAPH.replace("COLUMN", "age")).graph, registry, {"people": PEOPLE})
    assert told["people", "dataset"] == PEOPLE
    left = {source: schema.names for source, schema in told.items() if source[0] != "people"}
    assert left == {
        ("select", "Results dataset"): ("age",),
        ("split", "Results dataset1"): ("age",),
        ("split", "Results dataset2"): ("age",),
    }


def test_what_does_not_fit_is_not_told(registry: Registry) -> None:
    graph = from_yaml(GRAPH.replace("COLUMN", "height")).graph
    assert propagate_schemas(graph, registry, {"people": PEOPLE}) == {("people", "dataset"): PEOPLE}
    assert propagate_schemas(graph, registry, {}) == {}


LEFT_OUT = """
restudio: experiment/1
title: Columns
nodes:
  people: {module: dataset, parameters: {asset: people}}
  clean:
    module: clean-missing-data
    inputs: {Dataset: people / dataset}
    parameters: {Columns to be cleaned: age, Cleaning mode: Replace with mean}
  select:
    module: select-columns-in-dataset
    inputs: {Dataset: clean / Cleaned dataset}
    parameters: {Select columns: COLUMN}
  scale:
    module: normalize-data
    inputs: {Dataset: clean / Cleaned dataset}
    parameters: {Columns to transform: name}
"""


def test_columns_that_may_be_left_out_are_told_as_such(registry: Registry) -> None:
    told = tell_schemas(from_yaml(LEFT_OUT.replace("COLUMN", "age")).graph, registry, {"people": PEOPLE})
    assert told.ports["clean", "Cleaned dataset"] == Superset(PEOPLE)
    selected = told.ports["select", "Results dataset"]
    assert isinstance(selected, Superset)
    assert selected.schema.names == ("age",)
    assert told.problems == (), "a column that may not come cannot be of the wrong type"


def test_parameters_that_fit_no_column_are_told_with_their_place(registry: Registry) -> None:
    graph = from_yaml(LEFT_OUT.replace("COLUMN", "agee")).graph
    (problem,) = tell_schemas(graph, registry, {"people": PEOPLE}).problems
    assert (problem.number, problem.node, problem.column) == ("0001", "select", "agee")
    assert "Did you mean 'age'" in problem.message


MODELS = """
restudio: experiment/1
title: Columns
nodes:
  people: {module: dataset, parameters: {asset: people}}
  learner: {module: LEARNER}
  train:
    module: TRAINER
    inputs: {Untrained model: learner / Untrained model, DATASET: people / dataset}
    parameters: {Label column: LABEL}
  score:
    module: score-model
    inputs: {Trained model: train / TRAINED, Dataset: people / dataset}
  evaluate: {module: evaluate-model, inputs: {Scored dataset: score / Scored dataset}}
  choose:
    module: select-columns-in-dataset
    inputs: {Dataset: score / Scored dataset}
    parameters: {Select columns: Scored Labels}
"""
TRAINED = Schema.of(
    [
        Column("age", DType.DOUBLE),
        Column("ill", DType.BOOLEAN),
        Column("kind", DType.STRING, ("cat", "dog", "eel")),
        Column("free", DType.STRING),
    ]
)


def experiment(learner: str, label: str, trainer: str = "train-model") -> Graph:
    ports = ("Dataset", "Trained model") if trainer == "train-model" else ("Training dataset", "Trained best model")
    text = MODELS.replace("LEARNER", learner).replace("TRAINER", trainer).replace("LABEL", label)
    return from_yaml(text.replace("DATASET", ports[0]).replace("TRAINED", ports[1])).graph


@pytest.mark.parametrize("trainer", ["train-model", "tune-model-hyperparameters"])
@pytest.mark.parametrize(
    ("learner", "label", "scores", "metric"),
    [
        ("two-class-boosted-decision-tree", "ill", ["Scored Labels", "Scored Probabilities"], "AUC"),
        ("linear-regression", "age", ["Scored Labels"], "Coefficient of Determination"),
        (
            "decision-forest-regression",
            "age",
            ["Scored Label Mean", "Scored Label Standard Deviation"],
            "Negative Log Likelihood",
        ),
        (
            "fast-forest-quantile-regression",
            "age",
            [f"Scores for quantile :{quantile}" for quantile in (0.25, 0.5, 0.75)],
            "Quantile Loss:0.5",
        ),
    ],
)
def test_scores_are_told_from_the_learner(
    registry: Registry, learner: str, label: str, scores: list[str], metric: str, trainer: str
) -> None:
    told = propagate_schemas(experiment(learner, label, trainer), registry, {"people": TRAINED})
    scored = told["score", "Scored dataset"]
    assert scored.names == (*TRAINED.names, *scores)
    assert scored.label() == TRAINED[label].with_(role=Role.LABEL)
    assert metric in told["evaluate", "Evaluation results"]
    assert (("choose", "Results dataset") in told) == ("Scored Labels" in scores)


def test_scores_of_several_classes_are_told_where_the_classes_are_declared(registry: Registry) -> None:
    learner = "multiclass-logistic-regression"
    told = tell_schemas(experiment(learner, "kind"), registry, {"people": TRAINED}).ports["score", "Scored dataset"]
    assert isinstance(told, Superset)
    names = [f'Scored Probabilities for Class "{level}"' for level in ("cat", "dog", "eel")]
    assert told.schema.names == (*TRAINED.names, *names, "Scored Labels")
    unknown = tell_schemas(experiment(learner, "free"), registry, {"people": TRAINED})
    assert ("score", "Scored dataset") not in unknown.ports
    assert not unknown.problems


def test_what_a_trainer_cannot_do_is_told_before_running(registry: Registry) -> None:
    (problem,) = tell_schemas(experiment("linear-regression", "agee"), registry, {"people": TRAINED}).problems
    assert (problem.number, problem.node, problem.column) == ("0001", "train", "agee")
    wrong = tell_schemas(experiment("pca-based-anomaly-detection", "age"), registry, {"people": TRAINED}).problems
    assert [(problem.number, problem.node) for problem in wrong] == [("0013", "train")]

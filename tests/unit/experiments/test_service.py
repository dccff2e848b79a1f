from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.unit.experiments.studio import Studio

from restudio.artifacts.container import read_bundle
from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.graph.check import check_graph
from restudio.graph.model import Graph, Node
from restudio.graph.ports import asset_of
from restudio.graph.signature import signature


def test_documents_have_immutable_versions(studio: Studio, training: str) -> None:
    service = studio.experiments
    first = service.get(training)
    assert (first.version, first.title) == (1, "Adult")
    again = service.import_yaml(studio.workspace, service.export_yaml(training), experiment_id=training)
    assert again == first
    second = service.save(studio.workspace, "Adult 2", first.graph, experiment_id=training)
    assert second.version == 2
    assert service.get(training, 1) == first
    assert service.versions(training) == [1, 2]
    assert [e.title for e in service.list(studio.workspace)] == ["Adult 2"]
    service.delete(training)
    assert service.list(studio.workspace) == []
    with pytest.raises(RestudioError) as caught:
        service.get(training)
    assert caught.value.detail == "ExperimentNotFound"


def test_a_run_tells_what_happened_and_keeps_its_outputs(studio: Studio, training: str) -> None:
    service = studio.experiments
    run = service.run(training)
    view = studio.wait(run.id)
    assert view.state == "Finished", view
    assert {n.state for n in view.nodes.values()} == {"Finished"}
    preview = service.preview(run.id, "score", "Scored dataset", rows=5)
    assert [c["name"] for c in preview.columns] == ["age", "hours", "income", "Scored Labels", "Scored Probabilities"]
    assert len(preview.rows) == 5
    assert preview.total_rows == 56
    metrics = service.preview(run.id, "evaluate", "Evaluation results")
    assert "AUC" in [c["name"] for c in metrics.columns]
    described = service.statistics(run.id, "adult", "dataset")
    assert described["rows"] == 200
    assert service.statistics(run.id, "adult", "dataset") == described, "kept beside the output"
    shown = service.view(run.id, "evaluate", "Evaluation results")
    assert isinstance(shown, dict)
    (curves,) = shown["results"]
    thresholds = curves["Thresholds"]
    counts = ("True Positive", "False Positive", "True Negative", "False Negative")
    assert {sum(thresholds[name][at] for name in counts) for at in range(len(thresholds["Threshold"]))} == {56}
    with pytest.raises(RestudioError, match="nothing but its table"):
        service.view(run.id, "score", "Scored dataset")
    assert service.summary(run.id, "train", "Trained model")["label"] == "income"
    assert service.runs(training)[0].state == "Finished"
    with pytest.raises(RestudioError, match="is not a table"):
        service.preview(run.id, "train", "Trained model")
    with pytest.raises(RestudioError, match="Did you mean 'Trained model'"):
        service.output(run.id, "train", "Trained modl")


def test_an_unchanged_run_comes_from_the_cache(studio: Studio, training: str) -> None:
    studio.run(training)
    begin = time.monotonic()
    view = studio.run(training)
    assert view.state == "Finished"
    assert all(node.cached for node in view.nodes.values())
    assert time.monotonic() - begin < 5


def test_only_what_is_wanted_runs(studio: Studio, training: str) -> None:
    run = studio.experiments.run(training, wanted=["clean"])
    assert set(studio.wait(run.id).nodes) == {"adult", "clean"}


def test_an_unsound_graph_is_refused_with_all_findings(studio: Studio) -> None:
    graph = Graph((Node("a", "dataset", {"asset": "nothing"}), Node("b", "trained-model", {"asset": "none"})))
    saved = studio.experiments.save(studio.workspace, "Draft", graph)
    with pytest.raises(ManyErrors, match="the dataset 'nothing', which does not exist here") as caught:
        studio.experiments.run(saved.id)
    assert [e.target for e in caught.value.errors] == ["a", "b"]


def test_outputs_become_assets_and_new_versions(studio: Studio, training: str) -> None:
    service = studio.experiments
    run = service.run(training)
    studio.wait(run.id)
    data = service.promote(run.id, "clean", "Cleaned dataset", "dataset", "clean adult", owner="me")
    assert data.schema is not None
    assert [c["name"] for c in data.schema] == ["age", "hours", "income"]
    again = service.promote(run.id, "clean", "Cleaned dataset", "dataset", "clean adult", family=data.family)
    assert (again.version, again.digest) == (2, data.digest)
    model = service.promote(run.id, "train", "Trained model", "model", "income model")
    bundle = read_bundle(studio.objects.get(model.key))
    assert set(bundle.transforms) == {"clean:Cleaning transformation", "scale:Transformation function"}
    assert bundle.resource == "income model"
    assert service.bundle(run.id, "train", "Trained model").model.label == bundle.model.label
    with pytest.raises(RestudioError, match="can be saved as model, not as dataset"):
        service.promote(run.id, "train", "Trained model", "dataset", "x")


def test_a_predictive_experiment_and_its_update(studio: Studio, training: str) -> None:
    service = studio.experiments
    run = service.run(training)
    with pytest.raises(RestudioError) as caught:
        service.set_up_web_service(run.id)
    assert caught.value.kind is Kind.INVALID_OPERATION
    studio.wait(run.id)
    made = service.set_up_web_service(run.id)
    predictive = made.experiment
    assert predictive.title == "Adult [Predictive Exp.]"
    assert predictive.training_id == training
    check_graph(predictive.graph, studio.registry)
    model = asset_of(predictive.graph.node("train:Trained model"))
    assert model is not None
    assert studio.assets.get(model).name == "Adult [trained model]"
    found = signature(predictive.graph, studio.registry)
    assert found.kind == "predictive"
    assert found.inputs[0].ignored == ("income",)
    assert made.changes
    view = studio.run(predictive.id)
    assert view.state == "Finished", view

    same = service.set_up_web_service(run.id)
    assert (same.experiment.version, same.changes) == (1, ())
    second = service.run(training)
    studio.wait(second.id)
    again = service.set_up_web_service(second.id)
    assert (again.experiment.id, again.experiment.version) == (predictive.id, 2)
    assert {c.node for c in again.changes} == {
        "train:Trained model",
        "clean:Cleaning transformation",
        "scale:Transformation function",
    }
    assert asset_of(again.experiment.graph.node("train:Trained model")) == model.removesuffix("1") + "2"
    fresh = service.set_up_web_service(run.id, fresh=True)
    assert fresh.experiment.id != predictive.id


def test_retraining_ports_are_added_once(studio: Studio, training: str) -> None:
    made = studio.experiments.set_up_retraining(training)
    assert (made.experiment.id, made.experiment.version) == (training, 2)
    assert [c.node for c in made.changes] == ["input1", "output1", "output2"]
    assert studio.experiments.set_up_retraining(training).experiment.version == 2


def test_files_beside_the_repository_tell_of_faults(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(RestudioError) as caught:
        studio.import_yaml("restudio: experiment/1\nnodes: [")
    assert caught.value.detail == "InvalidDocument"
    with pytest.raises(RestudioError, match="1 to 200 characters"):
        studio.import_yaml("restudio: experiment/1\ntitle: ' '\n")


def test_outputs_of_an_equal_run_are_seen(studio: Studio, training: str) -> None:
    experiments = studio.experiments
    ported = experiments.set_up_retraining(training).experiment
    before = experiments.seen(studio.workspace, experiments.snapshot(studio.workspace, ported.graph))
    assert before(("evaluate", "Evaluation results"), 5) is None
    assert studio.run(training).state == "Finished"
    look = experiments.seen(studio.workspace, experiments.snapshot(studio.workspace, ported.graph))
    scored = look(("split", "Results dataset1"), 5)
    assert scored is not None
    assert (scored.names, scored.num_rows) == (("age", "hours", "income"), 5)
    assert look(("train", "Trained model"), 5) is None
    assert look(("evaluate", "Evaluation results"), 5) is not None


def test_an_output_that_is_kept_no_longer_says_so(studio: Studio, training: str) -> None:
    run = studio.experiments.run(training).id
    studio.wait(run)
    studio.objects.delete(studio.experiments.output(run, "scale", "Transformed dataset"))
    with pytest.raises(RestudioError, match="kept no longer") as caught:
        studio.experiments.preview(run, "scale", "Transformed dataset")
    assert (caught.value.kind, caught.value.detail) == (Kind.NOT_FOUND, "OutputExpired")
    assert studio.run(training).state == "Finished"

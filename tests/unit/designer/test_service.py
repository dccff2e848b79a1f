"""Submitting, following, failing, cancelling, repeating."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.unit.designer.world import MEMBER, OWNER, PIPELINE, READER, WORKSPACE, World, adult

from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.designer.stores.types import Found, OnBytes
from restudio.designer.types import Submission
from restudio.graph.data_path import DataPath
from restudio.identity.types import Principal, Role

TWO_BRANCHES = """\
restudio: pipeline/1
title: Two branches
nodes:
  adult:
    module: dataset
    parameters:
      asset: adult.csv
  slow:
    module: gate
    inputs:
      Dataset: adult / dataset
    parameters:
      Path: {path}
  refuse:
    module: refuse
    inputs:
      Dataset: adult / dataset
  after:
    module: clean-missing-data
    inputs:
      Dataset: refuse / Results
"""


def refused(call: Callable[[], object]) -> RestudioError:
    with pytest.raises(RestudioError) as raised:
        call()
    return raised.value


def test_a_draft_runs_under_its_experiment(world: World) -> None:
    run = world.designer.submit_draft(OWNER, WORKSPACE, world.draft())
    assert (run.record.experiment_name, run.record.source, run.run.state) == ("nightly", "Designer", "NotStarted")
    assert run.record.parameters == {"data": "adult.csv", "fraction": 0.7, "weight": 1.0}
    assert world.wait(run).state == "Finished"
    steps = world.designer.steps(WORKSPACE, run.id)
    assert [s.node for s in steps][-3:] == ["train", "score", "evaluate"]
    assert {s.view.state for s in steps} == {"Finished"}
    assert [r.id for r in world.designer.list_runs(WORKSPACE, experiment="nightly")] == [run.id]
    assert world.designer.list_experiments(WORKSPACE)[0][:2] == ("nightly", 1)


def test_only_what_a_value_changes_runs_again(world: World) -> None:
    pipeline = world.publish()
    world.wait(world.submit(pipeline))
    view = world.wait(world.submit(pipeline, parameters={"weight": "0.5"}))
    assert [name for name, reused in world.reused(view).items() if not reused] == [
        "learner",
        "train",
        "score",
        "evaluate",
    ]
    again = world.wait(world.submit(pipeline, parameters={"weight": 0.5}))
    assert all(world.reused(again).values())


def test_regenerating_runs_everything(world: World) -> None:
    pipeline = world.publish()
    world.wait(world.submit(pipeline))
    assert not any(world.reused(world.wait(world.submit(pipeline, regenerate=True))).values())


def test_one_node_may_be_told_to_regenerate(world: World) -> None:
    text = PIPELINE.replace("  clean:\n", "  clean:\n    regenerate output: true\n")
    pipeline = world.publish(text)
    world.wait(world.submit(pipeline))
    reused = world.reused(world.wait(world.submit(pipeline)))
    assert [name for name, known in reused.items() if not known] == ["clean"]


def test_a_path_is_read_when_the_run_begins_and_its_content_counts(world: World) -> None:
    pipeline = world.publish()
    path = DataPath("workspaceblobstore", "churn/w31.csv")
    world.upload("churn/w31.csv", adult())
    first = world.wait(world.submit(pipeline, data_paths={"data": path}))
    assert first.state == "Finished", first
    same = world.wait(world.submit(pipeline, data_paths={"data": path}))
    assert all(world.reused(same).values())
    world.upload("churn/w31.csv", adult(offset=11))
    changed = world.wait(world.submit(pipeline, data_paths={"data": path}))
    assert [name for name, reused in world.reused(changed).items() if reused] == ["learner"]
    world.upload("elsewhere.csv", adult(offset=11))
    moved = world.wait(world.submit(pipeline, data_paths={"data": DataPath(path.store, "elsewhere.csv")}))
    assert all(reused for node, reused in world.reused(moved).items() if node != "adult")


def test_a_data_set_is_named_by_name_version_or_id(world: World) -> None:
    pipeline = world.publish()
    known = world.assets.find(WORKSPACE, "dataset", "adult.csv")
    assert known is not None
    newer = world.assets.create(
        WORKSPACE, "dataset", "adult.csv", adult(3), data_type_id="GenericCSV", owner="x", family=known.family
    )
    dashed = f"{known.family[:8]}-{known.family[8:12]}-{known.family[12:16]}-{known.family[16:20]}-{known.family[20:]}"
    named = {"adult.csv:1": known, "adult.csv:2": newer, known.id: known, dashed: newer, "adult.csv": newer}
    for text, expected in named.items():
        run = world.submit(pipeline, datasets={"data": text})
        assert run.record.parameters["data"] == text
        assert world.designer.graph(WORKSPACE, run.id).node("adult").params["asset"] == expected.id
        world.wait(run)
    for text in ("adult.csv:3", "german.csv"):
        error = refused(lambda text=text: world.submit(pipeline, datasets={"data": text}))  # type: ignore[misc]
        assert isinstance(error, ManyErrors)
        assert error.errors[0].detail == "AssetNotFound"


@pytest.mark.parametrize(
    ("asked", "kind", "detail"),
    [
        ({"parameters": {"fractio": 1}}, Kind.BAD_ARGUMENT, "UnknownParameter"),
        ({"parameters": {"fraction": "half"}}, Kind.BAD_ARGUMENT, "InvalidParameterValue"),
        ({"data_paths": {"data": DataPath("lake", "x")}}, Kind.NOT_FOUND, "DataStoreNotFound"),
        ({"data_paths": {"data": DataPath("workspaceblobstore", "x")}}, Kind.NOT_FOUND, "DataPathNotFound"),
        ({"data_paths": {"fraction": DataPath("lake", "x")}}, Kind.BAD_ARGUMENT, "ParameterTypeMismatch"),
        ({"parameters": {"fraction": 7}}, Kind.BAD_ARGUMENT, "InvalidGraph"),
        ({"experiment_name": "a/b"}, Kind.BAD_ARGUMENT, "InvalidName"),
        ({"request_id": "x" * 200}, Kind.BAD_ARGUMENT, "InvalidRequestId"),
    ],
)
def test_what_cannot_run_is_refused_and_nothing_is_started(
    world: World, asked: dict[str, object], kind: Kind, detail: str
) -> None:
    error = refused(lambda: world.submit(world.publish(), **asked))
    assert (error.kind, error.detail) == (kind, detail)
    assert world.designer.list_runs(WORKSPACE) == []


def test_a_failed_step_cancels_the_others_unless_they_may_go_on(world: World, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    pipeline = world.publish(TWO_BRANCHES.format(path=gate))
    view = world.wait(world.submit(pipeline))
    assert (view.state, view.nodes["refuse"].state, view.nodes["slow"].state) == ("Failed", "Failed", "Canceled")
    assert view.nodes["after"].state == "Skipped"
    assert view.failure is not None
    assert "Not this column" in view.failure.message
    run = world.submit(pipeline, continue_on_failure=True)
    world.wait_until(run, lambda view: "refuse" in view.nodes and view.nodes["refuse"].state == "Failed")
    gate.touch()
    view = world.wait(run)
    assert (view.state, view.nodes["slow"].state, view.nodes["after"].state) == ("Failed", "Finished", "Skipped")


def test_experiments_go_on_as_they_always_did(world: World, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    text = TWO_BRANCHES.format(path=gate).replace("pipeline/1", "experiment/1")
    run = world.experiments.run(world.experiments.import_yaml(WORKSPACE, text).id)
    deadline = threading.Event()
    while (view := world.experiments.run_view(run.id)).state not in ("Failed", "Finished"):
        deadline.wait(0.01)
    assert view.nodes["slow"].state == "Finished"


class Endless:
    """A place whose files never end."""

    def list(self, prefix: str) -> Iterator[Found]:
        yield Found("big.csv", 1 << 40, "mark")

    def copy(self, path: str, target: Path, on_bytes: OnBytes) -> None:
        while True:
            on_bytes(1 << 20)


def test_cancelling_ends_the_copying_of_data(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = world.publish()
    monkeypatch.setattr(world.stores, "_opener", lambda *_: Endless())
    path = DataPath("workspaceblobstore", "big.csv")
    run = world.submit(pipeline, data_paths={"data": path})
    world.wait_until(run, lambda view: bool(view.nodes) and view.nodes["adult"].fraction > 0)
    copying = world.designer.view(WORKSPACE, run.id)
    assert (copying.state, copying.nodes["adult"].state) == ("Running", "Running")
    assert copying.nodes["adult"].log == ("Copying 1 file from the data store 'workspaceblobstore'.",)
    world.designer.cancel(OWNER, WORKSPACE, run.id)
    ended = world.wait(run)
    assert (ended.state, ended.nodes["adult"].state) == ("Canceled", "Canceled")
    assert set(ended.nodes) == {"adult"}
    assert not list(world.folder.parent.glob("scratch/*"))


def test_a_stop_hands_over_the_copying_of_data(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = world.publish()
    monkeypatch.setattr(world.stores, "_opener", lambda *_: Endless())
    run = world.submit(pipeline, data_paths={"data": DataPath("workspaceblobstore", "big.csv")})
    world.wait_until(run, lambda view: bool(view.nodes) and view.nodes["adult"].fraction > 0)
    world.work.rest()
    world.experiments.stop()
    assert world.work.stop()
    assert world.designer.view(WORKSPACE, run.id).state == "Running"
    assert not list(world.folder.parent.glob("scratch/*"))


def test_cancelling_kills_what_runs(world: World, tmp_path: Path) -> None:
    text = (
        TWO_BRANCHES.format(path=tmp_path / "never")
        .replace("  refuse:\n    module: refuse", "  refuse:\n    module: gate")
        .replace("  after:", "    parameters:\n      Path: nowhere\n  after:")
    )
    run = world.submit(world.publish(text))
    world.wait_until(run, lambda view: "slow" in view.nodes and view.nodes["slow"].state == "Running")
    cancelled = world.designer.cancel(OWNER, WORKSPACE, run.id)
    assert cancelled.cancelling or cancelled.run.state == "Canceled"
    assert world.wait(run).state == "Canceled"
    assert world.designer.cancel(OWNER, WORKSPACE, run.id).run.state == "Canceled"


def test_one_request_id_is_one_run(world: World) -> None:
    pipeline = world.publish()
    first = world.submit(pipeline, request_id="r-1", parameters={"fraction": 0.6})
    assert world.submit(pipeline, request_id="r-1", parameters={"fraction": 0.6}).id == first.id
    error = refused(lambda: world.submit(pipeline, request_id="r-1"))
    assert (error.kind, error.detail, error.target) == (Kind.CONFLICT, "RequestIdReused", first.id)
    assert [r.id for r in world.designer.list_runs(WORKSPACE)] == [first.id]
    world.wait(first)


def test_the_same_request_from_many_at_once_is_one_run(world: World) -> None:
    pipeline = world.publish()
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: world.submit(pipeline, request_id="r-2").id, range(16)))
    assert len(set(runs)) == 1
    assert len(world.designer.list_runs(WORKSPACE)) == 1
    world.wait(world.designer.get_run(WORKSPACE, runs[0]))


def test_a_run_is_repeated_with_its_values_and_cloned_to_a_draft(world: World) -> None:
    pipeline = world.publish()
    run = world.submit(pipeline, parameters={"weight": 0.25}, experiment_name="trials", tags={"a": "1"})
    world.wait(run)
    again = world.designer.resubmit(OWNER, WORKSPACE, run.id, Submission(parameters={"fraction": 0.5}))
    assert again.record.parameters == {"data": "adult.csv", "fraction": 0.5, "weight": 0.25}
    assert (again.record.experiment_name, again.record.tags, again.record.pipeline_id) == (
        "trials",
        {"a": "1"},
        pipeline,
    )
    world.wait(again)
    draft = world.designer.clone_run(OWNER, WORKSPACE, run.id)
    assert [p.default for p in draft.document.graph.parameters] == ["adult.csv", 0.7, 0.25]
    cloned = world.designer.submit_draft(OWNER, WORKSPACE, draft.id)
    assert all(world.reused(world.wait(cloned)).values())


def test_a_run_goes_on_with_the_data_it_began_with(start_world: Callable[[], World], tmp_path: Path) -> None:
    world = start_world()
    world.upload("d.csv", adult())
    gate = tmp_path / "gate"
    text = (
        TWO_BRANCHES.format(path=gate)
        .split("  refuse:")[0]
        .replace("asset: adult.csv", "asset: azureml://datastores/workspaceblobstore/paths/d.csv")
    )
    run = world.submit(world.publish(text))
    world.wait_until(run, lambda view: "slow" in view.nodes)
    first = world.experiments.run_snapshot(run.id).assets["adult"].digest
    world.upload("d.csv", adult(offset=9))
    gate.touch()
    assert world.wait(run).state == "Finished"
    assert world.experiments.run_snapshot(run.id).assets["adult"].digest == first


def test_roles(world: World) -> None:
    pipeline = world.publish()
    draft = world.draft()
    assert refused(lambda: world.designer.submit_pipeline(READER, WORKSPACE, pipeline)).kind is Kind.FORBIDDEN
    assert refused(lambda: world.designer.submit_draft(READER, WORKSPACE, draft)).kind is Kind.FORBIDDEN
    stranger = Principal("user", "x", "x", "f" * 32, frozenset({Role.OWNER}))
    assert refused(lambda: world.designer.submit_pipeline(stranger, WORKSPACE, pipeline)).kind is Kind.FORBIDDEN
    run = world.designer.submit_pipeline(MEMBER, WORKSPACE, pipeline)
    assert refused(lambda: world.designer.cancel(READER, WORKSPACE, run.id)).kind is Kind.FORBIDDEN
    assert refused(lambda: world.designer.get_run("f" * 32, run.id)).detail == "PipelineRunNotFound"
    world.wait(run)

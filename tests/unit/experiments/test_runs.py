from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.experiments.studio import Studio

from restudio.core.errors import RestudioError
from restudio.core.registry import Registry
from restudio.core.schema import Column, DType
from restudio.engine.processes import ProcessEngine
from restudio.experiments import store
from restudio.experiments.bindings import Bindings
from restudio.experiments.results import open_table
from restudio.experiments.runner import Runner
from restudio.graph.document import from_yaml
from restudio.graph.events import Event, RunView
from restudio.graph.plan import make_plan
from restudio.seams.engine import Cancelled
from restudio.storage.clock import SystemClock
from restudio.tables.ipc import write_table
from restudio.tables.table import Table

GATED = """\
restudio: experiment/1
title: Gated
nodes:
  data: {{module: enter-data-manually, parameters: {{Data: "x\\n1\\n2\\n"}}}}
  tally: {{module: tally, inputs: {{Dataset: data / dataset}}, parameters: {{Path: {folder}/tally}}}}
  gate: {{module: gate, inputs: {{Dataset: tally / Results}}, parameters: {{Path: {folder}/open}}}}
  after: {{module: select-columns-in-dataset, inputs: {{Dataset: gate / Results}}, parameters: {{Select columns: x}}}}
"""


def _at_gate(view: RunView) -> bool:
    return "gate" in view.nodes and view.nodes["gate"].fraction == 0.5


def test_cancel_kills_what_runs(studio: Studio, tmp_path: Path) -> None:
    run = studio.experiments.run(studio.import_yaml(GATED.format(folder=tmp_path)))
    studio.wait_until(run.id, _at_gate)
    studio.experiments.cancel(run.id)
    view = studio.wait(run.id)
    assert view.state == "Canceled"
    assert {n: v.state for n, v in view.nodes.items()} == {
        "data": "Finished",
        "tally": "Finished",
        "gate": "Canceled",
        "after": "Skipped",
    }
    assert studio.experiments.get_run(run.id).state == "Canceled"
    studio.experiments.cancel(run.id)


def test_a_run_that_waits_for_work_can_be_cancelled(start_studio: Callable[[], Studio], tmp_path: Path) -> None:
    studio = start_studio()
    studio.work.stop()
    run = studio.experiments.run(studio.import_yaml(GATED.format(folder=tmp_path)))
    studio.experiments.cancel(run.id)
    assert studio.experiments.run_view(run.id).state == "Canceled"


def test_a_killed_child_is_replaced_once(studio: Studio, tmp_path: Path) -> None:
    run = studio.experiments.run(studio.import_yaml(GATED.format(folder=tmp_path)))
    studio.wait_until(run.id, _at_gate)
    os.kill(_pids_at_gate(studio, run.id)[0], signal.SIGKILL)
    studio.wait_until(run.id, lambda _: len(_pids_at_gate(studio, run.id)) == 2)
    (tmp_path / "open").touch()
    view = studio.wait(run.id)
    assert view.state == "Finished"
    assert (tmp_path / "tally").read_text(encoding="utf-8") == "ran\n"
    assert any("killed by SIGKILL" in line and "once more" in line for line in view.nodes["gate"].log)


def test_a_child_killed_again_fails_its_node_and_no_more(studio: Studio, tmp_path: Path) -> None:
    run = studio.experiments.run(studio.import_yaml(GATED.format(folder=tmp_path)))
    studio.wait_until(run.id, _at_gate)
    os.kill(_pids_at_gate(studio, run.id)[0], signal.SIGKILL)
    studio.wait_until(run.id, lambda _: len(_pids_at_gate(studio, run.id)) == 2)
    os.kill(_pids_at_gate(studio, run.id)[1], signal.SIGKILL)
    view = studio.wait(run.id)
    assert view.state == "Failed"
    failure = view.nodes["gate"].failure
    assert failure is not None
    assert failure.code == "0039"
    assert "killed by SIGKILL" in failure.message
    assert view.nodes["after"].state == "Skipped"
    (tmp_path / "open").touch()
    assert studio.run(run.experiment_id).state == "Finished"


def test_a_module_with_effects_is_not_tried_again(studio: Studio, tmp_path: Path) -> None:
    text = GATED.format(folder=tmp_path).replace("module: gate", "module: gate-with-effects")
    run = studio.experiments.run(studio.import_yaml(text))
    studio.wait_until(run.id, _at_gate)
    os.kill(_pids_at_gate(studio, run.id)[0], signal.SIGKILL)
    view = studio.wait(run.id)
    assert view.state == "Failed"
    assert len(_pids_at_gate(studio, run.id)) == 1


def _pids_at_gate(studio: Studio, run_id: str) -> list[int]:
    lines = studio.experiments.run_view(run_id).nodes["gate"].log
    return [int(line.removeprefix("waiting in ")) for line in lines if line.startswith("waiting in ")]


def test_a_run_goes_on_after_a_crash_without_repeating_effects(
    start_studio: Callable[[], Studio], tmp_path: Path, engine: ProcessEngine
) -> None:
    first = start_studio()
    run = first.experiments.run(first.import_yaml(GATED.format(folder=tmp_path)))
    first.wait_until(run.id, _at_gate)
    assert (tmp_path / "tally").read_text(encoding="utf-8") == "ran\n"
    # What a dead process leaves: events up to here. The new one starts from them.
    events = first.experiments.run_events(run.id)
    (tmp_path / "open").touch()
    first.wait(run.id)
    second = start_studio()
    with second.database.begin() as conn:
        conn.execute(store.run_events.delete().where(store.run_events.c.number > events[-1][0]))
        conn.execute(store.runs.update().values(state="Running"))
    assert second.experiments.run_view(run.id).state == "Running"
    second.work.submit("run", run.id)
    view = second.wait(run.id)
    assert view.state == "Finished"
    assert (tmp_path / "tally").read_text(encoding="utf-8") == "ran\n"
    second.work.submit("run", run.id)
    assert second.experiments.run_view(run.id) == view


def test_a_failure_ends_its_branch_alone(studio: Studio) -> None:
    text = """\
restudio: experiment/1
title: Branches
nodes:
  data: {module: enter-data-manually, parameters: {Data: "x\\n1\\n2\\n"}}
  bad: {module: refuse, inputs: {Dataset: data / dataset}}
  below: {module: select-columns-in-dataset, inputs: {Dataset: bad / Results}, parameters: {Select columns: x}}
  good: {module: select-columns-in-dataset, inputs: {Dataset: data / dataset}, parameters: {Select columns: x}}
"""
    run = studio.experiments.run(studio.import_yaml(text))
    view = studio.wait(run.id)
    assert {n: v.state for n, v in view.nodes.items()} == {
        "data": "Finished", "bad": "Failed", "below": "Skipped", "good": "Finished"
    }  # fmt: skip
    assert view.failure is not None
    assert (view.failure.code, view.failure.message, view.failure.column) == (
        "0017",
        "Error 0017: Not this column.",
        "x",
    )
    with pytest.raises(RestudioError, match="the module is Skipped in this run"):
        studio.experiments.preview(run.id, "below", "Results dataset")


def test_bound_inputs_replace_the_data(
    studio: Studio, engine: ProcessEngine, catalog: Registry, tmp_path: Path
) -> None:
    graph = from_yaml(
        """\
restudio: experiment/1
title: Service
nodes:
  data: {module: enter-data-manually, parameters: {Data: "x\\n1\\n2\\n"}}
  in: {module: web-service-input}
  pick: {module: select-columns-in-dataset, inputs: {Dataset: [data / dataset, in / dataset]},
         parameters: {Select columns: x}}
  out: {module: web-service-output, inputs: {dataset: pick / Results dataset}}
"""
    ).graph
    write_table(Table.from_columns({"x": [7], "y": ["a"]}), tmp_path / "bound")
    studio.objects.put("bound/1", tmp_path / "bound")
    runner = Runner(engine, studio.objects, studio.database, SystemClock())
    plan = make_plan(graph, catalog, inputs={("in", "dataset"): "d" * 64}, wanted=["out"])
    events: list[Event] = []
    outcome = runner.execute(
        plan,
        events.append,
        lambda: False,
        run="job1",
        scope=studio.workspace,
        bindings=Bindings(inputs={("in", "dataset"): "bound/1"}),
    )
    assert outcome.state == "Finished"
    assert {e.node for e in events} == {None, "pick"}
    with open_table(studio.objects, outcome.value_of(plan.outputs["out"])) as table:
        assert table.schema.columns == (Column("x", DType.INTEGER),)
        assert table.data.to_pydict() == {"x": [7]}


def test_a_closed_engine_leaves_the_run_open(studio: Studio, catalog: Registry, tmp_path: Path) -> None:
    engine = ProcessEngine({}, workers=1)
    engine.close()
    plan = make_plan(from_yaml(GATED.format(folder=tmp_path)).graph, catalog)
    events: list[Event] = []
    with pytest.raises(Cancelled):
        Runner(engine, studio.objects, studio.database, SystemClock()).execute(
            plan, events.append, lambda: False, run="r", scope="closing"
        )
    assert [e.kind for e in events] == ["started", "started"]

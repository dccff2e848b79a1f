"""Schedules fired by the trigger loop, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.designer.world import MEMBER, OWNER, WORKSPACE, World, adult

from restudio.core.errors import Kind, RestudioError
from restudio.designer.schedules.service import ScheduleService
from restudio.designer.schedules.target import KIND, ScheduleTarget
from restudio.designer.schedules.types import Clockwork, Schedule, Watch
from restudio.designer.types import PipelineRun
from restudio.storage.clock import ManualClock, SystemClock
from restudio.triggers.loop import TriggerLoop
from restudio.triggers.service import TriggerService


class Calendar:
    """Schedules of a world, and the loop that fires them."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        self.world = world
        self.clock = clock
        self.target = ScheduleTarget(world.database, world.designer, world.experiments, world.stores)
        self.triggers = TriggerService(world.database, clock, {KIND: self.target})
        self.schedules = ScheduleService(world.database, self.triggers, world.stores, clock)

    def create(self, **told: object) -> Schedule:
        given = {"id": "", "workspace_id": WORKSPACE, "name": "nightly", **told}
        return self.schedules.create(OWNER, Schedule(**given))  # type: ignore[arg-type]

    def tick(self, **passed: float) -> None:
        self.clock.advance(timedelta(**passed).total_seconds())
        TriggerLoop(self.world.database, self.clock, {KIND: self.target}).tick()

    def runs(self, schedule: Schedule) -> Sequence[PipelineRun]:
        found = self.world.designer.list_runs(WORKSPACE, schedule_id=schedule.id)
        for run in found:
            self.world.wait(run)
        return found


@pytest.fixture
def calendar(world: World) -> Calendar:
    clock = ManualClock()
    clock.advance((SystemClock().now() - clock.now()).total_seconds())
    return Calendar(world, clock)


def refused(call: Callable[[], object]) -> RestudioError:
    with pytest.raises(RestudioError) as raised:
        call()
    return raised.value


def test_a_recurrence_runs_its_pipeline(calendar: Calendar) -> None:
    pipeline = calendar.world.publish()
    made = calendar.create(
        pipeline_id=pipeline, clock=Clockwork("Hour"), experiment_name="hourly", parameters={"fraction": "0.6"}
    )
    calendar.tick(minutes=30)
    assert calendar.runs(made) == []
    calendar.tick(minutes=31)
    calendar.tick()
    [run] = calendar.runs(made)
    assert (run.record.experiment_name, run.record.source, run.record.pipeline_id) == ("hourly", "Schedule", pipeline)
    assert run.record.parameters["fraction"] == 0.6
    assert run.record.author == "schedule nightly"
    calendar.tick(hours=1)
    assert len(calendar.runs(made)) == 2


def test_an_endpoint_runs_the_version_that_is_its_default_then(calendar: Calendar) -> None:
    world = calendar.world
    first, second = world.publish(), world.publish()
    endpoint = world.designer.endpoints.create(OWNER, WORKSPACE, "e", first)
    made = calendar.create(endpoint_id=endpoint.id, clock=Clockwork("Day"))
    calendar.tick(days=1, minutes=1)
    world.designer.endpoints.add(OWNER, WORKSPACE, "e", second, default=True)
    calendar.tick(days=1)
    assert [run.record.pipeline_id for run in calendar.runs(made)] == [second, first]


def test_a_changed_file_runs_the_pipeline_on_itself(calendar: Calendar) -> None:
    pipeline = calendar.world.publish()
    made = calendar.create(pipeline_id=pipeline, watch=Watch("workspaceblobstore", "drop", 5, "data"))
    calendar.tick()
    assert calendar.runs(made) == []
    calendar.world.upload("drop/new.csv", adult(4))
    calendar.world.upload("drop/deep/ignored.csv", adult(4))
    calendar.tick(minutes=6)
    [run] = calendar.runs(made)
    assert run.record.parameters["data"] == "azureml://datastores/workspaceblobstore/paths/drop/new.csv"
    calendar.tick(minutes=6)
    assert len(calendar.runs(made)) == 1


def test_a_disabled_schedule_rests(calendar: Calendar) -> None:
    world = calendar.world
    pipeline = world.publish()
    made = calendar.create(pipeline_id=pipeline, clock=Clockwork("Hour"))
    error = refused(lambda: world.designer.published.set_active(OWNER, WORKSPACE, pipeline, False))
    assert (error.kind, error.detail) == (Kind.CONFLICT, "ScheduleActive")
    rested = calendar.schedules.update(OWNER, replace(made, active=False))
    assert calendar.schedules.find_next(rested) is None
    calendar.tick(hours=2)
    assert calendar.runs(made) == []
    assert calendar.schedules.list(WORKSPACE, active_only=True) == []
    world.designer.published.set_active(OWNER, WORKSPACE, pipeline, False)
    error = refused(lambda: calendar.schedules.update(OWNER, replace(made, active=True)))
    assert error.detail == "PipelineDisabled"
    world.designer.published.set_active(OWNER, WORKSPACE, pipeline, True)
    again = calendar.schedules.update(OWNER, replace(made, active=True, name="again"))
    assert calendar.schedules.find_next(again) is not None
    calendar.tick(hours=1, minutes=1)
    assert len(calendar.runs(made)) == 1


def test_a_schedule_is_fired_by_hand_and_deleted(calendar: Calendar) -> None:
    made = calendar.create(pipeline_id=calendar.world.publish(), clock=Clockwork("Month"))
    calendar.schedules.fire(OWNER, WORKSPACE, made.id)
    calendar.tick()
    assert len(calendar.runs(made)) == 1
    calendar.schedules.delete(OWNER, WORKSPACE, made.id)
    calendar.tick(days=40)
    assert len(calendar.runs(made)) == 1
    assert refused(lambda: calendar.schedules.get(WORKSPACE, made.id)).detail == "ScheduleNotFound"


def test_what_could_not_run_is_not_scheduled(calendar: Calendar) -> None:
    pipeline = calendar.world.publish()
    for told, detail in (
        ({"pipeline_id": "f" * 32, "clock": Clockwork("Day")}, "PipelineNotFound"),
        ({"endpoint_id": "f" * 32, "clock": Clockwork("Day")}, "PipelineEndpointNotFound"),
        ({"pipeline_id": pipeline, "clock": Clockwork("Day"), "parameters": {"x": 1}}, "UnknownParameter"),
        ({"pipeline_id": pipeline, "watch": Watch("lake", parameter="fraction")}, "ParameterTypeMismatch"),
        ({"pipeline_id": pipeline}, "InvalidSchedule"),
    ):
        assert refused(lambda told=told: calendar.create(**told)).detail == detail  # type: ignore[misc]
    assert calendar.schedules.list(WORKSPACE) == []
    fine = Schedule(id="", workspace_id=WORKSPACE, name="x", pipeline_id=pipeline, clock=Clockwork("Day"))
    assert refused(lambda: calendar.schedules.create(MEMBER, fine)).kind is Kind.FORBIDDEN


def test_a_schedule_gives_a_data_set(calendar: Calendar) -> None:
    pipeline = calendar.world.publish()
    made = calendar.create(pipeline_id=pipeline, clock=Clockwork("Hour"), data_paths={"data": "adult.csv:1"})
    calendar.tick(minutes=61)
    [run] = calendar.runs(made)
    assert run.record.parameters["data"] == "adult.csv:1"


@pytest.mark.parametrize(
    "told",
    [
        {"watch": Watch("nowhere", "in")},
        {"clock": Clockwork("Day"), "data_paths": {"data": "azureml://datastores/nowhere/paths/in"}},
    ],
)
def test_a_schedule_needs_its_data_stores(calendar: Calendar, told: dict[str, object]) -> None:
    pipeline = calendar.world.publish()
    error = refused(lambda: calendar.create(pipeline_id=pipeline, **told))
    assert (error.kind, error.detail) == (Kind.NOT_FOUND, "DataStoreNotFound")

"""The designer's REST calls for schedules (paths of our own making; the original documents its client only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from litestar import Request, Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import hexadecimal
from restudio.designer.schedules.service import ScheduleService
from restudio.designer.schedules.target import paths_of
from restudio.designer.schedules.types import Clockwork, Frequency, Schedule, Watch
from restudio.designer.service import DesignerService
from restudio.http.answers import json_answer
from restudio.http.door import Door
from restudio.http.pipelines import caller, paths
from restudio.http.pipelines_bodies import active_of, object_of, read_body, read_submission, text_of
from restudio.http.pipelines_shapes import Shapes, when
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
_ONE = "Schedules/{schedule:str}"


def routes(schedules: ScheduleService, designer: DesignerService, door: Door, url: str) -> list[HTTPRouteHandler]:
    """Handlers of schedules and their runs."""
    return [*_documents(schedules, door), *_actions(schedules, designer, door, Shapes(url))]


def _documents(schedules: ScheduleService, door: Door) -> list[HTTPRouteHandler]:
    @get(paths("Schedules"))
    @threaded
    def list_(request: AnyRequest) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        query = {name.casefold(): value for name, value in request.query_params.items()}
        found = schedules.list(
            workspace,
            active_only=query.get("activeonly", "").casefold() == "true",
            pipeline_id=query.get("pipelineid"),
            endpoint_id=query.get("pipelineendpointid"),
        )
        return json_answer([_shown(schedules, schedule) for schedule in found])

    @post(paths("Schedules"), status_code=201)
    @threaded
    def create(request: AnyRequest, body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        made = schedules.create(principal, _read(read_body(body), Schedule(id="", workspace_id=workspace, name="")))
        return json_answer(_shown(schedules, made), 201)

    @get(paths(_ONE))
    @threaded
    def show(request: AnyRequest, schedule: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        return json_answer(_shown(schedules, schedules.get(workspace, schedule)))

    @patch(paths(_ONE))
    @threaded
    def change(request: AnyRequest, schedule: FromPath[str], body: RawBody) -> Answer:
        principal, workspace = caller(door, request, Action.DEPLOY)
        changed = schedules.update(principal, _read(read_body(body), schedules.get(workspace, schedule)))
        return json_answer(_shown(schedules, changed))

    @delete(paths(_ONE), status_code=204)
    @threaded
    def forget(request: AnyRequest, schedule: FromPath[str]) -> None:
        principal, workspace = caller(door, request, Action.DEPLOY)
        schedules.delete(principal, workspace, schedule)

    return [list_, create, show, change, forget]


def _actions(
    schedules: ScheduleService, designer: DesignerService, door: Door, shapes: Shapes
) -> list[HTTPRouteHandler]:
    @get(paths(f"{_ONE}/runs"))
    @threaded
    def runs(request: AnyRequest, schedule: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        known = schedules.get(workspace, schedule)
        return json_answer([shapes.run(run) for run in designer.list_runs(workspace, schedule_id=known.id)])

    @post(paths(f"{_ONE}/fire"), status_code=202)
    @threaded
    def fire(request: AnyRequest, schedule: FromPath[str]) -> Answer:
        principal, workspace = caller(door, request, Action.SCORE)
        firing = schedules.fire(principal, workspace, schedule)
        return json_answer({"Id": firing.id, "ScheduledTime": firing.scheduled.isoformat()}, 202)

    return [runs, fire]


def _read(members: Mapping[str, object], before: Schedule) -> Schedule:
    """The schedule that a body describes; what it leaves out stays as it was."""
    asked = read_submission(members, None)
    active = active_of(members)
    changed = replace(
        before,
        name=text_of(members, "name") or before.name,
        pipeline_id=hexadecimal(text_of(members, "pipelineid")) or before.pipeline_id,
        endpoint_id=hexadecimal(text_of(members, "pipelineendpointid")) or before.endpoint_id,
        active=before.active if active is None else active,
    )
    if "recurrence" in members or "watch" in members:
        changed = replace(changed, clock=_clock(members), watch=_watch(members))
    if "description" in members:
        changed = replace(changed, description=asked.description)
    if "experimentname" in members:
        changed = replace(changed, experiment_name=asked.experiment_name)
    if "parameterassignments" in members:
        changed = replace(changed, parameters=asked.parameters)
    if "datapathassignments" in members or "datasetdefinitionvalueassignments" in members:
        paths = {name: path.uri for name, path in asked.data_paths.items()}
        changed = replace(changed, data_paths={**paths, **asked.datasets})
    if asked.continue_on_failure is not None:
        changed = replace(changed, continue_on_failure=asked.continue_on_failure)
    return changed


def _clock(members: Mapping[str, object]) -> Clockwork | None:
    if members.get("recurrence") is None:
        return None
    told = {name.casefold(): value for name, value in object_of(members, "recurrence").items()}
    return Clockwork(
        frequency=cast(Frequency, text_of(told, "frequency").capitalize()),
        interval=_number(told, "interval", 1),
        start=text_of(told, "starttime"),
        zone=text_of(told, "timezone") or "UTC",
        hours=_numbers(told, "hours"),
        minutes=_numbers(told, "minutes"),
        week_days=tuple(str(day) for day in _items(told, "weekdays")),
    )


def _watch(members: Mapping[str, object]) -> Watch | None:
    if members.get("watch") is None:
        return None
    told = {name.casefold(): value for name, value in object_of(members, "watch").items()}
    return Watch(
        store=text_of(told, "datastorename"),
        path=text_of(told, "relativepath"),
        minutes=_number(told, "pollinginterval", 5),
        parameter=text_of(told, "datapathparametername"),
    )


def _number(members: Mapping[str, object], name: str, default: int) -> int:
    value = members.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(name, "a whole number", value)
    return value


def _numbers(members: Mapping[str, object], name: str) -> tuple[int, ...]:
    found = _items(members, name)
    for item in found:
        if isinstance(item, bool) or not isinstance(item, int):
            raise _invalid(name, "a list of whole numbers", item)
    return cast(tuple[int, ...], found)


def _items(members: Mapping[str, object], name: str) -> tuple[object, ...]:
    value = members.get(name)
    if value is not None and not isinstance(value, list):
        raise _invalid(name, "a list", value)
    return tuple(value or ())


def _invalid(name: str, expected: str, got: object) -> RestudioError:
    text = f"'{name}' must be {expected}, got {str(got)[:100]!r}."
    return RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", text, target=name)


def _shown(schedules: ScheduleService, schedule: Schedule) -> dict[str, object]:
    clock, watch, paths = schedule.clock, schedule.watch, paths_of(schedule)
    following = schedules.find_next(schedule)
    return {
        "Id": schedule.id,
        "Name": schedule.name,
        "Description": schedule.description,
        "Status": "Active" if schedule.active else "Disabled",
        "PipelineId": schedule.pipeline_id,
        "PipelineEndpointId": schedule.endpoint_id,
        "Recurrence": clock and {
            "Frequency": clock.frequency,
            "Interval": clock.interval,
            "StartTime": clock.start or None,
            "TimeZone": clock.zone,
            "Hours": list(clock.hours),
            "Minutes": list(clock.minutes),
            "WeekDays": list(clock.week_days),
        },
        "Watch": watch and {
            "DataStoreName": watch.store,
            "RelativePath": watch.path,
            "PollingInterval": watch.minutes,
            "DataPathParameterName": watch.parameter or None,
        },
        "ExperimentName": schedule.experiment_name,
        "ParameterAssignments": schedule.parameters,
        "DataPathAssignments": {n: {"DataStoreName": p.store, "RelativePath": p.path} for n, p in paths.items()},
        "DataSetDefinitionValueAssignments": {
            n: {"SavedDataSetReference": {"Id": named}} for n, named in schedule.data_paths.items() if n not in paths
        },
        "ContinueOnStepFailure": schedule.continue_on_failure,
        "NextTime": following.isoformat() if following else None,
        "CreatedDate": when(schedule.created),
        "CreatedBy": schedule.created_by,
    }  # fmt: skip

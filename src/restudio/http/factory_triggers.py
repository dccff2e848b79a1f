"""Data Factory management API: the lives of triggers, their runs, and events published to topics (reference, 10.1)."""

from __future__ import annotations

import json
from datetime import datetime

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.ids import workspace_of
from restudio.factory.documents.instant import instant_text
from restudio.factory.properties import Json, Properties
from restudio.factory.published_events import read_events
from restudio.factory.runs.queries import read_filter, status_of
from restudio.http import factory_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.bodies import object_member, parse_json, parse_value
from restudio.http.factory import with_state
from restudio.http.factory_api import Answer, AnyRequest, FactoryApi, Place, command
from restudio.http.instants import read_instant
from restudio.http.threads import threaded
from restudio.identity.types import Action
from restudio.triggers.types import Firing

_ONE = "/triggers/{trigger:str}"


def routes(api: FactoryApi) -> list[HTTPRouteHandler]:
    """All handlers of triggers' lives."""
    return [*_states(api), *_subscriptions(api), *_runs(api), *_events(api)]


def _states(api: FactoryApi) -> list[HTTPRouteHandler]:
    triggers, one = api.parts.triggers, api.factory + _ONE

    def start(place: Place, request: AnyRequest) -> None:
        triggers.start(place.principal, place.factory, str(request.path_params["trigger"]))

    def stop(place: Place, request: AnyRequest) -> None:
        triggers.stop(place.principal, place.factory, str(request.path_params["trigger"]))

    @post(one + "/fire", status_code=200)
    @threaded
    def fire_trigger(request: AnyRequest, trigger: FromPath[str], body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(parse_json(body) if body.strip() else {})
        at, given = told.get("time"), told.get("body")
        fired = triggers.fire(
            place.principal,
            place.factory,
            trigger,
            at=None if at is None else read_instant(str(at), "time").replace(microsecond=0),
            body=None if given is None else object_member(told, "body"),
        )
        return json_answer(trigger_run(fired))

    @post(api.factory + "/querytriggers", status_code=200)
    @threaded
    def query_triggers(request: AnyRequest, body: RawBody) -> Answer:
        place = api.place(request)
        parent = Properties(parse_json(body) if body.strip() else {}).get("parentTriggerName")
        factory = place.factory
        states = triggers.runtime_states(factory)
        found = triggers.list_all(factory, parent=parent if isinstance(parent, str) else None)
        shown = [shapes.resource(with_state(each, states), factory, place.subscription, "triggers") for each in found]
        return json_answer({"value": shown})

    return [command(api, one + "/start", start), command(api, one + "/stop", stop), fire_trigger, query_triggers]


def _subscriptions(api: FactoryApi) -> list[HTTPRouteHandler]:
    calls = ("subscribetoevents", "unsubscribefromevents", "geteventsubscriptionstatus")

    @post([f"{api.factory}{_ONE}/{call}" for call in calls], status_code=200)
    @threaded
    def subscription(request: AnyRequest, trigger: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        factory = place.factory
        name = api.parts.factories.get(factory, "trigger", trigger).name
        status = api.parts.triggers.subscription(factory, name)
        return json_answer({"triggerName": name, "status": status})

    return [subscription]


def _runs(api: FactoryApi) -> list[HTTPRouteHandler]:
    triggers, one = api.parts.triggers, api.factory + _ONE + "/triggerruns/{run:str}"

    @post(api.factory + "/querytriggerruns", status_code=200)
    @threaded
    def query_trigger_runs(request: AnyRequest, body: RawBody) -> Answer:
        asked = read_filter(parse_json(body) if body.strip() else {})
        return json_answer(shapes.page(triggers.list_runs(api.place(request).factory, asked), trigger_run))

    def rerun(place: Place, request: AnyRequest) -> None:
        path = request.path_params
        triggers.rerun(place.principal, place.factory, str(path["trigger"]), str(path["run"]))

    def cancel(place: Place, request: AnyRequest) -> None:
        path = request.path_params
        triggers.cancel(place.principal, place.factory, str(path["trigger"]), str(path["run"]))

    return [query_trigger_runs, command(api, one + "/rerun", rerun), command(api, one + "/cancel", cancel)]


def _events(api: FactoryApi) -> list[HTTPRouteHandler]:
    @post(api.factory + "/topics/{topic:str}/api/events", status_code=200)
    @threaded
    def publish_events(request: AnyRequest, topic: FromPath[str], body: RawBody) -> Answer:
        path = request.path_params
        workspace = workspace_of(str(path["subscription"]))
        principal = api.door.enter_topic(request, workspace, Action.EDIT)
        factory = api.parts.factories.get_factory(workspace, str(path["group"]), str(path["name"]))
        events = read_events(topic, request.headers.get("content-type", ""), parse_value(body))
        api.parts.triggers.publish(principal, factory, events)
        return Response(b"", status_code=200)

    return [publish_events]


def trigger_run(firing: Firing) -> dict[str, Json]:
    """A trigger run as clients read it; ``properties`` also tells the precise state."""
    properties = {
        "TriggerTime": _us_text(firing.created),
        "ScheduleTime": _us_text(firing.scheduled),
        "State": firing.state.value,
    }
    if firing.window_start is not None and firing.window_end is not None:
        properties |= {
            "windowStartTime": _us_text(firing.window_start),
            "windowEndTime": _us_text(firing.window_end),
        }
    if firing.body is not None:
        properties["body"] = json.dumps(firing.body, separators=(",", ":"))
    return {
        "triggerRunId": firing.id,
        "triggerName": firing.ref.name,
        "triggerType": firing.type,
        "triggerRunTimestamp": instant_text(firing.created.timestamp()),
        "status": status_of(firing.state),
        "message": firing.message,
        "properties": properties,
        "triggeredPipelines": dict(firing.runs),
        "runDimension": {},
        "dependencyStatus": {},
    }


def _us_text(instant: datetime) -> str:
    """As the original prints these instants: ``5/6/2024 7:10:00 AM``."""
    hour = instant.hour % 12 or 12
    half = "AM" if instant.hour < 12 else "PM"
    return f"{instant.month}/{instant.day}/{instant.year} {hour}:{instant:%M:%S} {half}"

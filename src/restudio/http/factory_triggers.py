"""Data Factory management API: the lives of triggers, their runs, and events published to topics (reference, 10.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from restudio.http.bodies import parse_json, parse_value
from restudio.http.factory import FACTORY, Answer, AnyRequest, FactoryApi, with_state
from restudio.http.instants import read_instant
from restudio.http.threads import threaded
from restudio.identity.types import Action
from restudio.triggers.types import Firing

ONE = FACTORY + "/triggers/{trigger:str}"
RUN = ONE + "/triggerruns/{run:str}"


def routes(api: FactoryApi) -> list[HTTPRouteHandler]:
    """All handlers of triggers' lives."""
    return [*_states(api), *_subscriptions(api), *_runs(api), *_events(api)]


def _states(api: FactoryApi) -> list[HTTPRouteHandler]:
    triggers = api.parts.triggers

    @post(ONE + "/start", status_code=200)
    @threaded
    def start_trigger(request: AnyRequest, trigger: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        triggers.start(place.principal, place.factory, trigger)
        return Response(b"", status_code=200)

    @post(ONE + "/stop", status_code=200)
    @threaded
    def stop_trigger(request: AnyRequest, trigger: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        triggers.stop(place.principal, place.factory, trigger)
        return Response(b"", status_code=200)

    @post(ONE + "/fire", status_code=200)
    @threaded
    def fire_trigger(request: AnyRequest, trigger: FromPath[str], body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(parse_json(body) if body.strip() else {})
        at, given = told.get("time"), told.get("body")
        fired = triggers.fire(
            place.principal,
            place.factory,
            trigger,
            at=None if at is None else read_instant(str(at), "time").replace(microsecond=0),
            body=given if isinstance(given, Mapping) else None,
        )
        return json_answer(trigger_run(fired))

    @post(FACTORY + "/querytriggers", status_code=200)
    @threaded
    def query_triggers(request: AnyRequest, body: RawBody) -> Answer:
        place = api.place(request)
        parent = Properties(parse_json(body) if body.strip() else {}).get("parentTriggerName")
        factory = place.factory
        states = triggers.runtime_states(factory)
        found = triggers.list_all(factory, parent=parent if isinstance(parent, str) else None)
        shown = [shapes.resource(with_state(each, states), factory, place.subscription, "triggers") for each in found]
        return json_answer({"value": shown})

    return [start_trigger, stop_trigger, fire_trigger, query_triggers]


def _subscriptions(api: FactoryApi) -> list[HTTPRouteHandler]:
    @post(
        [ONE + "/subscribetoevents", ONE + "/unsubscribefromevents", ONE + "/geteventsubscriptionstatus"],
        status_code=200,
    )
    @threaded
    def subscription(request: AnyRequest, trigger: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        factory = place.factory
        name = api.parts.factories.get(factory, "trigger", trigger).name
        status = api.parts.triggers.subscription(factory, name)
        return json_answer({"triggerName": name, "status": status})

    return [subscription]


def _runs(api: FactoryApi) -> list[HTTPRouteHandler]:
    triggers = api.parts.triggers

    @post(FACTORY + "/querytriggerruns", status_code=200)
    @threaded
    def query_trigger_runs(request: AnyRequest, body: RawBody) -> Answer:
        asked = read_filter(parse_json(body) if body.strip() else {})
        return json_answer(shapes.page(triggers.list_runs(api.place(request).factory, asked), trigger_run))

    @post(RUN + "/rerun", status_code=200)
    @threaded
    def rerun(request: AnyRequest, trigger: FromPath[str], run: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        triggers.rerun(place.principal, place.factory, trigger, run)
        return Response(b"", status_code=200)

    @post(RUN + "/cancel", status_code=200)
    @threaded
    def cancel(request: AnyRequest, trigger: FromPath[str], run: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        triggers.cancel(place.principal, place.factory, trigger, run)
        return Response(b"", status_code=200)

    return [query_trigger_runs, rerun, cancel]


def _events(api: FactoryApi) -> list[HTTPRouteHandler]:
    @post(FACTORY + "/topics/{topic:str}/api/events", status_code=200)
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

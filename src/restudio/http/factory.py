"""Data Factory management API, version 2018-06-01 (Data Factory reference, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.app.data_factory import DataFactory
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import workspace_of
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.queries import read_filter
from restudio.factory.trigger_service import RuntimeState
from restudio.factory.types import GLOBAL_PARAMETERS, Factory, ResourceKind, StoredResource
from restudio.http import factory_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json
from restudio.http.door import Door
from restudio.http.threads import threaded
from restudio.identity.types import Action, Principal

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
VERSION = "2018-06-01"
PROVIDER = "providers/microsoft.datafactory"
SUBSCRIPTION = "/subscriptions/{subscription:str}"
GROUP = SUBSCRIPTION + "/resourcegroups/{group:str}/" + PROVIDER + "/factories"
FACTORY = GROUP + "/{name:str}"


@dataclass(frozen=True, slots=True)
class Place:
    """The factory that an address names, and who asks."""

    principal: Principal
    workspace: str
    subscription: str
    group: str
    name: str
    parts: DataFactory

    @property
    def factory(self) -> Factory:
        return self.parts.factories.get_factory(self.workspace, self.group, self.name)


@dataclass(frozen=True, slots=True)
class FactoryApi:
    """What the handlers share."""

    parts: DataFactory
    door: Door
    versions: tuple[str, ...] = (VERSION,)

    def enter(self, request: AnyRequest, subscription: str, action: Action = Action.READ) -> Principal:
        principal = self.door.enter_arm(request, workspace_of(subscription), action)
        asked = request.query_params.get("api-version")
        if asked not in self.versions:
            code = "MissingApiVersionParameter" if asked is None else "InvalidApiVersionParameter"
            message = f"The query parameter api-version must be {self.versions[0]}; got {asked!r}."
            raise RestudioError(Kind.BAD_ARGUMENT, code, message, target="api-version")
        return principal

    def place(self, request: AnyRequest, action: Action = Action.READ) -> Place:
        """From the path, which names subscription, group and factory."""
        path = request.path_params
        subscription, group, name = str(path["subscription"]), str(path["group"]), str(path["name"])
        principal = self.enter(request, subscription, action)
        return Place(principal, workspace_of(subscription), subscription, group, name, self.parts)

    def shown(self, factory: Factory, subscription: str) -> dict[str, Json]:
        parameters = self.parts.factories.find(factory, "globalParameters", GLOBAL_PARAMETERS)
        return shapes.factory(factory, subscription, {} if parameters is None else parameters.properties)


def routes(api: FactoryApi) -> list[HTTPRouteHandler]:
    """All handlers of the management API but those of triggers' lives."""
    found = [*_factories(api), *_global_parameters(api), *_runs(api)]
    for collection, kind in shapes.COLLECTIONS.items():
        found += _resources(api, collection, kind)
    return found


def _factories(api: FactoryApi) -> list[HTTPRouteHandler]:
    @get("/" + PROVIDER + "/operations", sync_to_thread=False)
    def operations() -> Answer:
        return json_answer({"value": []})

    @get([SUBSCRIPTION + "/" + PROVIDER + "/factories", GROUP])
    @threaded
    def list_factories(request: AnyRequest) -> Answer:
        subscription, group = str(request.path_params["subscription"]), request.path_params.get("group")
        api.enter(request, subscription)
        found = api.parts.factories.list_factories(workspace_of(subscription), group)
        return json_answer({"value": [api.shown(each, subscription) for each in found]})

    @put(FACTORY, status_code=200)
    @threaded
    def put_factory(request: AnyRequest, body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), dict(_object(body))
        match = request.headers.get("if-match")
        args = (place.principal, place.workspace, place.group, place.name)
        made = api.parts.factories.put_factory(*args, told, if_match=match)
        parameters = Properties(told).object("properties").get("globalParameters")
        if isinstance(parameters, Mapping):
            api.parts.factories.put(place.principal, made, "globalParameters", GLOBAL_PARAMETERS, parameters)
        return json_answer(api.shown(place.factory, place.subscription))

    @get(FACTORY)
    @threaded
    def get_factory(request: AnyRequest) -> Answer:
        place = api.place(request)
        found = place.factory
        return _unless_known(request, found.etag, api.shown(found, place.subscription))

    @patch(FACTORY)
    @threaded
    def update_factory(request: AnyRequest, body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(_object(body))
        found = place.factory
        known = Properties(found.body)
        merged = {**found.body, **{n: told[n] for n in ("tags", "identity") if n in told}}
        given = told.get("properties", {})
        merged["properties"] = {**known.object("properties"), **given} if isinstance(given, Mapping) else given
        args = (place.principal, place.workspace, place.group, place.name)
        return json_answer(api.shown(api.parts.factories.put_factory(*args, merged), place.subscription))

    @delete(FACTORY, status_code=200)
    @threaded
    def delete_factory(request: AnyRequest) -> Answer:
        place = api.place(request, Action.EDIT)
        gone = api.parts.factories.delete_factory(place.principal, place.workspace, place.group, place.name)
        return Response(b"", status_code=200 if gone else 204)

    return [operations, list_factories, put_factory, get_factory, update_factory, delete_factory]


def _resources(api: FactoryApi, collection: str, kind: ResourceKind) -> list[HTTPRouteHandler]:
    factories = api.parts.factories
    one = FACTORY + "/" + collection + "/{resource:str}"

    @get(FACTORY + "/" + collection)
    @threaded
    def list_resources(request: AnyRequest) -> Answer:
        place = api.place(request)
        factory = place.factory
        states = api.parts.triggers.runtime_states(factory) if kind == "trigger" else {}
        found = [with_state(each, states) for each in factories.list_kind(factory, kind)]
        return json_answer(
            {"value": [shapes.resource(each, factory, place.subscription, collection) for each in found]}
        )

    @put(one, status_code=200)
    @threaded
    def put_resource(request: AnyRequest, resource: FromPath[str], body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(_object(body))
        properties = told.get("properties")
        if not isinstance(properties, Mapping):
            message = "The body must be an object with 'properties', as {'properties': {…}}."
            raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target="properties")
        factory, match = place.factory, request.headers.get("if-match")
        made = factories.put(place.principal, factory, kind, resource, properties, if_match=match)
        made = with_state(made, {})
        return json_answer(shapes.resource(made, factory, place.subscription, collection))

    @get(one)
    @threaded
    def get_resource(request: AnyRequest, resource: FromPath[str]) -> Answer:
        place = api.place(request)
        factory = place.factory
        states = api.parts.triggers.runtime_states(factory) if kind == "trigger" else {}
        found = with_state(factories.get(factory, kind, resource), states)
        shown = shapes.resource(found, factory, place.subscription, collection)
        return _unless_known(request, found.etag, shown)

    @delete(one, status_code=200)
    @threaded
    def delete_resource(request: AnyRequest, resource: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        gone = factories.delete(place.principal, place.factory, kind, resource)
        return Response(b"", status_code=200 if gone else 204)

    return [list_resources, put_resource, get_resource, delete_resource]


def _global_parameters(api: FactoryApi) -> list[HTTPRouteHandler]:
    factories = api.parts.factories
    one = FACTORY + "/globalparameters/{resource:str}"

    def shown(place: Place, resource: str) -> dict[str, Json]:
        found = factories.get(place.factory, "globalParameters", resource)
        return shapes.resource(found, place.factory, place.subscription, "globalParameters")

    @get(FACTORY + "/globalparameters")
    @threaded
    def list_parameters(request: AnyRequest) -> Answer:
        place = api.place(request)
        found = factories.list_kind(place.factory, "globalParameters")
        return json_answer({"value": [shown(place, each.name) for each in found]})

    @put(one, status_code=200)
    @threaded
    def put_parameters(request: AnyRequest, resource: FromPath[str], body: RawBody) -> Answer:
        place = api.place(request, Action.EDIT)
        told = Properties(_object(body)).object("properties")
        factories.put(place.principal, place.factory, "globalParameters", resource, dict(told))
        return json_answer(shown(place, resource))

    @get(one)
    @threaded
    def get_parameters(request: AnyRequest, resource: FromPath[str]) -> Answer:
        return json_answer(shown(api.place(request), resource))

    @delete(one, status_code=200)
    @threaded
    def delete_parameters(request: AnyRequest, resource: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        gone = factories.delete(place.principal, place.factory, "globalParameters", resource)
        return Response(b"", status_code=200 if gone else 204)

    return [list_parameters, put_parameters, get_parameters, delete_parameters]


def _runs(api: FactoryApi) -> list[HTTPRouteHandler]:
    runs = api.parts.runs

    @post(FACTORY + "/pipelines/{pipeline:str}/createrun", status_code=200)
    @threaded
    def create_run(request: AnyRequest, pipeline: FromPath[str], body: RawBody) -> Answer:
        place = api.place(request, Action.EDIT)
        query = {name.casefold(): value for name, value in request.query_params.items()}
        run = runs.create(
            place.principal,
            place.factory,
            pipeline,
            _object(body) if body.strip() else {},
            reference_run_id=query.get("referencepipelinerunid") or None,
            is_recovery=_flag(query, "isRecovery"),
            start_activity=query.get("startactivityname") or None,
            from_failure=_flag(query, "startFromFailure"),
        )
        return json_answer({"runId": run.id})

    @get(FACTORY + "/pipelineruns/{run:str}")
    @threaded
    def get_run(request: AnyRequest, run: FromPath[str]) -> Answer:
        return json_answer(shapes.pipeline_run(runs.get(api.place(request).factory, run)))

    @post(FACTORY + "/querypipelineruns", status_code=200)
    @threaded
    def query_runs(request: AnyRequest, body: RawBody) -> Answer:
        found = runs.list_runs(api.place(request).factory, read_filter(_object(body) if body.strip() else {}))
        return json_answer(shapes.page(found, shapes.pipeline_run))

    @post(FACTORY + "/pipelineruns/{run:str}/cancel", status_code=200)
    @threaded
    def cancel_run(request: AnyRequest, run: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        query = {name.casefold(): value for name, value in request.query_params.items()}
        runs.cancel(place.principal, place.factory, run, recursive=_flag(query, "isRecursive"))
        return Response(b"", status_code=200)

    @post(FACTORY + "/pipelineruns/{run:str}/queryactivityruns", status_code=200)
    @threaded
    def query_activity_runs(request: AnyRequest, run: FromPath[str], body: RawBody) -> Answer:
        found = runs.get(api.place(request).factory, run)
        asked = read_filter(_object(body) if body.strip() else {})
        return json_answer(shapes.page(runs.list_activity_runs(found, asked), shapes.activity_run))

    return [create_run, get_run, query_runs, cancel_run, query_activity_runs]


def with_state(found: StoredResource, states: Mapping[str, RuntimeState]) -> StoredResource:
    """Triggers tell whether they are started, whatever was written."""
    if found.kind != "trigger":
        return found
    written = {name: value for name, value in found.properties.items() if name.casefold() != "runtimestate"}
    state = states.get(found.name.casefold(), "Stopped")
    return replace(found, properties={**written, "runtimeState": state})


def _object(body: bytes) -> Mapping[str, Json]:
    return parse_json(body)


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name.casefold(), "false").casefold()
    if text not in ("true", "false"):
        raise RestudioError(
            Kind.BAD_ARGUMENT, "InvalidQueryParameter", f"{name} must be true or false; got {text[:80]!r}.", target=name
        )
    return text == "true"


def _unless_known(request: AnyRequest, etag: str, shown: Mapping[str, Json]) -> Answer:
    """The resource; 304 when the caller has it (``If-None-Match``)."""
    known = request.headers.get("if-none-match")
    if known is not None and known.strip().removeprefix("W/").strip('"') == etag:
        return Response(b"", status_code=304)
    return json_answer(dict(shown))
